import type { DemandSeries } from "../../model/series.ts";
import { DAY_MS, HOUR_MS } from "../../model/time.ts";
import { defineForecaster, type ForecastContext, type Forecaster } from "../forecaster.ts";
import { sortedQuantile } from "../statistics.ts";

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
    steps.forEach((step, j) => {
      const own = poolAt(history, context, startMs + (values.length + step - 1) * stepMs, state);
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
  let sum = 0;
  let count = 0;
  for (let i = first; i < values.length; i += stride) {
    const pool = poolAt(history, context, startMs + i * stepMs, state);
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

/** Known values of the last `days` days within `reach` steps of the same local time, sorted. */
function poolAt(
  { startMs, stepMs, values }: DemandSeries,
  { clock }: ForecastContext,
  utcMs: number,
  { days, reach }: SeasonalQuantilesState,
): Float64Array {
  const pool = new Float64Array(days * (2 * reach + 1));
  const end = Math.min(values.length, Math.round((utcMs - startMs) / stepMs));
  let count = 0;
  for (let day = 1; day <= days; day++) {
    const centre = Math.round((clock.sameTimeBefore(utcMs, day) - startMs) / stepMs);
    for (let i = Math.max(0, centre - reach); i <= centre + reach && i < end; i++) {
      const value = values[i] ?? Number.NaN;
      if (!Number.isNaN(value)) pool[count++] = value;
    }
  }
  return pool.subarray(0, count).sort();
}
