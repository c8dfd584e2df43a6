import { type DurationMs, type EpochMs, epochMs } from "./time.ts";

/**
 * Demand on a regular grid.
 *
 * `values[i]` is the mean over `[startMs + i * stepMs, startMs + (i + 1) * stepMs)`. `NaN` is a **gap**: a
 * missing sample. A gap is never zero and is never filled silently.
 */
export interface DemandSeries {
  readonly startMs: EpochMs;
  readonly stepMs: DurationMs;
  readonly values: Float64Array;
}

/** End of the last grid step: the first instant the series says nothing about. */
export function endMs(series: DemandSeries): EpochMs {
  return epochMs(series.startMs + series.values.length * series.stepMs);
}

/** The steps of `series` in `[fromMs, toMs)`; what it does not cover is a gap. */
export function sliceSeries(series: DemandSeries, fromMs: number, toMs: number): DemandSeries {
  const first = Math.floor((fromMs - series.startMs) / series.stepMs);
  const count = Math.max(0, Math.round((toMs - series.startMs) / series.stepMs) - first);
  const values = new Float64Array(count);
  for (let i = 0; i < count; i++) values[i] = series.values[first + i] ?? Number.NaN;
  return { startMs: epochMs(series.startMs + first * series.stepMs), stepMs: series.stepMs, values };
}

/** Share of steps that are gaps, 0 to 1; an empty series is all gap. */
export function gapFraction(series: DemandSeries): number {
  if (series.values.length === 0) return 1;
  let gaps = 0;
  for (const value of series.values) if (Number.isNaN(value)) gaps++;
  return gaps / series.values.length;
}

/**
 * One series of two on the same grid: where both have a step, `newer` wins unless it is a gap there. Throws a
 * RangeError when the grids differ.
 */
export function joinSeries(older: DemandSeries, newer: DemandSeries): DemandSeries {
  const { stepMs } = older;
  if (newer.stepMs !== stepMs || (newer.startMs - older.startMs) % stepMs !== 0) {
    throw new RangeError(`cannot join a grid of ${newer.stepMs} ms with one of ${stepMs} ms`);
  }
  const startMs = Math.min(older.startMs, newer.startMs);
  const joined = sliceSeries(older, startMs, Math.max(endMs(older), endMs(newer)));
  const offset = (newer.startMs - startMs) / stepMs;
  for (let i = 0; i < newer.values.length; i++) {
    const value = newer.values[i] ?? Number.NaN;
    if (!Number.isNaN(value)) joined.values[offset + i] = value;
  }
  return joined;
}
