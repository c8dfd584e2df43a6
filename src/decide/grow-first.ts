import type { PlatformState } from "../model/platform.ts";
import { TIERS, type TierUnits } from "../model/tier.ts";
import { bind, type Draft } from "./guardrails.ts";

/** Ready units per tier, never more than are wanted; without a platform to ask, all of them count as ready. */
export function readyUnits(current: TierUnits, platform: PlatformState | null): TierUnits {
  if (platform === null) return current;
  const ready = (tier: (typeof TIERS)[number]) => Math.min(current[tier], platform.tiers[tier].readyUnits);
  return { baseline: ready("baseline"), predictive: ready("predictive"), burst: ready("burst") };
}

/**
 * Grow first, shrink last: when units move from one tier to another, the shrinking tier holds its ready units until
 * the grown ones are ready. Units still starting are released before ready ones, so only this is asked for: ready
 * units after the release are at least the smaller of those ready now and `keepUnits`.
 *
 *     tier         wanted   ready   asked   held at
 *     baseline          7       5       7         7   two are starting
 *     predictive        5       5       3         5   until they are ready; then 3
 */
export function growFirst(draft: Draft, before: TierUnits, ready: TierUnits, keepUnits: number): Draft {
  let readyNow = 0;
  let readyAfter = 0;
  for (const tier of TIERS) {
    readyNow += ready[tier];
    readyAfter += Math.min(ready[tier], draft.units[tier]);
  }
  let short = Math.min(readyNow, keepUnits) - readyAfter;
  let held = draft;
  for (const tier of TIERS) {
    const units = held.units[tier];
    // Never back above what there was: a hard limit that cut a tier stays.
    const restorable = Math.min(ready[tier], before[tier]) - units;
    const restored = Math.max(0, Math.min(short, restorable));
    if (restored > 0) held = bind(held, tier, units + restored, "grow-first");
    short -= restored;
  }
  return held;
}
