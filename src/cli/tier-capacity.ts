import { unitsFor } from "../decide/capacity.ts";
import type { ResourceSettings } from "../model/settings.ts";
import type { Tier, TierUnits } from "../model/tier.ts";

/** Requests/s that each tier's units add within the objective, stacked: a shared pool gains more than its parts. */
export function tierCapacity(
  { baseline, predictive, burst }: TierUnits,
  resources: readonly ResourceSettings[],
): Readonly<Record<Tier, number>> {
  const first = capacityRps(baseline, resources);
  const second = capacityRps(baseline + predictive, resources);
  const third = capacityRps(baseline + predictive + burst, resources);
  return { baseline: first, predictive: second - first, burst: third - second };
}

/** Largest demand that `units` serve: the inverse of the capacity model, by bisection to 0.1 requests/s. */
function capacityRps(units: number, resources: readonly ResourceSettings[]): number {
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
