import { type ArmaLaw, isStable, residuals } from "./arma.ts";
import { continueAr, fitAr } from "./autoregression.ts";
import { addOuter, solveSymmetric } from "./linear-algebra.ts";
import { fillLinear, robustScale } from "./statistics.ts";

export interface ArmaFit extends ArmaLaw {
  /** Akaike's information criterion, corrected for small samples, of the innovations. */
  readonly aicc: number;
}

const MAX_P = 5;
const MAX_Q = 3;
const LONG_AR = 24;
/** Orders that the first stage likes best and the second refines. */
const REFINED = 3;

/**
 * The ARMA(p,q), p <= 5, q <= 3, with the smallest AICc. Hannan and Rissanen (1982): innovations from a long
 * autoregression, then one regression per order on lags of both; the best three are refined by conditional
 * least squares (Gauss-Newton, Box and Jenkins 1976 §7.2). Stationary and invertible always. Values beyond
 * five robust standard deviations are pulled in, gaps filled. `otherParameters`: estimated before.
 */
export function fitArma(errors: Float64Array, otherParameters: number): ArmaFit {
  const limit = 5 * robustScale(errors);
  const pulled = errors.map((error) => Math.min(limit, Math.max(-limit, error)));
  let known = 0;
  for (const error of pulled) if (!Number.isNaN(error)) known++;
  const none = { phi: new Float64Array(0), theta: new Float64Array(0), aicc: Number.NEGATIVE_INFINITY };
  if (known < 30 || !(limit > 0)) return none;
  const { coefficients } = fitAr(errors, LONG_AR, otherParameters);
  const series = known === pulled.length ? pulled : fillLinear(fillExpected(pulled, coefficients));
  const innovations = residuals(series, { phi: coefficients, theta: new Float64Array(0) });
  const score = (law: ArmaLaw, variance: number): number =>
    aicc(known, variance, otherParameters + law.phi.length + law.theta.length);
  const rough = regressions(series, innovations).map(({ law, variance }) => ({
    law,
    aicc: score(law, variance),
  }));
  rough.sort((a, b) => a.aicc - b.aicc);
  let best: ArmaFit = none;
  for (const { law } of rough.slice(0, REFINED)) {
    const refined = refine(series, stabilized(law));
    const own = score(refined, meanSquare(residuals(series, refined)));
    if (best === none || own < best.aicc) best = { ...refined, aicc: own };
  }
  return best;
}

/** Normal equations of `targets`, the end of a series, on the last `p` of `first` and `q` of `second` before. */
function lagSums(
  first: Float64Array,
  p: number,
  second: Float64Array,
  q: number,
  targets: Float64Array,
): { readonly gram: Float64Array; readonly right: Float64Array } {
  const size = p + q;
  const gram = new Float64Array(size * size);
  const right = new Float64Array(size);
  const row = new Float64Array(size);
  const start = first.length - targets.length;
  for (let k = 0; k < targets.length; k++) {
    const t = start + k;
    for (let i = 0; i < p; i++) row[i] = first[t - 1 - i] ?? 0;
    for (let j = 0; j < q; j++) row[p + j] = second[t - 1 - j] ?? 0;
    addOuter(gram, right, row, 1, targets[k] ?? 0);
  }
  return { gram, right };
}

/** Least squares on lags of the series and of its innovations, for every order on offer. */
function regressions(
  series: Float64Array,
  innovations: Float64Array,
): readonly { readonly law: ArmaLaw; readonly variance: number }[] {
  const lags = MAX_P + MAX_Q;
  const first = LONG_AR + MAX_Q;
  const targets = series.subarray(first);
  const { gram, right } = lagSums(series, MAX_P, innovations, MAX_Q, targets);
  let total = 0;
  for (const target of targets) total += target * target;
  const count = Math.max(1, targets.length);
  const found: { law: ArmaLaw; variance: number }[] = [];
  for (let p = 0; p <= MAX_P; p++) {
    for (let q = 0; q <= MAX_Q; q++) {
      const columns = [...range(0, p), ...range(MAX_P, q)];
      const beta = solveSome(gram, right, lags, columns);
      const explained = columns.reduce((sum, column, k) => sum + (beta[k] ?? 0) * (right[column] ?? 0), 0);
      const variance = Math.max(1e-12 * total, total - explained) / count;
      found.push({ law: { phi: beta.slice(0, p), theta: beta.slice(p) }, variance });
    }
  }
  return found;
}

