import { loessAt, loessSmooth } from "./loess.ts";
import { median, quantileInPlace } from "./statistics.ts";

export interface Decomposition {
  readonly trend: Float64Array;
  /** One pattern per period, in the order given. */
  readonly seasonal: readonly Float64Array[];
  readonly remainder: Float64Array;
}

interface StlPass {
  readonly period: number;
  readonly seasonalWindow: number;
  readonly weights: Float64Array | undefined;
}

const INNER_PASSES = 2;

/**
 * Several seasons by STL in turn, each on what the others leave (Bandara, Hyndman and Bergmeir 2021): the
 * shortest period first, its pattern smoothed over 11 cycles, the next over 15; three rounds. With robust
 * weights from the start: with few cycles, a pattern that has once taken up an outlier has no remainder left
 * to tell it by. No gaps; at least two cycles of each.
 */
export function mstl(values: Float64Array, periods: readonly number[]): Decomposition {
  const seasonal = periods.map(() => new Float64Array(values.length));
  let trend: Float64Array = new Float64Array(values.length);
  let weights = firstWeights(values, periods[0] ?? 1);
  const rest = values.slice();
  for (let round = 0; round < 3; round++) {
    periods.forEach((period, k) => {
      const own = seasonal[k] ?? new Float64Array(values.length);
      add(rest, own, 1);
      const part = stl(rest, { period, seasonalWindow: 11 + 4 * k, weights }, trend);
      trend = part.trend;
      own.set(part.seasonal);
      add(rest, own, -1);
    });
    if (round === 1) weights = laterWeights(rest, trend);
  }
  const remainder = rest.map((value, i) => value - (trend[i] ?? 0));
  return { trend, seasonal, remainder };
}

function add(sum: Float64Array, part: Float64Array, sign: number): void {
  for (let i = 0; i < sum.length; i++) sum[i] = (sum[i] ?? 0) + sign * (part[i] ?? 0);
}

/** Inner loop of STL (Cleveland, Cleveland, McRae and Terpenning 1990 §2): two passes from `trend`. */
export function stl(
  values: Float64Array,
  pass: StlPass,
  trend: Float64Array,
): { readonly trend: Float64Array; readonly seasonal: Float64Array } {
  const { period, seasonalWindow, weights } = pass;
  const trendWindow = odd((1.5 * period) / (1 - 1.5 / seasonalWindow));
  const trendLoess = { window: trendWindow, jump: Math.ceil(trendWindow / 10), ...weightsOf(weights) };
  let currentTrend = trend;
  let seasonal = new Float64Array(values.length);
  for (let inner = 0; inner < INNER_PASSES; inner++) {
    const detrended = values.map((value, i) => value - (currentTrend[i] ?? 0));
    const cycles = smoothCycles(detrended, pass);
    const low = lowPass(cycles, period);
    seasonal = seasonal.map((_, i) => (cycles[i + period] ?? 0) - (low[i] ?? 0));
    const adjusted = values.map((value, i) => value - (seasonal[i] ?? 0));
    currentTrend = loessSmooth(adjusted, trendLoess);
  }
  return { trend: currentTrend, seasonal };
}

/** Each phase of the cycle smoothed over the cycles, one cycle added at both ends: `length + 2 * period`. */
function smoothCycles(detrended: Float64Array, { period, seasonalWindow, weights }: StlPass): Float64Array {
  const cycles = new Float64Array(detrended.length + 2 * period);
  for (let phase = 0; phase < period; phase++) {
    const own = everyNth(detrended, phase, period);
    const loess = {
      window: seasonalWindow,
      ...weightsOf(weights === undefined ? undefined : everyNth(weights, phase, period)),
    };
    for (let c = -1; c <= own.length; c++) {
      const smoothed = loessAt(own, c, loess);
      // Every cycle an outlier: what they have in common.
      cycles[phase + (c + 1) * period] = Number.isNaN(smoothed) ? median(own) : smoothed;
    }
  }
  return cycles;
}

function everyNth(values: Float64Array, first: number, nth: number): Float64Array {
  const chosen = new Float64Array(Math.max(0, Math.ceil((values.length - first) / nth)));
  for (let c = 0; c < chosen.length; c++) chosen[c] = values[first + c * nth] ?? 0;
  return chosen;
}

/** Moving means over the period twice and over three, then loess: what of the cycles is trend. */
function lowPass(cycles: Float64Array, period: number): Float64Array {
  const means = movingMean(movingMean(movingMean(cycles, period), period), 3);
  const window = odd(period);
  return loessSmooth(means, { window, jump: Math.ceil(window / 10) });
}

function movingMean(values: Float64Array, window: number): Float64Array {
  const means = new Float64Array(Math.max(0, values.length - window + 1));
  let sum = 0;
  for (let i = 0; i < values.length; i++) {
    sum += values[i] ?? 0;
    if (i >= window) sum -= values[i - window] ?? 0;
    if (i >= window - 1) means[i - window + 1] = sum / window;
  }
  return means;
}

/**
 * Before anything is fitted: bisquare weights around the median of each phase of the shortest cycle. Zero at
 * three times the deviation that one value in ten exceeds: weekends, two days of seven, keep their weight.
 */
function firstWeights(values: Float64Array, period: number): Float64Array | undefined {
  const middles = Float64Array.from({ length: Math.min(period, values.length) }, (_, phase) =>
    median(values.filter((_, i) => i % period === phase)),
  );
  const sizes = values.map((value, i) => Math.abs(value - (middles[i % period] ?? 0)));
  return bisquare(sizes, 3 * quantileInPlace(sizes.slice(), 0.9));
}

/** After two rounds: zero at six median absolute remainders (Cleveland et al. 1990 §2.4). */
function laterWeights(rest: Float64Array, trend: Float64Array): Float64Array | undefined {
  const sizes = rest.map((value, i) => Math.abs(value - (trend[i] ?? 0)));
  return bisquare(sizes, 6 * quantileInPlace(sizes.slice(), 0.5));
}

function bisquare(sizes: Float64Array, limit: number): Float64Array | undefined {
  if (!(limit > 0)) return undefined;
  return sizes.map((size) => (size < limit ? (1 - (size / limit) ** 2) ** 2 : 0));
}

function odd(window: number): number {
  const rounded = Math.ceil(window);
  return rounded % 2 === 0 ? rounded + 1 : rounded;
}

function weightsOf(weights: Float64Array | undefined): { weights?: Float64Array } {
  return weights === undefined ? {} : { weights };
}
