import type { DemandSeries } from "../../model/series.ts";
import { DAY_MS, HOUR_MS } from "../../model/time.ts";
import type { LocalClock } from "../local-clock.ts";

/**
 * A history with running sums, so that the mean of any stretch costs two look-ups whatever the grid: windows
 * are laid out in time, not in steps, and one network serves every grid.
 */
export interface DemandSource {
  readonly startMs: number;
  readonly stepMs: number;
  readonly values: Float64Array;
  readonly clock: LocalClock;
  /** Sums of the known values before each index. */
  readonly sums: Float64Array;
  readonly counts: Float64Array;
  /** The same of values pulled in towards `center`, less `center`, and of their squares. */
  readonly pulledSums: Float64Array;
  readonly pulledSquares: Float64Array;
  /** Index of the last known value before each index, -1 for none. */
  readonly lastKnown: Int32Array;
  readonly center: number;
  /** Mean absolute distance from `center`, outliers pulled in; 0 for constant demand. */
  readonly size: number;
}

export function demandSource({ startMs, stepMs, values }: DemandSeries, clock: LocalClock): DemandSource {
  const { center, size, limit } = robustCenter(values);
  const length = values.length + 1;
  const sums = new Float64Array(length);
  const counts = new Float64Array(length);
  const pulledSums = new Float64Array(length);
  const pulledSquares = new Float64Array(length);
  const lastKnown = new Int32Array(length).fill(-1);
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number;
    const known = !Number.isNaN(value);
    const pulled = known ? Math.min(limit, Math.max(-limit, value - center)) : 0;
    sums[i + 1] = (sums[i] as number) + (known ? value - center : 0);
    counts[i + 1] = (counts[i] as number) + (known ? 1 : 0);
    pulledSums[i + 1] = (pulledSums[i] as number) + pulled;
    pulledSquares[i + 1] = (pulledSquares[i] as number) + pulled * pulled;
    lastKnown[i + 1] = known ? i : (lastKnown[i] as number);
  }
  return {
    ...{ startMs, stepMs, values, clock, sums, counts, pulledSums, pulledSquares, lastKnown, center, size },
  };
}

/** Mean of the known values in `[from, to)`, cut to the history; NaN when none is known. */
export function meanBetween({ sums, counts, center }: DemandSource, from: number, to: number): number {
  const low = from < 0 ? 0 : from;
  const high = to > sums.length - 1 ? sums.length - 1 : to;
  if (high <= low) return Number.NaN;
  const count = (counts[high] as number) - (counts[low] as number);
  return count === 0 ? Number.NaN : center + ((sums[high] as number) - (sums[low] as number)) / count;
}

/** Share of `[from, to)` that is known. */
export function knownShare({ counts }: DemandSource, from: number, to: number): number {
  const low = from < 0 ? 0 : from;
  const high = to > counts.length - 1 ? counts.length - 1 : to;
  return high <= low ? 0 : ((counts[high] as number) - (counts[low] as number)) / (to - from);
}

/** Mean and standard deviation over `[from, to)`, outliers pulled in; undefined when fewer than two are known. */
export function spreadBetween(
  { counts, pulledSums, pulledSquares, center }: DemandSource,
  from: number,
  to: number,
): { readonly mean: number; readonly deviation: number } | undefined {
  const low = Math.max(0, from);
  const high = Math.min(counts.length - 1, to);
  const count = high <= low ? 0 : (counts[high] as number) - (counts[low] as number);
  if (count < 2) return undefined;
  const mean = ((pulledSums[high] as number) - (pulledSums[low] as number)) / count;
  const square = ((pulledSquares[high] as number) - (pulledSquares[low] as number)) / count;
  return { mean: center + mean, deviation: Math.sqrt(Math.max(0, square - mean * mean)) };
}

/** The part of a history that a window at its end looks at. */
export function recentDemand(history: DemandSeries): DemandSeries {
  const length = Math.ceil((8 * DAY_MS + 2 * HOUR_MS) / history.stepMs);
  const from = Math.max(0, history.values.length - length);
  if (from === 0) return history;
  return {
    startMs: (history.startMs + from * history.stepMs) as DemandSeries["startMs"],
    stepMs: history.stepMs,
    values: history.values.subarray(from),
  };
}

/** Mean and mean absolute distance, twice: the second time with values beyond six distances pulled in. */
function robustCenter(values: Float64Array): { center: number; size: number; limit: number } {
  let center = 0;
  let limit = Number.POSITIVE_INFINITY;
  let size = 0;
  for (let round = 0; round < 3; round++) {
    let sum = 0;
    let count = 0;
    for (const value of values) {
      if (Number.isNaN(value)) continue;
      sum += Math.min(limit, Math.max(-limit, value - center));
      count++;
    }
    center += count === 0 ? 0 : sum / count;
    let distance = 0;
    for (const value of values) {
      if (!Number.isNaN(value)) distance += Math.min(limit, Math.abs(value - center));
    }
    size = count === 0 ? 0 : distance / count;
    limit = 6 * size;
  }
  return { center, size, limit };
}
