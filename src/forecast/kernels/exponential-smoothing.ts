import { minimizeInBox } from "./nelder-mead.ts";
import { pulledIn } from "./pulled-in.ts";

export type TrendKind = "none" | "additive" | "damped";

/**
 * Smoothing constants of level and trend per step. `beta` is the share of an error that the trend takes
 * (alpha times beta* of the textbooks), 0 without trend; `phi` is what remains of the trend after a step.
 */
export interface Smoothing {
  readonly alpha: number;
  readonly beta: number;
  readonly phi: number;
}

export interface SmoothingFit extends Smoothing {
  readonly kind: TrendKind;
  /** Akaike's information criterion, corrected for small samples, of the one-step errors. */
  readonly aicc: number;
}

/** Level and trend after each step; the forecast `h` steps on is `level + trendReach(phi, h) * trend`. */
export interface SmoothedPath {
  readonly levels: Float64Array;
  readonly trends: Float64Array;
  /** One-step errors; gaps where the value is one. */
  readonly errors: Float64Array;
}

/** Known values at the start whose errors say more about the start than about the constants. */
const WARM = 12;

/** Sum of phi, phi squared, ... over `steps` steps: how often the trend is added by then. */
export function trendReach(phi: number, steps: number): number {
  return phi >= 1 ? steps : (phi * (1 - phi ** steps)) / (1 - phi);
}

/** Scratch for a path over `steps` steps. */
export function newPath(steps: number): SmoothedPath {
  return {
    levels: new Float64Array(steps),
    trends: new Float64Array(steps),
    errors: new Float64Array(steps),
  };
}

/**
 * Runs the error-correction form of ETS(A,N,N), (A,A,N) or (A,Ad,N) over `values` (Hyndman et al. 2008 §2.5)
 * and returns the mean squared one-step error, errors beyond `limit` pulled in to it.
 *
 * A spike moves the level as an error of `limit` would (Gelper, Fried and Croux 2010), unless it repeats (see
 * `pulledIn`). Until the constant takes over, the level is a plain mean. Gaps keep the forecast.
 */
export function smooth(
  values: Float64Array,
  { alpha, beta, phi }: Smoothing,
  limit: number,
  path?: SmoothedPath,
): number {
  let level = Number.NaN;
  let trend = 0;
  let seen = 0;
  let squares = 0;
  let counted = 0;
  const pull = { side: 0, bound: 0 };
  const cap = limit * limit;
  for (let i = 0; i < values.length; i++) {
    const value = values[i] ?? Number.NaN;
    if (seen === 0) level = value;
    const expected = level + phi * trend;
    const error = value - expected;
    trend *= phi;
    level = expected;
    if (!Number.isNaN(error)) {
      seen++;
      if (seen > WARM) {
        squares += Math.min(cap, error * error);
        counted++;
      }
      const pulled = pulledIn(pull, error, limit);
      level += Math.max(alpha, 1 / seen) * pulled;
      trend += beta * pulled;
    }
    if (path !== undefined) {
      path.levels[i] = level;
      path.trends[i] = trend;
      path.errors[i] = error;
    }
  }
  return counted === 0 ? 0 : squares / counted;
}

/**
 * The smoothing with the smallest AICc among `kinds`. Constants by a coarse grid, then a downhill simplex
 * over ln alpha, ln beta* and phi. Damping stays within 0.8 to 0.98, as one can tell no other apart from
 * none (Hyndman and Athanasopoulos, FPP3 §8.2).
 */
export function fitSmoothing(
  values: Float64Array,
  limit: number,
  kinds: readonly TrendKind[] = ["none", "additive", "damped"],
  evaluations = 60,
): SmoothingFit {
  let known = 0;
  for (const value of values) if (!Number.isNaN(value)) known++;
  const count = Math.max(1, known - WARM);
  const fits = kinds.map((kind) => {
    const { low, high } = BOUNDS[kind];
    const loss = (point: ArrayLike<number>): number => smooth(values, smoothingOf(kind, point), limit);
    const start = bestOf(STARTS[kind], loss);
    const { point, loss: variance } = minimizeInBox(loss, start, { low, high }, evaluations);
    return { kind, ...smoothingOf(kind, point), aicc: aicc(count, variance, PARAMETERS[kind]) };
  });
  return fits.reduce((best, next) => (next.aicc < best.aicc ? next : best));
}

/** Constants and starting values that are estimated. */
const PARAMETERS: Readonly<Record<TrendKind, number>> = { none: 2, additive: 4, damped: 5 };

const LOW_ALPHA = Math.log(0.001);
const LOW_SHARE = Math.log(0.0001);
const BOUNDS: Readonly<Record<TrendKind, { low: readonly number[]; high: readonly number[] }>> = {
  none: { low: [LOW_ALPHA], high: [0] },
  additive: { low: [LOW_ALPHA, LOW_SHARE], high: [0, 0] },
  damped: { low: [LOW_ALPHA, LOW_SHARE, 0.8], high: [0, 0, 0.98] },
};
const ALPHAS = [0.01, 0.05, 0.2, 0.5, 0.9].map(Math.log);
const SHARES = [0.002, 0.05, 0.3].map(Math.log);
const STARTS: Readonly<Record<TrendKind, readonly (readonly number[])[]>> = {
  none: ALPHAS.map((alpha) => [alpha]),
  additive: ALPHAS.flatMap((alpha) => SHARES.map((share) => [alpha, share])),
  damped: ALPHAS.flatMap((alpha) => SHARES.map((share) => [alpha, share, 0.93])),
};

function smoothingOf(kind: TrendKind, point: ArrayLike<number>): Smoothing {
  const alpha = Math.exp(point[0] ?? 0);
  if (kind === "none") return { alpha, beta: 0, phi: 1 };
  const beta = alpha * Math.exp(point[1] ?? 0);
  return { alpha, beta, phi: kind === "damped" ? (point[2] ?? 0.93) : 1 };
}

function bestOf(
  points: readonly (readonly number[])[],
  loss: (point: readonly number[]) => number,
): readonly number[] {
  let best: { point: readonly number[]; loss: number } = { point: [], loss: Number.POSITIVE_INFINITY };
  for (const point of points) {
    const own = loss(point);
    if (own < best.loss || best.point.length === 0) best = { point, loss: own };
  }
  return best.point;
}

function aicc(count: number, variance: number, parameters: number): number {
  const free = Math.max(1, count - parameters - 2);
  return count * Math.log(variance) + (2 * (parameters + 1) * count) / free;
}
