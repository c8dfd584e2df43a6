import { readUnits, readUnitsBefore, unitLimit } from "./reading.ts";
import { type PolicyConfiguration, type Resource, type StackRule, WARM_POOL } from "./rule.ts";
import { isBaseStack, sumTiers, tiersOf } from "./sums.ts";

/**
 * A service that shares an account stays within what it was granted of it, warm units included. On its way down to a
 * grant that fell, in steps, it may still be above: then no tier grows and no unit is kept warm.
 *
 * With a grant of 10:
 *
 *     total before → after   warm   verdict
 *                  8 →  10      0   passes: within the grant
 *                  8 →   9      2   fails: 11 in all
 *                 16 →  13      0   passes: on the way down
 *                 16 →  16      0   fails when a tier grew for another one
 */
export const accountShareMax: StackRule = {
  scope: "stack",
  name: "account-share-max",
  description: "A service that shares an account may not use more than it was granted.",
  configSchema: {
    properties: { accountShareUnits: { type: ["integer", "string"] } },
    required: ["accountShareUnits"],
  },
  judge(resources, config) {
    if (isBaseStack(resources) || config["accountShareUnits"] === "none") return [];
    return judgeShare(resources, config);
  },
};

function judgeShare(resources: readonly Resource[], config: PolicyConfiguration): readonly string[] {
  const granted = unitLimit(config, "accountShareUnits");
  if ("problem" in granted) {
    return [
      "The plan brings no number of units granted of the account it shares: plan with a configuration that shares it.",
    ];
  }
  const sum = sumTiers(resources);
  const problems = [...sum.problems];
  let warmUnits = 0;
  for (const pool of resources.filter(({ type }) => type === WARM_POOL)) {
    const units = readUnits(pool, "units");
    if ("problem" in units) problems.push(units.problem);
    else warmUnits += units.value;
  }
  const asked = sum.totalUnits + warmUnits;
  if (asked <= granted.value || problems.length > 0) return problems;
  const growing = tiersOf(resources).flatMap(grows);
  if (growing.length === 0 && warmUnits === 0) return problems;
  return [
    `Tiers and warm pool ask for ${asked} units, ${granted.value} were granted of the account` +
      `${growing.length === 0 ? "" : ` (${growing.join(", ")})`}: lower them, or raise the budget or the weight.`,
  ];
}

/** `burst grows by 2`, or why that cannot be told; empty for a tier that does not grow. */
function grows(tier: Resource): readonly string[] {
  const units = readUnits(tier, "units");
  const before = readUnitsBefore(tier);
  if ("problem" in units) return [units.problem];
  if ("problem" in before) return [before.problem];
  const growth = units.value - (before.value ?? 0);
  return growth > 0 ? [`${tier.name} grows by ${growth}`] : [];
}
