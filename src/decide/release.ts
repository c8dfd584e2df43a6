import { TIERS, type TierUnits, totalUnits } from "../model/tier.ts";
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
 * are ready only as far as those that remain ready are enough (see `readySlack`). Where other tiers grow in the same
 * update it may be cut off before they do: then nothing is given up that would leave fewer units than there are and
 * are needed.
 *
 *     needed 20   before   grown   may go
 *     baseline         4       6        -
 *     predictive       1      10        -
 *     burst            7       7        0   without the growth 4 + 1 + 7 = 12 are left: none to spare
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
  let spare = spareWithoutGrowth(before, draft.units, keep.totalUnits);
  for (const tier of GIVES_WAY) {
    const size = released.units[tier];
    const asked = Math.max(0, Math.min(open, size - keep.tiers[tier]));
    const starting = Math.max(0, size - ready[tier]);
    const allowed = Math.min(asked, starting + slack, spare);
    // What was already given up in this decision counts.
    const step = Math.max(0, maxStepDownUnits - Math.max(0, before[tier] - size));
    const given = Math.min(allowed, step);
    open -= given;
    spare -= given;
    slack -= Math.max(0, given - starting);
    released = { ...released, units: { ...released.units, [tier]: size - asked } };
    if (given < asked) {
      released = bind(released, tier, size - given, given < allowed ? "step-down" : "grow-first");
    }
  }
  return released;
}

/** Units beyond what is needed, or beyond what there are, if the update ends before any tier has grown. */
function spareWithoutGrowth(before: TierUnits, grown: TierUnits, neededUnits: number): number {
  let left = 0;
  for (const tier of TIERS) left += Math.min(before[tier], grown[tier]);
  return Math.max(0, left - Math.min(totalUnits(before), neededUnits));
}
