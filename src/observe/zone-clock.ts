import { zoneOffset } from "../model/zone-offset.ts";

const DAY_MS = 86_400_000;

/**
 * From a local clock to the instant: `localMs` is the clock's reading as if it were UTC.
 *
 * A reading that daylight saving skips moves forward by what was skipped; one that it repeats is the first of
 * the two, or the second when the first is not after `afterMs` (rows in time order tell the two apart).
 */
export type ZoneClock = (localMs: number, afterMs: number) => number;

/** Clock of an IANA zone. About two look-ups in the zone's table per day of readings. */
export function createZoneClock(timeZone: string): ZoneClock {
  if (timeZone === "UTC") return (localMs) => localMs;
  const offsetMs = zoneOffset(timeZone);
  const plainDays = new Map<number, number>();
  return (localMs, afterMs) => {
    const day = Math.floor(localMs / DAY_MS);
    const known = plainDays.get(day);
    if (known !== undefined) return localMs - known;
    const before = offsetMs((day - 1) * DAY_MS);
    const after = offsetMs((day + 2) * DAY_MS);
    if (before !== after) return onDayOfChange(localMs, afterMs, before, after, offsetMs);
    if (plainDays.size > 50_000) plainDays.clear();
    plainDays.set(day, before);
    return localMs - before;
  };
}

function onDayOfChange(
  localMs: number,
  afterMs: number,
  before: number,
  after: number,
  offsetMs: (utcMs: number) => number,
): number {
  const fits = [before, after]
    .filter((offset) => offsetMs(localMs - offset) === offset)
    .map((offset) => localMs - offset)
    .sort((a, b) => a - b);
  const [first, second] = fits;
  if (first === undefined) return localMs - before;
  return first <= afterMs && second !== undefined ? second : first;
}
