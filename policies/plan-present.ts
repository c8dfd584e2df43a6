import { labelOf, readKnown, readUnits, shown } from "./reading.ts";
import { PLAN, type Resource, type StackRule } from "./rule.ts";
import { isBaseStack } from "./sums.ts";

/** A tier stack carries the one plan it was made from: its generation fences stale plans, its id leads to the why. */
export const planPresent: StackRule = {
  scope: "stack",
  name: "plan-present",
  description: "A tier stack has exactly one Plan with a positive generation.",
  configSchema: { properties: {} },
  judge(resources) {
    if (isBaseStack(resources)) return [];
    const plans = resources.filter((resource) => resource.type === PLAN);
    if (plans.length !== 1) {
      return [
        `The stack has ${plans.length} Plans, exactly 1 is required: add the plan the tiers were made from.`,
      ];
    }
    return plans.flatMap(judgePlan);
  },
};

function judgePlan(plan: Resource): readonly string[] {
  const found: string[] = [];
  const generation = readUnits(plan, "planGeneration");
  if ("problem" in generation) found.push(generation.problem);
  else if (generation.value < 1) {
    found.push(
      `${labelOf(plan)} has generation ${generation.value}, at least 1 is required: number plans from 1.`,
    );
  }
  const observed = readUnits(plan, "observedUnits");
  if ("problem" in observed) found.push(observed.problem);
  const decisionId = readKnown(plan, "decisionId");
  if ("problem" in decisionId) found.push(decisionId.problem);
  else if (typeof decisionId.value !== "string" || decisionId.value === "") {
    found.push(
      `${labelOf(plan)} has decisionId ${shown(decisionId.value)}: name the decision it was made from.`,
    );
  }
  return found;
}
