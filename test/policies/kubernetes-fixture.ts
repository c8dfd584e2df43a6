import type { PackLimits } from "../../policies/names.ts";
import { type Resource, ruleType } from "../../policies/rule.ts";
import type { StackInputs } from "../../src/model/stack-inputs.ts";
import { TIERS, type TierUnits } from "../../src/model/tier.ts";
import type { ClusterObject } from "../../stacks/kubernetes/cluster-object.ts";
import { tierObjects } from "../../stacks/kubernetes/tier-objects.ts";

export const CLUSTER_LIMITS: PackLimits = {
  maxBaselineUnits: 10,
  maxPredictiveUnits: 20,
  maxBurstUnits: 12,
  maxWarmUnits: 4,
  maxTotalUnits: 40,
  maxStepUpUnits: 4,
  maxStepDownUnits: 2,
  maxCostUsdPerHour: 4.5,
  minBaselineUnits: 2,
  burstReserveUnits: 6,
  requiredTags: ["service", "managed-by", "team"],
  accountShareUnits: "none",
  priceUsdPerUnitHour: { baseline: 0.1, predictive: 0.1, burst: 0.1, warm: 0.04 },
  kubernetes: {
    maxReplicas: { baseline: 20, predictive: 20, burst: 20 },
    // 0.5 cores and 0.5 GiB: 0.1 USD a unit, as the price per unit says.
    requestPrices: { usdPerCpuCoreHour: 0.16, usdPerMemoryGibHour: 0.04 },
  },
};

/** The resources of a Kubernetes tier stack as the pack sees them; `before` null: it is new. */
export function clusterResources(inputs: StackInputs, before: TierUnits | null): readonly Resource[] {
  const { service, tags } = inputs;
  const state = (kind: string, name: string, props: Readonly<Record<string, unknown>>): Resource => ({
    type: ruleType(`tiercast:kubernetes:${kind}`),
    name,
    props: { service, tags, ...props },
  });
  const { planGeneration, decisionId, cutoffMs, observedUnits, warm } = inputs;
  return [
    state("Plan", "plan", { planGeneration, decisionId, cutoffMs, observedUnits }),
    ...TIERS.map((tier) =>
      state("Tier", `${tier}-units`, { tier, ...inputs.tiers[tier], unitsBefore: before?.[tier] ?? null }),
    ),
    state("WarmPool", "warm", { ...warm, unitsBefore: null }),
    ...tierObjects(inputs).map(asResource),
  ];
}

export function asResource({ name, manifest, isPatch }: ClusterObject): Resource {
  const { apiVersion, kind } = manifest;
  const group = apiVersion === "v1" ? "core/v1" : apiVersion;
  return { type: `kubernetes:${group}:${kind}${isPatch === true ? "Patch" : ""}`, name, props: manifest };
}
