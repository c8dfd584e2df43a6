import { type TierUnits, totalUnits } from "../model/tier.ts";
import { readySlack } from "./grow-first.ts";
import { bind, type Draft, GIVES_WAY } from "./guardrails.ts";

/** Down to what each tier, and all of them together, may fall. */
export interface Keep {
  readonly totalUnits: number;
  readonly tiers: TierUnits;
}

/**
 * Scale down gradually: what is beyond `keep` goes, burst first, then predictive, then baseline (which only a
 * review lowers): what is least planned goes first. No tier gives up more than `maxStepDownUnits`, and units that
 * are ready only as far as those that remain ready are enough (see `readySlack`).
 */
export function release(
  draft: Draft,
  before: TierUnits,
  keep: Keep,
  ready: TierUnits,
  maxStepDownUnits: number,
): Draft {
  let released = draft;
  let open = totalUnits(draft.units) - keep.totalUnits;
  let slack = readySlack(ready, draft.units, keep.totalUnits);
  for (const tier of GIVES_WAY) {
    const size = released.units[tier];
    const asked = Math.max(0, Math.min(open, size - keep.tiers[tier]));
    const starting = Math.max(0, size - ready[tier]);
    const allowed = Math.min(asked, starting + slack);
    // What was already given up in this decision counts.
    const step = Math.max(0, maxStepDownUnits - Math.max(0, before[tier] - size));
    const given = Math.min(allowed, step);
    open -= given;
    slack -= Math.max(0, given - starting);
    released = { ...released, units: { ...released.units, [tier]: size - asked } };
    if (given < asked) {
      released = bind(released, tier, size - given, given < allowed ? "step-down" : "grow-first");
    }
  }
  return released;
}
