import type { PlatformState } from "../model/platform.ts";
import { TIERS, type TierUnits } from "../model/tier.ts";

/** Ready units per tier, never more than are wanted; without a platform to ask, all of them count as ready. */
export function readyUnits(current: TierUnits, platform: PlatformState | null): TierUnits {
  if (platform === null) return current;
  const ready = (tier: (typeof TIERS)[number]) => Math.min(current[tier], platform.tiers[tier].readyUnits);
  return { baseline: ready("baseline"), predictive: ready("predictive"), burst: ready("burst") };
}

/**
 * Ready units that may be released. Grow first, shrink last: when units move from one tier to another, the
 * shrinking tier holds its ready units until the grown ones are ready, so that ready capacity never dips below what
 * is needed. Units still starting are released before ready ones, and freely.
 *
 *     needed 10     wanted   ready   may go
 *     baseline           7       5        -   two are starting
 *     predictive         5       5        0   10 - 10: holds; 2 once baseline has 7 ready
 */
export function readySlack(ready: TierUnits, units: TierUnits, neededUnits: number): number {
  let readyCount = 0;
  for (const tier of TIERS) readyCount += Math.min(ready[tier], units[tier]);
  return Math.max(0, readyCount - neededUnits);
}
