import type { DemandSeries } from "../../model/series.ts";
import { DAY_MS, HOUR_MS } from "../../model/time.ts";
import { type LocalClock, localClock } from "../local-clock.ts";
import { type Autoregression, fitAr } from "./autoregression.ts";
import {
  type CellCursor,
  type CellLaw,
  continueCells,
  copyCursor,
  newCursor,
  newTrace,
  pastForecasts,
  runCells,
  runWithChanges,
  type SeasonChange,
} from "./cell-smoothing.ts";
import { offsetRows } from "./error-quantiles.ts";
import { type ErrorScale, errorScale, scaleAt } from "./error-scale.ts";
import { daySlots } from "./local-cells.ts";
import { robustScale } from "./statistics.ts";

/** A fitted law of cells and where it stood shortly before the end of the history it was fitted on. */
export interface CellState extends Autoregression {
  readonly law: CellLaw;
  readonly start: CellCursor;
  /** Start of the first step that `start` has not taken, ms. */
  readonly startMs: number;
  readonly scale: ErrorScale;
}

export interface CellFitInput {
  readonly history: DemandSeries;
  readonly clock: LocalClock;
  readonly law: Omit<CellLaw, "stepLimit">;
  /** Level and pattern before the first step. */
  readonly level: number;
  readonly season: Float64Array;
  /** Patterns to change to on the way, each made from what came before. */
  readonly changes: readonly SeasonChange[];
  /** Where past forecasts begin: before, the pattern has seen what it would forecast. */
  readonly firstStep: number;
}

const MAX_AR = 12;
/** Robust standard deviations up to which the AR law goes on from an error in full. */
const STEP_LIMIT = 6;

/** The AR law of the errors, their scale by time of day, and the quantiles of past multi-step errors. */
export function fitCells(input: CellFitInput): { readonly state: CellState; readonly size: number } {
  const { history, clock, changes, firstStep } = input;
  const { startMs, stepMs, values } = history;
  const trace = newTrace(values.length);
  const { errors } = trace;
  const cursor = newCursor(input.level, input.season);
  const run = { law: { ...input.law, stepLimit: Number.POSITIVE_INFINITY }, history, clock, changes };
  runWithChanges(cursor, run, 0, firstStep, trace);
  const first = copyCursor(cursor);
  const snapStep = Math.max(firstStep, values.length - memorySteps(stepMs));
  runWithChanges(cursor, run, firstStep, snapStep, trace);
  const start = copyCursor(cursor);
  runWithChanges(cursor, run, snapStep, values.length, trace);
  const judged = errors.map((error, i) => (i < firstStep ? Number.NaN : error));
  const slots = daySlots(history, clock);
  const scale = errorScale(judged, slots);
  const coefficients = steadied(fitAr(errors.subarray(firstStep), MAX_AR, 4).coefficients, input.law, stepMs);
  const law = { ...input.law, stepLimit: STEP_LIMIT * robustScale(judged) || Number.POSITIVE_INFINITY };
  const past = pastForecasts({
    ...run,
    law,
    coefficients,
    cursor: first,
    firstStep,
    scale: Float64Array.from(slots.slotOf, (slot) => scale.values[slot] ?? 1),
    horizonSteps: Math.max(1, Math.round(DAY_MS / stepMs)),
  });
  const state = {
    law,
    start,
    startMs: startMs + snapStep * stepMs,
    coefficients,
    scale,
    errors: past.errors,
  };
  return { state, size: past.size };
}

/** Shrinking of the AR law's roots on offer, until level and law together are stable. */
const DAMPING: readonly number[] = [1, 0.97, 0.94, 0.9, 0.8, 0.65, 0.4];
/** What a deviation may grow to on its way, in its own size. */
const LARGEST_ECHO = 4;

/**
 * The AR law is stable by itself, but the level takes up what it expects, and both together need not be: on a grid as
 * coarse as a cell they can answer each other ever louder. The law with its roots drawn in (coefficient k times
 * d ^ k, the largest d on offer) so that a deviation dies down over two days; none when nothing helps.
 */
function steadied(coefficients: Float64Array, law: Omit<CellLaw, "stepLimit">, stepMs: number): Float64Array {
  for (const damping of DAMPING) {
    const drawnIn = coefficients.map((coefficient, k) => coefficient * damping ** (k + 1));
    if (isSteady(drawnIn, law, stepMs)) return drawnIn;
  }
  return new Float64Array(0);
}

function isSteady(coefficients: Float64Array, law: Omit<CellLaw, "stepLimit">, stepMs: number): boolean {
  const order = coefficients.length;
  const linear = { ...law, limit: Number.POSITIVE_INFINITY, stepLimit: Number.POSITIVE_INFINITY };
  const steps = Math.max(8 * order, Math.round((2 * DAY_MS) / stepMs));
  const utc = localClock("UTC", 0, 3 * DAY_MS);
  // One step off, and all of the last ones.
  return [1, order].every((off) => {
    const rests = new Float64Array(2 * order).fill(1, 2 * order - off);
    const cursor = newCursor(0, new Float64Array(1));
    const echo = continueCells(cursor, linear, coefficients, rests, 0, stepMs, utc, steps);
    const peak = (from: number, to: number): number => Math.max(0, ...echo.subarray(from, to).map(Math.abs));
    const half = steps >> 1;
    return peak(0, steps) <= LARGEST_ECHO && peak(half, steps) <= 1.02 * peak(0, half) + 1e-9;
  });
}

/** `rows[k][j]`: `levels[k]` at `steps[j]` after `history`. */
export function cellQuantiles(
  state: CellState,
  history: DemandSeries,
  clock: LocalClock,
  steps: readonly number[],
  levels: readonly number[],
): Float64Array[] {
  const { startMs, stepMs, values } = history;
  const trace = newTrace(values.length);
  const { cursor, from } = standingAt(state, history);
  runCells(cursor, state.law, history, clock, from, values.length, trace);
  const nextMs = startMs + values.length * stepMs;
  const horizon = steps[steps.length - 1] ?? 1;
  const { law, coefficients } = state;
  const path = continueCells(cursor, law, coefficients, trace.rests, nextMs, stepMs, clock, horizon);
  const rows = offsetRows(state.errors, steps, levels);
  steps.forEach((step, j) => {
    const point = path[step - 1] ?? 0;
    const width = scaleAt(state.scale, clock, nextMs + (step - 1) * stepMs);
    for (const row of rows) row[j] = point + (row[j] ?? 0) * width;
  });
  return rows;
}

/** From the stored cursor where the history covers it; else the whole history is run, from the stored level. */
function standingAt(
  { start, startMs }: CellState,
  history: DemandSeries,
): { readonly cursor: CellCursor; readonly from: number } {
  const from = Math.round((startMs - history.startMs) / history.stepMs);
  if (from >= 0 && from < history.values.length) return { cursor: copyCursor(start), from };
  return { cursor: newCursor(start.level, start.season), from: 0 };
}

/** Steps run anew to know the errors that the AR law goes on from. */
function memorySteps(stepMs: number): number {
  return Math.max(2 * MAX_AR, Math.round((3 * HOUR_MS) / stepMs));
}
