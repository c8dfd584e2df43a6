import type { DemandSeries } from "../../model/series.ts";
import { DAY_MS, HOUR_MS } from "../../model/time.ts";
import { sortedQuantile } from "../kernels/statistics.ts";
import type { LocalClock } from "../local-clock.ts";

/**
 * A history in its own size, with running sums, so that the mean of any stretch costs two look-ups whatever
 * the grid: windows are laid out in time, not in steps, and one network serves every grid.
 */
export interface DemandSource {
  readonly startMs: number;
  readonly stepMs: number;
  readonly clock: LocalClock;
  /** Median, and mean absolute distance from it with outliers pulled in (0 for constant demand). */
  readonly center: number;
  readonly size: number;
  /** `(demand - center) / size`, absurd values pulled in; gaps stay gaps. */
  readonly values: Float64Array;
  /** Sums of the known values before each index. */
  readonly sums: Float64Array;
  readonly counts: Float64Array;
  /** The same of values with outliers pulled in, and of their squares. */
  readonly pulledSums: Float64Array;
  readonly pulledSquares: Float64Array;
  /** Index of the last known value before each index, -1 for none. */
  readonly lastKnown: Int32Array;
}

/** Beyond this many sizes a value would drown the running sums. */
const ABSURD = 1e6;

export function demandSource(
  { startMs, stepMs, values: raw }: DemandSeries,
  clock: LocalClock,
): DemandSource {
  const { center, size, limit } = robustSize(raw);
  const unit = size > 0 ? size : 1;
  const length = raw.length + 1;
  const values = new Float64Array(raw.length);
  const sums = new Float64Array(length);
  const counts = new Float64Array(length);
  const pulledSums = new Float64Array(length);
  const pulledSquares = new Float64Array(length);
  const lastKnown = new Int32Array(length).fill(-1);
  for (let i = 0; i < raw.length; i++) {
    const value = within((raw[i] as number) / unit - center / unit, ABSURD);
    const known = !Number.isNaN(value);
    const pulled = known ? within(value, limit) : 0;
    values[i] = value;
    sums[i + 1] = (sums[i] as number) + (known ? value : 0);
    counts[i + 1] = (counts[i] as number) + (known ? 1 : 0);
    pulledSums[i + 1] = (pulledSums[i] as number) + pulled;
    pulledSquares[i + 1] = (pulledSquares[i] as number) + pulled * pulled;
    lastKnown[i + 1] = known ? i : (lastKnown[i] as number);
  }
  return {
    ...{ startMs, stepMs, clock, center, size, values },
    ...{ sums, counts, pulledSums, pulledSquares, lastKnown },
  };
}

/** True when there is nothing to learn: demand differs from its median by less than rounding. */
export function isConstant({ center, size }: Pick<DemandSource, "center" | "size">): boolean {
  return !(size > 1e-9 * Math.abs(center));
}

/** Mean of the known values in `[from, to)`, cut to the history; NaN when none is known. */
export function meanBetween({ sums, counts }: DemandSource, from: number, to: number): number {
  const low = Math.max(0, from);
  const high = Math.min(sums.length - 1, to);
  if (high <= low) return Number.NaN;
  const count = (counts[high] as number) - (counts[low] as number);
  return count === 0 ? Number.NaN : ((sums[high] as number) - (sums[low] as number)) / count;
}

/** Share of `[from, to)` that is known. */
export function knownShare({ counts }: DemandSource, from: number, to: number): number {
  const low = Math.max(0, from);
  const high = Math.min(counts.length - 1, to);
  return high <= low ? 0 : ((counts[high] as number) - (counts[low] as number)) / (to - from);
}

/** Mean and standard deviation over `[from, to)`, outliers pulled in; undefined when fewer than two are known. */
export function spreadBetween(
  { counts, pulledSums, pulledSquares }: DemandSource,
  from: number,
  to: number,
): { readonly mean: number; readonly deviation: number } | undefined {
  const low = Math.max(0, from);
  const high = Math.min(counts.length - 1, to);
  const count = high <= low ? 0 : (counts[high] as number) - (counts[low] as number);
  if (count < 2) return undefined;
  const mean = ((pulledSums[high] as number) - (pulledSums[low] as number)) / count;
  const square = ((pulledSquares[high] as number) - (pulledSquares[low] as number)) / count;
  return { mean, deviation: Math.sqrt(Math.max(0, square - mean * mean)) };
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

/** Known values looked at for the median. */
const SAMPLE = 700;

/**
 * Median, mean absolute distance from it, and the distance (in sizes) to which outliers are pulled in: ten
 * times the 0.9 quantile of the distances, or of higher ones where demand is hardly ever off its median.
 */
function robustSize(values: Float64Array): { center: number; size: number; limit: number } {
  const known = values.filter((value) => !Number.isNaN(value));
  const stride = Math.max(1, Math.floor(known.length / SAMPLE));
  const sample = Float64Array.from(
    { length: Math.ceil(known.length / stride) },
    (_, i) => known[i * stride] ?? 0,
  );
  const center = sortedQuantile(sample.sort(), 0.5);
  const distances = sample.map((value) => Math.abs(value - center)).sort();
  const typical = [0.9, 0.98].map((level) => sortedQuantile(distances, level)).find((d) => d > 0);
  const far = typical ?? known.reduce((most, value) => Math.max(most, Math.abs(value - center)), 0) / 10;
  let distance = 0;
  for (const value of known) distance += Math.min(10 * far, Math.abs(value - center)) / known.length;
  return { center, size: distance, limit: distance > 0 ? 10 * (far / distance) : 0 };
}

function within(value: number, limit: number): number {
  return Math.min(limit, Math.max(-limit, value));
}
