import type { KubernetesTierPlacement } from "../../src/model/kubernetes.ts";
import { TIERS, type Tier, type TierUnits } from "../../src/model/tier.ts";

export interface HpaBounds {
  readonly minReplicas: number;
  readonly maxReplicas: number;
}

/** In this order the tiers may grow by themselves, as long as the total has room. */
const NET_TIERS: readonly Tier[] = ["predictive", "burst"];

/**
 * The bounds of each tier's HPA. The planned size is the floor; what the total limit leaves is the room in which the
 * HPA may react by itself between cycles, predictive first. The tops together never exceed `maxTotalUnits` (unless
 * the plan itself does). Baseline does not move. An HPA cannot hold 0: an empty tier has 1 to 1, and its
 * Deployment's `replicas: 0` switches the HPA off (see docs/kubernetes.md).
 *
 *     plan 4 + 3 + 0, total 12, predictive maxReplicas 6   ->   4..4, 3..6, 1..1 (off)
 *     plan 4 + 3 + 2, total 12, predictive maxReplicas 20  ->   4..4, 3..6, 2..2
 */
export function hpaBounds(
  units: TierUnits,
  placement: KubernetesTierPlacement,
): Readonly<Record<Tier, HpaBounds>> {
  const { settings, maxTotalUnits } = placement;
  let roomUnits = Math.max(0, maxTotalUnits - TIERS.reduce((sum, tier) => sum + units[tier], 0));
  const bounds: Record<Tier, HpaBounds> = {
    baseline: fixed(units.baseline),
    predictive: fixed(units.predictive),
    burst: fixed(units.burst),
  };
  for (const tier of NET_TIERS) {
    if (units[tier] === 0) continue;
    const growth = Math.min(roomUnits, Math.max(0, settings.tiers[tier].maxReplicas - units[tier]));
    bounds[tier] = { minReplicas: units[tier], maxReplicas: units[tier] + growth };
    roomUnits -= growth;
  }
  return bounds;
}

function fixed(units: number): HpaBounds {
  const replicas = Math.max(1, units);
  return { minReplicas: replicas, maxReplicas: replicas };
}
