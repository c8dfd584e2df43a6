import { readTierName, readUnits, readUnitsBefore, type TierName } from "./reading.ts";
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

/**
 * No tier grows and at least one shrinks: whatever limit such a plan is still above, it is nearer to it than before.
 * Without this a stack that another hand made too large could never come down in the steps that are allowed.
 */
export function isComingDown(resources: readonly Resource[]): boolean {
  const tiers = tiersOf(resources);
  return tiers.some(isLowered) && tiers.every((tier) => isLowered(tier) || isUnchanged(tier));
}

/** The tier has fewer units than the engine's state held. */
export function isLowered(tier: Resource): boolean {
  const change = unitsChange(tier);
  return change !== undefined && change < 0;
}

function isUnchanged(tier: Resource): boolean {
  return unitsChange(tier) === 0;
}

/** Undefined when it cannot be read, or the tier is new: then nothing is known to come down. */
function unitsChange(tier: Resource): number | undefined {
  const units = readUnits(tier, "units");
  const before = readUnitsBefore(tier);
  if ("problem" in units || "problem" in before || before.value === null) return undefined;
  return units.value - before.value;
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
