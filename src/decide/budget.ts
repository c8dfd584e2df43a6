import type { DecideInput, DecideSettings } from "../model/decide-input.ts";
import { leadTimeMs } from "../model/lead-time.ts";
import { type Sizes, type TierUnits, totalUnits } from "../model/tier.ts";
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
 * Whether a smaller total saves enough to be worth an update: `minSavingUsdPerHour`, and within the window the price of
 * the update. Judged on where the sizes will settle, not on the first bounded step towards it.
 */
export function isShrinkWorthwhile(input: DecideInput, settledTotalUnits: number): boolean {
  const { settings, current, leadTimesMs } = input;
  const { minSavingUsdPerHour, updateCostUsd = 0 } = settings.sizing;
  const savingUsdPerHour = -extraCostUsdPerHour(current.units, settledTotalUnits, settings);
  const windowMs = leadTimeMs(leadTimesMs, settings.leadTime) + settings.cycleMs;
  const savingUsd = (savingUsdPerHour * windowMs) / HOUR_MS;
  return savingUsdPerHour >= minSavingUsdPerHour - 1e-9 && savingUsd >= updateCostUsd - 1e-12;
}

/**
 * Price of `units` in total against that of `from`: fewer are given up burst first, then predictive, then baseline;
 * more are predictive ones.
 */
export function extraCostUsdPerHour(from: TierUnits, units: number, { tiers }: DecideSettings): number {
  let fewer = totalUnits(from) - units;
  if (fewer <= 0) return -fewer * tiers.predictive.priceUsdPerUnitHour;
  let saved = 0;
  for (const tier of GIVES_WAY) {
    const given = Math.min(fewer, from[tier]);
    saved += given * tiers[tier].priceUsdPerUnitHour;
    fewer -= given;
  }
  return -saved;
}

/** Cost of all sizes, warm units included, USD per hour, to a millionth. */
export function costUsdPerHour(input: DecideInput, sizes: Sizes): number {
  const { settings } = input;
  const warm = sizes.warmUnits * settings.warm.priceUsdPerUnitHour;
  return Math.round((unitsCostUsdPerHour(sizes.units, settings) + warm) * 1e6) / 1e6;
}
