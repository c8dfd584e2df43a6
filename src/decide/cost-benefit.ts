import type { DecideSettings } from "../model/decide-input.ts";
import { totalUnits } from "../model/tier.ts";
import { HOUR_MS } from "../model/time.ts";
import { expectedShortUnits } from "./expected-short.ts";
import type { Facts } from "./facts.ts";

/**
 * Cost of one unit missing for an hour: c_under, and the price that was not paid for it, which is no saving where the
 * unit was needed. With it, the size of least expected cost (price x units + this x units short) is the newsvendor's
 * N(q*): one more unit pays while P(short) > price / (c_under + price) = 1 - q*.
 */
export function missingUsdPerUnitHour({ sizing, tiers }: DecideSettings): number {
  return sizing.underUsdPerUnitHour + tiers.predictive.priceUsdPerUnitHour;
}

export interface GrowthWorth {
  /** The size beyond the current one that is worth the most. */
  readonly units: number;
  /** Over the window, before the price of the update. */
  readonly netUsd: number;
}

/**
 * What growth that only the forecast asks for is worth at its best; undefined where nothing waits for worth: no growth,
 * growth that demand now, the fallback or response times need, or updates that cost nothing.
 *
 * The best size and not the one asked for, so that a higher forecast is never worth less.
 */
export function growthWorth(facts: Facts): GrowthWorth | undefined {
  const { input, need, settings, plannedUnits } = facts;
  const sizeUnits = totalUnits(input.current.units);
  const needed = Math.max(need.observedUnits, facts.demand.fallbackUnits, need.latencyUnits ?? 0);
  if ((settings.sizing.updateCostUsd ?? 0) <= 0 || plannedUnits <= sizeUnits || needed > sizeUnits) {
    return undefined;
  }
  const price = settings.tiers.predictive.priceUsdPerUnitHour;
  const missing = missingUsdPerUnitHour(settings);
  const shortNow = expectedShortUnits(facts, sizeUnits);
  const netUsd = (units: number) =>
    (need.windowMs / HOUR_MS) *
    (missing * (shortNow - expectedShortUnits(facts, units)) - price * (units - sizeUnits));
  let best: GrowthWorth = { units: plannedUnits, netUsd: netUsd(plannedUnits) };
  // Worth is piecewise linear in units: it is largest at the need of a quantile, or at the end.
  for (const { units } of facts.levelNeeds()) {
    if (units <= sizeUnits || units >= plannedUnits) continue;
    const net = netUsd(units);
    if (net > best.netUsd) best = { units, netUsd: net };
  }
  return best;
}

/** True when growth that only the forecast asks for is worth less than an update: it waits. */
export function growthWaits(facts: Facts): boolean {
  const worth = growthWorth(facts);
  return worth !== undefined && worth.netUsd < (facts.settings.sizing.updateCostUsd ?? 0);
}
