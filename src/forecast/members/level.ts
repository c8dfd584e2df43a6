import type { DemandSeries } from "../../model/series.ts";
import { DAY_MS } from "../../model/time.ts";
import { defineForecaster, type Forecaster } from "../forecaster.ts";
import {
  type ErrorQuantiles,
  errorQuantiles,
  horizonKnots,
  knotPlace,
  offsetRows,
} from "../kernels/error-quantiles.ts";
import { meanSize } from "../kernels/statistics.ts";

/** Smoothing constants on offer, per step: from the last value to a mean of about 400 steps. */
const ALPHAS: readonly number[] = [1, 0.6, 0.3, 0.12, 0.04, 0.012, 0.004];

interface LevelState {
  /** Index into `ALPHAS` per knot. */
  readonly chosen: readonly number[];
  readonly errors: ErrorQuantiles;
}

/**
 * Simple exponential smoothing whose constant is chosen per horizon: the further ahead, the longer the mean
 * that serves best. Chosen by mean absolute error over the history, so a skewed or spiky series does not
 * drag it along; quantiles from the errors of the chosen one.
 */
export const level: Forecaster = defineForecaster<LevelState>({
  name: "level",
  cost: "light",
  needs: { knownSteps: 24, spanMs: 0 },
  estimate: (history) => {
    const { values, stepMs } = history;
    const dayAhead = Math.max(1, Math.round(DAY_MS / stepMs));
    const knots = horizonKnots(Math.max(1, Math.min(dayAhead, Math.floor(values.length / 3))));
    const levels = ALPHAS.map((alpha) => smooth(values, alpha));
    const chosen: number[] = [];
    const kept: Float64Array[] = [];
    for (const knot of knots) {
      const best = bestLevel(values, levels, knot);
      chosen.push(best.index);
      kept.push(best.errors);
    }
    return { chosen, errors: errorQuantiles(knots, kept) };
  },
  quantiles: (state, history, _context, steps, levels) => {
    const ends = ALPHAS.map((alpha) => lastLevel(history, alpha));
    const at = (knot: number): number => ends[state.chosen[knot] ?? 0] ?? 0;
    const rows = offsetRows(state.errors, steps, levels);
    steps.forEach((step, j) => {
      const { low, share } = knotPlace(state.errors.knots, step);
      const point = share === 0 ? at(low) : at(low) * (1 - share) + at(low + 1) * share;
      for (const row of rows) row[j] = (row[j] ?? 0) + point;
    });
    return rows;
  },
});

function bestLevel(
  values: Float64Array,
  levels: readonly Float64Array[],
  knot: number,
): { index: number; errors: Float64Array } {
  const stride = knot > 12 ? 2 : 1;
  const room = new Float64Array(Math.ceil(Math.max(0, values.length - knot) / stride));
  let best = { index: 0, size: Number.POSITIVE_INFINITY, errors: values.subarray(0, 0) };
  levels.forEach((smoothed, index) => {
    const errors = levelErrors(values, smoothed, knot, stride, room);
    const size = meanSize(errors);
    if (size < best.size) best = { index, size, errors: errors.slice() };
  });
  return best;
}

/** Smoothed level after each step; a gap keeps it. */
function smooth(values: Float64Array, alpha: number): Float64Array {
  const levels = new Float64Array(values.length).fill(Number.NaN);
  let current = Number.NaN;
  let seen = 0;
  for (let i = 0; i < values.length; i++) {
    const value = values[i] ?? Number.NaN;
    if (!Number.isNaN(value)) {
      seen++;
      // A plain mean until the constant takes over: the start does not hang on the first value.
      const weight = Math.max(alpha, 1 / seen);
      current = Number.isNaN(current) ? value : current + weight * (value - current);
    }
    levels[i] = current;
  }
  return levels;
}

/** Only the steps that still weigh more than 1e-6 are looked at. */
function lastLevel({ values }: DemandSeries, alpha: number): number {
  const length = alpha >= 1 ? 48 : Math.ceil(14 / alpha);
  const levels = smooth(values.slice(-Math.max(48, length)), alpha);
  const last = levels[levels.length - 1] ?? Number.NaN;
  if (!Number.isNaN(last)) return last;
  const all = smooth(values, alpha);
  return all[all.length - 1] ?? 0;
}

/** The errors of one constant, written over `room`. */
function levelErrors(
  values: Float64Array,
  levels: Float64Array,
  knot: number,
  stride: number,
  room: Float64Array,
): Float64Array {
  let count = 0;
  for (let i = Math.min(12, values.length >> 2); i + knot < values.length; i += stride) {
    const error = (values[i + knot] as number) - (levels[i] as number);
    if (!Number.isNaN(error)) room[count++] = error;
  }
  return room.subarray(0, count);
}
