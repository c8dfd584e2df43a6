import {
  clusterLimits,
  containersOf,
  cpuCores,
  isClusterTierStack,
  memoryGib,
  objectsOf,
  plannedUnits,
  readCountAt,
  valueIn,
} from "./kubernetes-reading.ts";
import { isUsd, labelOf, type Reading, TIER_NAMES, usdLimit } from "./reading.ts";
import { DEPLOYMENT, type Resource, type StackRule } from "./rule.ts";
import { isComingDown } from "./sums.ts";

interface RequestPrices {
  readonly usdPerCpuCoreHour: number;
  readonly usdPerMemoryGibHour: number;
}

/**
 * What the planned pods request, at the prices of a core and a GiB, stays under the cost per hour: a pod that was made
 * larger costs more although the plan counts as many units. Placeholders count; without prices nothing is judged.
 */
export const requestsCostMax: StackRule = {
  scope: "stack",
  name: "requests-cost-max",
  description: "What the planned pods request may not cost more per hour than the limit.",
  configSchema: {
    properties: {
      maxCostUsdPerHour: { type: "number", minimum: 0 },
      kubernetes: { type: ["object", "string"] },
    },
    required: ["maxCostUsdPerHour"],
  },
  judge(resources, config) {
    if (!isClusterTierStack(resources)) return [];
    const limits = clusterLimits(config);
    if ("problem" in limits) return [limits.problem];
    const prices = limits.value["requestPrices"];
    if (prices === "none") return [];
    if (!arePrices(prices))
      return ["The policy configuration has no prices of cpu and memory: set both, or none."];
    const limit = usdLimit(config, "maxCostUsdPerHour");
    if ("problem" in limit) return [limit.problem];
    const cost = costOf(resources, prices);
    if ("problem" in cost) return [cost.problem];
    if (cost.value <= limit.value * (1 + 1e-9) || isComingDown(resources)) return [];
    const usd = Math.round(cost.value * 1e6) / 1e6;
    return [
      `What the pods request would cost ${usd} USD per hour, at most ${limit.value} is allowed: ` +
        "lower requests or sizes, or raise policies.limits.maxCostUsdPerHour.",
    ];
  },
};

function costOf(resources: readonly Resource[], prices: RequestPrices): Reading<number> {
  let usdPerHour = 0;
  for (const tier of TIER_NAMES) {
    const units = plannedUnits(resources, tier);
    if ("problem" in units) return units;
    for (const deployment of objectsOf(resources, DEPLOYMENT, tier)) {
      const each = podUsdPerHour(deployment, prices);
      if ("problem" in each) return each;
      usdPerHour += units.value * each.value;
    }
  }
  const warm = placeholdersUsdPerHour(resources, prices);
  return "problem" in warm ? warm : { value: usdPerHour + warm.value };
}

function placeholdersUsdPerHour(resources: readonly Resource[], prices: RequestPrices): Reading<number> {
  let usdPerHour = 0;
  for (const placeholders of objectsOf(resources, DEPLOYMENT, "warm")) {
    const units = readCountAt(placeholders, "spec.replicas");
    const each = podUsdPerHour(placeholders, prices);
    if ("problem" in units) return units;
    if ("problem" in each) return each;
    usdPerHour += units.value * each.value;
  }
  return { value: usdPerHour };
}

function podUsdPerHour(deployment: Resource, prices: RequestPrices): Reading<number> {
  let usdPerHour = 0;
  for (const container of containersOf(deployment)) {
    const cores = cpuCores(valueIn(container, "resources.requests.cpu"));
    const gib = memoryGib(valueIn(container, "resources.requests.memory"));
    if (cores === undefined || gib === undefined) {
      return {
        problem: `What ${labelOf(deployment)} costs cannot be told: give requests of cpu and memory.`,
      };
    }
    usdPerHour += cores * prices.usdPerCpuCoreHour + gib * prices.usdPerMemoryGibHour;
  }
  return { value: usdPerHour };
}

function arePrices(value: unknown): value is RequestPrices {
  return isUsd(valueIn(value, "usdPerCpuCoreHour")) && isUsd(valueIn(value, "usdPerMemoryGibHour"));
}
