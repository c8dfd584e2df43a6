import { DAY_MS, HOUR_MS, MINUTE_MS } from "../../model/time.ts";
import type { LogSeries } from "./log-series.ts";

/** Sizes of one-step errors up to now: what says how large the next ones will be. */
export interface RecentErrors {
  /** Logarithm of the mean size over each of `WINDOWS_MIN` up to index `i`. */
  readonly logMeans: readonly ((i: number) => number)[];
  /** Logarithm of their size at the time of day of index `i` on the days before; NaN where none is known. */
  dayLog(i: number): number;
  /** Logarithm of their mean size over the last days. */
  usual(i: number): number;
  /** Logarithm of how far demand was from its level over the last hour. */
  hourLog(i: number): number;
}

export const SPREAD_FEATURES = 10;
/** Added to sizes before their logarithm is taken: 0.3 % of demand. */
export const SIZE_FLOOR = 0.003;
const WINDOWS_MIN = [5, 15, 60, 360] as const;

/** Features of the size of the error at (origin, step ahead); `point` is the regression's, relative to the base. */
export function writeSpreadRow(
  room: Float64Array,
  at: number,
  series: LogSeries,
  errors: RecentErrors,
  { origin, step, point }: { readonly origin: number; readonly step: number; readonly point: number },
  offset: number,
): void {
  const usual = errors.usual(origin);
  const base = series.base(origin);
  let f = at;
  const put = (value: number): void => {
    room[f++] = Number.isFinite(value) ? value : 0;
  };
  for (const logMean of errors.logMeans) put(logMean(origin) - usual);
  put(errors.hourLog(origin));
  put(base - Math.log(2 * offset));
  put(errors.dayLog(origin + step) - usual);
  put(Math.abs(series.day(origin + step) - series.day(origin)));
  put(Math.abs(point));
  room[f] = 1;
}

/** Of the root mean square of the last hour's distances from the level at each of its steps. */
function hourLog(series: LogSeries, origin: number): number {
  const steps = Math.max(1, Math.round(HOUR_MS / series.stepMs));
  let sum = 0;
  let count = 0;
  for (let i = origin - steps + 1; i <= origin; i++) {
    const distance = series.value(i) - series.base(i);
    if (Number.isNaN(distance)) continue;
    sum += distance * distance;
    count++;
  }
  const size = count === 0 ? 0.1 : Math.sqrt(Math.max(1e-8, sum / count));
  return Math.log(size + SIZE_FLOOR);
}

const USUAL_MS = 3 * DAY_MS;
const NEAR_MS = 20 * MINUTE_MS;
/** Share of the newest day in the profile of error sizes, and the days looked back at. */
const DAY_FADE = 0.3;
const DAY_REACH = 10;

/** `sizes[i]`: size of the one-step error of target `i`, NaN where there is none. */
export function errorsFromSizes(
  sizes: Float64Array,
  series: LogSeries,
  dayBack: (i: number, days: number) => number,
): RecentErrors {
  const { stepMs, keep } = series;
  const sums = new Float64Array(sizes.length + 1);
  const counts = new Int32Array(sizes.length + 1);
  sizes.forEach((size, i) => {
    const isGap = Number.isNaN(size);
    sums[i + 1] = (sums[i] as number) + (isGap ? 0 : size);
    counts[i + 1] = (counts[i] as number) + (isGap ? 0 : 1);
  });
  const mean = (from: number, to: number): number => {
    const low = Math.max(0, from);
    const high = Math.min(sizes.length, to);
    if (high <= low) return Number.NaN;
    const count = (counts[high] as number) - (counts[low] as number);
    return count === 0 ? Number.NaN : ((sums[high] as number) - (sums[low] as number)) / count;
  };
  const steps = (ms: number): number => Math.max(1, Math.round(ms / stepMs));
  const near = steps(NEAR_MS);
  const logMean = (ms: number) => keep((i) => logOf(mean(i - steps(ms) + 1, i + 1)));
  return {
    logMeans: WINDOWS_MIN.map((minutes) => logMean(minutes * MINUTE_MS)),
    usual: logMean(USUAL_MS),
    hourLog: keep((i) => hourLog(series, i)),
    dayLog: keep((i) => {
      let sum = 0;
      let total = 0;
      for (let days = 1; days <= DAY_REACH; days++) {
        const index = dayBack(i, days);
        if (index < 0) break;
        const size = mean(index - near, index + near + 1);
        if (Number.isNaN(size)) continue;
        const weight = (1 - DAY_FADE) ** days;
        sum += weight * size;
        total += weight;
      }
      return total === 0 ? Number.NaN : logOf(sum / total);
    }),
  };
}

function logOf(size: number): number {
  return Math.log((Number.isNaN(size) ? 0.1 : size) + SIZE_FLOOR);
}

/** Targets looked at for the size of recent errors: all of the last quarter of an hour, fewer further back. */
export function sampledTargets(last: number, stepMs: number): readonly number[] {
  const targets: number[] = [];
  const step = (ms: number): number => Math.max(1, Math.round(ms / stepMs));
  const reach: readonly (readonly [number, number])[] = [
    [15 * MINUTE_MS, 1],
    [HOUR_MS, step(3 * MINUTE_MS)],
    [6 * HOUR_MS, step(20 * MINUTE_MS)],
  ];
  let back = 0;
  for (const [spanMs, stride] of reach) {
    for (; back < step(spanMs); back += stride) targets.push(last - back);
  }
  return targets;
}

/** The same from few sizes, and what a fit knew of the usual size and of the day's shape. */
export function errorsFromSamples(
  samples: readonly { readonly target: number; readonly size: number }[],
  series: LogSeries,
  known: { readonly usualLog: number; readonly dayLogAt: (i: number) => number },
): RecentErrors {
  const logMean = (minutes: number) =>
    series.keep((i) => {
      const reach = Math.max(1, Math.round((minutes * MINUTE_MS) / series.stepMs));
      const near = samples.filter(({ target, size }) => target > i - reach && !Number.isNaN(size));
      const sum = near.reduce((total, { size }) => total + size, 0);
      return near.length === 0 ? known.usualLog : logOf(sum / near.length);
    });
  return {
    logMeans: WINDOWS_MIN.map(logMean),
    usual: () => known.usualLog,
    hourLog: series.keep((i) => hourLog(series, i)),
    dayLog: known.dayLogAt,
  };
}
