import { readTierName, TIER_NAMES } from "./reading.ts";
import type { StackRule } from "./rule.ts";
import { isBaseStack, tiersOf } from "./sums.ts";

/**
 * Exactly one resource for each tier: none removed, none twice. A tier of no units is a resource with 0 units,
 * never a missing one, so that a program that lost a tier is told apart from a plan that wants it empty.
 */
export const tiersPresent: StackRule = {
  scope: "stack",
  name: "tiers-present",
  description: "A tier stack has exactly one resource for each tier.",
  configSchema: { properties: {} },
  judge(resources) {
    if (isBaseStack(resources)) return [];
    const found: string[] = [];
    const names: string[] = [];
    for (const resource of tiersOf(resources)) {
      const tier = readTierName(resource);
      if ("problem" in tier) found.push(tier.problem);
      else names.push(tier.value);
    }
    for (const tier of TIER_NAMES) {
      const count = names.filter((name) => name === tier).length;
      if (count === 1) continue;
      found.push(
        `The stack has ${count} resources for tier ${tier}, exactly 1 is required: ` +
          "keep one and set its units to 0 when the tier is to be empty.",
      );
    }
    return found;
  },
};
