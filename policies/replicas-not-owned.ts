import { isClusterTierStack, plannedUnits, tierLabelOf, valueAt } from "./kubernetes-reading.ts";
import { labelOf, shown, TIER_NAMES } from "./reading.ts";
import { DEPLOYMENT, type Resource, type StackRule } from "./rule.ts";

/**
 * `spec.replicas` of a tier is its HPA's. A plan may say it in one case: 0, for a tier that is planned at 0 units.
 * Placeholders (tier label `warm`) have no HPA, and their replicas are the plan's.
 */
export const replicasNotOwned: StackRule = {
  scope: "stack",
  name: "replicas-not-owned",
  description: "No Deployment of a tier says spec.replicas, but for 0 where the plan has 0 units.",
  configSchema: { properties: {} },
  judge(resources) {
    if (!isClusterTierStack(resources)) return [];
    return resources
      .filter(({ type }) => type === DEPLOYMENT)
      .flatMap((deployment) => judgeDeployment(deployment, resources));
  },
};

function judgeDeployment(deployment: Resource, resources: readonly Resource[]): readonly string[] {
  const label = tierLabelOf(deployment);
  if (label === "warm") return [];
  const tier = TIER_NAMES.find((name) => name === label);
  if (tier === undefined)
    return [`${labelOf(deployment)} is of no tier: label it, or take it out of the stack.`];
  const planned = plannedUnits(resources, tier);
  if ("problem" in planned) return [planned.problem];
  const replicas = valueAt(deployment, "spec.replicas");
  if (planned.value === 0 && replicas === 0) return [];
  if (planned.value === 0) {
    return [
      `${labelOf(deployment)} has replicas ${shown(replicas)}, the plan has 0 units: an HPA cannot hold 0; write 0.`,
    ];
  }
  if (replicas === undefined || replicas === null) return [];
  return [
    `${labelOf(deployment)} has replicas ${shown(replicas)}: leave it to the HPA, whose minReplicas is the lever.`,
  ];
}
