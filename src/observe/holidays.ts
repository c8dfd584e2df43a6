import type { ScheduledEvent } from "../model/known-ahead.ts";
import { DAY_MS, epochMs } from "../model/time.ts";
import { UserError } from "../model/user-error.ts";
import { createZoneClock } from "./zone-clock.ts";

export interface HolidayPlace {
  /** ISO 3166 code, `DE`. */
  readonly country: string;
  /** State or region within it, by its code there: `BY`. */
  readonly region: string | undefined;
  /** Zone whose midnights begin and end a holiday. */
  readonly timeZone: string;
}

/** Years that one request may span. */
const MAX_YEARS = 10;

/**
 * Public holidays between two instants as events of kind `holiday:NAME`, midnight to midnight on the local
 * clock, known forever. Names are English where there is one. Throws a `UserError` for a country or region
 * that the tables (date-holidays) do not have. The tables are loaded on the first call: half a second.
 */
export async function holidayEvents(
  place: HolidayPlace,
  fromMs: number,
  toMs: number,
): Promise<readonly ScheduledEvent[]> {
  const { default: Holidays } = await import("date-holidays");
  checkPlace(place, new Holidays());
  const { country, region, timeZone } = place;
  const calendar = region === undefined ? new Holidays(country) : new Holidays(country, region);
  const zone = createZoneClock(timeZone);
  const firstYear = new Date(fromMs).getUTCFullYear() - 1;
  const lastYear = Math.min(firstYear + MAX_YEARS, new Date(toMs).getUTCFullYear() + 1);
  const events: ScheduledEvent[] = [];
  for (let year = firstYear; year <= lastYear; year++) {
    for (const { date, name, type, start, end } of calendar.getHolidays(year, "en")) {
      if (type !== "public") continue;
      const days = Math.max(1, Math.round((end.getTime() - start.getTime()) / DAY_MS));
      const localMs = Date.parse(`${date.slice(0, 10)}T00:00:00Z`);
      const startMs = zone(localMs, Number.NEGATIVE_INFINITY);
      events.push(holiday(name, date.slice(0, 10), startMs, zone(localMs + days * DAY_MS, startMs)));
    }
  }
  return events.filter(({ startMs, endMs }) => endMs > fromMs && startMs < toMs);
}

interface PlaceTables {
  getCountries(language: string): object | undefined;
  getStates(country: string, language: string): object | undefined;
}

function checkPlace({ country, region }: HolidayPlace, tables: PlaceTables): void {
  if (!Object.hasOwn(tables.getCountries("en") ?? {}, country)) {
    throw new UserError(
      `events.holidays.country: no holidays are known for ${JSON.stringify(country)} (write an ISO code such as DE)`,
    );
  }
  const regions = Object.keys(tables.getStates(country, "en") ?? {});
  if (region === undefined || regions.includes(region)) return;
  const fix = regions.length === 0 ? "leave it out" : `write one of ${regions.slice(0, 20).join(", ")}`;
  throw new UserError(`events.holidays.region: ${country} has no region ${JSON.stringify(region)} (${fix})`);
}

function holiday(name: string, date: string, startMs: number, endMs: number): ScheduledEvent {
  const kind = `holiday:${name
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}]+/gu, "-")
    .replaceAll(/^-|-$/g, "")}`;
  return {
    id: `${kind} ${date}`,
    kind,
    startMs: epochMs(startMs),
    endMs: epochMs(endMs),
    lift: undefined,
    announcedMs: epochMs(Number.MIN_SAFE_INTEGER),
  };
}
