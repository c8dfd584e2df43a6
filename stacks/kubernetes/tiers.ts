import type { CustomResource } from "@pulumi/pulumi";
import type { StackInputs } from "../../src/model/stack-inputs.ts";
import { TIERS, type Tier } from "../../src/model/tier.ts";
import { clusterProvider, declare, StateResource } from "./declare.ts";
import { placementOf, tierObjects, unitsOf } from "./tier-objects.ts";

/**
 * The tier stack as a function of its inputs: Plan, then the tiers' sizes in the engine's state, then the objects of
 * the cluster. The plan comes first so that a stale one stops the update before anything is written, a tier's size
 * comes before its objects so that a policy on it stops them. Outputs: `planGeneration` and `sizes`.
 */
export function tierProgram(inputs: StackInputs): () => Promise<Record<string, unknown>> {
  return async () => {
    const { service, planGeneration, decisionId, cutoffMs, observedUnits, warm } = inputs;
    const { settings } = placementOf(inputs);
    const shared = { service, tags: { ...inputs.tags, service } };
    const plan = new StateResource("Plan", "plan", {
      ...shared,
      planGeneration,
      decisionId,
      cutoffMs,
      observedUnits,
    });
    const sizes = declareSizes(inputs, shared, plan);
    const { units, priceUsdPerUnitHour, expiresMs, reason } = warm;
    const pool = { ...shared, units, priceUsdPerUnitHour, expiresMs, reason };
    const warmPool = new StateResource("WarmPool", "warm", pool, { dependsOn: [plan] });
    const provider = clusterProvider(settings.cluster, settings.namespace.name);
    const all: readonly CustomResource[] = [plan, warmPool, ...Object.values(sizes)];
    for (const object of tierObjects(inputs)) {
      const dependsOn = object.tier === undefined ? [...all] : [plan, sizes[object.tier]];
      declare(object, { provider, dependsOn });
    }
    return { planGeneration, sizes: { ...unitsOf(inputs), warm: units } };
  };
}

function declareSizes(
  { tiers }: StackInputs,
  shared: Readonly<Record<string, unknown>>,
  plan: CustomResource,
): Readonly<Record<Tier, CustomResource>> {
  const [baseline, predictive, burst] = TIERS.map((tier) => {
    const { units, priceUsdPerUnitHour } = tiers[tier];
    const size = { ...shared, tier, units, priceUsdPerUnitHour };
    return new StateResource("Tier", `${tier}-units`, size, { dependsOn: [plan] });
  });
  if (baseline === undefined || predictive === undefined || burst === undefined) throw new Error("no tiers");
  return { baseline, predictive, burst };
}
