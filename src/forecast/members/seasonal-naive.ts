import type { DemandSeries } from "../../model/series.ts";
import { DAY_MS } from "../../model/time.ts";
import { type ErrorQuantiles, errorQuantiles, offsetRows } from "../error-quantiles.ts";
import { defineForecaster, type ForecastContext, type Forecaster } from "../forecaster.ts";
import { lastKnownIndex, meanSize, sortedQuantile } from "../statistics.ts";

/** Days to look back for "the same time": yesterday, a week ago, or the mean of both. */
type Look = readonly number[];
const LOOKS: readonly Look[] = [[1], [7], [1, 7]];

interface SeasonalNaiveState {
  readonly look: Look;
  readonly errors: ErrorQuantiles;
  /** Answer where no look-back is known. */
  readonly fallback: number;
}

/**
 * Same local time yesterday, or a week ago, or the mean of both: the one with the smallest mean absolute
 * error over the history (week only when every weekday was seen twice). Quantiles from its own past errors.
 */
export const seasonalNaive: Forecaster = defineForecaster<SeasonalNaiveState>({
  name: "seasonal-naive",
  cost: "light",
  needs: { knownSteps: 12, spanMs: 1.5 * DAY_MS },
  estimate: (history, { clock }) => {
    const { values, stepMs } = history;
    if (stepMs > DAY_MS / 2) return "needs at least two steps a day";
    const looks = (values.length * stepMs) / DAY_MS >= 14 ? LOOKS : LOOKS.slice(0, 1);
    let best: { look: Look; errors: Float64Array; mae: number } | undefined;
    for (const look of looks) {
      const errors = lookErrors(history, { clock }, look);
      const mae = errors.length < 6 ? Number.POSITIVE_INFINITY : meanSize(errors);
      if (best === undefined || mae < best.mae) best = { look, errors, mae };
    }
    if (best === undefined || !Number.isFinite(best.mae)) return "no pair of days to compare";
    const known = values.filter((value) => !Number.isNaN(value)).sort();
    return {
      look: best.look,
      errors: errorQuantiles([1], [best.errors]),
      fallback: sortedQuantile(known, 0.5),
    };
  },
  quantiles: (state, history, context, steps, levels) => {
    const endMs = history.startMs + history.values.length * history.stepMs;
    const last = history.values[lastKnownIndex(history.values)];
    const point = Float64Array.from(steps, (step) => {
      const same = lookBack(history, context, endMs + (step - 1) * history.stepMs, state.look);
      return Number.isNaN(same) ? (last ?? state.fallback) : same;
    });
    const rows = offsetRows(state.errors, steps, levels);
    for (const row of rows) for (let j = 0; j < row.length; j++) row[j] = (row[j] ?? 0) + (point[j] ?? 0);
    return rows;
  },
});

function lookErrors(history: DemandSeries, context: ForecastContext, look: Look): Float64Array {
  const { startMs, stepMs, values } = history;
  const errors = values.map((value, i) => value - lookBack(history, context, startMs + i * stepMs, look));
  return errors.filter((error) => !Number.isNaN(error));
}

/**
 * Mean of the known values at the same local time on each day of `look`; a gap is looked up a week further
 * back.
 */
function lookBack(history: DemandSeries, { clock }: ForecastContext, utcMs: number, look: Look): number {
  const { values, startMs, stepMs } = history;
  let sum = 0;
  let count = 0;
  for (const first of look) {
    for (let days = first; days <= first + 7; days += first) {
      const value = values[Math.round((clock.sameTimeBefore(utcMs, days) - startMs) / stepMs)];
      if (value === undefined && days > first) break;
      if (value === undefined || Number.isNaN(value)) continue;
      sum += value;
      count++;
      break;
    }
  }
  return count === 0 ? Number.NaN : sum / count;
}
