import type { DemandSeries } from "../../model/series.ts";
import { DAY_MS, MINUTE_MS } from "../../model/time.ts";
import type { ForecastContext } from "../forecaster.ts";
import {
  type ErrorQuantiles,
  errorQuantiles,
  horizonKnots,
  knotPlace,
  offsetRows,
} from "./error-quantiles.ts";
import { CLIP, type LogFeatures, logFeatures } from "./log-features.ts";
import { type LogSeries, logSeries } from "./log-series.ts";
import {
  errorsFromSamples,
  errorsFromSizes,
  type RecentErrors,
  SIZE_FLOOR,
  SPREAD_FEATURES,
  sampledTargets,
  writeSpreadRow,
} from "./log-spread.ts";
import { quantileInPlace } from "./statistics.ts";
import { dotRow, type WalkPlan, type WalkRows, walkRidge } from "./walked-ridge.ts";

/** Regressions of the logarithm of demand and of the size of its errors, one pair a horizon. */
export interface LogDirectState {
  /** Added to demand before the logarithm is taken. */
  readonly offset: number;
  /** `weights[k * features + f]` at the horizon `errors.knots[k]`; the same of the spread. */
  readonly weights: Float64Array;
  readonly spreadWeights: Float64Array;
  /** Quantiles of errors over their expected size. */
  readonly errors: ErrorQuantiles;
  /** Logarithm of the usual one-step error, and of that by local time of day, a slot each quarter of an hour. */
  readonly usualLog: number;
  readonly dayLog: Float64Array;
}

/** Share of the 99.5 % quantile of demand that is added to it: nothing near zero matters to capacity. */
const OFFSET_SHARE = 0.01;
const SLOT_MS = 15 * MINUTE_MS;
/** Rows of a regression at most, at horizons up to an hour and beyond. */
const MOST_ROWS = { near: 8_000, far: 2_500 };
/** Errors of the last days make the quantiles. */
const ERRORS_MS = 14 * DAY_MS;
/** No forecast above this many times the level now by its spread alone. */
const MOST_RISE_LOG = Math.log(20);
/** Logarithm of the least and largest expected size of an error. */
const SIZE_BOUNDS = [-6, 1.5] as const;

export function fitLogDirect(history: DemandSeries, context: ForecastContext): LogDirectState | string {
  const { values, stepMs } = history;
  const known = values.filter((value) => !Number.isNaN(value));
  const offset = OFFSET_SHARE * quantileInPlace(known, 0.995);
  if (!(offset > 0)) return "demand is a constant zero";
  const series = logSeries(history, context, offset, true);
  const features = logFeatures(series);
  const knots = horizonKnots(series.daySteps);
  const plan = walkPlan(series, { ridgeShare: 0.003, ridgeRows: 300, leastSquare: 1e-9 });
  const spreadPlan = walkPlan(series, { ridgeShare: 0.001, ridgeRows: 100, leastSquare: 0.05 });
  const weights = new Float64Array(knots.length * features.size);
  const spreadWeights = new Float64Array(knots.length * SPREAD_FEATURES);
  let recent: RecentErrors | undefined;
  const normalised = knots.map((knot, k) => {
    const rows = rowsAt(series, features, knot);
    const walked = walkRidge(rows, plan);
    weights.set(walked.weights, k * features.size);
    recent ??= errorsFromSizes(
      oneStepSizes(rows, walked.expected, values.length),
      series,
      dayBack(history, context),
    );
    const spread = walkRidge(spreadRows(series, recent, rows, walked.expected, offset), spreadPlan);
    spreadWeights.set(spread.weights, k * SPREAD_FEATURES);
    return normalisedErrors(rows, walked.expected, spread.expected, recent, stepMs);
  });
  if (recent === undefined) return "no step ahead to learn from";
  const last = values.length - 1;
  const own = recent;
  return {
    offset,
    weights,
    spreadWeights,
    errors: errorQuantiles(knots, normalised),
    usualLog: own.usual(last),
    dayLog: dayTable(history, context, (i) => own.dayLog(i)),
  };
}

function walkPlan({ daySteps }: LogSeries, ridge: Omit<WalkPlan, "blockSteps" | "keep">): WalkPlan {
  return { blockSteps: Math.max(1, daySteps >> 2), keep: 0.97 ** 0.25, ...ridge };
}

function dayBack(
  { startMs, stepMs }: DemandSeries,
  { clock }: ForecastContext,
): (i: number, days: number) => number {
  return (i, days) => Math.round((clock.sameTimeBefore(startMs + i * stepMs, days) - startMs) / stepMs);
}

/** Origins whose base and target are known; every one at the first step, thinned further ahead. */
function rowsAt(series: LogSeries, features: LogFeatures, knot: number): WalkRows {
  const first = Math.min(series.length >> 3, series.daySteps);
  const count = Math.max(0, series.length - knot - first);
  const most = knot * series.stepMs <= 60 * MINUTE_MS ? MOST_ROWS.near : MOST_ROWS.far;
  const stride = knot === 1 ? 1 : Math.max(1, Math.floor(count / most));
  const room = Math.ceil(count / stride);
  const rows = {
    size: features.size,
    features: new Float64Array(room * features.size),
    targets: new Float64Array(room),
    askedAt: new Int32Array(room),
    knownAt: new Int32Array(room),
  };
  let at = 0;
  for (let origin = first; origin + knot < series.length; origin += stride) {
    const target = series.value(origin + knot) - series.base(origin);
    if (Number.isNaN(target)) continue;
    features.write(rows.features, origin, knot, at * features.size);
    rows.targets[at] = Math.min(CLIP, Math.max(-CLIP, target));
    rows.askedAt[at] = origin;
    rows.knownAt[at++] = origin + knot;
  }
  return { ...rows, count: at };
}

