import { readUnits, unitLimit } from "./reading.ts";
import { type ResourceRule, WARM_POOL } from "./rule.ts";

/** The warm pool is capped: idle units cost money for as long as nobody needs them. */
export const warmUnitsMax: ResourceRule = {
  scope: "resource",
  name: "warm-units-max",
  description: "The warm pool may not be larger than its limit.",
  types: [WARM_POOL],
  configSchema: {
    properties: { maxWarmUnits: { type: "integer", minimum: 0 } },
    required: ["maxWarmUnits"],
  },
  judge(resource, config) {
    const units = readUnits(resource, "units");
    if ("problem" in units) return [units.problem];
    const limit = unitLimit(config, "maxWarmUnits");
    if ("problem" in limit) return [limit.problem];
    if (units.value <= limit.value) return [];
    return [
      `The warm pool asks for ${units.value} units, at most ${limit.value} are allowed: ` +
        "lower its size or raise policies.limits.maxWarmUnits.",
    ];
  },
};
