import type { DemandSeries } from "../../model/series.ts";
import { DAY_MS, HOUR_MS } from "../../model/time.ts";
import { defineForecaster, type ForecastContext, type Forecaster } from "../forecaster.ts";
import { sortedQuantile } from "../kernels/statistics.ts";

interface SeasonalQuantilesState {
  /** Days pooled, and steps to each side of the slot. */
  readonly days: number;
  readonly reach: number;
}

const DAYS_ON_OFFER: readonly number[] = [2, 4, 7, 14];

/**
 * What demand was at this time of day: quantiles of the known values around the same local time over the
 * last days, no model of today. Hard to beat a day ahead on noisy series, and the spread comes with it.
 * The number of days is the one with the smallest mean absolute error of the median over the history.
 */
export const seasonalQuantiles: Forecaster = defineForecaster<SeasonalQuantilesState>({
  name: "seasonal-quantiles",
  cost: "light",
  needs: { knownSteps: 48, spanMs: 3 * DAY_MS },
  estimate: (history, context) => {
    const { stepMs } = history;
    if (stepMs > DAY_MS / 4) return "needs at least four steps a day";
    const longest = Math.max(2, (history.values.length * stepMs) / DAY_MS - 1);
    const offers = DAYS_ON_OFFER.filter((days) => days <= longest);
    let best: { state: SeasonalQuantilesState; error: number } | undefined;
    for (const state of offers.flatMap((days) => reaches(stepMs).map((reach) => ({ days, reach })))) {
      const error = medianError(history, context, state);
      if (best === undefined || error < best.error) best = { state, error };
    }
    return best === undefined || !Number.isFinite(best.error) ? "no day to compare with" : best.state;
  },
  quantiles: (state, history, context, steps, levels) => {
    const { stepMs, startMs, values } = history;
    const rows = levels.map(() => new Float64Array(steps.length));
    const recent = values
      .slice(-Math.ceil(DAY_MS / stepMs))
      .filter((value) => !Number.isNaN(value))
      .sort();
    const pooled = slidingPool(history, context, state);
    steps.forEach((step, j) => {
      const own = pooled(startMs + (values.length + step - 1) * stepMs);
      const pool = own.length > 0 ? own : recent;
      levels.forEach((level, k) => {
        const row = rows[k];
        const value = sortedQuantile(pool, level);
        if (row !== undefined) row[j] = Number.isNaN(value) ? 0 : value;
      });
    });
    return rows;
  },
});

/** Mean absolute error of the median over about 400 steps of the later history. */
function medianError(history: DemandSeries, context: ForecastContext, state: SeasonalQuantilesState): number {
  const { startMs, stepMs, values } = history;
  const stride = Math.max(1, Math.floor(values.length / 400));
  const first = Math.min(Math.floor((14 * DAY_MS) / stepMs), values.length >> 1);
  const pooled = slidingPool(history, context, state);
  let sum = 0;
  let count = 0;
  for (let i = first; i < values.length; i += stride) {
    const pool = pooled(startMs + i * stepMs);
    const error = Math.abs((values[i] ?? Number.NaN) - sortedQuantile(pool, 0.5));
    if (Number.isNaN(error)) continue;
    sum += error;
    count++;
  }
  return count === 0 ? Number.POSITIVE_INFINITY : sum / count;
}

function reaches(stepMs: number): readonly number[] {
  const hour = Math.round(HOUR_MS / stepMs);
  return [...new Set([Math.round(hour / 12), Math.round(hour / 3), hour])];
}

/**
 * Known values of the last `days` days within `reach` steps of the same local time, sorted. Asked for one step
 * after the other, it drops what left each day's window and merges what came in; the answer is good until the
 * next is asked for.
 */
function slidingPool(
  { startMs, stepMs, values }: DemandSeries,
  { clock }: ForecastContext,
  { days, reach }: SeasonalQuantilesState,
): (utcMs: number) => Float64Array {
  const room = days * (2 * reach + 1);
  let [pool, spare] = [new Float64Array(room), new Float64Array(room)];
  const [leaving, coming] = [new Float64Array(room), new Float64Array(room)];
  const [lows, highs] = [new Int32Array(days), new Int32Array(days)];
  let size = 0;
  return (utcMs) => {
    const end = Math.min(values.length, Math.round((utcMs - startMs) / stepMs));
    let [left, came] = [0, 0];
    for (let day = 0; day < days; day++) {
      const centre = Math.round((clock.sameTimeBefore(utcMs, day + 1) - startMs) / stepMs);
      const low = Math.max(0, centre - reach);
      const high = Math.max(low, Math.min(centre + reach + 1, end));
      const [oldLow, oldHigh] = [lows[day] as number, highs[day] as number];
      left = takeOutside(values, oldLow, oldHigh, low, high, leaving, left);
      came = takeOutside(values, low, high, oldLow, oldHigh, coming, came);
      lows[day] = low;
      highs[day] = high;
    }
    const out = leaving.subarray(0, left).sort();
    const into = coming.subarray(0, came).sort();
    size = mergeInto(spare, pool.subarray(0, size), out, into);
    [pool, spare] = [spare, pool];
    return pool.subarray(0, size);
  };
}

/** Appends the known values at `[from, to)` that lie outside `[low, high)`; the new count. */
function takeOutside(
  values: Float64Array,
  from: number,
  to: number,
  low: number,
  high: number,
  room: Float64Array,
  count: number,
): number {
  let taken = count;
  const take = (first: number, last: number): void => {
    for (let i = first; i < last; i++) {
      const value = values[i] as number;
      if (!Number.isNaN(value)) room[taken++] = value;
    }
  };
  take(from, Math.min(to, low));
  take(Math.max(from, high), to);
  return taken;
}

/** Writes sorted `old` without `out`, plus `into`, sorted; all sorted, `out` part of `old`. The new length. */
function mergeInto(target: Float64Array, old: Float64Array, out: Float64Array, into: Float64Array): number {
  let [o, n, size] = [0, 0, 0];
  for (const value of old) {
    if (o < out.length && out[o] === value) {
      o++;
      continue;
    }
    while (n < into.length && (into[n] as number) < value) target[size++] = into[n++] as number;
    target[size++] = value;
  }
  while (n < into.length) target[size++] = into[n++] as number;
  return size;
}
