import { isAdopted, isClusterTierStack, objectsOf } from "./kubernetes-reading.ts";
import { TIER_NAMES } from "./reading.ts";
import { DEPLOYMENT, HPA, HPA_PATCH, type StackRule } from "./rule.ts";

/** No update takes a tier away: baseline, above all, has its Deployment and its HPA in every plan. */
export const tierObjectsKept: StackRule = {
  scope: "stack",
  name: "tier-objects-kept",
  description: "Each tier has exactly one Deployment and one HPA; an adopted service one HPA.",
  configSchema: { properties: {} },
  judge(resources) {
    if (!isClusterTierStack(resources)) return [];
    if (isAdopted(resources)) {
      const count = resources.filter(({ type }) => type === HPA_PATCH).length;
      return count === 1 ? [] : [`The stack holds ${count} adopted HPAs, exactly 1 is required.`];
    }
    return TIER_NAMES.flatMap((tier) =>
      [DEPLOYMENT, HPA].flatMap((type) => {
        const count = objectsOf(resources, type, tier).length;
        if (count === 1) return [];
        const kind = type.split(":").at(-1);
        return [`The stack has ${count} ${kind}s for tier ${tier}, exactly 1 is required: keep one.`];
      }),
    );
  },
};
