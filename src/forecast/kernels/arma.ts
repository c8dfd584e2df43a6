import { pulledIn } from "./pulled-in.ts";

/**
 * An ARMA law: `x[t] = sum phi[i] x[t-1-i] + e[t] + sum theta[j] e[t-1-j]`.
 * With a unit root in `phi` (see `integrate`) it is an ARIMA law of first differences.
 */
export interface ArmaLaw {
  readonly phi: Float64Array;
  readonly theta: Float64Array;
}

/** Roots of both polynomials stay this far outside the unit circle: reflections below it. */
const STABLE = 0.998;

/** The law of the sums of what `law` describes: times (1 - B). */
export function integrate({ phi, theta }: ArmaLaw): ArmaLaw {
  const whole = new Float64Array(phi.length + 1);
  for (let i = 0; i <= phi.length; i++) {
    const own = i < phi.length ? (phi[i] ?? 0) : 0;
    const before = i === 0 ? -1 : (phi[i - 1] ?? 0);
    whole[i] = own - before;
  }
  return { phi: whole, theta };
}

/** Values with gaps as expected, and the innovations (0 in a gap). */
export interface ArmaRun {
  readonly filled: Float64Array;
  readonly innovations: Float64Array;
}

/**
 * Runs the law over `values`; before it has seen as many as it looks back, values are as they are. A value
 * further than `limit` from what was expected counts as that far only, twice as far when the next is on the
 * same side (see `pulledIn`): a spike is no news for the hours to come, a level shift is.
 */
export function runArma({ phi, theta }: ArmaLaw, values: Float64Array, limit = Infinity): ArmaRun {
  const filled = new Float64Array(values.length);
  const innovations = new Float64Array(values.length);
  const pull = { side: 0, bound: 0 };
  let seen = 0;
  for (let t = 0; t < values.length; t++) {
    const value = values[t] ?? Number.NaN;
    const expected = seen === 0 ? 0 : expectedAt(phi, theta, filled, innovations, t);
    filled[t] = Number.isNaN(value) ? expected : value;
    if (Number.isNaN(value)) continue;
    if (seen >= phi.length) {
      const innovation = pulledIn(pull, value - expected, limit);
      innovations[t] = innovation;
      filled[t] = expected + innovation;
    }
    // Of what lies before the first value nothing is known: as if it had always been there.
    if (seen === 0) filled.fill(value, 0, t);
    seen++;
  }
  return { filled, innovations };
}

/** What the law expects after the first `origin` steps of a run, `horizonSteps` of them. */
export function continueArma(
  { phi, theta }: ArmaLaw,
  { filled, innovations }: ArmaRun,
  origin: number,
  horizonSteps: number,
): Float64Array {
  const back = Math.min(origin, Math.max(phi.length, theta.length));
  const path = new Float64Array(back + horizonSteps);
  const news = new Float64Array(back + horizonSteps);
  path.set(filled.subarray(origin - back, origin));
  news.set(innovations.subarray(origin - back, origin));
  for (let t = back; t < path.length; t++) path[t] = expectedAt(phi, theta, path, news, t);
  return path.subarray(back);
}

/** Whether `1 - sum c[i] z^(i+1)` has all roots outside the unit circle (Schur-Cohn by Levinson's recursion). */
export function isStable(coefficients: Float64Array): boolean {
  let current = coefficients.slice();
  for (let order = current.length; order > 0; order--) {
    const reflection = current[order - 1] ?? 0;
    if (!(Math.abs(reflection) < STABLE)) return false;
    const rest = 1 - reflection * reflection;
    const shorter = new Float64Array(order - 1);
    for (let k = 0; k < order - 1; k++) {
      shorter[k] = ((current[k] ?? 0) + reflection * (current[order - 2 - k] ?? 0)) / rest;
    }
    current = shorter;
  }
  return true;
}

/** Innovations of a series without gaps, the first ones (conditionally) zero. */
export function residuals(series: Float64Array, { phi, theta }: ArmaLaw): Float64Array {
  const news = new Float64Array(series.length);
  const p = phi.length;
  const q = theta.length;
  for (let t = p; t < series.length; t++) {
    let error = series[t] ?? 0;
    for (let i = 0; i < p; i++) error -= (phi[i] ?? 0) * (series[t - 1 - i] ?? 0);
    for (let j = 0; j < q && j < t; j++) error -= (theta[j] ?? 0) * (news[t - 1 - j] ?? 0);
    news[t] = error;
  }
  return news;
}

function expectedAt(
  phi: Float64Array,
  theta: Float64Array,
  values: Float64Array,
  news: Float64Array,
  t: number,
): number {
  let sum = 0;
  for (let i = 0; i < phi.length && i < t; i++) sum += (phi[i] ?? 0) * (values[t - 1 - i] ?? 0);
  for (let j = 0; j < theta.length && j < t; j++) sum += (theta[j] ?? 0) * (news[t - 1 - j] ?? 0);
  return sum;
}
