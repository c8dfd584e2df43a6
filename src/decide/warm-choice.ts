import type { WarmChoice } from "../model/warm.ts";

/** What the three choices for one unit are weighed on. Times are milliseconds from now. */
export interface ChoiceWorld {
  /** Courses demand may take: the forecast's quantile rows, each with the probability it stands for. */
  readonly paths: readonly { readonly mass: number; readonly demandRps: readonly number[] }[];
  readonly stepMs: number;
  /** Start of the paths' first step; at most 0. */
  readonly firstStepMs: number;
  /** A need that begins later is the next decision's business. */
  readonly windowMs: number;
  readonly leads: readonly WeightedLead[];
  readonly usdPerHour: {
    /** A unit missing. */
    readonly under: number;
    /** A unit started now. */
    readonly start: number;
    /** A unit being prepared, or taken into service when demand is there. */
    readonly burst: number;
    /** A warm unit, idle. */
    readonly idle: number;
  };
}

export interface WeightedLead {
  readonly leadMs: number;
  readonly weight: number;
}

export type ChoiceCosts = Pick<WarmChoice, "startUsd" | "warmUsd" | "waitUsd">;

const HOUR_MS = 3_600_000;

/**
 * Expected cost of one unit that the sizes do not hold: started now, kept warm, or waited for, over the window and one
 * longest lead time after it. `leastRps` is the demand from which on it is needed.
 *
 * Nobody needs it yet, so on a path that needs it, the need begins at any instant n of the path's need inside the
 * window alike, and lasts as the path says from there; four instants stand for all. Per n, or never, and lead time L:
 *
 *     choice       costs                                                        missing, where needed, in
 *     start now    start price to the end; without a need to the window's end   [0, L)
 *     keep warm    preparing for L, idle until n or the window's end, in use    [n, L)
 *     wait         in use from n on                                             [n, n + L)
 *
 * A unit that is warm already (`isWarm`) has its preparation behind it: L counts as 0 for `warmUsd`.
 */
export function choiceCosts(world: ChoiceWorld, leastRps: number, isWarm: boolean): ChoiceCosts {
  const longestMs = Math.max(...world.leads.map((lead) => lead.leadMs));
  const endMs = world.windowMs + longestMs;
  const sum = { startUsd: 0, warmUsd: 0, waitUsd: 0 };
  for (const path of world.paths) {
    const courses = onsets(needsOf(world, path.demandRps, leastRps, endMs), world.windowMs);
    for (const needs of courses) {
      for (const { leadMs, weight } of world.leads) {
        const costs = pathCosts(world, needs, leadMs, endMs, isWarm);
        const share = (path.mass * weight) / courses.length;
        sum.startUsd += share * costs.startUsd;
        sum.warmUsd += share * costs.warmUsd;
        sum.waitUsd += share * costs.waitUsd;
      }
    }
  }
  return sum;
}

/** Instants that stand for all at which a need may begin. */
const ONSETS = 4;

/** The path's need, begun at each of a few instants of it inside the window; one empty course where there is none. */
function onsets(needs: Spans, windowMs: number): readonly Spans[] {
  const insideMs = overlapMs(needs, 0, windowMs);
  if (insideMs === 0) return [[]];
  return Array.from({ length: ONSETS }, (_, at) => from(needs, ((at + 0.5) / ONSETS) * insideMs));
}

/** What is left of `spans` after their first `skippedMs`. */
function from(spans: Spans, skippedMs: number): Spans {
  let openMs = skippedMs;
  return spans.flatMap(({ fromMs, toMs }) => {
    const skip = Math.min(openMs, toMs - fromMs);
    openMs -= skip;
    return fromMs + skip < toMs ? [{ fromMs: fromMs + skip, toMs }] : [];
  });
}

/** `Spans` in which the unit is needed, in order, from now to the end. */
type Spans = readonly { readonly fromMs: number; readonly toMs: number }[];

function needsOf(world: ChoiceWorld, demandRps: readonly number[], leastRps: number, endMs: number): Spans {
  const spans: { fromMs: number; toMs: number }[] = [];
  demandRps.forEach((rps, step) => {
    if (rps < leastRps) return;
    const fromMs = Math.max(0, world.firstStepMs + step * world.stepMs);
    // What comes after the forecast's end is taken to stay as it is there.
    const last = step === demandRps.length - 1;
    const toMs = last ? endMs : Math.min(endMs, world.firstStepMs + (step + 1) * world.stepMs);
    if (toMs <= fromMs) return;
    const before = spans.at(-1);
    if (before?.toMs === fromMs) before.toMs = toMs;
    else spans.push({ fromMs, toMs });
  });
  return spans;
}

function pathCosts(
  world: ChoiceWorld,
  needs: Spans,
  leadMs: number,
  endMs: number,
  isWarm: boolean,
): ChoiceCosts {
  const { windowMs, usdPerHour: usd } = world;
  const firstMs = needs[0]?.fromMs ?? Number.POSITIVE_INFINITY;
  const needed = firstMs < windowMs;
  const preparedMs = isWarm ? 0 : leadMs;
  const stopMs = needed ? firstMs : windowMs;
  const preparingUsdMs = usd.burst * Math.min(preparedMs, needed ? endMs : windowMs);
  const idleUsdMs = usd.idle * Math.max(0, stopMs - preparedMs);
  if (!needed) {
    return {
      startUsd: (usd.start * windowMs) / HOUR_MS,
      warmUsd: (preparingUsdMs + idleUsdMs) / HOUR_MS,
      waitUsd: 0,
    };
  }
  const usedUsdMs = usd.burst * Math.max(0, endMs - Math.max(firstMs, preparedMs));
  const missing = (fromMs: number, toMs: number) => usd.under * overlapMs(needs, fromMs, toMs);
  return {
    startUsd: (usd.start * endMs + missing(0, leadMs)) / HOUR_MS,
    warmUsd: (preparingUsdMs + idleUsdMs + usedUsdMs + missing(firstMs, preparedMs)) / HOUR_MS,
    waitUsd: (usd.burst * (endMs - firstMs) + missing(firstMs, firstMs + leadMs)) / HOUR_MS,
  };
}

function overlapMs(spans: Spans, fromMs: number, toMs: number): number {
  let inside = 0;
  for (const span of spans) inside += Math.max(0, Math.min(toMs, span.toMs) - Math.max(fromMs, span.fromMs));
  return inside;
}

/** Lead times that are weighed one by one; more are taken together, neighbours by neighbours. */
const MOST_LEADS = 12;

/**
 * The measured lead times, with the configured prior as one more sample, as a distribution of at most 12 values with
 * the same mean.
 */
export function leadDistribution(measuredMs: readonly number[], priorMs: number): readonly WeightedLead[] {
  const sorted = [...measuredMs, priorMs].sort((a, b) => a - b);
  const groups = Math.min(MOST_LEADS, sorted.length);
  return Array.from({ length: groups }, (_, group) => {
    const part = sorted.slice(
      Math.floor((group * sorted.length) / groups),
      Math.floor(((group + 1) * sorted.length) / groups),
    );
    const sumMs = part.reduce((sum, leadMs) => sum + leadMs, 0);
    return { leadMs: sumMs / part.length, weight: part.length / sorted.length };
  });
}
