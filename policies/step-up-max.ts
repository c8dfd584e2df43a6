import { labelOf, type Reading, readUnits, readUnitsBefore, unitLimit } from "./reading.ts";
import { PLAN, type Resource, type StackRule } from "./rule.ts";
import { isBaseStack, sumTiers, tiersOf } from "./sums.ts";

/**
 * A tier grows by a bounded step per update, except as far as demand observed now needs it: a larger step is
 * allowed while all tiers together stay at or below the units that demand needs (`observedUnits` of the Plan).
 *
 * With a limit of 4:
 *
 *     burst before → after   total after   observedUnits   verdict
 *                   0 →  4            14               8   passes: within the step
 *                   0 → 10            16              16   passes: all of it serves demand that is here
 *                   0 → 10            16              12   fails: 4 units are for nobody yet
 *
 * A tier that is created has no size before: its first size is bound by the other limits only.
 */
export const stepUpMax: StackRule = {
  scope: "stack",
  name: "step-up-max",
  description: "A tier may grow by a bounded step per update, except to serve demand observed now.",
  configSchema: {
    properties: { maxStepUpUnits: { type: "integer", minimum: 0 } },
    required: ["maxStepUpUnits"],
  },
  judge(resources, config) {
    if (isBaseStack(resources)) return [];
    const limit = unitLimit(config, "maxStepUpUnits");
    if ("problem" in limit) return [limit.problem];
    const sum = sumTiers(resources);
    const found: string[] = [...sum.problems];
    for (const tier of tiersOf(resources)) {
      const growth = growthOf(tier);
      if ("problem" in growth) {
        if (!found.includes(growth.problem)) found.push(growth.problem);
      } else if (growth.value > limit.value) {
        found.push(...judgeLargeStep(tier, growth.value, limit.value, sum.totalUnits, resources));
      }
    }
    return found;
  },
};

function growthOf(tier: Resource): Reading<number> {
  const units = readUnits(tier, "units");
  if ("problem" in units) return units;
  const before = readUnitsBefore(tier);
  if ("problem" in before) return before;
  return { value: before.value === null ? 0 : units.value - before.value };
}

function judgeLargeStep(
  tier: Resource,
  growthUnits: number,
  limitUnits: number,
  totalUnits: number,
  resources: readonly Resource[],
): readonly string[] {
  const observed = observedUnits(resources);
  if ("problem" in observed) return [observed.problem];
  if (totalUnits <= observed.value) return [];
  return [
    `${labelOf(tier)} grows by ${growthUnits} units in one update, at most ${limitUnits} are allowed ` +
      `(demand observed now needs ${observed.value} units, the tiers would have ${totalUnits}): ` +
      "take smaller steps or raise policies.limits.maxStepUpUnits.",
  ];
}

function observedUnits(resources: readonly Resource[]): Reading<number> {
  const plans = resources.filter((resource) => resource.type === PLAN);
  const [plan] = plans;
  if (plan === undefined || plans.length > 1) {
    return {
      problem: `The stack has ${plans.length} Plans, so a larger step cannot be checked: keep exactly 1.`,
    };
  }
  return readUnits(plan, "observedUnits");
}
