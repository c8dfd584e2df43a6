import { labelOf, readUnits, readUnitsBefore, unitLimit } from "./reading.ts";
import { type ResourceRule, TIER } from "./rule.ts";

/** A tier shrinks gradually. Judged per resource, so that an update is stopped before the tier is touched. */
export const stepDownMax: ResourceRule = {
  scope: "resource",
  name: "step-down-max",
  description: "A tier may shrink by a bounded step per update.",
  types: [TIER],
  configSchema: {
    properties: { maxStepDownUnits: { type: "integer", minimum: 0 } },
    required: ["maxStepDownUnits"],
  },
  judge(resource, config) {
    const units = readUnits(resource, "units");
    if ("problem" in units) return [units.problem];
    const before = readUnitsBefore(resource);
    if ("problem" in before) return [before.problem];
    const limit = unitLimit(config, "maxStepDownUnits");
    if ("problem" in limit) return [limit.problem];
    const shrinkUnits = (before.value ?? units.value) - units.value;
    if (shrinkUnits <= limit.value) return [];
    return [
      `${labelOf(resource)} shrinks by ${shrinkUnits} units in one update (${before.value} to ${units.value}), ` +
        `at most ${limit.value} are allowed: take smaller steps or raise policies.limits.maxStepDownUnits.`,
    ];
  },
};
