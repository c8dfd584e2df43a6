import type { DecideSettings } from "../model/decide-input.ts";
import type { LimitBound } from "../model/decision.ts";
import { TIERS, type Tier, type TierUnits, totalUnits } from "../model/tier.ts";
import { affordableUnits, unitsCostUsdPerHour } from "./price.ts";

/** Sizes on their way through the rules, with the limits that bound so far. */
export interface Draft {
  readonly units: TierUnits;
  readonly bounds: readonly LimitBound[];
}

/** What gives way first: burst is for what was not planned, baseline is the cheapest to hold. */
export const GIVES_WAY: readonly Tier[] = ["burst", "predictive", "baseline"];

export interface Room {
  readonly units: number;
  readonly limit: LimitBound["limit"];
}

/**
 * Units of `tier` that still fit beside `units`, and the limit that leaves no more: the tier's largest size, the
 * total, the part of the total kept for burst, the cost cap, what was granted of a shared account.
 */
export function room(units: TierUnits, tier: Tier, settings: DecideSettings): Room {
  const { limits, tiers } = settings;
  const total = totalUnits(units);
  const planned = units.baseline + units.predictive;
  const spent = unitsCostUsdPerHour(units, settings);
  const rooms: Room[] = [
    { limit: "tier-max", units: tiers[tier].maxUnits - units[tier] },
    { limit: "total-max", units: limits.maxTotalUnits - total },
    { limit: "cost-max", units: affordableUnits(tiers[tier].priceUsdPerUnitHour, spent, settings) },
  ];
  const { share } = settings;
  if (share !== undefined) rooms.push({ limit: "account-share", units: share.grantedUnits - total });
  if (tier !== "burst") {
    rooms.push({ limit: "burst-reserve", units: limits.maxTotalUnits - limits.burstReserveUnits - planned });
  }
  const least = rooms.reduce((a, b) => (b.units < a.units ? b : a));
  return { limit: least.limit, units: Math.max(0, least.units) };
}

/**
 * The current sizes made legal: raised to each tier's smallest size, cut to the largest sizes, the total and the
 * cost cap and the share of an account; where these contradict each other, the largest size wins over the smallest.
 * Without effect unless the settings or the share changed. Then it takes bounded steps like any other change, since
 * the policy pack would stop a larger one; only where nothing was applied yet do the smallest sizes come at once.
 */
export function cutToLimits(current: TierUnits, settings: DecideSettings): Draft {
  const legal = legalSizes(current, settings);
  const { maxStepUpUnits, maxStepDownUnits } = settings.limits;
  const stepUp = totalUnits(current) === 0 ? Number.POSITIVE_INFINITY : maxStepUpUnits;
  let draft = legal;
  for (const tier of TIERS) {
    const units = legal.units[tier];
    const least = current[tier] - maxStepDownUnits;
    const most = current[tier] + stepUp;
    if (units < least) draft = bind(draft, tier, least, "step-down");
    if (units > most) draft = bind(draft, tier, most, "step-up");
  }
  return draft;
}

function legalSizes(current: TierUnits, settings: DecideSettings): Draft {
  const { limits, tiers } = settings;
  let draft: Draft = { units: current, bounds: [] };
  for (const tier of TIERS) {
    const { minUnits, maxUnits } = tiers[tier];
    if (draft.units[tier] < minUnits) draft = bind(draft, tier, minUnits, "tier-min");
    if (draft.units[tier] > maxUnits) draft = bind(draft, tier, maxUnits, "tier-max");
  }
  const plannedMax = Math.max(0, limits.maxTotalUnits - limits.burstReserveUnits);
  const cut = (order: readonly Tier[], limit: LimitBound["limit"], excess: Excess) => {
    // Down to the smallest sizes first; below them only where nothing else is left.
    draft = cutTiers(draft, order, limit, excess, (tier) => tiers[tier].minUnits);
    draft = cutTiers(draft, order, limit, excess, () => 0);
  };
  cut(["predictive", "baseline"], "burst-reserve", (units) => units.baseline + units.predictive - plannedMax);
  cut(GIVES_WAY, "total-max", (units) => totalUnits(units) - limits.maxTotalUnits);
  const granted = settings.share?.grantedUnits ?? Number.POSITIVE_INFINITY;
  cut(GIVES_WAY, "account-share", (units) => totalUnits(units) - granted);
  cut(GIVES_WAY, "cost-max", (units, tier) => {
    const tooMuch = unitsCostUsdPerHour(units, settings) - limits.maxCostUsdPerHour;
    const price = tiers[tier].priceUsdPerUnitHour;
    return tooMuch <= 1e-9 || price <= 0 ? 0 : Math.ceil(tooMuch / price - 1e-6);
  });
  return draft;
}

/** Units of `tier` too many, were it alone to give way. */
type Excess = (units: TierUnits, tier: Tier) => number;

function cutTiers(
  draft: Draft,
  order: readonly Tier[],
  limit: LimitBound["limit"],
  excess: Excess,
  floor: (tier: Tier) => number,
): Draft {
  let cut = draft;
  for (const tier of order) {
    const surplus = Math.min(cut.units[tier] - floor(tier), excess(cut.units, tier));
    if (surplus > 0) cut = bind(cut, tier, cut.units[tier] - surplus, limit);
  }
  return cut;
}

/** `draft` with `tier` at `allowedUnits` because of `limit`. */
export function bind(draft: Draft, tier: Tier, allowedUnits: number, limit: LimitBound["limit"]): Draft {
  const askedUnits = draft.units[tier];
  return {
    units: { ...draft.units, [tier]: allowedUnits },
    bounds: [...draft.bounds, { limit, tier, askedUnits, allowedUnits, belowReactive: false }],
  };
}

const HARD: ReadonlySet<LimitBound["limit"]> = new Set([
  "tier-max",
  "total-max",
  "cost-max",
  "burst-reserve",
  "account-share",
]);

/**
 * The limits of a finished draft, each once (the last word of each per tier), and said loudly where capacity ends
 * below what demand needs now.
 */
export function statedBounds(
  bounds: readonly LimitBound[],
  units: TierUnits,
  observedUnits: number,
): readonly LimitBound[] {
  const below = totalUnits(units) < observedUnits;
  const last = new Map(bounds.map((bound) => [`${bound.limit} ${bound.tier}`, bound]));
  return [...last.values()].map((bound) => ({ ...bound, belowReactive: below && HARD.has(bound.limit) }));
}
