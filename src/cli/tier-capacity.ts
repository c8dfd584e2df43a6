import { servedRps } from "../decide/served.ts";
import type { ResourceSettings } from "../model/settings.ts";
import type { Tier, TierUnits } from "../model/tier.ts";

/** Requests/s that each tier's units add within the objective, stacked: a shared pool gains more than its parts. */
export function tierCapacity(
  { baseline, predictive, burst }: TierUnits,
  resources: readonly ResourceSettings[],
): Readonly<Record<Tier, number>> {
  const first = servedRps(baseline, resources);
  const second = servedRps(baseline + predictive, resources);
  const third = servedRps(baseline + predictive + burst, resources);
  return { baseline: first, predictive: second - first, burst: third - second };
}
