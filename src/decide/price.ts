import type { DecideSettings } from "../model/decide-input.ts";
import { TIERS, type TierUnits } from "../model/tier.ts";

/** Cost of `units` (without warm units), USD per hour, to a millionth: no noise of sums in records. */
export function unitsCostUsdPerHour(units: TierUnits, settings: DecideSettings): number {
  let cost = 0;
  for (const tier of TIERS) cost += units[tier] * settings.tiers[tier].priceUsdPerUnitHour;
  return Math.round(cost * 1e6) / 1e6;
}

/** How many whole units at `priceUsdPerHour` fit what is left of the cost cap beside `spentUsdPerHour`. */
export function affordableUnits(
  priceUsdPerHour: number,
  spentUsdPerHour: number,
  settings: DecideSettings,
): number {
  const leftUsdPerHour = settings.limits.maxCostUsdPerHour - spentUsdPerHour;
  if (priceUsdPerHour <= 0) return Number.MAX_SAFE_INTEGER;
  return Math.max(0, Math.floor(leftUsdPerHour / priceUsdPerHour + 1e-6));
}
