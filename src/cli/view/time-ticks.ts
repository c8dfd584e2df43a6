import { DAY_MS, HOUR_MS, MINUTE_MS } from "../../model/time.ts";

export interface TimeTick {
  /** Index of the column's step, 0 for the first. */
  readonly step: number;
  readonly text: string;
}

const INTERVALS_MS: readonly number[] = [
  MINUTE_MS,
  5 * MINUTE_MS,
  15 * MINUTE_MS,
  30 * MINUTE_MS,
  HOUR_MS,
  2 * HOUR_MS,
  3 * HOUR_MS,
  6 * HOUR_MS,
  12 * HOUR_MS,
  DAY_MS,
];

/** Local times at round hours or minutes, `leastSteps` or more apart: `05:00`, and `Mar 27` at midnight. */
export function timeTicks(request: {
  readonly firstMs: number;
  readonly stepMs: number;
  readonly steps: number;
  readonly leastSteps: number;
  readonly timeZone: string;
}): readonly TimeTick[] {
  const { firstMs, stepMs, steps, leastSteps } = request;
  const intervalMs = INTERVALS_MS.find((known) => known >= leastSteps * stepMs) ?? DAY_MS;
  const formats = localFormats(request.timeZone);
  const ticks: TimeTick[] = [];
  let before = slotOf(localMinutes(firstMs - stepMs, formats), intervalMs);
  for (let step = 0; step < steps; step++) {
    const atMs = firstMs + step * stepMs;
    const minutes = localMinutes(atMs, formats);
    const slot = slotOf(minutes, intervalMs);
    if (slot !== before) ticks.push({ step, text: tickText(atMs, minutes, formats) });
    before = slot;
  }
  return ticks;
}

interface LocalFormats {
  readonly clock: Intl.DateTimeFormat;
  readonly day: Intl.DateTimeFormat;
}

function localFormats(timeZone: string): LocalFormats {
  return {
    clock: new Intl.DateTimeFormat("en-US", {
      timeZone,
      hour: "2-digit",
      minute: "2-digit",
      hourCycle: "h23",
    }),
    day: new Intl.DateTimeFormat("en-US", { timeZone, month: "short", day: "numeric" }),
  };
}

/** Minutes since local midnight. */
function localMinutes(atMs: number, { clock }: LocalFormats): number {
  const [hours = "0", minutes = "0"] = clock.format(atMs).split(":");
  return Number(hours) * 60 + Number(minutes);
}

function slotOf(minutes: number, intervalMs: number): number {
  return intervalMs >= DAY_MS ? (minutes < 720 ? 0 : 1) : Math.floor((minutes * MINUTE_MS) / intervalMs);
}

/** The first column of a slot carries the slot's own time, so that a grid that is a little off reads round. */
function tickText(atMs: number, minutes: number, { clock, day }: LocalFormats): string {
  return minutes < 5 ? day.format(atMs) : clock.format(atMs);
}