function oneStepSizes(rows: WalkRows, expected: Float64Array, length: number): Float64Array {
  const sizes = new Float64Array(length).fill(Number.NaN);
  for (let row = 0; row < rows.count; row++) {
    const size = Math.abs((rows.targets[row] as number) - (expected[row] as number));
    sizes[rows.knownAt[row] as number] = size;
  }
  return sizes;
}

/** Rows for the logarithm of the error's size against the usual; those not forecast yet are left out. */
function spreadRows(
  series: LogSeries,
  recent: RecentErrors,
  rows: WalkRows,
  expected: Float64Array,
  offset: number,
): WalkRows & { readonly rowOf: Int32Array } {
  const features = new Float64Array(rows.count * SPREAD_FEATURES);
  const targets = new Float64Array(rows.count);
  const askedAt = new Int32Array(rows.count);
  const knownAt = new Int32Array(rows.count);
  const rowOf = new Int32Array(rows.count);
  let at = 0;
  for (let row = 0; row < rows.count; row++) {
    const point = expected[row] as number;
    if (Number.isNaN(point)) continue;
    const origin = rows.askedAt[row] as number;
    const target = rows.knownAt[row] as number;
    const size = Math.abs((rows.targets[row] as number) - point);
    writeSpreadRow(
      features,
      at * SPREAD_FEATURES,
      series,
      recent,
      { origin, step: target - origin, point },
      offset,
    );
    targets[at] = Math.log(size + SIZE_FLOOR) - recent.usual(origin);
    askedAt[at] = origin;
    knownAt[at] = target;
    rowOf[at++] = row;
  }
  return { size: SPREAD_FEATURES, count: at, features, targets, askedAt, knownAt, rowOf };
}

/** Errors of the last days over the size expected of each. */
function normalisedErrors(
  rows: WalkRows,
  expected: Float64Array,
  spread: Float64Array,
  recent: RecentErrors,
  stepMs: number,
): Float64Array {
  const errors: number[] = [];
  const end = (rows.knownAt[rows.count - 1] ?? 0) - Math.round(ERRORS_MS / stepMs);
  let at = 0;
  for (let row = 0; row < rows.count; row++) {
    const point = expected[row] as number;
    if (Number.isNaN(point)) continue;
    const ratio = spread[at++] as number;
    if (Number.isNaN(ratio) || (rows.knownAt[row] as number) < end) continue;
    const size = sizeOf(recent.usual(rows.askedAt[row] as number) + ratio);
    errors.push(((rows.targets[row] as number) - point) / size);
  }
  return Float64Array.from(errors);
}

function sizeOf(log: number): number {
  return Math.exp(Math.min(SIZE_BOUNDS[1], Math.max(SIZE_BOUNDS[0], log)));
}

/** What is expected by local time of day from the end of the history on. */
function dayTable(
  { values, startMs, stepMs }: DemandSeries,
  { clock }: ForecastContext,
  of: (i: number) => number,
): Float64Array {
  const table = new Float64Array(DAY_MS / SLOT_MS);
  for (let i = values.length; i < values.length + Math.round(DAY_MS / stepMs); i++) {
    table[slotOf(clock.localMs(startMs + i * stepMs))] = of(i);
  }
  return table;
}

function slotOf(localMs: number): number {
  return Math.floor((localMs % DAY_MS) / SLOT_MS);
}

/** More steps than this: most of the history is asked for. */
const FEW_STEPS = 300;

export function logDirectQuantiles(
  state: LogDirectState,
  history: DemandSeries,
  context: ForecastContext,
  steps: readonly number[],
  levels: readonly number[],
): Float64Array[] {
  const { startMs, stepMs, values } = history;
  const series = logSeries(history, context, state.offset, steps.length > FEW_STEPS);
  const features = logFeatures(series);
  const origin = values.length - 1;
  const recent = errorsFromSamples(recentSizes(state, series, features), series, {
    usualLog: state.usualLog,
    dayLogAt: (i) => state.dayLog[slotOf(context.clock.localMs(startMs + i * stepMs))] ?? Number.NaN,
  });
  const rows = offsetRows(state.errors, steps, levels);
  const row = new Float64Array(features.size);
  const spreadRow = new Float64Array(SPREAD_FEATURES);
  const base = series.base(origin);
  steps.forEach((step, j) => {
    features.write(row, origin, step);
    const at = knotPlace(state.errors.knots, step);
    const point = betweenKnots(state.weights, at, row);
    writeSpreadRow(spreadRow, 0, series, recent, { origin, step, point }, state.offset);
    const size = sizeOf(state.usualLog + betweenKnots(state.spreadWeights, at, spreadRow));
    for (const quantiles of rows) {
      const away = Math.min(MOST_RISE_LOG, size * (quantiles[j] ?? 0));
      quantiles[j] = Math.exp(base + point + away) - state.offset;
    }
  });
  return rows;
}

function betweenKnots(
  weights: Float64Array,
  { low, share }: { low: number; share: number },
  row: Float64Array,
): number {
  const first = dotRow(weights, row, 0, low * row.length, row.length);
  if (share === 0) return first;
  return first + (dotRow(weights, row, 0, (low + 1) * row.length, row.length) - first) * share;
}

/** Sizes of the last one-step errors, by the first step's regression as it is now. */
function recentSizes(state: LogDirectState, series: LogSeries, features: LogFeatures) {
  const row = new Float64Array(features.size);
  return sampledTargets(series.length - 1, series.stepMs).map((target) => {
    if (target < 1) return { target, size: Number.NaN };
    features.write(row, target - 1, 1);
    const expected = series.base(target - 1) + dotRow(state.weights, row, 0, 0, row.length);
    return { target, size: Math.abs(series.value(target) - expected) };
  });
}
