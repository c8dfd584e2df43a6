import { type ErrorQuantiles, errorQuantiles, horizonKnots } from "./error-quantiles.ts";
import { fillLinear, robustScale } from "./statistics.ts";

/** An AR(p) law of errors around zero, with the quantiles of its past multi-step errors. */
export interface Autoregression {
  readonly coefficients: Float64Array;
  readonly errors: ErrorQuantiles;
}

export interface ArOrder {
  readonly coefficients: Float64Array;
  /** Akaike's information criterion, corrected for small samples (Hurvich and Tsai 1989). */
  readonly aicc: number;
}

/**
 * The AR(p), p <= `maxOrder`, with the smallest AICc. Yule-Walker equations solved by Levinson-Durbin
 * (Brockwell and Davis 1991 §5.2): always stationary. Covariances over pairs that happen to be known need
 * not belong to any process, so gaps are filled first on the line, then once more by the law found.
 * Errors are pulled in to five robust standard deviations. `otherParameters` counts what was estimated
 * before.
 */
export function fitAr(errors: Float64Array, maxOrder: number, otherParameters: number): ArOrder {
  const limit = 5 * robustScale(errors);
  const pulled = errors.map((error) => Math.min(limit, Math.max(-limit, error)));
  let known = 0;
  for (const error of pulled) if (!Number.isNaN(error)) known++;
  if (known === 0) return { coefficients: new Float64Array(0), aicc: Number.NEGATIVE_INFINITY };
  const first = yuleWalker(fillLinear(pulled), known, maxOrder, otherParameters);
  if (known === pulled.length) return first;
  return yuleWalker(fillByLaw(pulled, first.coefficients), known, maxOrder, otherParameters);
}

function yuleWalker(filled: Float64Array, known: number, maxOrder: number, otherParameters: number): ArOrder {
  const covariance = autocovariance(filled, maxOrder);
  const variance = covariance[0] ?? 0;
  if (!(variance > 0)) return { coefficients: new Float64Array(0), aicc: Number.NEGATIVE_INFINITY };
  let current: LevinsonStep = { coefficients: new Float64Array(0), innovation: variance };
  let best: ArOrder = { coefficients: current.coefficients, aicc: aicc(known, variance, otherParameters) };
  for (let order = 1; order <= maxOrder; order++) {
    const next = levinsonStep(current, covariance, order);
    if (next === undefined) break;
    current = next;
    const score = aicc(known, current.innovation, otherParameters + order);
    if (score < best.aicc) best = { coefficients: current.coefficients, aicc: score };
  }
  return best;
}

/** Errors to come, steps 1 to `horizonSteps`, after `errors`; gaps among the last ones count as expected. */
export function continueAr(
  coefficients: Float64Array,
  errors: Float64Array,
  horizonSteps: number,
): Float64Array {
  const order = coefficients.length;
  const path = new Float64Array(order + horizonSteps);
  for (let k = 0; k < order; k++) {
    const error = errors[errors.length - order + k] ?? Number.NaN;
    path[k] = Number.isNaN(error) ? arStep(coefficients, path, k) : error;
  }
  for (let h = order; h < path.length; h++) path[h] = arStep(coefficients, path, h);
  return path.subarray(order);
}

/**
 * Quantiles of the errors that remain after the AR forecast, per horizon, from about `origins` forecasts
 * made over the history; each divided by `scale[target]`.
 */
export function arErrorQuantiles(
  coefficients: Float64Array,
  errors: Float64Array,
  scale: Float64Array,
  horizonSteps: number,
  origins = 300,
): ErrorQuantiles {
  const knots = horizonKnots(horizonSteps);
  const lists: number[][] = knots.map(() => []);
  const first = Math.min(errors.length >> 2, 4 * Math.max(12, coefficients.length));
  const stride = Math.max(1, Math.floor((errors.length - first) / origins));
  for (let origin = first; origin < errors.length; origin += stride) {
    const start = Math.max(0, origin - coefficients.length);
    const path = continueAr(coefficients, errors.subarray(start, origin), horizonSteps);
    knots.forEach((knot, k) => {
      const target = origin + knot - 1;
      const error = ((errors[target] ?? Number.NaN) - (path[knot - 1] ?? 0)) / (scale[target] ?? 1);
      if (!Number.isNaN(error)) lists[k]?.push(error);
    });
  }
  return errorQuantiles(
    knots,
    lists.map((list) => Float64Array.from(list)),
  );
}

interface LevinsonStep {
  readonly coefficients: Float64Array;
  readonly innovation: number;
}

/** From order - 1 to `order`; undefined when nothing is left to explain (an exact cycle). */
function levinsonStep(
  { coefficients, innovation }: LevinsonStep,
  covariance: Float64Array,
  order: number,
): LevinsonStep | undefined {
  let sum = covariance[order] ?? 0;
  for (let k = 1; k < order; k++) sum -= (coefficients[k - 1] ?? 0) * (covariance[order - k] ?? 0);
  const reflection = sum / innovation;
  if (!(Math.abs(reflection) < 0.9999)) return undefined;
  const next = new Float64Array(order);
  for (let k = 0; k < order - 1; k++) {
    next[k] = (coefficients[k] ?? 0) - reflection * (coefficients[order - 2 - k] ?? 0);
  }
  next[order - 1] = reflection;
  return { coefficients: next, innovation: innovation * (1 - reflection * reflection) };
}

function arStep(coefficients: Float64Array, path: Float64Array, index: number): number {
  let sum = 0;
  const order = Math.min(coefficients.length, index);
  for (let k = 0; k < order; k++) sum += (coefficients[k] ?? 0) * (path[index - 1 - k] ?? 0);
  return sum;
}

function aicc(count: number, variance: number, parameters: number): number {
  const free = Math.max(1, count - parameters - 2);
  return count * Math.log(variance) + (2 * (parameters + 1) * count) / free;
}

/** Gaps filled with what the law expects there from the past. */
function fillByLaw(errors: Float64Array, coefficients: Float64Array): Float64Array {
  const filled = errors.slice();
  for (let i = 0; i < filled.length; i++) {
    if (Number.isNaN(filled[i])) filled[i] = arStep(coefficients, filled, i);
  }
  return filled;
}

/** Biased form (over all n at each lag), which is positive semidefinite. */
function autocovariance(errors: Float64Array, maxLag: number): Float64Array {
  const covariance = new Float64Array(maxLag + 1);
  for (let lag = 0; lag <= maxLag; lag++) {
    let sum = 0;
    for (let i = lag; i < errors.length; i++) sum += (errors[i] ?? 0) * (errors[i - lag] ?? 0);
    covariance[lag] = sum / errors.length;
  }
  return covariance;
}
