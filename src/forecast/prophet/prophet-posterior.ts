import { solveSymmetric } from "../kernels/linear-algebra.ts";
import type { StanData } from "./prophet-design.ts";
import { lasso } from "./prophet-lasso.ts";

/** Parameters of Prophet's Stan program, in its scaled units. */
export interface StanParams {
  /** Rate of the trend at the start, and offset. */
  readonly k: number;
  readonly m: number;
  /** Change of the rate at each changepoint. */
  readonly delta: Float64Array;
  readonly beta: Float64Array;
  readonly sigmaObs: number;
}

/** Standard deviations of Prophet's normal priors on rate, offset and noise. */
const RATE_PRIOR = 5;
const NOISE_PRIOR = 0.5;
/** Rounds of noise and coefficients in turn; three to six are usual. */
const ROUNDS = 50;

/**
 * The parameters at which Prophet's posterior is largest (`exact`), or the best found.
 *
 * Stan climbs there by L-BFGS, which the kinks of the Laplace prior stop early: 200 to 2000 iterations, and
 * short of the top. With additive terms and a given noise the posterior is a ridge regression with a lasso on
 * the changepoints: the smooth terms are eliminated exactly, the changepoints solved by coordinate descent.
 * Noise and coefficients in turn, each at its optimum given the other.
 */
export function maximizePosterior(data: StanData): { readonly params: StanParams; readonly exact: boolean } {
  const linear = data.trend_indicator === 0;
  const moments = momentsOf(data, linear);
  const delta = new Float64Array(linear ? data.S : 0);
  let smooth: Float64Array = new Float64Array(moments.smooth);
  let variance = moments.squares / Math.max(1, data.T);
  let exact = false;
  for (let round = 0; round < ROUNDS && !exact; round++) {
    const solved = solveGiven(data, moments, variance, delta);
    smooth = solved.smooth;
    const next = noiseVariance(residualSquares(moments, smooth, delta), data.T);
    exact = solved.exact && Math.abs(next - variance) <= 1e-10 * variance;
    variance = next;
  }
  const params = {
    k: linear ? (smooth[1] ?? 0) : 0,
    m: smooth[0] ?? 0,
    delta: linear ? delta : new Float64Array(data.S),
    beta: smooth.slice(linear ? 2 : 1),
    sigmaObs: Math.sqrt(variance),
  };
  return { params, exact };
}

/** Products of all columns: offset, rate (linear growth only), features; then the changepoints' hinges. */
interface Moments {
  /** Columns before the hinges, and all. */
  readonly smooth: number;
  readonly size: number;
  readonly gram: Float64Array;
  readonly right: Float64Array;
  readonly squares: number;
}

function momentsOf(data: StanData, linear: boolean): Moments {
  const smooth = (linear ? 2 : 1) + data.K;
  const size = smooth + (linear ? data.S : 0);
  const gram = new Float64Array(size * size);
  const right = new Float64Array(size);
  const row = new Float64Array(size);
  let squares = 0;
  for (let i = 0; i < data.T; i++) {
    const y = data.y[i] as number;
    const used = writeColumns(row, data, i, smooth);
    squares += y * y;
    for (let a = 0; a < used; a++) {
      const value = row[a] as number;
      const base = a * size;
      right[a] = (right[a] as number) + value * y;
      for (let b = 0; b <= a; b++) gram[base + b] = (gram[base + b] as number) + value * (row[b] as number);
    }
  }
  for (let a = 0; a < size; a++) {
    for (let b = 0; b < a; b++) gram[b * size + a] = gram[a * size + b] as number;
  }
  return { smooth, size, gram, right, squares };
}

/** Returns how many columns are set: the hinges beyond are zero at this cell. */
function writeColumns(row: Float64Array, data: StanData, i: number, smooth: number): number {
  const t = data.t[i] as number;
  row[0] = 1;
  const features = data.X[i];
  if (features !== undefined) row.set(features, smooth - data.K);
  if (data.trend_indicator !== 0) return smooth;
  row[1] = t;
  let used = smooth;
  for (let s = 0; s < data.S && t > (data.t_change[s] as number); s++) {
    row[used++] = t - (data.t_change[s] as number);
  }
  return used;
}

/** Coefficients of the smooth columns for a given noise; `delta` is moved to its optimum in place. */
function solveGiven(
  data: StanData,
  { smooth, size, gram, right }: Moments,
  variance: number,
  delta: Float64Array,
): { smooth: Float64Array; exact: boolean } {
  const block = new Float64Array(smooth * smooth);
  for (let a = 0; a < smooth; a++) block.set(gram.subarray(a * size, a * size + smooth), a * smooth);
  const ridge = new Float64Array(smooth).fill(variance / RATE_PRIOR ** 2);
  data.sigmas.forEach((sigma, f) => {
    ridge[smooth - data.K + f] = variance / sigma ** 2;
  });
  const plain = solveSymmetric(block, right, smooth, ridge);
  const count = delta.length;
  const hinges = Array.from(delta, (_, s) => {
    const base = (smooth + s) * size;
    return solveSymmetric(block, gram.subarray(base, base + smooth), smooth, ridge);
  });
  const matrix = new Float64Array(count * count);
  const target = new Float64Array(count);
  for (let s = 0; s < count; s++) {
    const base = (smooth + s) * size;
    target[s] = (right[smooth + s] as number) - dotAt(gram, base, plain);
    for (let r = 0; r < count; r++) {
      const column = hinges[r] ?? plain;
      matrix[s * count + r] = (gram[base + smooth + r] as number) - dotAt(gram, base, column);
    }
  }
  const exact = lasso(matrix, target, variance / data.tau, delta);
  hinges.forEach((column, s) => {
    const change = delta[s] as number;
    if (change === 0) return;
    for (let a = 0; a < smooth; a++) plain[a] = (plain[a] as number) - change * (column[a] as number);
  });
  return { smooth: plain, exact };
}

/** |y - Zθ - Hδ|² from the products alone. */
function residualSquares(moments: Moments, coefficients: Float64Array, delta: Float64Array): number {
  const { smooth, size, gram, right, squares } = moments;
  const all = new Float64Array(size);
  all.set(coefficients);
  all.set(delta, smooth);
  let sum = squares;
  for (let a = 0; a < size; a++) {
    sum += (all[a] as number) * (dotAt(gram, a * size, all) - 2 * (right[a] as number));
  }
  return Math.max(0, sum);
}

/**
 * The variance σ² at which the posterior is largest, given the residuals: T σ² + σ⁴ / prior² = squares. Held
 * above rounding: demand that repeats exactly would leave none.
 */
function noiseVariance(squares: number, count: number): number {
  const exact = (2 * squares) / (count + Math.sqrt(count * count + (4 * squares) / NOISE_PRIOR ** 2));
  return Math.max(1e-12, exact);
}

function dotAt(matrix: Float64Array, base: number, vector: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < vector.length; i++) sum += (matrix[base + i] as number) * (vector[i] as number);
  return sum;
}
