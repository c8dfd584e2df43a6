import {
  clusterLimits,
  isAdopted,
  isClusterTierStack,
  objectsOf,
  plannedUnits,
  readCountAt,
} from "./kubernetes-reading.ts";
import { labelOf, TIER_NAMES, type TierName, unitLimit } from "./reading.ts";
import { HPA, type PolicyConfiguration, type Resource, type StackRule } from "./rule.ts";
import { isComingDown } from "./sums.ts";

/**
 * The bounds of the HPAs say what the plan says: `minReplicas` is the planned size (1 for an empty tier, whose
 * Deployment is at 0), baseline does not move, no top is above the tier's `maxReplicas`, and all tops together, what
 * the HPAs could reach with nobody looking, stay within `maxTotalUnits`.
 */
export const hpaBounds: StackRule = {
  scope: "stack",
  name: "hpa-bounds",
  description: "HPA bounds are the planned sizes, and their tops stay within the limits.",
  configSchema: {
    properties: {
      maxTotalUnits: { type: "integer", minimum: 0 },
      kubernetes: { type: ["object", "string"] },
    },
    required: ["maxTotalUnits"],
  },
  judge(resources, config) {
    if (!isClusterTierStack(resources) || isAdopted(resources)) return [];
    const total = unitLimit(config, "maxTotalUnits");
    if ("problem" in total) return [total.problem];
    const found: string[] = [];
    let topUnits = 0;
    for (const tier of TIER_NAMES) {
      const judged = judgeTier(resources, config, tier);
      found.push(...judged.problems);
      topUnits += judged.topUnits;
    }
    if (topUnits <= total.value || isComingDown(resources)) return found;
    const asked = `The HPAs could reach ${topUnits} pods together, at most ${total.value} are allowed`;
    return [...found, `${asked}: lower maxReplicas or raise policies.limits.maxTotalUnits.`];
  },
};

function judgeTier(resources: readonly Resource[], config: PolicyConfiguration, tier: TierName) {
  const [hpa, ...more] = objectsOf(resources, HPA, tier);
  if (hpa === undefined || more.length > 0) {
    const count = hpa === undefined ? 0 : 1 + more.length;
    return {
      topUnits: 0,
      problems: [`The stack has ${count} HPAs for tier ${tier}, exactly 1 is required.`],
    };
  }
  const planned = plannedUnits(resources, tier);
  const least = readCountAt(hpa, "spec.minReplicas");
  const most = readCountAt(hpa, "spec.maxReplicas");
  const limit = topLimit(config, tier);
  for (const reading of [planned, least, most, limit]) {
    if ("problem" in reading) return { topUnits: 0, problems: [reading.problem] };
  }
  if (!("value" in planned && "value" in least && "value" in most && "value" in limit)) {
    return { topUnits: 0, problems: [] };
  }
  const bounds = { units: planned.value, least: least.value, most: most.value, limit: limit.value };
  return { topUnits: planned.value === 0 ? 0 : most.value, problems: judgeBounds(hpa, tier, bounds) };
}

interface Bounds {
  readonly units: number;
  readonly least: number;
  readonly most: number;
  readonly limit: number;
}

function judgeBounds(
  hpa: Resource,
  tier: TierName,
  { units, least, most, limit }: Bounds,
): readonly string[] {
  const wanted = Math.max(1, units);
  const problems: string[] = [];
  if (least !== wanted) {
    problems.push(
      `${labelOf(hpa)} has minReplicas ${least}, the plan has ${units} units: make it ${wanted}.`,
    );
  }
  if (most < least) problems.push(`${labelOf(hpa)} has maxReplicas ${most} below its minReplicas.`);
  if (tier === "baseline" && most !== least) {
    problems.push(`${labelOf(hpa)} may move from ${least} to ${most}: baseline's bounds are equal.`);
  }
  if (most > Math.max(limit, wanted)) {
    problems.push(
      `${labelOf(hpa)} has maxReplicas ${most}, at most ${limit} are allowed: ` +
        `lower it or raise platform.tiers.${tier}.maxReplicas.`,
    );
  }
  return problems;
}

function topLimit(config: PolicyConfiguration, tier: TierName) {
  const limits = clusterLimits(config);
  if ("problem" in limits) return limits;
  const tops = limits.value["maxReplicas"];
  return unitLimit((tops ?? {}) as PolicyConfiguration, tier);
}
