import type { Facts } from "./facts.ts";

/**
 * The least of the `demands` (rising, requests/s) that needs `unit` units; infinite where none does. Sizing a demand
 * costs microseconds, so that a day of steps is compared with one demand instead of being sized step by step.
 */
export function leastDemand(
  facts: Pick<Facts, "unitsFor">,
  demands: readonly number[],
  unit: number,
): number {
  let low = 0;
  let high = demands.length;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (facts.unitsFor(demands[middle] ?? 0).units >= unit) high = middle;
    else low = middle + 1;
  }
  return demands[low] ?? Number.POSITIVE_INFINITY;
}

/** Distinct values, rising. */
export function risingValues(values: readonly number[]): readonly number[] {
  return [...new Set(values)].sort((a, b) => a - b);
}
