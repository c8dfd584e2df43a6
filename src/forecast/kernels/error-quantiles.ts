import { FORECAST_LEVELS } from "../../model/forecast.ts";
import { placeLevels, sortedQuantile } from "./statistics.ts";

/** Empirical quantiles of past errors per horizon: what turns a point forecast into an interval. */
export interface ErrorQuantiles {
  /** Steps ahead at which errors were measured, rising; linear between, held beyond. */
  readonly knots: readonly number[];
  /** `offsets[k * levels + l]`: quantile `FORECAST_LEVELS[l]` of the errors at `knots[k]`. */
  readonly offsets: Float64Array | Float32Array;
}

/**
 * Horizons at which a model is fitted or scored: dense at first, then about four a doubling, and few of them
 * whole hours of 5-minute steps: demand that repeats every hour would make naive look perfect there.
 *
 *     horizonSteps   knots
 *               12   1 2 3 4 5 6 8 10 12
 *              288   ... 12 15 18 23 29 37 47 61 76 98 123 149 199 247 288
 */
export function horizonKnots(horizonSteps: number): readonly number[] {
  const dense = [1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 18, 23, 29, 37, 47, 61, 76, 98, 123, 149, 199, 247];
  const knots = dense.filter((knot) => knot < horizonSteps);
  for (let knot = 331; knot < horizonSteps; knot *= 4 / 3) knots.push(Math.round(knot));
  return [...knots, horizonSteps];
}

/** Below this many errors the empirical quantiles say little; a normal law of their size is mixed in. */
const FEW_ERRORS = 40;

/**
 * `errors[k]` are the errors (truth minus point) at `knots[k]`, in any order, gaps left out by the caller.
 */
export function errorQuantiles(knots: readonly number[], errors: readonly Float64Array[]): ErrorQuantiles {
  const levels = FORECAST_LEVELS.length;
  const offsets = new Float64Array(knots.length * levels);
  let known: Float64Array = new Float64Array(0);
  for (let k = 0; k < knots.length; k++) {
    const own = errors[k];
    if (own !== undefined && own.length >= 3) known = placed(own);
    offsets.set(levelQuantiles(known), k * levels);
  }
  return { knots, offsets };
}

/** A copy in which quantiles at the forecast levels and both tails are where sorting would put them. */
function placed(errors: Float64Array): Float64Array {
  const copy = errors.slice();
  placeLevels(copy, FORECAST_LEVELS, Math.ceil(TAIL * copy.length) + 2);
  return copy;
}

/**
 * One quantile per forecast level of sorted errors; few of them are mixed with a normal law of their size.
 */
function levelQuantiles(sorted: Float64Array): Float64Array {
  const shrink = Math.max(0, 1 - sorted.length / FEW_ERRORS);
  const spread = shrink > 0 ? rootMeanSquare(sorted) : 0;
  const flipped = sorted.map((error) => -error).reverse();
  return Float64Array.from(FORECAST_LEVELS, (level) => {
    const empirical = sorted.length === 0 ? 0 : tailQuantile(sorted, flipped, level);
    return empirical * (1 - shrink) + normalQuantile(level) * spread * shrink;
  });
}

/** Errors of forecasts made over the past, per horizon. */
export interface PastErrors {
  readonly errors: ErrorQuantiles;
  /** Mean absolute error over all targets, not scaled: what variants are compared by. */
  readonly size: number;
}

/** Gathers the errors of forecasts from many origins: `add` each, then `close`. */
export interface PastErrorTally {
  /** `path[h]` is what was expected of `values[origin + h]`; gaps and what lies beyond either are passed over. */
  add(origin: number, values: Float64Array, path: Float64Array): void;
  close(): PastErrors;
}

/** A tally for up to `horizonSteps` ahead; each error counts over `scale[target]`. */
export function tallyPastErrors(horizonSteps: number, scale: Float64Array): PastErrorTally {
  const knots = horizonKnots(horizonSteps);
  const lists: number[][] = knots.map(() => []);
  let total = 0;
  let targets = 0;
  return {
    add: (origin, values, path) => {
      knots.forEach((knot, k) => {
        const target = origin + knot - 1;
        const error = (values[target] ?? Number.NaN) - (path[knot - 1] ?? Number.NaN);
        if (Number.isNaN(error)) return;
        lists[k]?.push(error / (scale[target] ?? 1));
        total += Math.abs(error);
        targets++;
      });
    },
    close: () => {
      const kept = lists.map((list) => Float64Array.from(list));
      return { errors: errorQuantiles(knots, kept), size: total / Math.max(1, targets) };
    },
  };
}

