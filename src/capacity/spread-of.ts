import type { Interval } from "./plan-values.ts";

/** Median and central 90 % of values, linear between them. NaN for none. */
export function intervalOf(values: ArrayLike<number>): Interval {
  const sorted = Float64Array.from(values).sort();
  return {
    median: quantileOf(sorted, 0.5),
    lower: quantileOf(sorted, 0.05),
    upper: quantileOf(sorted, 0.95),
  };
}

/** As `intervalOf`, of whole units: each is one that was drawn, the median and upper end rounded up. */
export function unitInterval(values: ArrayLike<number>): Interval {
  const sorted = Float64Array.from(values).sort();
  return {
    median: Math.ceil(quantileOf(sorted, 0.5)),
    lower: Math.floor(quantileOf(sorted, 0.05)),
    upper: Math.ceil(quantileOf(sorted, 0.95)),
  };
}

export function quantileOf(sorted: Float64Array, level: number): number {
  if (sorted.length === 0) return Number.NaN;
  const place = level * (sorted.length - 1);
  const low = Math.floor(place);
  const from = sorted[low] ?? Number.NaN;
  return from + ((sorted[Math.min(low + 1, sorted.length - 1)] ?? from) - from) * (place - low);
}
