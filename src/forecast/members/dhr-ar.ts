import type { DemandSeries } from "../../model/series.ts";
import { DAY_MS } from "../../model/time.ts";
import { defineForecaster, type ForecastContext, type Forecaster } from "../forecaster.ts";
import { type Autoregression, arErrorQuantiles, continueAr, fitAr } from "../kernels/autoregression.ts";
import { offsetRows } from "../kernels/error-quantiles.ts";
import { type ErrorScale, errorScale, scaleAt } from "../kernels/error-scale.ts";
import {
  type FourierOrders,
  fitPattern,
  hourlyPairs,
  localSlots,
  patternAt,
  patternErrors,
  type SeasonalPattern,
} from "../kernels/seasonal-fit.ts";

interface DhrState extends Autoregression {
  readonly pattern: SeasonalPattern;
  readonly scale: ErrorScale;
}

/** Fourier pairs on offer: of the day and the week, with and without those of the hour. */
const ORDERS: readonly (readonly [daily: number, weekly: number])[] = [
  [0, 0],
  [2, 0],
  [5, 0],
  [10, 0],
  [5, 3],
  [10, 6],
];
const MAX_AR = 24;

/**
 * Dynamic harmonic regression (Hyndman and Athanasopoulos, FPP3 §10.5): Fourier terms of the local day and
 * week, AR(p) errors. Both orders by AICc of the innovations. Intervals from the model's own past multi-step
 * errors, which are neither normal nor equally wide at night and at noon.
 */
export const dhrAr: Forecaster = defineForecaster<DhrState>({
  name: "dhr-ar",
  cost: "light",
  needs: { knownSteps: 48, spanMs: 2 * DAY_MS },
  estimate: (history, { clock }) => {
    const { values, stepMs } = history;
    if (stepMs > DAY_MS / 4) return "needs at least four steps a day";
    const weekly = values.length * stepMs >= 13.5 * DAY_MS;
    const slots = localSlots(history, clock, weekly);
    let best: { pattern: SeasonalPattern; coefficients: Float64Array; aicc: number } | undefined;
    for (const orders of ordersFor(slots.daySlots, weekly, hourlyPairs(stepMs))) {
      const pattern = fitPattern(values, slots, orders);
      const { coefficients, aicc } = fitAr(patternErrors(values, slots, pattern), MAX_AR, pattern.parameters);
      if (best === undefined || aicc < best.aicc) best = { pattern, coefficients, aicc };
    }
    if (best === undefined) return "no order fits";
    const errors = patternErrors(values, slots, best.pattern);
    const scale = errorScale(errors, slots);
    const scales = Float64Array.from(slots.slotOf, (slot) => scale.values[slot % slots.daySlots] ?? 1);
    const dayAhead = Math.round(DAY_MS / stepMs);
    return {
      pattern: best.pattern,
      coefficients: best.coefficients,
      scale,
      errors: arErrorQuantiles(best.coefficients, errors, scales, dayAhead),
    };
  },
  quantiles: (state, history, context, steps, levels) => {
    const { stepMs, startMs, values } = history;
    const horizon = steps[steps.length - 1] ?? 1;
    const path = continueAr(state.coefficients, recentErrors(state, history, context), horizon);
    const rows = offsetRows(state.errors, steps, levels);
    steps.forEach((step, j) => {
      const atMs = startMs + (values.length + step - 1) * stepMs;
      const point = patternAt(state.pattern, context.clock, atMs) + (path[step - 1] ?? 0);
      const width = scaleAt(state.scale, context.clock, atMs);
      for (const row of rows) row[j] = point + (row[j] ?? 0) * width;
    });
    return rows;
  },
});

function ordersFor(daySlots: number, weeks: boolean, hourly: number): readonly FourierOrders[] {
  const orders = ORDERS.filter(([daily, weekly]) => (weekly === 0 || weeks) && 2 * daily < daySlots);
  return [0, ...(hourly > 0 ? [hourly] : [])].flatMap((pairs) =>
    orders.map(([daily, weekly]) => ({ daily, weekly, hourly: pairs })),
  );
}

function recentErrors(state: DhrState, history: DemandSeries, { clock }: ForecastContext): Float64Array {
  const { startMs, stepMs, values } = history;
  const from = Math.max(0, values.length - state.coefficients.length);
  return values
    .subarray(from)
    .map((value, i) => value - patternAt(state.pattern, clock, startMs + (from + i) * stepMs));
}
