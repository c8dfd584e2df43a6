import type { DecideSettings } from "../model/decide-input.ts";
import { TIERS, type Tier, type TierUnits, totalUnits } from "../model/tier.ts";
import { bind, type Draft, GIVES_WAY, room } from "./guardrails.ts";

/** What the rules ask for before any limit; every part may be below what there is. */
export interface Ask {
  readonly baselineUnits: number;
  /** Baseline and predictive together: what the forecast asks for. */
  readonly plannedUnits: number;
  /** Units for demand observed now: only largest sizes and the cost cap bind it. */
  readonly floorUnits: number;
  /** The floor, the safe fallback, or what response times ask for: step limits bind what is above the floor. */
  readonly coverUnits: number;
}

/**
 * Scale up at once, in one step, as far as budgets allow: baseline, then predictive to what the forecast asks for,
 * then burst for what demand needs now beyond both. What one tier's largest size leaves uncovered of the floor
 * spills into the next. Nothing shrinks here, save for the one exchange below.
 *
 * When dear planned units would eat a cost cap that the floor still needs, the floor is filled first, cheapest tier
 * first, and the plan gets what is left.
 */
export function grow(base: Draft, before: TierUnits, ask: Ask, settings: DecideSettings): Draft {
  const planned = growPlanned(growBaseline(base, before, ask, settings), before, ask, settings);
  const whole = cover(coverFloor(planned, ask.floorUnits, GIVES_WAY, settings), before, ask, settings);
  if (totalUnits(whole.units) >= ask.floorUnits) return whole;
  const floorFirst = coverFloor(base, ask.floorUnits, cheapestFirst(settings), settings);
  const rest = growRest(floorFirst, before, ask, settings);
  return totalUnits(rest.units) > totalUnits(whole.units) ? rest : whole;
}

/** A step beyond the limit is for the floor alone: where one was taken, nothing is planned on top of it. */
function growRest(floorFirst: Draft, before: TierUnits, ask: Ask, settings: DecideSettings): Draft {
  const { maxStepUpUnits } = settings.limits;
  if (TIERS.some((tier) => floorFirst.units[tier] - before[tier] > maxStepUpUnits)) return floorFirst;
  return growPlanned(growBaseline(floorFirst, before, ask, settings), before, ask, settings);
}

/** Adds up to `wanted` units, at most `stepUnits` by the step limit, and notes what bound. */
function add(draft: Draft, tier: Tier, wanted: number, stepUnits: number, settings: DecideSettings): Draft {
  if (wanted <= 0) return draft;
  const free = room(draft.units, tier, settings);
  const allowed = Math.min(wanted, free.units, stepUnits);
  const now = draft.units[tier];
  const asked: Draft = { ...draft, units: { ...draft.units, [tier]: now + wanted } };
  if (allowed === wanted) return asked;
  return bind(asked, tier, now + allowed, stepUnits < free.units ? "step-up" : free.limit);
}

function growBaseline(draft: Draft, before: TierUnits, ask: Ask, settings: DecideSettings): Draft {
  const step = stepLeft(draft, before, "baseline", settings);
  const wanted = Math.min(ask.baselineUnits - draft.units.baseline, step);
  if (wanted <= 0) return draft;
  const free = room(draft.units, "baseline", settings);
  if (free.units < wanted && free.limit !== "tier-max") {
    return exchange(draft, before, wanted - free.units, wanted, settings);
  }
  return add(draft, "baseline", wanted, wanted, settings);
}

/**
 * At the total maximum or the cost cap a reviewed baseline could never grow beside the units it replaces, so there,
 * and only there, other tiers give up as many in the same update. Bounded by the review's step and the step down:
 * ready capacity dips by at most that for one lead time.
 */
function exchange(
  draft: Draft,
  before: TierUnits,
  short: number,
  wanted: number,
  settings: DecideSettings,
): Draft {
  let units: TierUnits = draft.units;
  let open = short;
  for (const tier of ["burst", "predictive"] as const) {
    const step = settings.limits.maxStepDownUnits - (before[tier] - units[tier]);
    const given = Math.max(0, Math.min(open, step, units[tier] - settings.tiers[tier].minUnits));
    units = { ...units, [tier]: units[tier] - given };
    open -= given;
  }
  const exchanged = add({ ...draft, units }, "baseline", wanted, wanted, settings);
  // Where even the exchange leaves no room (the burst reserve is full), nobody gives anything up.
  return totalUnits(exchanged.units) < totalUnits(draft.units)
    ? add(draft, "baseline", wanted, wanted, settings)
    : exchanged;
}

function growPlanned(draft: Draft, before: TierUnits, ask: Ask, settings: DecideSettings): Draft {
  const wanted = ask.plannedUnits - draft.units.baseline - draft.units.predictive;
  return add(draft, "predictive", wanted, stepLeft(draft, before, "predictive", settings), settings);
}

function cover(draft: Draft, before: TierUnits, ask: Ask, settings: DecideSettings): Draft {
  let covered = draft;
  for (const tier of ["burst", "predictive"] as const) {
    const wanted = ask.coverUnits - totalUnits(covered.units);
    covered = add(covered, tier, wanted, stepLeft(covered, before, tier, settings), settings);
  }
  return covered;
}

function coverFloor(
  draft: Draft,
  floorUnits: number,
  order: readonly Tier[],
  settings: DecideSettings,
): Draft {
  let covered = draft;
  for (const tier of order) {
    const wanted = floorUnits - totalUnits(covered.units);
    covered = add(covered, tier, wanted, Number.POSITIVE_INFINITY, settings);
  }
  return covered;
}

function stepLeft(draft: Draft, before: TierUnits, tier: Tier, settings: DecideSettings): number {
  return Math.max(0, settings.limits.maxStepUpUnits - (draft.units[tier] - before[tier]));
}

/** Burst and predictive by price, baseline last: it is for what stays. */
function cheapestFirst(settings: DecideSettings): readonly Tier[] {
  const { burst, predictive } = settings.tiers;
  return predictive.priceUsdPerUnitHour < burst.priceUsdPerUnitHour
    ? ["predictive", "burst", "baseline"]
    : GIVES_WAY;
}
