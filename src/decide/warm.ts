import type { ForecastRecord } from "../model/cycle.ts";
import type { DecideSettings } from "../model/decide-input.ts";
import type { LimitBound } from "../model/decision.ts";
import { peakDemand } from "../model/outlook.ts";
import { type TierUnits, totalUnits } from "../model/tier.ts";
import { HOUR_MS, shortDuration } from "../model/time.ts";
import type { Facts } from "./facts.ts";
import { levelMasses } from "./level-masses.ts";
import { affordableUnits, unitsCostUsdPerHour } from "./price.ts";
import { unitsText } from "./words.ts";

export interface WarmPool {
  readonly units: number;
  readonly expiresMs: number | undefined;
  readonly reason: string;
  readonly bounds: readonly LimitBound[];
}

/**
 * The warm pool beside the three sizes: N(q_burst) beyond them, as far as a warm unit is expected to save more than
 * it costs. It saves c_under x lead time when demand comes that needs it, and costs its idle price over the window
 * and the full price while it is prepared. With c_under 9, prices 0.4 idle and 1.0 preparing, a lead time of 10 min
 * and a cycle of 5 min, a unit pays where it is needed in at least (0.4 x 15 + 1.0 x 10) / (9 x 10) = 18 % of
 * cases: rarely, so zero is the usual answer, and always the answer when the interval is tight.
 *
 * The pool grows at once. It shrinks when it expires and its reason is gone, or by the units a larger size takes out
 * of it: dropping prepared units early and preparing them again costs more than letting them idle.
 */
export function sizeWarmPool(facts: Facts, after: TierUnits): WarmPool {
  const { input, settings } = facts;
  const { current, warmExpiresMs, nowMs } = input;
  const asked = worthwhile(facts, totalUnits(after));
  const expired = warmExpiresMs === null || nowMs >= warmExpiresMs;
  const taken = Math.max(0, totalUnits(after) - totalUnits(current.units));
  const left = Math.max(0, current.warmUnits - taken);
  const kept = expired && facts.demand.fresh ? 0 : left;
  const wanted = Math.max(asked.units, kept);
  const { units, bounds } = limitWarm(wanted, after, settings);
  if (units === 0) {
    const reason = wanted > 0 ? `${asked.why}; no room in the limits` : asked.why;
    return { units, expiresMs: undefined, reason, bounds };
  }
  // A pool that is still asked for is renewed in the last cycle before it would expire.
  const renewed = asked.units > 0 && warmExpiresMs !== null && nowMs + settings.cycleMs >= warmExpiresMs;
  const begins = expired || renewed || units > current.warmUnits;
  const expiresMs = begins ? nowMs + settings.warm.expiryMs : warmExpiresMs;
  const reason =
    asked.units >= units ? asked.why : `${unitsText(units)} kept until they expire; ${asked.why}`;
  return { units, expiresMs, reason, bounds };
}

/** The pool as it is, cut only where the largest sizes or the cost cap say so. */
export function heldWarmPool(facts: Facts, after: TierUnits, reason: string): WarmPool {
  const { current, warmExpiresMs } = facts.input;
  const { units, bounds } = limitWarm(current.warmUnits, after, facts.settings);
  return { units, expiresMs: units === 0 ? undefined : (warmExpiresMs ?? undefined), reason, bounds };
}

function worthwhile(facts: Facts, total: number): { readonly units: number; readonly why: string } {
  const { input, settings, window, need } = facts;
  const { forecast } = input;
  if (settings.warm.maxUnits === 0) return { units: 0, why: "no warm pool is configured" };
  if (forecast === null || window === undefined)
    return { units: 0, why: "no forecast to size a warm pool by" };
  const askedUnits = facts.unitsFor(peakDemand(forecast, settings.warm.quantile, window)).units - total;
  const q = `q${Number(settings.warm.quantile.toFixed(3))}`;
  if (askedUnits <= 0) return { units: 0, why: `the interval is tight: ${q} needs no unit beyond ${total}` };
  const paying = payingUnits(facts, forecast, total);
  const units = Math.min(askedUnits, paying.units);
  const chance = `${Math.round(paying.leastChance * 100)} %`;
  if (units <= 0) {
    return {
      units: 0,
      why: `${q} needs ${askedUnits} more, but fewer than ${chance} of cases do: idling costs more`,
    };
  }
  const span = shortDuration(need.windowMs);
  return {
    units,
    why: `${q} needs ${askedUnits} more within ${span}, ${units} of them in over ${chance} of cases`,
  };
}

/** Units beyond `total` that are needed often enough to pay for their idling. */
function payingUnits(facts: Facts, forecast: ForecastRecord, total: number) {
  const { settings, window, need } = facts;
  const leadHours = (need.windowMs - settings.cycleMs) / HOUR_MS;
  const holdUsd = settings.warm.priceUsdPerUnitHour * (need.windowMs / HOUR_MS);
  const prepareUsd = settings.tiers.burst.priceUsdPerUnitHour * leadHours;
  const savedUsd = settings.sizing.underUsdPerUnitHour * leadHours;
  const leastChance = savedUsd > 0 ? Math.min(1, (holdUsd + prepareUsd) / savedUsd) : 1;
  const masses = levelMasses(forecast.levels);
  let chance = 1;
  let units = 0;
  forecast.levels.forEach((level, k) => {
    // `chance` is that of demand at this level's or a higher one's.
    if (window !== undefined && chance > leastChance) {
      units = Math.max(units, facts.unitsFor(peakDemand(forecast, level, window)).units - total);
    }
    chance -= masses[k] ?? 0;
  });
  return { units, leastChance };
}

function limitWarm(wanted: number, after: TierUnits, settings: DecideSettings) {
  const bounds: LimitBound[] = [];
  const note = (limit: LimitBound["limit"], askedUnits: number, allowedUnits: number) => {
    if (allowedUnits < askedUnits) {
      bounds.push({ limit, tier: "warm", askedUnits, allowedUnits, belowReactive: false });
    }
    return Math.min(askedUnits, allowedUnits);
  };
  const capped = note("warm-max", wanted, settings.warm.maxUnits);
  const spent = unitsCostUsdPerHour(after, settings);
  const units = note("cost-max", capped, affordableUnits(settings.warm.priceUsdPerUnitHour, spent, settings));
  return { units, bounds };
}
