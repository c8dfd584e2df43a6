import { unitsFor } from "../decide/capacity.ts";
import type { ResourceSettings } from "../model/settings.ts";

/**
 * Largest demand that `units` serve within the objective, requests/s: the inverse of the capacity model, by
 * bisection to 0.1 requests/s; 0 for no units.
 */
export function capacityRps(units: number, resources: readonly ResourceSettings[]): number {
  if (units <= 0) return 0;
  let low = 0;
  let high = 1;
  while (unitsFor(high, resources, null).units <= units && high < 1e7) high *= 2;
  while (high - low > 0.1) {
    const middle = (low + high) / 2;
    if (unitsFor(middle, resources, null).units <= units) low = middle;
    else high = middle;
  }
  return low;
}
