import type { DecideInput } from "../model/decide-input.ts";
import { type Sizes, totalUnits } from "../model/tier.ts";
import { HOUR_MS } from "../model/time.ts";
import { GIVES_WAY } from "./guardrails.ts";
import { unitsCostUsdPerHour } from "./price.ts";

/** True when the updates of the last hour used up the budget. The reactive floor is not bound by it. */
export function isUpdateBudgetSpent(input: DecideInput): boolean {
  const sinceMs = input.nowMs - HOUR_MS;
  const recent = input.appliedAtMs.filter((atMs) => atMs > sinceMs && atMs <= input.nowMs);
  return recent.length >= input.settings.limits.maxUpdatesPerHour;
}

/**
 * Whether a smaller total saves enough to be worth an update: the price of the units given up, in the order in which
 * tiers give way. Judged on where the sizes will settle, not on the first bounded step towards it; growth is always
 * worth an update.
 */
export function isShrinkWorthwhile(input: DecideInput, settledTotalUnits: number): boolean {
  const { units } = input.current;
  const { tiers, sizing } = input.settings;
  let open = totalUnits(units) - settledTotalUnits;
  let savingUsdPerHour = 0;
  for (const tier of GIVES_WAY) {
    const given = Math.max(0, Math.min(open, units[tier]));
    savingUsdPerHour += given * tiers[tier].priceUsdPerUnitHour;
    open -= given;
  }
  return savingUsdPerHour >= sizing.minSavingUsdPerHour - 1e-9;
}

/** Cost of all sizes, warm units included, USD per hour, to a millionth. */
export function costUsdPerHour(input: DecideInput, sizes: Sizes): number {
  const { settings } = input;
  const warm = sizes.warmUnits * settings.warm.priceUsdPerUnitHour;
  return Math.round((unitsCostUsdPerHour(sizes.units, settings) + warm) * 1e6) / 1e6;
}
