import type { DemandSeries } from "../../model/series.ts";
import type { LocalClock } from "../local-clock.ts";
import { type PastErrors, tallyPastErrors } from "./error-quantiles.ts";
import type { Smoothing } from "./exponential-smoothing.ts";
import { placeOf, seasonAt } from "./local-cells.ts";
import { pulledIn } from "./pulled-in.ts";

/**
 * Seasonal exponential smoothing whose level, damped trend and pattern take up the mean error of each local
 * cell (half an hour), and whose errors within and across cells follow an AR law on the steps of the series:
 * the rhythm is cheap to carry, and the last value is not forgotten.
 */
export interface CellLaw extends Smoothing {
  readonly cellMs: number;
  /** Share of an error that the pattern takes; 0 holds it. */
  readonly gamma: number;
  /** Largest mean error of a cell that counts in full. */
  readonly limit: number;
  /** Largest error of a step that the AR law goes on from in full. */
  readonly stepLimit: number;
}

/** Where a run over the steps of a series stands. Changed in place. */
export interface CellCursor {
  level: number;
  trend: number;
  season: Float64Array;
  /** The cell under way, and the errors known in it. */
  cell: number;
  sum: number;
  count: number;
  /** Side of the last error beyond the limit, and how far the next on that side is let in. */
  side: number;
  bound: number;
}

export function newCursor(level: number, season: Float64Array): CellCursor {
  return {
    level,
    trend: 0,
    season: season.slice(),
    cell: Number.NaN,
    sum: 0,
    count: 0,
    side: 0,
    bound: 0,
  };
}

export function copyCursor(cursor: CellCursor): CellCursor {
  return { ...cursor, season: cursor.season.slice() };
}

/** What a run leaves behind, per step; gaps stay gaps. */
export interface CellTrace {
  /** Value minus what was expected of its cell. */
  readonly errors: Float64Array;
  /** Value minus the pattern alone. */
  readonly rests: Float64Array;
}

export function newTrace(steps: number): CellTrace {
  return {
    errors: new Float64Array(steps).fill(Number.NaN),
    rests: new Float64Array(steps).fill(Number.NaN),
  };
}

/** Takes steps `from` to `to` (excluded) of the series. */
export function runCells(
  cursor: CellCursor,
  law: CellLaw,
  { startMs, stepMs, values }: DemandSeries,
  clock: LocalClock,
  from: number,
  to: number,
  trace: CellTrace,
): void {
  for (let i = from; i < to; i++) {
    const localMs = clock.localMs(startMs + i * stepMs);
    const cell = Math.floor(localMs / law.cellMs);
    if (cell !== cursor.cell) {
      closeCell(cursor, law);
      cursor.cell = cell;
    }
    const rest = (values[i] ?? Number.NaN) - seasonAt(cursor.season, law.cellMs, localMs + stepMs / 2);
    const error = rest - baseOf(cursor, law);
    trace.rests[i] = rest;
    trace.errors[i] = error;
    if (Number.isNaN(error)) continue;
    cursor.sum += error;
    cursor.count++;
  }
}

/**
 * Demand to come, steps 1 to `horizonSteps` from `nextMs` on. The AR law draws what is left of demand without
 * its pattern (`rests`, those before `nextMs`) towards the level, and the level takes up what is expected as
 * each cell ends. Deviations are from the level of now: what it has taken up already is not continued twice.
 */
export function continueCells(
  cursor: CellCursor,
  law: CellLaw,
  coefficients: Float64Array,
  rests: Float64Array,
  nextMs: number,
  stepMs: number,
  clock: LocalClock,
  horizonSteps: number,
): Float64Array {
  const order = coefficients.length;
  const path = new Float64Array(order + horizonSteps);
  recall(path, order, cursor, law, coefficients, rests);
  const points = new Float64Array(horizonSteps);
  // Cells to come move the level only: what is expected of them is no news about the pattern.
  const ahead = { ...cursor };
  const held = { ...law, gamma: 0 };
  for (let h = 0; h < horizonSteps; h++) {
    const localMs = clock.localMs(nextMs + h * stepMs);
    const cell = Math.floor(localMs / law.cellMs);
    if (cell !== ahead.cell) {
      closeCell(ahead, held);
      ahead.cell = cell;
    }
    const base = baseOf(ahead, law);
    const error = drawn(coefficients, path, order + h, base);
    path[order + h] = base + error;
    ahead.sum += error;
    ahead.count++;
    points[h] = base + error + seasonAt(ahead.season, law.cellMs, localMs + stepMs / 2);
  }
  return points;
}

