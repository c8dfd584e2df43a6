import { kindLimit, labelOf, readKindName, readUnits } from "./reading.ts";
import { type ResourceRule, WARM_KIND } from "./rule.ts";

/** Warm pieces of other kinds are capped, each kind by its own limit; a kind without one is not allowed at all. */
export const warmKindsMax: ResourceRule = {
  scope: "resource",
  name: "warm-kinds-max",
  description: "Warm pieces of a kind (open connections) may not be more than the kind's limit.",
  types: [WARM_KIND],
  configSchema: { properties: { warmKinds: { type: "object" } } },
  judge(resource, config) {
    const name = readKindName(resource);
    if ("problem" in name) return [name.problem];
    const count = readUnits(resource, "count");
    if ("problem" in count) return [count.problem];
    const least = readUnits(resource, "minCount");
    if ("problem" in least) return [least.problem];
    const limit = kindLimit(config, name.value, "maxCount");
    if ("problem" in limit) return [limit.problem];
    const asked = Math.max(count.value, least.value);
    if (asked <= limit.value) return [];
    return [
      `${labelOf(resource)} asks for ${asked} warm ${name.value}, at most ${limit.value} are allowed: ` +
        `lower its count or raise policies.limits.warmKinds.${name.value}.maxCount.`,
    ];
  },
};
