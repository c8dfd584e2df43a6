import { readTierName, readUnits, type TierName, unitLimit } from "./reading.ts";
import { type ResourceRule, TIER } from "./rule.ts";
import { isLowered } from "./sums.ts";

const LIMIT_KEYS: Readonly<Record<TierName, string>> = {
  baseline: "maxBaselineUnits",
  predictive: "maxPredictiveUnits",
  burst: "maxBurstUnits",
};

/** No tier is larger than its own limit, or grows beyond it. Binds even what demand needs right now. */
export const tierUnitsMax: ResourceRule = {
  scope: "resource",
  name: "tier-units-max",
  description: "A tier may not be larger than its limit.",
  types: [TIER],
  configSchema: {
    properties: {
      maxBaselineUnits: { type: "integer", minimum: 0 },
      maxPredictiveUnits: { type: "integer", minimum: 0 },
      maxBurstUnits: { type: "integer", minimum: 0 },
    },
    required: ["maxBaselineUnits", "maxPredictiveUnits", "maxBurstUnits"],
  },
  judge(resource, config) {
    const tier = readTierName(resource);
    const units = readUnits(resource, "units");
    if ("problem" in tier) return "problem" in units ? [tier.problem, units.problem] : [tier.problem];
    if ("problem" in units) return [units.problem];
    const key = LIMIT_KEYS[tier.value];
    const limit = unitLimit(config, key);
    if ("problem" in limit) return [limit.problem];
    if (units.value <= limit.value || isLowered(resource)) return [];
    return [
      `Tier ${tier.value} asks for ${units.value} units, at most ${limit.value} are allowed: ` +
        `lower its size or raise policies.limits.${key}.`,
    ];
  },
};
