import type { DemandSeries } from "../../model/series.ts";
import { DAY_MS, HOUR_MS } from "../../model/time.ts";
import { fitPattern, localSlots, patternErrors, type SeasonalPattern } from "../kernels/seasonal-fit.ts";
import { clamp, median, robustScale } from "../kernels/statistics.ts";
import type { LocalClock } from "../local-clock.ts";

/** What demand would have been without events: a pattern over the local week times the level around. */
export interface UsualLevel {
  readonly series: DemandSeries;
  readonly pattern: SeasonalPattern;
  readonly clock: LocalClock;
  /** The pattern's value per step, never below a twentieth of the median. */
  readonly base: Float64Array;
  /** Log of demand over `base`, outside of events; NaN in events and gaps. */
  readonly ratio: Float64Array;
  /** Standard deviation of one step around it, as a logarithm. */
  readonly stepSigma: number;
}

/** Ratios outside this are no demand (an outage, a typing error). */
const MAX_LOG_RATIO = Math.log(100);

/**
 * The pattern is fitted without the steps that `inEvent` marks, unless little would be left: where events are
 * nearly always on, they are the usual.
 */
export function usualLevel(series: DemandSeries, clock: LocalClock, inEvent: Uint8Array): UsualLevel {
  const { values, stepMs } = series;
  let free = 0;
  for (const mark of inEvent) if (mark === 0) free++;
  const useAll = free < values.length / 3;
  const outside = values.map((value, i) => (inEvent[i] === 0 || useAll ? value : Number.NaN));
  const spanMs = values.length * stepMs;
  const isWeekly = spanMs >= 14 * DAY_MS && stepMs <= DAY_MS;
  const daily = spanMs >= 2 * DAY_MS ? Math.min(8, Math.max(0, Math.ceil(DAY_MS / stepMs / 2) - 1)) : 0;
  const orders = { daily, weekly: isWeekly ? 6 : 0, hourly: 0 };
  const slots = localSlots(series, clock, isWeekly);
  const pattern = fitPattern(outside, slots, orders);
  const negated = patternErrors(new Float64Array(values.length), slots, pattern);
  const floor = Math.max(0.05 * median(outside), 1e-9) || 1e-9;
  const base = negated.map((value) => Math.max(floor, -value));
  const ratio = outside.map((value, i) => {
    const log = Math.log(value / (base[i] ?? 1));
    return Math.abs(log) <= MAX_LOG_RATIO ? log : Number.NaN;
  });
  const changes = ratio.map((value, i) => value - (ratio[i - 1] ?? Number.NaN));
  return { series, pattern, clock, base, ratio, stepSigma: robustScale(changes) / Math.SQRT2 };
}

/**
 * Usual demand per step of `[from, to)`: the pattern times the level on both sides of it (medians of up to
 * twice the window's length), on the line between them; one side alone where the other is not known.
 */
export function usualIn(usual: UsualLevel, from: number, to: number): Float64Array {
  const { stepMs } = usual.series;
  const reach = Math.round(clamp(2 * (to - from) * stepMs, HOUR_MS, 12 * HOUR_MS) / stepMs);
  const before = sideLevel(usual, from - 1, -1, Math.max(3, reach));
  const after = sideLevel(usual, to, 1, Math.max(3, reach));
  const left = Number.isNaN(before) ? after : before;
  const right = Number.isNaN(after) ? before : after;
  return Float64Array.from({ length: Math.max(0, to - from) }, (_, k) => {
    const share = (k + 0.5) / (to - from);
    const level = Number.isNaN(left) ? 0 : left * (1 - share) + right * share;
    return (usual.base[from + k] ?? Number.NaN) * Math.exp(level);
  });
}

/** Median log ratio of the first `wanted` known steps from `at` on, looked for within a day. */
function sideLevel({ ratio, series }: UsualLevel, at: number, direction: 1 | -1, wanted: number): number {
  const found: number[] = [];
  const furthest = Math.max(wanted, Math.round(DAY_MS / series.stepMs));
  for (let k = 0; k < furthest && found.length < wanted; k++) {
    const value = ratio[at + k * direction];
    if (value === undefined) break;
    if (!Number.isNaN(value)) found.push(value);
  }
  return found.length < 3 ? Number.NaN : median(found);
}

/**
 * Variance of the log ratio of a whole window of `steps` steps, measured where nothing happened: what an event
 * of this length would be measured with. Windows are spread over the history.
 */
export function quietVariance(usual: UsualLevel, steps: number): number {
  const { ratio, series } = usual;
  const floor = usual.stepSigma ** 2 / Math.max(1, steps);
  const found: number[] = [];
  const stride = Math.max(steps, Math.floor(ratio.length / 24));
  for (let from = stride; from + 2 * steps < ratio.length; from += stride) {
    let observed = 0;
    let expected = 0;
    const level = usualIn(usual, from, from + steps);
    for (let k = 0; k < steps; k++) {
      if (Number.isNaN(ratio[from + k])) continue;
      observed += series.values[from + k] ?? 0;
      expected += level[k] ?? 0;
    }
    if (observed > 0 && expected > 0) found.push(Math.log(observed / expected));
  }
  return found.length < 5 ? 2 * floor : Math.max(floor, robustScale(found) ** 2);
}

/** Numbers that demand cannot be, as gaps; beyond 1e15 requests/s sums of squares would overflow. */
export function plausible(series: DemandSeries): DemandSeries {
  return {
    ...series,
    values: series.values.map((value) => (value >= 0 && value < 1e15 ? value : Number.NaN)),
  };
}
