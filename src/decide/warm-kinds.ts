import type { ForecastRecord } from "../model/cycle.ts";
import { peakDemand } from "../model/outlook.ts";
import { type TierUnits, totalUnits } from "../model/tier.ts";
import { shortDuration } from "../model/time.ts";
import { type WarmKindHeld, type WarmKindPlan, type WarmKindSettings, warmKindsOf } from "../model/warm.ts";
import type { Facts } from "./facts.ts";
import { readyUnits } from "./grow-first.ts";
import { levelMasses } from "./level-masses.ts";
import { affordableUnits } from "./price.ts";

export interface WarmKinds {
  readonly plans: readonly WarmKindPlan[];
  /** Counts differ from what is held, or a kind is new or gone. */
  readonly isChange: boolean;
  readonly costUsdPerHour: { readonly before: number; readonly after: number };
}

/** A count is left as it is while what is asked for differs by at most this share: each change is an engine run. */
const WOBBLE = 0.2;

/**
 * Warm pieces of other kinds than units (open database connections), beside the sizes `after`, that cost
 * `spentUsdPerHour` with the warm pool: what the forecast needs beyond what is in use, a piece held where it is needed
 * often enough that its price is less than what it saves (price / c_under of cases), never above the quantile, the cap
 * or what is left of the cost cap, never below `minCount`.
 *
 *     per unit, 2 each; 6 units ready, q0.95 needs 9 within the window: 2 x 3 = 6 pieces beside those in use
 *
 * What is beyond `minCount` expires. A count grows at once when it is short by more than a fifth, and shrinks only when
 * it expires. With `hold` (demand is not fresh, the update budget is spent, paused) nothing but limits changes it.
 */
export function sizeWarmKinds(
  facts: Facts,
  after: TierUnits,
  spentUsdPerHour: number,
  hold: string | undefined,
): WarmKinds {
  const { input, settings } = facts;
  const kinds = warmKindsOf(settings.warm.kinds);
  const held = input.warmKinds ?? {};
  let spentUsd = spentUsdPerHour;
  const plans = kinds.map((kind) => {
    const plan = planKind(facts, after, kind, held[kind.name], hold, spentUsd);
    spentUsd += plan.count * kind.priceUsdPerHour;
    return plan;
  });
  const price = new Map(kinds.map((kind) => [kind.name, kind.priceUsdPerHour]));
  const cost = (count: (plan: WarmKindPlan) => number) =>
    plans.reduce((sum, plan) => sum + count(plan) * (price.get(plan.name) ?? 0), 0);
  const isGone = Object.keys(held).some((name) => !price.has(name));
  const isChange =
    isGone || plans.some((plan) => plan.count !== plan.before || held[plan.name] === undefined);
  return {
    plans,
    isChange,
    costUsdPerHour: { before: cost((plan) => plan.before), after: cost((plan) => plan.count) },
  };
}

function planKind(
  facts: Facts,
  after: TierUnits,
  kind: WarmKindSettings,
  held: WarmKindHeld | undefined,
  hold: string | undefined,
  spentUsd: number,
): WarmKindPlan {
  const { input, settings } = facts;
  const { nowMs } = input;
  const before = held?.count ?? 0;
  const affordable = affordableUnits(kind.priceUsdPerHour, spentUsd, settings);
  const most = Math.min(kind.maxCount, affordable);
  const cut = (count: number) => (count > most ? `, cut from ${count} by ${capName(kind, affordable)}` : "");
  const plan = { name: kind.name, before };
  if (hold !== undefined) {
    const count = Math.min(before, most);
    const expiresMs = count > kind.minCount ? (held?.expiresMs ?? undefined) : undefined;
    return { ...plan, count, expiresMs, reason: `held: ${hold}${cut(before)}` };
  }
  const asked = askedOf(facts, after, kind);
  const expiresMs = held?.expiresMs ?? null;
  const isOver = expiresMs === null || nowMs >= expiresMs;
  const wanted = steady(asked.count, before, isOver);
  const count = Math.min(wanted, most);
  if (count <= kind.minCount) {
    return { ...plan, count, expiresMs: undefined, reason: `${asked.why}${cut(wanted)}` };
  }
  // What is still asked for is renewed in the last cycle before it would expire.
  const isAsked = asked.count > kind.minCount;
  const isRenewed = isAsked && expiresMs !== null && nowMs + settings.cycleMs >= expiresMs;
  const begins = isOver || isRenewed || count > before;
  const kept = count > asked.count ? `, ${count} kept until they expire` : "";
  return {
    ...plan,
    count,
    expiresMs: begins ? nowMs + kind.expiryMs : expiresMs,
    reason: `${asked.why}${kept}${cut(wanted)}`,
  };
}

function capName(kind: WarmKindSettings, affordable: number): string {
  return affordable < kind.maxCount ? "limits.maxCostUsdPerHour" : `maxCount ${kind.maxCount}`;
}

/** The count to go to: as it is within the wobble; up at once; down only when it is over. */
function steady(asked: number, before: number, isOver: boolean): number {
  if (asked > before * (1 + WOBBLE)) return asked;
  const fits = asked >= before * (1 - WOBBLE);
  return isOver && !fits ? asked : before;
}

function askedOf(facts: Facts, after: TierUnits, kind: WarmKindSettings) {
  const { input, window, need } = facts;
  const { forecast, observation } = input;
  const least = { count: kind.minCount, why: `${kind.minCount} at all times` };
  if (forecast === null || window === undefined)
    return { ...least, why: `${least.why}, no forecast to size by` };
  const spare = (level: number): number => {
    const demandRps = peakDemand(forecast, level, window);
    if (kind.use.per === "rps") return inPieces(kind, demandRps - (observation.demandRps ?? 0));
    // Units that are still starting take theirs when they are ready.
    const units = Math.max(facts.unitsFor(demandRps).units, totalUnits(after));
    return inPieces(kind, units - totalUnits(readyUnits(input.current.units, input.platform)));
  };
  const atQuantile = spare(kind.quantile);
  const leastChance = kind.underUsdPerHour > 0 ? Math.min(1, kind.priceUsdPerHour / kind.underUsdPerHour) : 1;
  const paying = Math.min(atQuantile, largestPaying(forecast, spare, leastChance));
  const q = `q${Number(kind.quantile.toFixed(3))}`;
  const span = shortDuration(need.windowMs);
  const chance = `${Number((leastChance * 100).toPrecision(2))} %`;
  const pays = paying < atQuantile ? `, ${paying} of them in over ${chance} of cases` : "";
  const why = `${q} needs ${atQuantile} beyond those in use within ${span}${pays}`;
  if (paying > kind.minCount) return { count: paying, why };
  return kind.minCount === 0 ? { count: 0, why } : { ...least, why: `${least.why}; ${why}` };
}

function inPieces(kind: WarmKindSettings, amount: number): number {
  return Math.max(0, Math.ceil(kind.use.count * amount - 1e-9));
}

/** What is needed beside those in use in more than `leastChance` of cases. */
function largestPaying(
  forecast: ForecastRecord,
  spare: (level: number) => number,
  leastChance: number,
): number {
  const masses = levelMasses(forecast.levels);
  let chance = 1;
  let count = 0;
  forecast.levels.forEach((level, k) => {
    // `chance` is that of demand at this level's or a higher one's.
    if (chance > leastChance + 1e-9) count = Math.max(count, spare(level));
    chance -= masses[k] ?? 0;
  });
  return count;
}
