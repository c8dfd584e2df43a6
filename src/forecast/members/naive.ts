import { FORECAST_LEVELS } from "../../model/forecast.ts";
import type { DemandSeries } from "../../model/series.ts";
import { DAY_MS, HOUR_MS } from "../../model/time.ts";
import { defineForecaster, type Forecaster } from "../forecaster.ts";
import { knotPlace } from "../kernels/error-quantiles.ts";
import { fillLinear, lastKnownIndex, placeLevels, sortedQuantile } from "../kernels/statistics.ts";

/** `changes[k]`: quantiles, one per forecast level, of the changes over `lags[k]` steps. */
interface NaiveState {
  readonly lags: readonly number[];
  readonly changes: readonly Float64Array[];
}

/**
 * Random walk: the last known value, with the empirical quantiles of past changes over as many steps, the
 * median change taken as none. The reference that every other figure is a ratio to, so its rules are those
 * of the judge: changes over 1 to 12 steps and every 6th after, held in between, from 14 days (8 weeks for
 * hourly steps); a low quantile above the last value, or a high one below it, is set to it.
 */
export const naive: Forecaster = defineForecaster<NaiveState>({
  name: "naive",
  cost: "light",
  needs: { knownSteps: 2, spanMs: 0 },
  estimate: (history) => {
    const window = naiveWindow(history);
    const lags: number[] = [];
    const changes: Float64Array[] = [];
    for (
      let lag = 1;
      lag < window.length && lag * history.stepMs <= DAY_MS;
      lag += lag < 12 ? 1 : 6 - (lag % 6)
    ) {
      const change = new Float64Array(window.length - lag);
      for (let i = 0; i < change.length; i++) change[i] = (window[i + lag] ?? 0) - (window[i] ?? 0);
      placeLevels(change, FORECAST_LEVELS);
      lags.push(lag);
      changes.push(
        Float64Array.from(FORECAST_LEVELS, (level) => oneSided(sortedQuantile(change, level), level)),
      );
    }
    return { lags, changes };
  },
  quantiles: ({ lags, changes }, history, _context, steps, levels) => {
    const { values } = history;
    const last = values[lastKnownIndex(values)] ?? 0;
    const used = steps.map((step) =>
      Math.max(
        0,
        lags.findLastIndex((lag) => lag <= step),
      ),
    );
    return levels.map((level) => {
      const { low, share } = knotPlace(FORECAST_LEVELS, level);
      const offsets = changes.map((row) => {
        const first = row[low] ?? 0;
        return share === 0 ? first : first + ((row[low + 1] ?? first) - first) * share;
      });
      return Float64Array.from(used, (lag) => last + (offsets[lag] ?? 0));
    });
  },
});

/** The judge's training window, gaps filled on the line: changes over a gap are then spread along it. */
function naiveWindow({ values, stepMs }: DemandSeries): Float64Array {
  const days = stepMs < HOUR_MS ? 14 : 56;
  const filled = fillLinear(values.slice(-Math.round((days * DAY_MS) / stepMs)));
  return filled.filter((value) => !Number.isNaN(value));
}

function oneSided(change: number, level: number): number {
  if (level < 0.5) return Math.min(change, 0);
  return level > 0.5 ? Math.max(change, 0) : 0;
}
