/** Where the values of a sample lie. */
export interface Spread {
  readonly count: number;
  readonly min: number;
  /** Quarter of the values are below `lower`, a quarter above `upper`. */
  readonly lower: number;
  readonly median: number;
  readonly upper: number;
  readonly max: number;
}

/** Quantiles by linear interpolation. Throws a RangeError on an empty sample or one with NaN. */
export function spreadOf(values: readonly number[]): Spread {
  if (values.length === 0 || values.some(Number.isNaN)) throw new RangeError("a sample needs numbers");
  const sorted = [...values].sort((a, b) => a - b);
  return {
    count: sorted.length,
    min: at(sorted, 0),
    lower: at(sorted, 0.25),
    median: at(sorted, 0.5),
    upper: at(sorted, 0.75),
    max: at(sorted, 1),
  };
}

export function medianOf(values: readonly number[]): number {
  return spreadOf(values).median;
}

export function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function at(sorted: readonly number[], share: number): number {
  const rank = (sorted.length - 1) * share;
  const low = sorted[Math.floor(rank)] ?? Number.NaN;
  const high = sorted[Math.ceil(rank)] ?? Number.NaN;
  return low + (high - low) * (rank - Math.floor(rank));
}
