import type { DemandSeries } from "../model/series.ts";
import { DAY_MS, HOUR_MS } from "../model/time.ts";
import {
  type ErrorQuantiles,
  errorQuantiles,
  horizonKnots,
  knotPlace,
  offsetRows,
} from "./error-quantiles.ts";
import { type ErrorScale, errorScale, scaleAt } from "./error-scale.ts";
import type { ForecastContext } from "./forecaster.ts";
import { addOuter, solveSymmetric } from "./linear-algebra.ts";
import {
  fitPattern,
  hourlyPairs,
  localSlots,
  patternAt,
  patternErrors,
  type SeasonalPattern,
} from "./seasonal-fit.ts";
import { robustScale } from "./statistics.ts";

/** One ridge regression per horizon on recent and same-time errors around the seasonal pattern. */
export interface DirectState {
  readonly pattern: SeasonalPattern;
  readonly scale: ErrorScale;
  readonly weekly: boolean;
  /** Errors are pulled in to this size before they serve as features. */
  readonly limit: number;
  /** `weights[k * features + f]` for the horizon `errors.knots[k]`. */
  readonly weights: Float64Array;
  readonly errors: ErrorQuantiles;
}

/** Prior strength of the ridge, in observations. */
const RIDGE = 20;

export function fitDirect(history: DemandSeries, { clock }: ForecastContext): DirectState {
  const { values, stepMs } = history;
  const weekly = values.length * stepMs >= 13.5 * DAY_MS;
  const slots = localSlots(history, clock, weekly);
  const order = Math.min(6, Math.floor((slots.daySlots - 1) / 2));
  const orders = { daily: order, weekly: weekly ? 3 : 0, hourly: hourlyPairs(stepMs) };
  const pattern = fitPattern(values, slots, orders);
  const raw = patternErrors(values, slots, pattern);
  const limit = 5 * robustScale(raw);
  const features = featureSource(history, raw, limit, weekly, { clock });
  const knots = horizonKnots(Math.round(DAY_MS / stepMs));
  const scale = errorScale(raw, slots);
  const scales = Float64Array.from(slots.slotOf, (slot) => scale.values[slot % slots.daySlots] ?? 1);
  const weights = new Float64Array(knots.length * features.size);
  const errors = knots.map((knot, k) => {
    const rows = regressionRows(values.length, knot, stepMs);
    const beta = regress(features, raw, limit, rows, knot);
    weights.set(beta, k * features.size);
    return leftErrors(features, raw, scales, beta, rows, knot);
  });
  return { pattern, scale, weekly, limit, weights, errors: errorQuantiles(knots, errors) };
}

export function directQuantiles(
  state: DirectState,
  history: DemandSeries,
  context: ForecastContext,
  steps: readonly number[],
  levels: readonly number[],
): Float64Array[] {
  const recent = recentHistory(history, state.weekly);
  const { startMs, stepMs, values } = recent;
  const raw = values.map((value, i) => value - patternAt(state.pattern, context.clock, startMs + i * stepMs));
  const features = featureSource(recent, raw, state.limit, state.weekly, context);
  const row = new Float64Array(features.size);
  const rows = offsetRows(state.errors, steps, levels);
  steps.forEach((step, j) => {
    const atMs = startMs + (values.length + step - 1) * stepMs;
    features.write(row, values.length - 1, step);
    const { low, share } = knotPlace(state.errors.knots, step);
    const first = dot(state.weights, low * features.size, row);
    const next = share === 0 ? 0 : dot(state.weights, (low + 1) * features.size, row);
    const point = patternAt(state.pattern, context.clock, atMs) + first * (1 - share) + next * share;
    const width = scaleAt(state.scale, context.clock, atMs);
    for (const quantiles of rows) quantiles[j] = point + (quantiles[j] ?? 0) * width;
  });
  return rows;
}

interface FeatureSource {
  readonly size: number;
  /** Features known at index `origin` for the target `origin + step`. A gap counts as "as expected": 0. */
  write(row: Float64Array, origin: number, step: number): void;
}

