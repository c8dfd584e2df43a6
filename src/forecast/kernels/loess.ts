/**
 * Locally linear regression over positions 0, 1, ... of a series (loess, Cleveland and Devlin 1988), with
 * tricube weights over the `window` nearest positions, times `weights` where given (robustness).
 */
export interface Loess {
  readonly window: number;
  /** Every how many positions the curve is fitted; linear between. 1 unless given. */
  readonly jump?: number;
  readonly weights?: Float64Array;
}

/** The curve at position `at`, which may lie outside the series; NaN where no weight is left. */
export function loessAt(values: Float64Array, at: number, { window, weights }: Loess): number {
  const count = values.length;
  const near = Math.min(window, count);
  const left = Math.min(Math.max(0, Math.ceil(at - near / 2)), count - near);
  const right = left + near - 1;
  let reach = Math.max(at - left, right - at);
  // A window longer than the series reaches past its ends (Cleveland et al. 1990 §2).
  if (window > count) reach += (window - count) >> 1;
  reach = Math.max(reach, 1e-9);
  let sum = 0;
  let sumAt = 0;
  let sumAt2 = 0;
  let sumValue = 0;
  let sumAtValue = 0;
  for (let i = left; i <= right; i++) {
    const away = i - at;
    const share = Math.abs(away) / reach;
    if (share > 0.999) continue;
    const cube = 1 - share * share * share;
    const weight = (share < 0.001 ? 1 : cube * cube * cube) * (weights === undefined ? 1 : (weights[i] ?? 0));
    const value = values[i] ?? 0;
    sum += weight;
    sumAt += weight * away;
    sumAt2 += weight * away * away;
    sumValue += weight * value;
    sumAtValue += weight * away * value;
  }
  if (!(sum > 0)) return Number.NaN;
  const spread = sumAt2 - (sumAt * sumAt) / sum;
  const mean = sumValue / sum;
  // Too little spread around the mean position for a slope: a local mean.
  if (!(Math.sqrt(spread / sum) > 0.001 * (count - 1))) return mean;
  const slope = (sumAtValue - sumAt * mean) / spread;
  return mean - (slope * sumAt) / sum;
}

/** The curve at every position; where no weight is left, the value itself. */
export function loessSmooth(values: Float64Array, loess: Loess): Float64Array {
  const count = values.length;
  const smoothed = new Float64Array(count);
  const jump = Math.max(1, loess.jump ?? 1);
  let before = 0;
  for (let at = 0; ; at = Math.min(count - 1, at + jump)) {
    const own = loessAt(values, at, loess);
    smoothed[at] = Number.isNaN(own) ? (values[at] ?? 0) : own;
    const gap = at - before;
    for (let i = before + 1; i < at; i++) {
      const share = (i - before) / gap;
      smoothed[i] = (smoothed[before] ?? 0) * (1 - share) + (smoothed[at] ?? 0) * share;
    }
    before = at;
    if (at >= count - 1) return smoothed;
  }
}
