import { readTierName, readUnits, unitLimit } from "./reading.ts";
import { type ResourceRule, TIER } from "./rule.ts";

/** The baseline tier never falls below its floor: what is always on stays on. */
export const baselineMin: ResourceRule = {
  scope: "resource",
  name: "baseline-min",
  description: "The baseline tier may not be smaller than its floor.",
  types: [TIER],
  configSchema: {
    properties: { minBaselineUnits: { type: "integer", minimum: 0 } },
    required: ["minBaselineUnits"],
  },
  judge(resource, config) {
    const tier = readTierName(resource);
    if ("problem" in tier) return [tier.problem];
    const limit = unitLimit(config, "minBaselineUnits");
    if ("problem" in limit) return [limit.problem];
    if (tier.value !== "baseline") return [];
    const units = readUnits(resource, "units");
    if ("problem" in units) return [units.problem];
    if (units.value >= limit.value) return [];
    return [
      `Tier baseline asks for ${units.value} units, at least ${limit.value} are required: ` +
        "raise its size or lower policies.limits.minBaselineUnits.",
    ];
  },
};