function range(from: number, count: number): readonly number[] {
  return Array.from({ length: count }, (_, i) => from + i);
}

/** The normal equations restricted to `columns`. */
function solveSome(
  gram: Float64Array,
  right: Float64Array,
  lags: number,
  columns: readonly number[],
): Float64Array {
  const size = columns.length;
  const part = new Float64Array(size * size);
  const ridge = new Float64Array(size);
  columns.forEach((row, i) => {
    for (let j = 0; j <= i; j++) part[i * size + j] = gram[row * lags + (columns[j] ?? 0)] ?? 0;
    ridge[i] = 1e-8 * (gram[row * lags + row] ?? 0);
  });
  const own = Float64Array.from(columns, (column) => right[column] ?? 0);
  return solveSymmetric(part, own, size, ridge);
}

/** Gauss-Newton on the conditional sum of squares; a step that leaves the stable region or gains nothing is halved. */
function refine(series: Float64Array, start: ArmaLaw): ArmaLaw {
  let law = start;
  let loss = meanSquare(residuals(series, law));
  const size = law.phi.length + law.theta.length;
  for (let pass = 0; pass < 8 && size > 0; pass++) {
    const step = newtonStep(series, law);
    const next = shortened(series, law, step, loss);
    if (next === undefined) break;
    const gain = loss - next.loss;
    law = next.law;
    loss = next.loss;
    if (gain <= 1e-6 * loss) break;
  }
  return law;
}

function shortened(
  series: Float64Array,
  law: ArmaLaw,
  step: Float64Array,
  loss: number,
): { readonly law: ArmaLaw; readonly loss: number } | undefined {
  const p = law.phi.length;
  for (let share = 1; share > 0.05; share /= 2) {
    const phi = law.phi.map((value, i) => value + share * (step[i] ?? 0));
    const theta = law.theta.map((value, j) => value + share * (step[p + j] ?? 0));
    if (!isStable(phi) || !isStable(theta.map((value) => -value))) continue;
    const own = meanSquare(residuals(series, { phi, theta }));
    if (own < loss) return { law: { phi, theta }, loss: own };
  }
  return undefined;
}

/** Derivatives of the innovations: those by phi are lags of one filtered series, those by theta of another. */
function newtonStep(series: Float64Array, law: ArmaLaw): Float64Array {
  const { phi, theta } = law;
  const news = residuals(series, law);
  const filter = { phi: new Float64Array(0), theta };
  const byPhi = residuals(series, filter);
  const byTheta = residuals(news, filter);
  const size = phi.length + theta.length;
  const targets = news.subarray(Math.max(phi.length, theta.length));
  const { gram, right } = lagSums(byPhi, phi.length, byTheta, theta.length, targets);
  const ridge = Float64Array.from({ length: size }, (_, i) => 1e-8 * (gram[i * size + i] ?? 0));
  return solveSymmetric(gram, right, size, ridge);
}

function stabilized({ phi, theta }: ArmaLaw): ArmaLaw {
  return {
    phi: shrunk(phi),
    theta: shrunk(theta.map((value) => -value)).map((value) => -value),
  };
}

/** Roots moved outward together until all are outside the unit circle. */
function shrunk(coefficients: Float64Array): Float64Array {
  let current = coefficients;
  for (let tries = 0; tries < 100 && !isStable(current); tries++) {
    current = current.map((value, i) => value * 0.97 ** (i + 1));
  }
  return current;
}

/** Gaps as the law expects them from what came before. */
function fillExpected(values: Float64Array, coefficients: Float64Array): Float64Array {
  const filled = values.slice();
  for (let i = 0; i < filled.length; i++) {
    if (!Number.isNaN(filled[i])) continue;
    const before = filled.subarray(Math.max(0, i - coefficients.length), i);
    filled[i] = coefficients.length === 0 ? 0 : (continueAr(coefficients, before, 1)[0] ?? 0);
  }
  return filled;
}

function meanSquare(values: Float64Array): number {
  let sum = 0;
  for (const value of values) sum += value * value;
  return sum / Math.max(1, values.length);
}

function aicc(count: number, variance: number, parameters: number): number {
  const free = Math.max(1, count - parameters - 2);
  return count * Math.log(variance) + (2 * (parameters + 1) * count) / free;
}
