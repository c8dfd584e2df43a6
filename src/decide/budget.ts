import type { DecideInput } from "../model/decide-input.ts";
import { type Sizes, TIERS } from "../model/tier.ts";
import { HOUR_MS } from "../model/time.ts";
import { unitsCostUsdPerHour } from "./price.ts";

/** True when the updates of the last hour used up the budget. The reactive floor is not bound by it. */
export function isUpdateBudgetSpent(input: DecideInput): boolean {
  const sinceMs = input.nowMs - HOUR_MS;
  const recent = input.appliedAtMs.filter((atMs) => atMs > sinceMs && atMs <= input.nowMs);
  return recent.length >= input.settings.limits.maxUpdatesPerHour;
}

/**
 * Whether giving up units saves enough to be worth an update. Judged on the whole surplus, not on the first bounded
 * step of it. Anything that grows is always worth one, and so is a warm pool that shrinks: it expired.
 */
export function isShrinkWorthwhile(input: DecideInput, before: Sizes, surplusRemoved: Sizes): boolean {
  if (TIERS.some((tier) => surplusRemoved.units[tier] > before.units[tier])) return true;
  if (surplusRemoved.warmUnits !== before.warmUnits) return true;
  const saving = costUsdPerHour(input, before) - costUsdPerHour(input, surplusRemoved);
  return saving >= input.settings.sizing.minSavingUsdPerHour - 1e-9;
}

/** Cost of all sizes, warm units included, USD per hour, to a millionth. */
export function costUsdPerHour(input: DecideInput, sizes: Sizes): number {
  const { settings } = input;
  const warm = sizes.warmUnits * settings.warm.priceUsdPerUnitHour;
  return Math.round((unitsCostUsdPerHour(sizes.units, settings) + warm) * 1e6) / 1e6;
}
