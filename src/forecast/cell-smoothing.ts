import type { DemandSeries } from "../model/series.ts";
import { continueAr } from "./autoregression.ts";
import { type ErrorQuantiles, errorQuantiles, horizonKnots } from "./error-quantiles.ts";
import type { Smoothing } from "./exponential-smoothing.ts";
import { placeOf, seasonAt } from "./local-cells.ts";
import type { LocalClock } from "./local-clock.ts";
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

/** Takes steps `from` to `to` (excluded) of the series; their errors go to `errors`, gaps stay gaps. */
export function runCells(
  cursor: CellCursor,
  law: CellLaw,
  { startMs, stepMs, values }: DemandSeries,
  clock: LocalClock,
  from: number,
  to: number,
  errors: Float64Array,
): void {
  for (let i = from; i < to; i++) {
    const localMs = clock.localMs(startMs + i * stepMs);
    const cell = Math.floor(localMs / law.cellMs);
    if (cell !== cursor.cell) {
      closeCell(cursor, law);
      cursor.cell = cell;
    }
    const error = (values[i] ?? Number.NaN) - expectedAt(cursor, law, localMs + stepMs / 2);
    errors[i] = error;
    if (Number.isNaN(error)) continue;
    cursor.sum += error;
    cursor.count++;
  }
}

/**
 * Demand to come, steps 1 to `horizonSteps` after `history`: the AR law continues the errors, and the level
 * takes up what they are expected to be as each cell ends. `errors` holds those up to the end of `history`.
 */
export function continueCells(
  cursor: CellCursor,
  law: CellLaw,
  coefficients: Float64Array,
  errors: Float64Array,
  nextMs: number,
  stepMs: number,
  clock: LocalClock,
  horizonSteps: number,
): Float64Array {
  const pull = { side: 0, bound: 0 };
  const recent = errors.slice(-2 * coefficients.length || errors.length);
  const path = continueAr(
    coefficients,
    recent.map((error) => pulledIn(pull, error, law.stepLimit)),
    horizonSteps,
  );
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
    const error = path[h] ?? 0;
    ahead.sum += error;
    ahead.count++;
    path[h] = expectedAt(ahead, law, localMs + stepMs / 2) + error;
  }
  return path;
}

export interface PastForecasts {
  readonly errors: ErrorQuantiles;
  /** Mean absolute error over all past targets, not scaled: what variants are compared by. */
  readonly size: number;
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
export function pastForecasts(input: PastInput): PastForecasts {
  const { history, clock, law, coefficients, firstStep, scale, horizonSteps } = input;
  const { startMs, stepMs, values } = history;
  const knots = horizonKnots(horizonSteps);
  const lists: number[][] = knots.map(() => []);
  const cursor = copyCursor(input.cursor);
  const errors = new Float64Array(values.length).fill(Number.NaN);
  const stride = Math.max(1, Math.floor((values.length - firstStep) / ORIGINS));
  const order = Math.max(1, coefficients.length);
  let at = firstStep;
  let total = 0;
  let targets = 0;
  for (let origin = firstStep + order; origin < values.length; origin += stride) {
    runWithChanges(cursor, input, at, origin, errors);
    at = origin;
    const known = errors.subarray(Math.max(0, origin - 2 * order), origin);
    const reach = Math.min(horizonSteps, values.length - origin);
    const nextMs = startMs + origin * stepMs;
    const path = continueCells(cursor, law, coefficients, known, nextMs, stepMs, clock, reach);
    knots.forEach((knot, k) => {
      const target = origin + knot - 1;
      const error = (values[target] ?? Number.NaN) - (path[knot - 1] ?? Number.NaN);
      if (Number.isNaN(error)) return;
      lists[k]?.push(error / (scale[target] ?? 1));
      total += Math.abs(error);
      targets++;
    });
  }
  const kept = lists.map((list) => Float64Array.from(list));
  return { errors: errorQuantiles(knots, kept), size: total / Math.max(1, targets) };
}

/** `runCells`, with the pattern replaced where `changes` says so. */
export function runWithChanges(
  cursor: CellCursor,
  { law, history, clock, changes }: Pick<PastInput, "law" | "history" | "clock" | "changes">,
  from: number,
  to: number,
  errors: Float64Array,
): void {
  let at = from;
  for (const { fromStep, season } of changes) {
    if (fromStep < at || fromStep >= to) continue;
    runCells(cursor, law, history, clock, at, fromStep, errors);
    cursor.season = season.slice();
    at = fromStep;
  }
  runCells(cursor, law, history, clock, at, to, errors);
}

function expectedAt(cursor: CellCursor, law: CellLaw, localMs: number): number {
  return cursor.level + law.phi * cursor.trend + seasonAt(cursor.season, law.cellMs, localMs);
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
