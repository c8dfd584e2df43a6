import type { DecideSettings } from "../model/decide-input.ts";
import type { TierUnits } from "../model/tier.ts";
import { NO_UNITS, totalUnits } from "../model/tier.ts";
import { bind, type Draft, GIVES_WAY } from "./guardrails.ts";

/** Down to what each tier, and all of them together, may fall. */
export interface Keep {
  readonly totalUnits: number;
  readonly tiers: TierUnits;
}

/**
 * Units beyond `keep` that each tier could give up, burst first, then predictive, then baseline (which only a
 * review lowers): what is least planned goes first.
 */
export function surplusUnits(units: TierUnits, keep: Keep): TierUnits {
  let open = totalUnits(units) - keep.totalUnits;
  let surplus: TierUnits = NO_UNITS;
  for (const tier of GIVES_WAY) {
    const given = Math.max(0, Math.min(open, units[tier] - keep.tiers[tier]));
    surplus = { ...surplus, [tier]: given };
    open -= given;
  }
  return surplus;
}

/** Scale down gradually: each tier gives up its surplus, at most `maxStepDownUnits` in one update. */
export function release(draft: Draft, surplus: TierUnits, settings: DecideSettings): Draft {
  const { maxStepDownUnits } = settings.limits;
  let released = draft;
  for (const tier of GIVES_WAY) {
    const size = released.units[tier];
    const asked = size - surplus[tier];
    released = { ...released, units: { ...released.units, [tier]: asked } };
    if (surplus[tier] > maxStepDownUnits)
      released = bind(released, tier, size - maxStepDownUnits, "step-down");
  }
  return released;
}
