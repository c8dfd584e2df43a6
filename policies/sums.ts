import { readTierName, readUnits, type TierName } from "./reading.ts";
import { PLAN, PLATFORM, type Resource, TIER, WARM_KIND, WARM_POOL } from "./rule.ts";

/** Units per tier of a stack, several resources of one tier added up, and what could not be read. */
export interface TierSum {
  readonly units: Readonly<Record<TierName, number>>;
  readonly totalUnits: number;
  readonly problems: readonly string[];
}

export function tiersOf(resources: readonly Resource[]): readonly Resource[] {
  return resources.filter((resource) => resource.type === TIER);
}

/**
 * The base stack has no tiers and needs none: it is known by its Platform. Any trace of a plan (a tier, a warm
 * pool, a Plan) makes a stack a tier stack, whose tiers must be there.
 */
export function isBaseStack(resources: readonly Resource[]): boolean {
  const planned = resources.some(({ type }) => [TIER, WARM_POOL, WARM_KIND, PLAN].includes(type));
  return !planned && resources.some(({ type }) => type === PLATFORM);
}

export function sumTiers(resources: readonly Resource[]): TierSum {
  const units: Record<TierName, number> = { baseline: 0, predictive: 0, burst: 0 };
  const problems: string[] = [];
  for (const resource of tiersOf(resources)) {
    const tier = readTierName(resource);
    const size = readUnits(resource, "units");
    if ("problem" in tier) problems.push(tier.problem);
    if ("problem" in size) problems.push(size.problem);
    if ("value" in tier && "value" in size) units[tier.value] += size.value;
  }
  return { units, totalUnits: units.baseline + units.predictive + units.burst, problems };
}
