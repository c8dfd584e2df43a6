import type { DecideInput } from "../model/decide-input.ts";
import type { Decision, DecisionStep, HoldReason, LimitBound, Risk } from "../model/decision.ts";
import { type Sizes, sameSizes, TIERS, type TierUnits, totalUnits } from "../model/tier.ts";
import { epochMs, shortDuration } from "../model/time.ts";
import { reckon } from "./alternatives.ts";
import { costUsdPerHour, isShrinkWorthwhile, isUpdateBudgetSpent } from "./budget.ts";
import { checkInput } from "./check-input.ts";
import { growthWaits } from "./cost-benefit.ts";
import { expectedShortUnits } from "./expected-short.ts";
import { type Facts, gatherFacts, needText } from "./facts.ts";
import { type Ask, grow } from "./grow.ts";
import { readyUnits } from "./grow-first.ts";
import { cutToLimits, type Draft, statedBounds } from "./guardrails.ts";
import { planPrewarm } from "./prewarm.ts";
import { type Keep, release } from "./release.ts";
import { type ScaleDown, scaleDown } from "./scale-down.ts";
import { type BaselineReview, reviewBaseline } from "./tier-split.ts";
import { heldWarmPool, sizeWarmPool, type WarmPool } from "./warm.ts";
import { sizeWarmKinds, type WarmKinds } from "./warm-kinds.ts";
import { unitsText } from "./words.ts";

/** A decision but for its one line for people, which `render/why.ts` writes. */
export type DecisionDraft = Omit<Decision, "why">;

/**
 * Turns need into sizes: facts, baseline review, growth, gradual release, warm pool, budgets.
 *
 * Laws, with `risk` given: total units are never below the need observed now, up to the largest sizes and the cost
 * cap; a higher forecast never gives fewer units; deciding again on the same facts changes nothing where no limit
 * bound, and settles within some updates where one did. Throws an AssertionError on broken input, a UserError on
 * settings that cannot work.
 */
export function decide(input: DecideInput, risk: Risk): DecisionDraft {
  checkInput(input);
  const { share, ...settings } = input.settings;
  if (share === undefined) return decideWithin(input, risk);
  // Units that change their tier are there twice while it is worked out: what fits in the end is not held to the share.
  const alone = decideWithin({ ...input, settings }, risk);
  const fits = totalUnits(alone.after.units) + alone.after.warmUnits <= share.grantedUnits;
  const draft = fits ? alone : decideWithin(input, risk);
  const step: DecisionStep = { name: "account", units: share.grantedUnits, why: share.reason };
  return { ...draft, steps: [...draft.steps, step] };
}

/** With the share of an account as a limit like any other. */
function decideWithin(input: DecideInput, risk: Risk): DecisionDraft {
  const facts = gatherFacts(input, risk);
  const review = reviewBaseline(facts);
  const down = scaleDown(facts);
  if (input.pause !== null && input.pause.untilMs > input.nowMs) return paused(facts, review, down);
  const isSpent = isUpdateBudgetSpent(input);
  const plan = isSpent ? planFloorOnly(facts, review, down) : plan3Tiers(facts, review, down);
  const sizes: Sizes = { units: plan.units, warmUnits: plan.warm.units };
  const kinds = warmKindsOfPlan(facts, plan, isSpent ? "the update budget is spent" : undefined);
  const isSame = sameSizes(sizes, input.current) && !kinds.isChange;
  return finish(facts, review, down, plan, kinds, isSame ? holdReason(facts, plan, down) : undefined);
}

/**
 * True when `after` carries out the baseline review that was due: the caller then takes this decision's instant as
 * that of the last review. A shrink that found no slack stays due until it does.
 */
export function isBaselineReviewed(input: DecideInput, risk: Risk, after: Sizes): boolean {
  const review = reviewBaseline(gatherFacts(input, risk));
  const current = input.current.units.baseline;
  return review.reviewed && (review.targetUnits === current || after.units.baseline !== current);
}

interface Plan {
  readonly units: TierUnits;
  readonly bounds: readonly LimitBound[];
  readonly warm: WarmPool;
  /** A budget keeps the sizes from going where the rules ask. */
  readonly budget: Extract<HoldReason, "update-budget" | "not-worth-an-update"> | undefined;
}

