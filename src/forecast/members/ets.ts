import { DAY_MS } from "../../model/time.ts";
import { defineForecaster, type Forecaster } from "../forecaster.ts";
import { type ErrorQuantiles, errorQuantiles, horizonKnots, offsetRows } from "../kernels/error-quantiles.ts";
import {
  fitSmoothing,
  newPath,
  type SmoothedPath,
  type Smoothing,
  smooth,
  type TrendKind,
  trendReach,
} from "../kernels/exponential-smoothing.ts";
import { robustScale } from "../kernels/statistics.ts";
import { inUnits } from "../kernels/unit-scale.ts";

interface EtsState extends Smoothing {
  readonly kind: TrendKind;
  /** Largest error that counts in full. */
  readonly limit: number;
  readonly errors: ErrorQuantiles;
}

/** Past forecasts behind the quantiles. */
const ORIGINS = 800;

/**
 * Exponential smoothing with additive errors and no season: ETS(A,N,N), (A,A,N) or (A,Ad,N), by AICc
 * (Hyndman, Koehler, Ord and Snyder 2008). Multiplicative forms are left out: on demand that comes near zero
 * they explode. Intervals from the model's own past multi-step errors.
 */
export const ets: Forecaster = defineForecaster(
  inUnits<EtsState>({
    name: "ets",
    cost: "light",
    needs: { knownSteps: 24, spanMs: 0 },
    estimate: ({ values, stepMs }) => {
      // Demand that never changed has no size of change: then every change counts in full.
      const limit = 5 * robustScale(changes(values)) || Number.POSITIVE_INFINITY;
      const fit = fitSmoothing(values, limit);
      const path = newPath(values.length);
      smooth(values, fit, limit, path);
      const dayAhead = Math.max(1, Math.round(DAY_MS / stepMs));
      const horizon = Math.max(1, Math.min(dayAhead, Math.floor(values.length / 3)));
      const { kind, alpha, beta, phi } = fit;
      return { kind, alpha, beta, phi, limit, errors: pastErrors(values, path, fit, horizon) };
    },
    quantiles: (state, { values }, _context, steps, levels) => {
      const path = newPath(values.length);
      smooth(values, state, state.limit, path);
      const level = path.levels[values.length - 1] ?? Number.NaN;
      const trend = path.trends[values.length - 1] ?? 0;
      const rows = offsetRows(state.errors, steps, levels);
      steps.forEach((step, j) => {
        const point = (Number.isNaN(level) ? 0 : level) + trendReach(state.phi, step) * trend;
        for (const row of rows) row[j] = (row[j] ?? 0) + point;
      });
      return rows;
    },
  }),
);

/** From each known value to the next known one. */
function changes(values: Float64Array): Float64Array {
  const known = values.filter((value) => !Number.isNaN(value));
  return known.subarray(1).map((value, i) => value - (known[i] ?? value));
}

function pastErrors(
  values: Float64Array,
  { levels, trends }: SmoothedPath,
  { phi }: Smoothing,
  horizonSteps: number,
): ErrorQuantiles {
  const knots = horizonKnots(horizonSteps);
  const first = Math.min(24, values.length >> 2);
  const stride = Math.max(1, Math.floor((values.length - first) / ORIGINS));
  const errors = knots.map((knot) => {
    const reach = trendReach(phi, knot);
    const own = new Float64Array(Math.ceil(values.length / stride));
    let count = 0;
    for (let i = first; i + knot < values.length; i += stride) {
      const point = (levels[i] ?? Number.NaN) + reach * (trends[i] ?? 0);
      const error = (values[i + knot] ?? Number.NaN) - point;
      if (!Number.isNaN(error)) own[count++] = error;
    }
    return own.slice(0, count);
  });
  return errorQuantiles(knots, errors);
}
