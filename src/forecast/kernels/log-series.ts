import type { DemandSeries } from "../../model/series.ts";
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../../model/time.ts";
import type { ForecastContext } from "../forecaster.ts";

/** Demand as logarithms, with the profiles of its past: what a regression of the next hours looks at. */
export interface LogSeries {
  readonly length: number;
  readonly stepMs: number;
  readonly daySteps: number;
  /** log(demand + offset) at index `i`; NaN at a gap and outside. */
  value(i: number): number;
  /** Mean of the known values of `[i - length + 1, i]`; NaN where none is known. */
  mean(i: number, length: number): number;
  /** The last five minutes' mean, the last known value where they are a gap. */
  base(i: number): number;
  /** What this time of day was over the last days, newer days counting more; `i` may be a day ahead. */
  day(i: number): number;
  /** The same over weeks. */
  week(i: number): number;
  /** Yesterday at this time, its neighbours with it. */
  yesterday(i: number): number;
  /** What sets `i` apart from its neighbours on the days before: jobs that run at fixed times. */
  dayRough(i: number): number;
  /** The same on the one day before. */
  yesterdayRough(i: number): number;
  /** The same over the hours before: jobs that run at fixed minutes. */
  hourRough(i: number): number;
  /** A function of the index, a day beyond the end included, worked out once for each. */
  keep(of: (i: number) => number): (i: number) => number;
}

/** Shares of the newest day, week and hour in a profile. */
const FADE = { day: 0.3, week: 0.4, dayRough: 0.2, hourRough: 0.1 };
/** Cycles looked back at: what is older counts under 3 %. */
const REACH = { day: 10, week: 4, dayRough: 14, hourRough: 24 };

/** Half the window in which neighbours are averaged. */
export function nearSteps(stepMs: number): number {
  return Math.max(1, Math.round((10 * MINUTE_MS) / stepMs));
}

/**
 * `offset` (demand) keeps the logarithm of nothing finite. Values are worked out when they are asked for and kept.
 * `whole`: most of the history will be asked for, so sums of all of it are made first.
 */
export function logSeries(
  history: DemandSeries,
  { clock }: ForecastContext,
  offset: number,
  whole: boolean,
): LogSeries {
  const { values, startMs, stepMs } = history;
  const length = values.length;
  const daySteps = Math.max(1, Math.round(DAY_MS / stepMs));
  const hourSteps = Math.max(1, Math.round(HOUR_MS / stepMs));
  const near = nearSteps(stepMs);
  const isFine = stepMs < 5 * MINUTE_MS;
  const few = isFine ? near : 2;
  const baseSteps = isFine ? Math.max(1, Math.round((5 * MINUTE_MS) / stepMs)) : 1;
  const value = keptLogs(values, offset);
  const between = whole
    ? meansFromSums(value, length)
    : (from: number, to: number) => meanOver(value, from, to);
  const around = (i: number): number => between(i - near, i + near + 1);
  const rough = (i: number): number => value(i) - between(i - few, i + few + 1);
  const daysBack = (i: number, days: number): number =>
    Math.round((clock.sameTimeBefore(startMs + i * stepMs, days) - startMs) / stepMs);
  const weeksBack = (i: number, weeks: number): number => daysBack(i, 7 * weeks);
  const hoursBack = (i: number, hours: number): number => i - hours * hourSteps;
  const keep = (of: (i: number) => number) => (whole ? kept(length + daySteps, of) : keptFew(of));
  const profile = (
    back: (i: number, cycles: number) => number,
    of: (i: number) => number,
    fade: number,
    reach: number,
  ) => keep((i) => faded(i, back, of, fade, reach));
  return {
    length,
    stepMs,
    daySteps,
    value,
    mean: (i, steps) => between(i - steps + 1, i + 1),
    base: keep((i) => {
      const own = between(i - baseSteps + 1, i + 1);
      return Number.isNaN(own) ? lastKnown(value, i) : own;
    }),
    day: profile(daysBack, around, FADE.day, REACH.day),
    week: profile(weeksBack, around, FADE.week, REACH.week),
    yesterday: (i) => around(daysBack(i, 1)),
    dayRough: profile(daysBack, rough, FADE.dayRough, REACH.dayRough),
    yesterdayRough: (i) => rough(daysBack(i, 1)),
    hourRough: profile(hoursBack, rough, FADE.hourRough, REACH.hourRough),
    keep,
  };
}

/** Logarithms by index, each taken once; NaN at a gap and outside. */
function keptLogs(values: Float64Array, offset: number): (i: number) => number {
  const logs = new Float64Array(values.length);
  return (i) => {
    if (i < 0 || i >= logs.length) return Number.NaN;
    const known = logs[i] as number;
    if (known !== 0) return known;
    const log = Math.log(Math.max(0, values[i] as number) + offset);
    logs[i] = log;
    return log;
  };
}

/** Mean of the known of `[from, to)`; NaN of none. */
function meanOver(value: (i: number) => number, from: number, to: number): number {
  let sum = 0;
  let count = 0;
  for (let i = from; i < to; i++) {
    const own = value(i);
    if (Number.isNaN(own)) continue;
    sum += own;
    count++;
  }
  return count === 0 ? Number.NaN : sum / count;
}

/** The same from sums of everything. */
function meansFromSums(value: (i: number) => number, length: number): (from: number, to: number) => number {
  const sums = new Float64Array(length + 1);
  const counts = new Int32Array(length + 1);
  for (let i = 0; i < length; i++) {
    const own = value(i);
    const isGap = Number.isNaN(own);
    sums[i + 1] = (sums[i] as number) + (isGap ? 0 : own);
    counts[i + 1] = (counts[i] as number) + (isGap ? 0 : 1);
  }
  return (from, to) => {
    const low = Math.max(0, from);
    const high = Math.min(length, to);
    if (high <= low) return Number.NaN;
    const count = (counts[high] as number) - (counts[low] as number);
    return count === 0 ? Number.NaN : ((sums[high] as number) - (sums[low] as number)) / count;
  };
}

/** The mean over the cycles before `i`, each counting `1 - fade` of the next newer one; gaps are passed over. */
function faded(
  i: number,
  back: (i: number, cycles: number) => number,
  of: (i: number) => number,
  fade: number,
  reach: number,
): number {
  let sum = 0;
  let total = 0;
  let weight = 1;
  for (let cycles = 1; cycles <= reach; cycles++) {
    const index = back(i, cycles);
    if (index < 0) break;
    const value = of(index);
    if (!Number.isNaN(value)) {
      sum += weight * value;
      total += weight;
    }
    weight *= 1 - fade;
  }
  return total === 0 ? Number.NaN : sum / total;
}

function lastKnown(value: (i: number) => number, from: number): number {
  for (let i = from; i >= 0; i--) {
    const own = value(i);
    if (!Number.isNaN(own)) return own;
  }
  return Number.NaN;
}

/** Worked out once for each index of `[0, length)`; NaN outside. */
function kept(length: number, of: (i: number) => number): (i: number) => number {
  const values = new Float64Array(length);
  const done = new Uint8Array(length);
  return (i) => {
    if (i < 0 || i >= length) return Number.NaN;
    if (done[i] === 0) {
      values[i] = of(i);
      done[i] = 1;
    }
    return values[i] as number;
  };
}

/** The same for few indices. */
function keptFew(of: (i: number) => number): (i: number) => number {
  const values = new Map<number, number>();
  return (i) => {
    const known = values.get(i);
    if (known !== undefined) return known;
    const own = of(i);
    values.set(i, own);
    return own;
  };
}
