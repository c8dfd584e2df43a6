import type { DemandSeries } from "../../model/series.ts";
import { DAY_MS, HOUR_MS } from "../../model/time.ts";
import type { ForecastContext } from "../forecaster.ts";
import {
  type ErrorQuantiles,
  errorQuantiles,
  horizonKnots,
  knotPlace,
  offsetRows,
} from "./error-quantiles.ts";
import { type ErrorScale, errorScale, scaleAt } from "./error-scale.ts";
import { solveSymmetric } from "./linear-algebra.ts";
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
    const rows = regressionRows(features, raw, knot, stepMs);
    const beta = regress(rows, features.size, raw, limit);
    weights.set(beta, k * features.size);
    return leftErrors(rows, features.size, raw, scales, beta);
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
  /**
   * Features known at index `origin` for the target `origin + step`, into `room` from `at` on. A gap counts as
   * "as expected": 0.
   */
  write(room: Float64Array, origin: number, step: number, at?: number): void;
}

function featureSource(
  history: DemandSeries,
  raw: Float64Array,
  limit: number,
  weekly: boolean,
  { clock }: ForecastContext,
): FeatureSource {
  const { stepMs } = history;
  const pulled = raw.map((error) => (Number.isNaN(error) ? 0 : Math.min(limit, Math.max(-limit, error))));
  const mean = runningMean(pulled);
  const windows = [HOUR_MS / 4, HOUR_MS, 3 * HOUR_MS, 8 * HOUR_MS, DAY_MS, 3 * DAY_MS]
    .map((ms) => Math.round(ms / stepMs))
    .filter((length, i, all) => length > 2 && all.indexOf(length) === i);
  const near = Math.max(1, Math.round(HOUR_MS / 3 / stepMs));
  const back = sameTimeIndex(history, clock, weekly ? [1, 2, 3, 7] : [1, 2, 3]);
  return {
    size: 2 + windows.length + 3 + (weekly ? 2 : 0),
    write: (room, origin, step, at = 0) => {
      const days = back(origin + step);
      const yesterday = Math.min(days[0] as number, origin);
      room[at] = pulled[origin] ?? 0;
      room[at + 1] = pulled[origin - 1] ?? 0;
      let f = at + 2;
      for (const length of windows) room[f++] = mean(origin + 1 - length, origin + 1);
      const last = pulled[yesterday] ?? 0;
      room[f++] = last;
      room[f++] = mean(yesterday - near, Math.min(origin, yesterday + near) + 1);
      room[f++] = (last + (pulled[days[1] as number] ?? 0) + (pulled[days[2] as number] ?? 0)) / 3;
      if (!weekly) return;
      const week = days[3] as number;
      room[f++] = pulled[week] ?? 0;
      room[f++] = mean(week - near, week + near + 1);
    },
  };
}

/** Mean of `values[from..to)`, cut to what there is; 0 of nothing. */
function runningMean(values: Float64Array): (from: number, to: number) => number {
  const sums = new Float64Array(values.length + 1);
  for (let i = 0; i < values.length; i++) sums[i + 1] = (sums[i] as number) + (values[i] as number);
  return (from, to) => {
    const low = Math.max(0, from);
    const high = Math.min(values.length, to);
    return high <= low ? 0 : ((sums[high] as number) - (sums[low] as number)) / (high - low);
  };
}

/** For a step of the grid, the indices of the same local time so many `days` before; each found once. */
function sameTimeIndex(
  { startMs, stepMs }: DemandSeries,
  clock: ForecastContext["clock"],
  days: readonly number[],
): (target: number) => Int32Array {
  const found: Int32Array[] = [];
  return (target) => {
    const known = found[target];
    if (known !== undefined) return known;
    const utcMs = startMs + target * stepMs;
    const row = Int32Array.from(days, (count) =>
      Math.round((clock.sameTimeBefore(utcMs, count) - startMs) / stepMs),
    );
    found[target] = row;
    return row;
  };
}

/** The regression at one horizon: targets known, and the features of each, one after the other. */
interface RegressionRows {
  /** Origins looked at, those with an unknown target too. */
  readonly origins: number;
  readonly targets: Int32Array;
  readonly features: Float64Array;
}

/** Origins whose targets are inside the history; thinned where neighbours say the same. */
function regressionRows(
  source: FeatureSource,
  raw: Float64Array,
  knot: number,
  stepMs: number,
): RegressionRows {
  const first = Math.min(raw.length >> 2, Math.round(DAY_MS / stepMs));
  const count = raw.length - knot - first;
  const stride = Math.max(1, knot > 12 ? 3 : 1, Math.floor(count / 2500));
  const origins = Math.max(0, Math.ceil(count / stride));
  const targets = new Int32Array(origins);
  const features = new Float64Array(origins * source.size);
  let known = 0;
  for (let i = 0; i < origins; i++) {
    const origin = first + i * stride;
    if (Number.isNaN(raw[origin + knot] ?? Number.NaN)) continue;
    source.write(features, origin, knot, known * source.size);
    targets[known++] = origin + knot;
  }
  return { origins, targets: targets.subarray(0, known), features };
}

function regress(
  { origins, targets, features }: RegressionRows,
  size: number,
  raw: Float64Array,
  limit: number,
): Float64Array {
  const gram = new Float64Array(size * size);
  const right = new Float64Array(size);
  let squares = 0;
  for (let r = 0; r < targets.length; r++) {
    const target = Math.min(limit, Math.max(-limit, raw[targets[r] as number] as number));
    const from = r * size;
    squares += target * target;
    for (let i = 0; i < size; i++) {
      const value = features[from + i] as number;
      const base = i * size;
      right[i] = (right[i] as number) + value * target;
      for (let j = 0; j <= i; j++) {
        gram[base + j] = (gram[base + j] as number) + value * (features[from + j] as number);
      }
    }
  }
  const penalty = (RIDGE * squares) / Math.max(1, origins) + Number.MIN_VALUE;
  return solveSymmetric(gram, right, size, new Float64Array(size).fill(penalty));
}

function leftErrors(
  { targets, features }: RegressionRows,
  size: number,
  raw: Float64Array,
  scales: Float64Array,
  beta: Float64Array,
): Float64Array {
  return Float64Array.from(targets, (target, r) => {
    let expected = 0;
    for (let i = 0; i < size; i++) expected += (beta[i] as number) * (features[r * size + i] as number);
    return ((raw[target] as number) - expected) / (scales[target] ?? 1);
  });
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
