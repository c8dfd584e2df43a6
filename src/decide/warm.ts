import type { ForecastRecord } from "../model/cycle.ts";
import type { DecideSettings } from "../model/decide-input.ts";
import type { LimitBound } from "../model/decision.ts";
import { peakDemand, stepsBetween } from "../model/outlook.ts";
import { type TierUnits, totalUnits } from "../model/tier.ts";
import { shortDuration } from "../model/time.ts";
import type { WarmChoice } from "../model/warm.ts";
import type { Facts } from "./facts.ts";
import { leastDemand, risingValues } from "./least-demand.ts";
import { levelMasses } from "./level-masses.ts";
import { affordableUnits, unitsCostUsdPerHour } from "./price.ts";
import { type ChoiceCosts, type ChoiceWorld, choiceCosts, leadDistribution } from "./warm-choice.ts";
import { shortNumber, unitsText } from "./words.ts";

export interface WarmPool {
  readonly units: number;
  readonly expiresMs: number | undefined;
  readonly reason: string;
  readonly bounds: readonly LimitBound[];
  /** What was weighed for the next unit; absent where nothing was. */
  readonly choice?: WarmChoice;
}

/**
 * The warm pool beside the three sizes: N(q_burst) beyond them, as far as keeping a unit warm is expected to cost less
 * than waiting until it is needed, over the measured distribution of lead times (`choiceCosts`). With c_under 9, prices
 * 0.4 idle and 1.0 preparing, a lead time of 10 min and a cycle of 5 min, a unit pays where it is needed after its
 * preparation in some 15 % of cases or more: rarely, so zero is the usual answer, and always the answer when the
 * interval is tight.
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
  const choice = asked.choice === undefined ? {} : { choice: asked.choice };
  if (units === 0) {
    const reason = wanted > 0 ? `${asked.why}; no room in the limits` : asked.why;
    return { units, expiresMs: undefined, reason, bounds, ...choice };
  }
  // A pool that is still asked for is renewed in the last cycle before it would expire.
  const renewed = asked.units > 0 && warmExpiresMs !== null && nowMs + settings.cycleMs >= warmExpiresMs;
  const begins = expired || renewed || units > current.warmUnits;
  const expiresMs = begins ? nowMs + settings.warm.expiryMs : warmExpiresMs;
  const reason =
    asked.units >= units ? asked.why : `${unitsText(units)} kept until they expire; ${asked.why}`;
  return { units, expiresMs, reason, bounds, ...choice };
}

/** The pool as it is, cut only where the largest sizes or the cost cap say so. */
export function heldWarmPool(facts: Facts, after: TierUnits, reason: string): WarmPool {
  const { current, warmExpiresMs } = facts.input;
  const { units, bounds } = limitWarm(current.warmUnits, after, facts.settings);
  return { units, expiresMs: units === 0 ? undefined : (warmExpiresMs ?? undefined), reason, bounds };
}

interface Asked {
  readonly units: number;
  readonly why: string;
  readonly choice: WarmChoice | undefined;
}

function worthwhile(facts: Facts, total: number): Asked {
  const { input, settings, window, need } = facts;
  const { forecast } = input;
  const none = (why: string): Asked => ({ units: 0, why, choice: undefined });
  if (settings.warm.maxUnits === 0) return none("no warm pool is configured");
  if (forecast === null || window === undefined) return none("no forecast to size a warm pool by");
  const askedUnits = facts.unitsFor(peakDemand(forecast, settings.warm.quantile, window)).units - total;
  const q = `q${Number(settings.warm.quantile.toFixed(3))}`;
  if (askedUnits <= 0) return none(`the interval is tight: ${q} needs no unit beyond ${total}`);
  const { units, choice } = payingUnits(facts, forecast, total, askedUnits);
  const needs = `${q} needs ${askedUnits} more within ${shortDuration(need.windowMs)}`;
  const kept = units > 0 ? `, ${Math.min(units, settings.warm.maxUnits)} of them kept warm` : "";
  return { units, why: `${needs}${kept}; ${choiceText(choice, units)}`, choice };
}