function plan3Tiers(facts: Facts, review: BaselineReview, down: ScaleDown): Plan {
  const { input, settings } = facts;
  const before = input.current.units;
  const grown = grow(cutToLimits(before, settings), before, askFor(facts, review), settings);
  const whole = (draft: Draft, budget: Plan["budget"]): Plan => {
    return { ...draft, warm: sizeWarmPool(facts, draft.units), budget };
  };
  const waits = growthWaits(facts) ? "not-worth-an-update" : undefined;
  if (!down.mayRelease) return whole(grown, waits);
  const settled = shrink(facts, review, grown, down.keepUnits, Number.POSITIVE_INFINITY);
  const worthwhile = isShrinkWorthwhile(input, totalUnits(settled.units));
  const keepUnits = worthwhile ? down.keepUnits : Math.max(down.keepUnits, totalUnits(before));
  const draft = shrink(facts, review, grown, keepUnits, settings.limits.maxStepDownUnits);
  return whole(
    draft,
    worthwhile || totalUnits(settled.units) >= totalUnits(before) ? waits : "not-worth-an-update",
  );
}

function askFor(facts: Facts, review: BaselineReview): Ask {
  const floorUnits = facts.need.observedUnits;
  return {
    baselineUnits: review.targetUnits,
    plannedUnits: growthWaits(facts)
      ? Math.min(facts.plannedUnits, totalUnits(facts.input.current.units))
      : facts.plannedUnits,
    floorUnits,
    coverUnits: Math.max(floorUnits, facts.demand.fallbackUnits, facts.need.latencyUnits ?? 0),
  };
}

function shrink(
  facts: Facts,
  review: BaselineReview,
  grown: Draft,
  keepUnits: number,
  maxStepDownUnits: number,
): Draft {
  const { input, settings, plannedUnits } = facts;
  const { tiers } = settings;
  const { baseline } = grown.units;
  const predictive = Math.max(tiers.predictive.minUnits, plannedUnits - baseline);
  // What the forecast asks for stays with the planned tiers: burst units that happen to be there are no slack.
  const least = Math.max(review.targetUnits, tiers.baseline.minUnits, plannedUnits - predictive);
  const keep: Keep = {
    totalUnits: keepUnits,
    tiers: { baseline: Math.min(baseline, least), predictive, burst: tiers.burst.minUnits },
  };
  const ready = readyUnits(input.current.units, input.platform);
  return release(grown, input.current.units, keep, ready, maxStepDownUnits);
}

function warmKindsOfPlan(facts: Facts, plan: Plan, hold: string | undefined): WarmKinds {
  const spentUsd = costUsdPerHour(facts.input, { units: plan.units, warmUnits: plan.warm.units });
  return sizeWarmKinds(facts, plan.units, spentUsd, facts.demand.fresh ? hold : "demand is not fresh");
}

/** The update budget is spent: only what demand needs now, or the fallback, still goes through. */
function planFloorOnly(facts: Facts, review: BaselineReview, down: ScaleDown): Plan {
  const { input, settings } = facts;
  const asked = plan3Tiers(facts, review, down);
  const { floorUnits } = askFor(facts, review);
  const coverUnits = Math.max(floorUnits, facts.demand.fallbackUnits);
  const ask: Ask = { baselineUnits: 0, plannedUnits: 0, floorUnits, coverUnits };
  const floor = grow(cutToLimits(input.current.units, settings), input.current.units, ask, settings);
  const warm = heldWarmPool(facts, floor.units, asked.warm.reason);
  const sizes: Sizes = { units: floor.units, warmUnits: warm.units };
  const bound = !sameSizes(sizes, { units: asked.units, warmUnits: asked.warm.units });
  const askedUnits = totalUnits(asked.units);
  const limit: LimitBound = {
    limit: "update-budget",
    tier: "total",
    askedUnits,
    allowedUnits: totalUnits(floor.units),
    belowReactive: false,
  };
  return {
    units: floor.units,
    bounds: bound ? [...floor.bounds, limit] : floor.bounds,
    warm,
    budget: bound ? "update-budget" : undefined,
  };
}

