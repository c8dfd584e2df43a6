import type { DemandSeries } from "../model/series.ts";
import { durationMs, epochMs } from "../model/time.ts";

/** 20 years of minutes, and some: more steps than this mean a wrong time stamp. */
export const MAX_GRID_STEPS = 12_000_000;

/** Sums of samples on a regular grid that grows to the right. */
export interface Grid {
  readonly stepMs: number;
  readonly firstStep: number;
  length: number;
  sums: Float64Array;
  counts: Uint32Array;
}

export function createGrid(stepMs: number, firstMs: number): Grid {
  const capacity = 1024;
  return {
    stepMs,
    firstStep: Math.floor(firstMs / stepMs),
    length: 0,
    sums: new Float64Array(capacity),
    counts: new Uint32Array(capacity),
  };
}

/** Adds a sample (NaN: only its place, a gap); false when it is more than `MAX_GRID_STEPS` after the first one. */
export function addSample(grid: Grid, atMs: number, value: number): boolean {
  const step = Math.floor(atMs / grid.stepMs) - grid.firstStep;
  if (step >= grid.length && !grow(grid, step + 1)) return false;
  if (Number.isNaN(value)) return true;
  grid.sums[step] = (grid.sums[step] ?? 0) + value;
  grid.counts[step] = (grid.counts[step] ?? 0) + 1;
  return true;
}

function grow(grid: Grid, length: number): boolean {
  if (length > MAX_GRID_STEPS) return false;
  if (length > grid.sums.length) {
    const capacity = Math.max(length, 2 * grid.sums.length);
    const { sums, counts } = grid;
    grid.sums = new Float64Array(capacity);
    grid.sums.set(sums);
    grid.counts = new Uint32Array(capacity);
    grid.counts.set(counts);
  }
  grid.length = length;
  return true;
}

/**
 * The grid's means, times `scale`.
 *
 * Samples finer than the grid: a step is their mean, and a **gap** when less than half of the samples due in it
 * are there. Samples coarser than the grid: each holds for all the steps of its own length.
 *
 *     grid 5m, samples every minute:  5 due; 3 or more there: their mean; 2 or fewer: gap
 *     grid 5m, samples every hour:    each is the value of its 12 steps
 */
export function gridSeries(grid: Grid, inputStepMs: number, scale: number): DemandSeries {
  const due = grid.stepMs / inputStepMs;
  const heldSteps = Math.max(1, Math.ceil(inputStepMs / grid.stepMs - 1e-9));
  const values = new Float64Array(grid.length + heldSteps - 1).fill(Number.NaN);
  for (let i = 0; i < grid.length; i++) {
    const count = grid.counts[i] ?? 0;
    if (count === 0 || 2 * count < due) continue;
    const mean = ((grid.sums[i] ?? 0) / count) * scale;
    for (let j = i; j < i + heldSteps && (j === i || (grid.counts[j] ?? 0) === 0); j++) values[j] = mean;
  }
  return { startMs: epochMs(grid.firstStep * grid.stepMs), stepMs: durationMs(grid.stepMs), values };
}