/** Units beyond `total` for which keeping warm costs less than waiting, and what was weighed for the first. */
function payingUnits(facts: Facts, forecast: ForecastRecord, total: number, askedUnits: number) {
  const { settings, input } = facts;
  const world = choiceWorld(facts, forecast);
  const demands = risingValues(world.paths.flatMap((path) => path.demandRps));
  const weigh = (ahead: number) =>
    choiceCosts(world, leastDemand(facts, demands, total + ahead), ahead <= input.current.warmUnits);
  // One more than is allowed, so that the limit is seen to bind.
  const most = Math.min(askedUnits, settings.warm.maxUnits + 1);
  let costs = weigh(1);
  const choice = choiceOf(total + 1, costs);
  let units = 0;
  while (units < most && costs.warmUsd < costs.waitUsd) {
    units += 1;
    if (units < most) costs = weigh(units + 1);
  }
  return { units, choice };
}

function choiceWorld(facts: Facts, forecast: ForecastRecord): ChoiceWorld {
  const { input, settings, need, window } = facts;
  const leads = leadDistribution(input.leadTimesMs, settings.leadTime.priorMs);
  const longestMs = Math.max(...leads.map((lead) => lead.leadMs));
  const first = window?.first ?? 0;
  const range = stepsBetween(forecast, input.nowMs, input.nowMs + need.windowMs + longestMs);
  const masses = levelMasses(forecast.levels);
  const { tiers, warm, sizing } = settings;
  return {
    paths: forecast.quantiles.map((row, k) => ({
      mass: masses[k] ?? 0,
      demandRps: row.slice(first, (range?.last ?? first) + 1),
    })),
    stepMs: forecast.stepMs,
    firstStepMs: forecast.cutoffMs + first * forecast.stepMs - input.nowMs,
    windowMs: need.windowMs,
    leads,
    usdPerHour: {
      under: sizing.underUsdPerUnitHour,
      start: tiers.predictive.priceUsdPerUnitHour,
      burst: tiers.burst.priceUsdPerUnitHour,
      idle: warm.priceUsdPerUnitHour,
    },
  };
}

/** The cheapest; of equals the one that does least. */
function choiceOf(unit: number, costs: ChoiceCosts): WarmChoice {
  const { startUsd, warmUsd, waitUsd } = costs;
  const least = Math.min(startUsd, warmUsd, waitUsd);
  const choice = waitUsd === least ? "wait" : warmUsd === least ? "keep-warm" : "start-now";
  return { unit, choice, startUsd: tidyUsd(startUsd), warmUsd: tidyUsd(warmUsd), waitUsd: tidyUsd(waitUsd) };
}

/** To a millionth: no noise of sums in records. */
function tidyUsd(usd: number): number {
  return Math.round(usd * 1e6) / 1e6;
}

function choiceText({ unit, choice, startUsd, warmUsd, waitUsd }: WarmChoice, units: number): string {
  const costs =
    `unit ${unit} is expected to cost ${shortNumber(startUsd)} USD started now, ` +
    `${shortNumber(warmUsd)} kept warm, ${shortNumber(waitUsd)} waited for`;
  if (choice !== "start-now") return `${costs}: ${choice === "wait" ? "wait" : "keep warm"}`;
  return `${costs}: the sizes leave starting out, ${units > 0 ? "keep warm" : "wait"}`;
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
  const granted = settings.share?.grantedUnits ?? Number.POSITIVE_INFINITY;
  const shared = note("account-share", capped, Math.max(0, granted - totalUnits(after)));
  const units = note("cost-max", shared, affordableUnits(settings.warm.priceUsdPerUnitHour, spent, settings));
  return { units, bounds };
}
