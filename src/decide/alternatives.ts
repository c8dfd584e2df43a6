import type { DecideSettings } from "../model/decide-input.ts";
import type { Alternative, AlternativeKind, ChangeWorth, Outlay, Reckoning } from "../model/reckoning.ts";
import { type Sizes, sameSizes, TIERS, totalUnits } from "../model/tier.ts";
import { HOUR_MS } from "../model/time.ts";
import { extraCostUsdPerHour } from "./budget.ts";
import { missingUsdPerUnitHour } from "./cost-benefit.ts";
import { expectedShortUnits, shortChance } from "./expected-short.ts";
import type { Facts } from "./facts.ts";
import { unitsCostUsdPerHour } from "./price.ts";
import { scaleDown } from "./scale-down.ts";

/** A decision's sizes, and what they cost with all that is held beside them. */
export interface Decided {
  readonly before: Sizes;
  readonly after: Sizes;
  readonly costUsdPerHour: { readonly before: number; readonly after: number };
}

/**
 * Expected violations and cost of what was decided and of the cheapest size that was not: one unit more or less, the
 * sizes as they are, what demand now needs, what these rules hold without a forecast. Largest and smallest sizes and
 * the cost cap hold for all of them; the rules do not: what holds a cheaper size back is for `whyNot` to say.
 */
export function reckon(facts: Facts, decided: Decided): Reckoning {
  const { before, after, costUsdPerHour } = decided;
  const basis = basisOf(facts);
  const now = outlay(facts, totalUnits(after.units), costUsdPerHour.after);
  const others = basis === "nothing" ? [] : alternatives(facts, decided);
  const nextBest = others.reduce<Alternative | null>(
    (best, other) => (best === null || other.expectedUsdPerHour < best.expectedUsdPerHour ? other : best),
    null,
  );
  const then = outlay(facts, totalUnits(before.units), costUsdPerHour.before);
  return {
    basis,
    missingUsdPerUnitHour: tidy(missingUsdPerUnitHour(facts.settings)),
    windowMs: facts.need.windowMs,
    decided: now,
    nextBest,
    change: changeWorth(facts, then, now, !sameSizes(before, after)),
  };
}

function basisOf({ levelNeeds, risk, demand }: Facts): Reckoning["basis"] {
  if (levelNeeds().length > 0) return risk.strategy === "reactive-only" ? "untrusted-forecast" : "forecast";
  return demand.fresh ? "demand-now" : "nothing";
}

/** What `units` in total are expected to cost and to miss. */
export function outlay(facts: Facts, units: number, costUsdPerHour: number): Outlay {
  const short = expectedShortUnits(facts, units);
  return {
    units,
    costUsdPerHour: tidy(costUsdPerHour),
    expectedShortUnits: short,
    shortChance: shortChance(facts, units),
    expectedUsdPerHour: tidy(costUsdPerHour + missingUsdPerUnitHour(facts.settings) * short),
  };
}

function alternatives(facts: Facts, { before, after, costUsdPerHour }: Decided): readonly Alternative[] {
  const decidedUnits = totalUnits(after.units);
  const sized: readonly (readonly [AlternativeKind, number])[] = [
    ["one-more", decidedUnits + 1],
    ["one-less", decidedUnits - 1],
    ...(facts.demand.fresh ? [["reactive", facts.need.observedUnits] as const] : []),
    ["no-forecast", withoutForecast(facts)],
  ];
  const found: Alternative[] = [];
  if (!sameSizes(before, after)) {
    found.push({ kind: "hold", ...outlay(facts, totalUnits(before.units), costUsdPerHour.before) });
  }
  for (const [kind, units] of sized) {
    if (units === decidedUnits || found.some((other) => other.units === units)) continue;
    const extra = extraCostUsdPerHour(after.units, units, facts.settings);
    if (!isPossible(units, unitsCostUsdPerHour(after.units, facts.settings) + extra, facts.settings))
      continue;
    found.push({ kind, ...outlay(facts, units, costUsdPerHour.after + extra) });
  }
  return found;
}

/** The size of these rules were there no forecast: demand now, and what has to be held. */
function withoutForecast(facts: Facts): number {
  const blind: Facts = { ...facts, plannedUnits: 0, need: { ...facts.need, aheadUnits: 0 } };
  return scaleDown(blind).keepUnits;
}

function isPossible(units: number, usdPerHour: number, { tiers, limits }: DecideSettings): boolean {
  const least = TIERS.reduce((sum, tier) => sum + tiers[tier].minUnits, 0);
  return units >= least && units <= limits.maxTotalUnits && usdPerHour <= limits.maxCostUsdPerHour + 1e-9;
}

function changeWorth(facts: Facts, before: Outlay, after: Outlay, isChange: boolean): ChangeWorth {
  const { need, settings } = facts;
  const costUsdPerHour = after.costUsdPerHour - before.costUsdPerHour;
  const short = after.expectedShortUnits - before.expectedShortUnits;
  const avoidedUsdPerHour = -missingUsdPerUnitHour(settings) * short;
  const updateUsd = isChange ? (settings.sizing.updateCostUsd ?? 0) : 0;
  const netUsd = (need.windowMs / HOUR_MS) * (avoidedUsdPerHour - costUsdPerHour) - updateUsd;
  return {
    costUsdPerHour: tidy(costUsdPerHour),
    expectedShortUnits: Math.round(short * 1000) / 1000,
    avoidedUsdPerHour: tidy(avoidedUsdPerHour),
    updateUsd,
    netUsd: tidy(netUsd),
  };
}

/** To a millionth, and no -0: no noise of sums in records. */
function tidy(usd: number): number {
  return Math.round(usd * 1e6) / 1e6 + 0;
}
