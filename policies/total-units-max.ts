import { unitLimit } from "./reading.ts";
import type { StackRule } from "./rule.ts";
import { isBaseStack, isComingDown, sumTiers } from "./sums.ts";

/**
 * The three tiers together stay under one limit; warm units are counted beside them, by their own limit. Sizes that
 * are above it already, by another hand or an older limit, may come down to it in steps.
 */
export const totalUnitsMax: StackRule = {
  scope: "stack",
  name: "total-units-max",
  description: "All tiers together may not be larger than the total limit.",
  configSchema: {
    properties: { maxTotalUnits: { type: "integer", minimum: 0 } },
    required: ["maxTotalUnits"],
  },
  judge(resources, config) {
    if (isBaseStack(resources)) return [];
    const limit = unitLimit(config, "maxTotalUnits");
    if ("problem" in limit) return [limit.problem];
    const sum = sumTiers(resources);
    if (sum.totalUnits <= limit.value || isComingDown(resources)) return sum.problems;
    return [
      ...sum.problems,
      `The tiers ask for ${sum.totalUnits} units in total, at most ${limit.value} are allowed: ` +
        "lower a tier's size or raise policies.limits.maxTotalUnits.",
    ];
  },
};
