import { DAY_MS, HOUR_MS, MINUTE_MS } from "../../model/time.ts";
import { type DemandSource, meanBetween, spreadBetween } from "./demand-source.ts";

/** Means at the end of a window, the same for every step ahead. */
export interface LateMeans {
  readonly last: number;
  readonly quarter: number;
  readonly hour: number;
  readonly day: number;
  /** Mean of the same hour on the seven days before. */
  readonly usualHour: number;
  readonly hourDeviation: number;
}

export function lateMeans(source: DemandSource, origin: number): LateMeans {
  const { stepMs, values, lastKnown } = source;
  const steps = (ms: number): number => Math.max(1, Math.round(ms / stepMs));
  const known = (lastKnown[origin] as number) >= 0;
  const last = known ? (values[lastKnown[origin] as number] as number) : 0;
  const hours = steps(HOUR_MS);
  const hour = either(meanBetween(source, origin - hours, origin), last);
  const endMs = source.startMs + origin * stepMs;
  let sum = 0;
  let count = 0;
  for (let days = 1; days <= 7; days++) {
    const end = Math.round((source.clock.sameTimeBefore(endMs, days) - source.startMs) / stepMs);
    const mean = meanBetween(source, end - hours, end);
    if (Number.isNaN(mean)) continue;
    sum += mean;
    count++;
  }
  return {
    last,
    quarter: either(meanBetween(source, origin - steps(15 * MINUTE_MS), origin), last),
    hour,
    day: either(meanBetween(source, origin - steps(DAY_MS), origin), 0),
    usualHour: count === 0 ? hour : sum / count,
    hourDeviation: spreadBetween(source, origin - Math.max(4, hours), origin)?.deviation ?? 0,
  };
}

/**
 * Past values that the forecast of step `step` after `origin` is mixed from, each known before `origin`:
 *
 *     0  last value                     5  same time yesterday, +-15 minutes
 *     1  last 15 minutes                6  same time, last seven days, +-15 minutes
 *     2  last hour                      7  same time last week, +-15 minutes
 *     3  last day                       8  6, moved by what the last hour is off its usual
 *     4  same time yesterday            9  same minute of the last three hours
 *
 * One that is not known is replaced by the next best.
 */
export function candidates(
  out: Float64Array,
  source: DemandSource,
  origin: number,
  step: number,
  late: LateMeans,
): void {
  const { startMs, stepMs, clock, values } = source;
  const target = origin + step - 1;
  const targetMs = startMs + target * stepMs;
  const near = Math.round((15 * MINUTE_MS) / stepMs);
  const first = Math.max(1, Math.ceil((step * stepMs) / DAY_MS - 1e-9));
  const around = (days: number): number => {
    const at = Math.round((clock.sameTimeBefore(targetMs, days) - startMs) / stepMs);
    return meanBetween(source, at - near, Math.min(origin, at + near + 1));
  };
  let sum = 0;
  let count = 0;
  let nearest = Number.NaN;
  for (let days = first; days < first + 7; days++) {
    const mean = around(days);
    if (Number.isNaN(mean)) continue;
    if (count === 0) nearest = mean;
    sum += mean;
    count++;
  }
  const usual = count === 0 ? late.day : sum / count;
  const same = Math.round((clock.sameTimeBefore(targetMs, first) - startMs) / stepMs);
  out[0] = late.last;
  out[1] = late.quarter;
  out[2] = late.hour;
  out[3] = late.day;
  out[5] = either(nearest, usual);
  out[4] = same < origin ? either(values[same] ?? Number.NaN, out[5] as number) : (out[5] as number);
  out[6] = usual;
  out[7] = either(around(7 * Math.ceil(first / 7)), usual);
  out[8] = usual + late.hour - late.usualHour;
  out[9] = sameMinute(source, origin, target, late.hour);
}

/** Mean of the last three known values a whole number of hours before `target`. */
function sameMinute({ stepMs, values }: DemandSource, origin: number, target: number, other: number): number {
  const hour = Math.round(HOUR_MS / stepMs);
  if (hour < 2) return other;
  let sum = 0;
  let count = 0;
  const latest = target - Math.ceil((target - origin + 1) / hour) * hour;
  for (let at = latest; at > latest - 3 * hour; at -= hour) {
    const value = values[at] ?? Number.NaN;
    if (Number.isNaN(value)) continue;
    sum += value;
    count++;
  }
  return count === 0 ? other : sum / count;
}

function either(value: number, other: number): number {
  return Number.isNaN(value) ? other : value;
}