/** `offset(level index l of `levels`, step)`; one row of `steps` values per level. */
export function offsetRows(
  table: ErrorQuantiles,
  steps: readonly number[],
  levels: readonly number[],
): Float64Array[] {
  const width = FORECAST_LEVELS.length;
  const { lows, shares } = knotPlaces(table.knots, steps);
  const column = new Float64Array(table.knots.length + 1);
  return levels.map((level) => {
    const { low, share } = levelPlace(level);
    for (let knot = 0; knot < table.knots.length; knot++) {
      const base = knot * width + low;
      const first = table.offsets[base] ?? 0;
      column[knot] = share === 0 ? first : first + ((table.offsets[base + 1] ?? first) - first) * share;
    }
    const row = new Float64Array(steps.length);
    for (let j = 0; j < row.length; j++) {
      const knot = lows[j] as number;
      const first = column[knot] as number;
      const towards = shares[j] as number;
      row[j] = towards === 0 ? first : first + ((column[knot + 1] as number) - first) * towards;
    }
    return row;
  });
}

function knotPlaces(
  knots: readonly number[],
  steps: readonly number[],
): { readonly lows: Int32Array; readonly shares: Float64Array } {
  const lows = new Int32Array(steps.length);
  const shares = new Float64Array(steps.length);
  steps.forEach((step, j) => {
    const { low, share } = knotPlace(knots, step);
    lows[j] = low;
    shares[j] = share;
  });
  return { lows, shares };
}

/** Where `step` lies among rising knots: between `low` and `low + 1`, `share` of the way. */
export function knotPlace(knots: readonly number[], step: number): { low: number; share: number } {
  let low = 0;
  while (low + 1 < knots.length && (knots[low + 1] ?? 0) <= step) low++;
  const from = knots[low] ?? 1;
  const to = knots[low + 1];
  if (to === undefined || step <= from) return { low, share: 0 };
  return { low, share: (step - from) / (to - from) };
}

/** Share of the errors on each side that a tail stands for. */
const TAIL = 0.05;

/**
 * Quantile of sorted errors whose outermost 5 % are replaced by an exponential tail (mean excess over the
 * 5 % point, Embrechts 1997 §6.2): 300 errors hold no 0.999 quantile. `flipped`: minus the errors, sorted.
 */
function tailQuantile(sorted: Float64Array, flipped: Float64Array, level: number): number {
  if (level > 1 - TAIL) return upperTail(sorted, TAIL, 1 - level);
  if (level < TAIL) return -upperTail(flipped, TAIL, level);
  return sortedQuantile(sorted, level);
}

function upperTail(sorted: Float64Array, tail: number, outside: number): number {
  const threshold = sortedQuantile(sorted, 1 - tail);
  const first = Math.floor((1 - tail) * (sorted.length - 1)) + 1;
  let excess = 0;
  for (let i = first; i < sorted.length; i++) excess += (sorted[i] ?? threshold) - threshold;
  const mean = first < sorted.length ? excess / (sorted.length - first) : 0;
  return threshold + mean * Math.log(tail / outside);
}

function levelPlace(level: number): { low: number; share: number } {
  const last = FORECAST_LEVELS.length - 1;
  const place = knotPlace(FORECAST_LEVELS, level);
  return place.low >= last ? { low: last, share: 0 } : place;
}

function rootMeanSquare(values: Float64Array): number {
  let sum = 0;
  for (const value of values) sum += value * value;
  return values.length === 0 ? 0 : Math.sqrt(sum / values.length);
}

/** Quantile of the standard normal law (Acklam's rational form is not needed: logit-based, error < 0.01). */
export function normalQuantile(level: number): number {
  const t = Math.sqrt(-2 * Math.log(Math.min(level, 1 - level)));
  const z = t - (2.30753 + 0.27061 * t) / (1 + 0.99229 * t + 0.04481 * t * t);
  return level < 0.5 ? -z : z;
}
