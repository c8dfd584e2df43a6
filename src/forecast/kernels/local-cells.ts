import type { DemandSeries } from "../../model/series.ts";
import { DAY_MS, MINUTE_MS } from "../../model/time.ts";
import type { LocalClock } from "../local-clock.ts";
import type { SlotSums } from "./seasonal-fit.ts";

/**
 * Means of demand over cells of the local clock, in the order of time. A cell starts at a round local time;
 * an hour that the clock skips has no cells, an hour that it shows twice has them twice.
 */
export interface LocalCells {
  readonly cellMs: number;
  /** NaN is a gap: no value known in the cell. */
  readonly means: Float64Array;
  /** Cells since the epoch of the local clock. */
  readonly ids: Int32Array;
  /** First step of each cell. */
  readonly firstSteps: Int32Array;
}

/** Cells on offer: they divide the day, so that one starts at midnight. */
const CELL_MINUTES: readonly number[] = [30, 40, 45, 60, 72, 80, 90, 96, 120, 144, 160, 180, 240, 288, 360];

/** Half an hour, or the shortest cell that whole steps fill; a step that fills none is its own cell. */
export function cellLengthMs(stepMs: number): number {
  const fit = CELL_MINUTES.find((minutes) => minutes * MINUTE_MS >= stepMs && filled(minutes, stepMs));
  return fit === undefined ? Math.max(stepMs, 30 * MINUTE_MS) : fit * MINUTE_MS;
}

export function localCells({ startMs, stepMs, values }: DemandSeries, clock: LocalClock): LocalCells {
  const cellMs = cellLengthMs(stepMs);
  const means = new Float64Array(values.length);
  const ids = new Int32Array(values.length);
  const firstSteps = new Int32Array(values.length);
  let cells = 0;
  let sum = 0;
  let count = 0;
  for (let i = 0; i < values.length; i++) {
    const id = Math.floor(clock.localMs(startMs + i * stepMs) / cellMs);
    if (cells === 0 || id !== ids[cells - 1]) {
      ids[cells] = id;
      firstSteps[cells] = i;
      cells++;
      sum = 0;
      count = 0;
    }
    const value = values[i] ?? Number.NaN;
    if (!Number.isNaN(value)) {
      sum += value;
      count++;
    }
    means[cells - 1] = count === 0 ? Number.NaN : sum / count;
  }
  return {
    cellMs,
    means: means.slice(0, cells),
    ids: ids.slice(0, cells),
    firstSteps: firstSteps.slice(0, cells),
  };
}

/** Cells of a local day. */
export function cellsPerDay(cellMs: number): number {
  return Math.ceil(DAY_MS / cellMs);
}

/** Place of cell `id` in a pattern of `size` cells. */
export function placeOf(id: number, size: number): number {
  const place = id % size;
  return place < 0 ? place + size : place;
}

/** The pattern at `localMs`, linear between the middles of its cells. */
export function seasonAt(season: Float64Array, cellMs: number, localMs: number): number {
  const position = localMs / cellMs - 0.5;
  const low = Math.floor(position);
  const first = season[placeOf(low, season.length)] ?? 0;
  const share = position - low;
  if (share === 0) return first;
  return first + ((season[placeOf(low + 1, season.length)] ?? first) - first) * share;
}

/** Per step its cell of the local day, for scales that need no finer grid. */
export function daySlots({ startMs, stepMs, values }: DemandSeries, clock: LocalClock): SlotSums {
  const cellMs = cellLengthMs(stepMs);
  const perDay = cellsPerDay(cellMs);
  const slotOf = new Int32Array(values.length);
  for (let i = 0; i < values.length; i++) {
    const since = placeOf(clock.localMs(startMs + i * stepMs), DAY_MS);
    slotOf[i] = Math.floor(since / cellMs);
  }
  return { stepMs: cellMs, phaseMs: 0, slotOf, slots: perDay, daySlots: perDay };
}

function filled(minutes: number, stepMs: number): boolean {
  return (minutes * MINUTE_MS) % stepMs === 0;
}
