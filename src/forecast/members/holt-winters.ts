import type { DemandSeries } from "../../model/series.ts";
import { DAY_MS } from "../../model/time.ts";
import { defineForecaster, type ForecastContext, type Forecaster } from "../forecaster.ts";
import { type CellState, cellQuantiles, fitCells } from "../kernels/cell-forecast.ts";
import { type CellSmoothingFit, fitCellSmoothing } from "../kernels/holt-winters-fit.ts";
import { localCells } from "../kernels/local-cells.ts";
import { inUnits } from "../kernels/unit-scale.ts";

interface HoltWintersState extends CellState {
  /** 0 for the additive form; else demand is taken as its logarithm, at least that of `floor`. */
  readonly floor: number;
  /** Largest logarithm that is answered. */
  readonly ceiling: number;
}

/** How far above the largest demand seen a logarithm's tail may reach. */
const HEADROOM = Math.log(10);

/**
 * Holt-Winters' seasonal smoothing with damped trend, ETS(A,Ad,A), over half-hour means at the local clock;
 * on logarithms, where that describes the history better (AICc): then day and night swing in proportion.
 * What is left follows an AR law at the grid of the series. Intervals from past multi-step errors.
 */
export const holtWinters: Forecaster = defineForecaster(
  inUnits<HoltWintersState>({
    name: "holt-winters",
    cost: "light",
    needs: { knownSteps: 48, spanMs: 2 * DAY_MS },
    estimate: (history, context) => {
      if (history.stepMs > DAY_MS / 4) return "needs at least four steps a day";
      const plain = fitCellSmoothing(localCells(history, context.clock));
      const { floor, ceiling } = logBounds(history.values);
      if (floor === 0) return finish(history, context, plain, 0, 0);
      const logs = logarithms(history, floor);
      const log = fitCellSmoothing(localCells(logs, context.clock));
      // The density of a value is that of its logarithm over the value (Box and Cox 1964 §3).
      const better = log.aicc + 2 * log.sumJudged < plain.aicc;
      return better ? finish(logs, context, log, floor, ceiling) : finish(history, context, plain, 0, 0);
    },
    quantiles: (state, history, { clock }, steps, levels) => {
      if (state.floor === 0) return cellQuantiles(state, history, clock, steps, levels);
      const rows = cellQuantiles(state, logarithms(history, state.floor), clock, steps, levels);
      for (const row of rows) {
        for (let j = 0; j < row.length; j++) row[j] = Math.exp(Math.min(state.ceiling, row[j] ?? 0));
      }
      return rows;
    },
  }),
);

function finish(
  history: DemandSeries,
  { clock }: ForecastContext,
  fit: CellSmoothingFit,
  floor: number,
  ceiling: number,
): HoltWintersState {
  const { law, level, season, firstStep } = fit;
  const { state } = fitCells({ history, clock, law, level, season, changes: [], firstStep });
  return { ...state, floor, ceiling };
}

/** Half the smallest demand, and ten times the largest as a logarithm; floor 0 when some demand is zero. */
function logBounds(values: Float64Array): { readonly floor: number; readonly ceiling: number } {
  let low = Number.POSITIVE_INFINITY;
  let high = 0;
  for (const value of values) {
    if (Number.isNaN(value)) continue;
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  return low > 0 && high > low
    ? { floor: low / 2, ceiling: Math.log(high) + HEADROOM }
    : { floor: 0, ceiling: 0 };
}

function logarithms(history: DemandSeries, floor: number): DemandSeries {
  const values = history.values.map((value) =>
    Number.isNaN(value) ? value : Math.log(Math.max(floor, value)),
  );
  return { ...history, values };
}