function featureSource(
  history: DemandSeries,
  raw: Float64Array,
  limit: number,
  weekly: boolean,
  { clock }: ForecastContext,
): FeatureSource {
  const { startMs, stepMs } = history;
  const pulled = raw.map((error) => (Number.isNaN(error) ? 0 : Math.min(limit, Math.max(-limit, error))));
  const sums = new Float64Array(pulled.length + 1);
  for (let i = 0; i < pulled.length; i++) sums[i + 1] = (sums[i] ?? 0) + (pulled[i] ?? 0);
  const mean = (from: number, to: number): number => {
    const low = Math.max(0, from);
    const high = Math.min(pulled.length, to);
    return high <= low ? 0 : ((sums[high] ?? 0) - (sums[low] ?? 0)) / (high - low);
  };
  const windows = [HOUR_MS / 4, HOUR_MS, 3 * HOUR_MS, 8 * HOUR_MS, DAY_MS, 3 * DAY_MS]
    .map((ms) => Math.round(ms / stepMs))
    .filter((length, i, all) => length > 2 && all.indexOf(length) === i);
  const near = Math.max(1, Math.round(HOUR_MS / 3 / stepMs));
  const size = 2 + windows.length + 3 + (weekly ? 2 : 0);
  return {
    size,
    write: (row, origin, step) => {
      const target = startMs + (origin + step) * stepMs;
      const back = (days: number): number =>
        Math.round((clock.sameTimeBefore(target, days) - startMs) / stepMs);
      const yesterday = Math.min(back(1), origin);
      row[0] = pulled[origin] ?? 0;
      row[1] = pulled[origin - 1] ?? 0;
      let f = 2;
      for (const length of windows) row[f++] = mean(origin + 1 - length, origin + 1);
      row[f++] = pulled[yesterday] ?? 0;
      row[f++] = mean(yesterday - near, Math.min(origin, yesterday + near) + 1);
      row[f++] = ((pulled[yesterday] ?? 0) + (pulled[back(2)] ?? 0) + (pulled[back(3)] ?? 0)) / 3;
      if (!weekly) return;
      const week = back(7);
      row[f++] = pulled[week] ?? 0;
      row[f++] = mean(week - near, week + near + 1);
    },
  };
}

/** Origins whose targets are inside the history; thinned where neighbours say the same. */
function regressionRows(length: number, knot: number, stepMs: number): Int32Array {
  const first = Math.min(length >> 2, Math.round(DAY_MS / stepMs));
  const count = length - knot - first;
  const stride = Math.max(1, knot > 12 ? 3 : 1, Math.floor(count / 2500));
  return Int32Array.from({ length: Math.max(0, Math.ceil(count / stride)) }, (_, i) => first + i * stride);
}

function regress(
  features: FeatureSource,
  raw: Float64Array,
  limit: number,
  rows: Int32Array,
  knot: number,
): Float64Array {
  const { size } = features;
  const gram = new Float64Array(size * size);
  const right = new Float64Array(size);
  const row = new Float64Array(size);
  let squares = 0;
  for (const origin of rows) {
    const error = raw[origin + knot] ?? Number.NaN;
    if (Number.isNaN(error)) continue;
    const target = Math.min(limit, Math.max(-limit, error));
    features.write(row, origin, knot);
    squares += target * target;
    addOuter(gram, right, row, 1, target);
  }
  const penalty = (RIDGE * squares) / Math.max(1, rows.length) + Number.MIN_VALUE;
  return solveSymmetric(gram, right, size, new Float64Array(size).fill(penalty));
}

function leftErrors(
  features: FeatureSource,
  raw: Float64Array,
  scales: Float64Array,
  beta: Float64Array,
  rows: Int32Array,
  knot: number,
): Float64Array {
  const row = new Float64Array(features.size);
  const errors = new Float64Array(rows.length);
  let count = 0;
  for (const origin of rows) {
    const truth = raw[origin + knot] ?? Number.NaN;
    if (Number.isNaN(truth)) continue;
    features.write(row, origin, knot);
    errors[count++] = (truth - dot(beta, 0, row)) / (scales[origin + knot] ?? 1);
  }
  return errors.slice(0, count);
}

/** The part of the history that features reach back to. */
function recentHistory(history: DemandSeries, weekly: boolean): DemandSeries {
  const length = Math.ceil(((weekly ? 7.2 : 4.2) * DAY_MS) / history.stepMs);
  const from = Math.max(0, history.values.length - length);
  if (from === 0) return history;
  return {
    startMs: (history.startMs + from * history.stepMs) as DemandSeries["startMs"],
    stepMs: history.stepMs,
    values: history.values.subarray(from),
  };
}

function dot(weights: Float64Array, from: number, row: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < row.length; i++) sum += (weights[from + i] ?? 0) * (row[i] ?? 0);
  return sum;
}