function holdReason(facts: Facts, plan: Plan, down: ScaleDown): HoldReason {
  if (!facts.demand.fresh) return "demand-stale";
  if (plan.budget !== undefined) return plan.budget;
  if (down.held !== undefined) return down.held;
  return plan.bounds.length > 0 ? "limited" : "sizes-fit";
}

function paused(facts: Facts, review: BaselineReview, down: ScaleDown): DecisionDraft {
  const { units, warmUnits } = facts.input.current;
  const expiresMs = facts.input.warmExpiresMs ?? undefined;
  const warm: WarmPool = { units: warmUnits, expiresMs, reason: "paused", bounds: [] };
  const plan: Plan = { units, bounds: [], warm, budget: undefined };
  const pause = facts.input.pause;
  const left = shortDuration((pause?.untilMs ?? 0) - facts.input.nowMs);
  const why = `paused for another ${left}: ${pause?.reason ?? ""}`;
  return finish(facts, review, { ...down, why }, plan, warmKindsOfPlan(facts, plan, "paused"), "paused");
}

function finish(
  facts: Facts,
  review: BaselineReview,
  down: ScaleDown,
  plan: Plan,
  kinds: WarmKinds,
  held: HoldReason | undefined,
): DecisionDraft {
  const { input, need, risk } = facts;
  const after: Sizes = { units: plan.units, warmUnits: plan.warm.units };
  const before = input.current;
  const prewarm = planPrewarm(facts);
  const costs = {
    before: tidyUsd(costUsdPerHour(input, before) + kinds.costUsdPerHour.before),
    after: tidyUsd(costUsdPerHour(input, after) + kinds.costUsdPerHour.after),
  };
  return {
    id: input.decisionId,
    atMs: epochMs(input.nowMs),
    cutoffMs: epochMs(input.observation.cutoffMs),
    mode: input.settings.mode,
    sizing: input.settings.sizing.rule,
    outcome: held === undefined ? { kind: "change" } : { kind: "hold", reason: held },
    before,
    after,
    need,
    risk,
    steps: [...facts.steps, ...tierSteps(facts, review, down, plan)],
    limits: statedBounds([...plan.bounds, ...plan.warm.bounds], plan.units, need.observedUnits),
    costUsdPerHour: costs,
    expectedShortUnits: {
      before: expectedShortUnits(facts, totalUnits(before.units)),
      after: expectedShortUnits(facts, totalUnits(after.units)),
    },
    ...(input.schema === 2 ? { reckoning: reckon(facts, { before, after, costUsdPerHour: costs }) } : {}),
    warmExpiresMs: plan.warm.expiresMs === undefined ? undefined : epochMs(plan.warm.expiresMs),
    warmReason: plan.warm.reason,
    ...(plan.warm.choice === undefined ? {} : { warmChoice: plan.warm.choice }),
    ...(kinds.plans.length === 0 ? {} : { warmKinds: kinds.plans }),
    ...(prewarm === undefined ? {} : { prewarm }),
  };
}

/** To a millionth: no noise of sums in records. */
function tidyUsd(usdPerHour: number): number {
  return Math.round(usdPerHour * 1e6) / 1e6;
}

function tierSteps(
  facts: Facts,
  review: BaselineReview,
  down: ScaleDown,
  plan: Plan,
): readonly DecisionStep[] {
  const { need, plannedUnits, input } = facts;
  const { baseline, predictive, burst } = plan.units;
  const changed = TIERS.filter((tier) => plan.units[tier] !== input.current.units[tier]);
  const moved = changed
    .map((tier) => `${tier} ${input.current.units[tier]} -> ${plan.units[tier]}`)
    .join(", ");
  const short = Math.max(0, need.observedUnits - baseline - predictive);
  return [
    { name: "baseline", units: baseline, why: review.why },
    {
      name: "predictive",
      units: predictive,
      why: `${plannedUnits} planned less ${baseline} baseline ask for ${Math.max(0, plannedUnits - baseline)}`,
    },
    {
      name: "burst",
      units: burst,
      why: `${needText(need)}: ${unitsText(short)} short of baseline and predictive`,
    },
    { name: "warm", units: plan.warm.units, why: plan.warm.reason },
    { name: "scale-down", units: down.keepUnits, why: moved === "" ? down.why : `${down.why}; ${moved}` },
  ];
}