/** The last `order` rests into `path`: gaps as expected, outliers as far as they count. */
function recall(
  path: Float64Array,
  order: number,
  cursor: CellCursor,
  law: CellLaw,
  coefficients: Float64Array,
  rests: Float64Array,
): void {
  const base = baseOf(cursor, law);
  const pull = { side: 0, bound: 0 };
  // Some more are looked at: a level that has stayed for long is no outlier.
  for (let back = 2 * order; back > 0; back--) {
    const error = pulledIn(pull, (rests[rests.length - back] ?? Number.NaN) - base, law.stepLimit);
    const k = order - back;
    if (k >= 0) path[k] = base + (Number.isNaN(error) ? drawn(coefficients, path, k, base) : error);
  }
}

/** What the AR law expects at `index`, as a deviation from `base`. */
function drawn(coefficients: Float64Array, path: Float64Array, index: number, base: number): number {
  let sum = 0;
  const order = Math.min(coefficients.length, index);
  for (let k = 0; k < order; k++) sum += (coefficients[k] ?? 0) * ((path[index - 1 - k] ?? base) - base);
  return sum;
}

/** A season to change to before the given step. */
export interface SeasonChange {
  readonly fromStep: number;
  readonly season: Float64Array;
}

/** What past forecasts need: a cursor at `firstStep`, and how to go on from there. */
export interface PastInput {
  readonly history: DemandSeries;
  readonly clock: LocalClock;
  readonly law: CellLaw;
  readonly coefficients: Float64Array;
  readonly cursor: CellCursor;
  readonly firstStep: number;
  readonly changes: readonly SeasonChange[];
  /** Per step: what its error is divided by. */
  readonly scale: Float64Array;
  readonly horizonSteps: number;
}

const ORIGINS = 240;

/** Errors of the whole forecast, made again from about 240 steps of the past, per horizon. */
export function pastForecasts(input: PastInput): PastErrors {
  const { history, clock, law, coefficients, firstStep, scale, horizonSteps } = input;
  const { startMs, stepMs, values } = history;
  const tally = tallyPastErrors(horizonSteps, scale);
  const cursor = copyCursor(input.cursor);
  const trace = newTrace(values.length);
  const stride = Math.max(1, Math.floor((values.length - firstStep) / ORIGINS));
  const order = Math.max(1, coefficients.length);
  let at = firstStep;
  for (let origin = firstStep + order; origin < values.length; origin += stride) {
    runWithChanges(cursor, input, at, origin, trace);
    at = origin;
    const known = trace.rests.subarray(Math.max(0, origin - 2 * order), origin);
    const reach = Math.min(horizonSteps, values.length - origin);
    const nextMs = startMs + origin * stepMs;
    const path = continueCells(cursor, law, coefficients, known, nextMs, stepMs, clock, reach);
    tally.add(origin, values, path);
  }
  return tally.close();
}

/** `runCells`, with the pattern replaced where `changes` says so. */
export function runWithChanges(
  cursor: CellCursor,
  { law, history, clock, changes }: Pick<PastInput, "law" | "history" | "clock" | "changes">,
  from: number,
  to: number,
  trace: CellTrace,
): void {
  let at = from;
  for (const { fromStep, season } of changes) {
    if (fromStep < at || fromStep >= to) continue;
    runCells(cursor, law, history, clock, at, fromStep, trace);
    cursor.season = season.slice();
    at = fromStep;
  }
  runCells(cursor, law, history, clock, at, to, trace);
}

function baseOf(cursor: CellCursor, law: CellLaw): number {
  return cursor.level + law.phi * cursor.trend;
}

/** The end of a cell: ETS(A,Ad,A) takes up its mean error (Hyndman et al. 2008 §2.5). */
function closeCell(cursor: CellCursor, law: CellLaw): void {
  if (Number.isNaN(cursor.cell)) return;
  const error = cursor.count === 0 ? 0 : pulledIn(cursor, cursor.sum / cursor.count, law.limit);
  cursor.trend *= law.phi;
  cursor.level += cursor.trend + law.alpha * error;
  cursor.trend += law.beta * error;
  if (law.gamma > 0) {
    const place = placeOf(cursor.cell, cursor.season.length);
    cursor.season[place] = (cursor.season[place] ?? 0) + law.gamma * error;
  }
  cursor.sum = 0;
  cursor.count = 0;
}
