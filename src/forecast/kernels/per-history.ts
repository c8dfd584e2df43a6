import type { DemandSeries } from "../../model/series.ts";

/**
 * A function of a history, worked out once for each one that is still around: members of an ensemble stand on the
 * same. What it gives is shared, so nobody may write to it.
 */
export function perHistory<T>(of: (history: DemandSeries) => T): (history: DemandSeries) => T {
  const known = new WeakMap<DemandSeries, { readonly value: T }>();
  return (history) => {
    const before = known.get(history);
    if (before !== undefined) return before.value;
    const value = of(history);
    known.set(history, { value });
    return value;
  };
}
