/**
 * Probability that each level of a quantile forecast stands for: half the way to its neighbours, the tails whole.
 * Sums to 1; turns quantiles into means.
 *
 *     levels    0.1   0.5   0.9
 *     masses    0.3   0.4   0.3
 */
export function levelMasses(levels: readonly number[]): readonly number[] {
  return levels.map((level, k) => {
    const below = k === 0 ? 0 : (level + (levels[k - 1] ?? 0)) / 2;
    const above = k === levels.length - 1 ? 1 : (level + (levels[k + 1] ?? 1)) / 2;
    return above - below;
  });
}
