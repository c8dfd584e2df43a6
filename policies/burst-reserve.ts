import { unitLimit } from "./reading.ts";
import type { StackRule } from "./rule.ts";
import { isBaseStack, isComingDown, sumTiers } from "./sums.ts";

/**
 * Planned capacity leaves room for the unplanned: baseline + predictive <= total limit - reserve. With a total
 * of 40 and a reserve of 8, baseline and predictive share 32 units and burst can always get 8.
 */
export const burstReserve: StackRule = {
  scope: "stack",
  name: "burst-reserve",
  description: "Baseline and predictive together must leave the burst reserve free.",
  configSchema: {
    properties: {
      maxTotalUnits: { type: "integer", minimum: 0 },
      burstReserveUnits: { type: "integer", minimum: 0 },
    },
    required: ["maxTotalUnits", "burstReserveUnits"],
  },
  judge(resources, config) {
    if (isBaseStack(resources)) return [];
    const total = unitLimit(config, "maxTotalUnits");
    if ("problem" in total) return [total.problem];
    const reserve = unitLimit(config, "burstReserveUnits");
    if ("problem" in reserve) return [reserve.problem];
    const sum = sumTiers(resources);
    const plannedUnits = sum.units.baseline + sum.units.predictive;
    const roomUnits = total.value - reserve.value;
    if (plannedUnits <= roomUnits || isComingDown(resources)) return sum.problems;
    return [
      ...sum.problems,
      `Baseline and predictive ask for ${plannedUnits} units, at most ${roomUnits} leave the burst reserve of ` +
        `${reserve.value} free: lower them or policies.limits.burstReserveUnits.`,
    ];
  },
};
