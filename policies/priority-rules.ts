import { tierLabelOf, valueAt } from "./kubernetes-reading.ts";
import { labelOf, shown, TIER_NAMES } from "./reading.ts";
import { DEPLOYMENT, PRIORITY_CLASS, type Resource, type StackRule } from "./rule.ts";
import { isBaseStack } from "./sums.ts";

const ORDER = [...TIER_NAMES, "warm"] as const;

/**
 * Baseline evicts predictive, predictive evicts burst, and every unit evicts placeholders, never the other way: in the
 * base stack the values fall in that order, in the tier stack each Deployment has the class of its own tier.
 */
export const priorityRules: StackRule = {
  scope: "stack",
  name: "priority-rules",
  description: "Priorities fall from baseline over predictive and burst to placeholders.",
  configSchema: { properties: {} },
  judge(resources) {
    if (isBaseStack(resources)) return judgeClasses(resources);
    return resources.filter(({ type }) => type === DEPLOYMENT).flatMap(judgeDeployment);
  },
};

function judgeClasses(resources: readonly Resource[]): readonly string[] {
  const classes = resources.filter(({ type }) => type === PRIORITY_CLASS);
  if (classes.length === 0) return [];
  const found: string[] = [];
  let above = Number.POSITIVE_INFINITY;
  for (const tier of ORDER) {
    const [own, ...more] = classes.filter((each) => tierLabelOf(each) === tier);
    const value = own === undefined ? undefined : valueAt(own, "value");
    if (typeof value !== "number" || more.length > 0) {
      found.push(`The priority of ${tier} cannot be told: keep one PriorityClass with a value for it.`);
      continue;
    }
    if (value >= above)
      found.push(`Priority ${value} of ${tier} is not below ${above}, the tier's before it: lower it.`);
    above = value;
  }
  return found;
}

function judgeDeployment(deployment: Resource): readonly string[] {
  const tier = ORDER.find((each) => each === tierLabelOf(deployment));
  // Without a tier another rule speaks.
  if (tier === undefined) return [];
  const name = valueAt(deployment, "spec.template.spec.priorityClassName");
  if (typeof name === "string" && name.endsWith(`-${tier}`)) return [];
  return [`${labelOf(deployment)} has priority class ${shown(name)}: give it the class of tier ${tier}.`];
}
