import { endMs } from "../../model/series.ts";
import { DAY_MS } from "../../model/time.ts";
import { type AnomalyState, refitMade } from "../anomalies/anomaly-state.ts";
import type { FittedState, Forecaster, MemberCost } from "../forecaster.ts";
import { horizonKnots } from "../kernels/error-quantiles.ts";
import { CALIBRATED_LEVELS } from "./conformal.ts";
import { copyLearned, type LearnedState, type MemberFit, newLearned, versionScore } from "./learned-state.ts";
import { addPending, type Learning, noteLastStep, settle } from "./learning.ts";
import {
  firstLine,
  fitMember,
  type ModelInput,
  maskedHistories,
  type StandingMember,
  standAt,
} from "./member-models.ts";
import { cutoffsBetween } from "./past-cutoffs.ts";
import { anchorDue, BACKFILL_DAYS, isDue, type RefitPlan } from "./refits.ts";

export interface LearnInput extends ModelInput, RefitPlan {
  /** Naive, the reference, first. */
  readonly members: readonly Forecaster[];
  readonly timeZone: string;
  /** Steps ahead that forecasts are scored to; a day at most. */
  readonly learnSteps: number;
  readonly learned: LearnedState | undefined;
  readonly excluded?: ((ms: number) => boolean) | undefined;
  /** What the detector makes of the series up to its end; what it made of it in the call before unless given. */
  readonly anomaly?: AnomalyState | undefined;
  /** Members out for this call, with the reason in words. */
  readonly without?: Readonly<Record<string, string>> | undefined;
  readonly monotonicMs: () => number;
  /** Told the index of the member in hand, before each time it is asked for anything. */
  readonly onMember?: ((index: number) => void) | undefined;
}

/** What one call has learned, and the members ready to answer at the end of the series. */
export interface Learned {
  readonly learned: LearnedState;
  /** Members fitted in this call, a name for each fit. */
  readonly fitted: readonly MemberCost[];
  /** A member standing at `cutoffMs`; undefined when it is out. `drop` it when it throws. */
  stand(member: number, cutoffMs: number): StandingMember | undefined;
  drop(member: number, reason: string): void;
}

interface Walk extends Learning {
  readonly input: LearnInput;
  readonly masked: ReturnType<typeof maskedHistories>;
  readonly fitted: MemberCost[];
  readonly cold: boolean;
}

/**
 * Brings what is learned about a series to its end: settles the forecasts whose truth has become known, refits
 * members that are due, and keeps this hour's forecasts to be scored. A call that comes late, the first above all,
 * walks through the missed hours the same way, with parameters fitted at most once a day, at midnight (UTC).
 * Where the detector found another level or drift, light and heavy members are refitted at once.
 * `input.learned` is left as it was.
 */
export function learnSeries(input: LearnInput): Learned {
  const { series } = input;
  const nowMs = endMs(series);
  const knots = horizonKnots(Math.max(1, Math.min(input.learnSteps, Math.round(DAY_MS / series.stepMs))));
  const learned = startingState(input, knots, nowMs);
  if (input.anomaly !== undefined) learned.anomaly = input.anomaly;
  const walk: Walk = {
    input,
    series,
    knots,
    members: input.members,
    excluded: input.excluded,
    learned,
    masked: maskedHistories(input),
    fitted: [],
    cold: !Number.isFinite(learned.lastMs),
  };
  noteLastStep(walk);
  const fromMs = Math.max(learned.lastMs, nowMs - BACKFILL_DAYS.light * DAY_MS);
  let refitted = false;
  for (const cutoffMs of cutoffsBetween(series, fromMs, nowMs)) {
    settle(walk, cutoffMs);
    if (cutoffMs === nowMs) {
      refitDue(walk, nowMs);
      refitted = true;
    } else refitBefore(walk, cutoffMs, nowMs);
    addPending(walk, cutoffMs, rowsAt(walk, cutoffMs, nowMs));
  }
  settle(walk, nowMs);
  if (!refitted) refitDue(walk, nowMs);
  learned.lastMs = nowMs;
  return {
    learned,
    fitted: walk.fitted,
    stand: (member, cutoffMs) => stand(walk, member, cutoffMs),
    drop: (member, reason) => drop(walk, member, reason),
  };
}

/** Why each member that is out is out. */
export function outReasons(input: LearnInput, learned: LearnedState): Record<string, string> {
  const reasons: Record<string, string> = {};
  for (const { name } of input.members) {
    const reason = input.without?.[name] ?? learned.fits[name]?.reason;
    if (reason !== undefined) reasons[name] = reason;
  }
  return reasons;
}

/** What was learned before, when it was learned on the same terms and not later than now; else nothing. */
function startingState(input: LearnInput, knots: readonly number[], nowMs: number): LearnedState {
  const { series, timeZone, members, learned } = input;
  const names = members.map((member) => member.name).join(" ");
  const basis = `${series.stepMs} ${series.startMs % series.stepMs} ${timeZone} ${knots.join(" ")} ${names}`;
  if (learned?.basis === basis && learned.lastMs <= nowMs) return copyLearned(learned);
  return newLearned(basis, members.length);
}

function refitDue(walk: Walk, nowMs: number): void {
  const { input, learned } = walk;
  input.members.forEach((member, m) => {
    const fit = learned.fits[member.name];
    if (isOut(walk, member) || !(isOutdated(learned, member, fit) || isDue(input, member, fit, nowMs)))
      return;
    // Seconds each: a cold start has just trained it on all but the last hours.
    if (walk.cold && member.cost === "trained" && fit?.state !== undefined) return;
    refit(walk, m, nowMs);
  });
  learned.anomaly = refitMade(learned.anomaly);
}

/**
 * The detector found another level or drift since the call before: parameters from before it, and those of earlier
 * calls, are of a history that was not yet brought to that level. Training takes seconds and waits for its turn.
 */
function isOutdated(learned: LearnedState, { cost }: Forecaster, fit: MemberFit | undefined): boolean {
  const { wantsRefit } = learned.anomaly;
  if (wantsRefit === null || cost === "trained") return false;
  const fittedMs = fit?.fittedMs ?? 0;
  return fittedMs < wantsRefit.sinceMs || fittedMs <= learned.lastMs;
}

/** Parameters for a cutoff in the past: those there are, unless they are a day old. */
function refitBefore(walk: Walk, cutoffMs: number, nowMs: number): void {
  const { input, learned } = walk;
  const historySteps = Math.min(input.series.values.length, Math.round(input.trainMs / input.series.stepMs));
  input.members.forEach((member, m) => {
    if (isOut(walk, member) || !isBackfilled(walk, member, cutoffMs, nowMs)) return;
    const anchorMs = anchorDue(input, member, learned.fits[member.name], cutoffMs, historySteps);
    if (anchorMs !== undefined) refit(walk, m, anchorMs);
  });
}

/** Weights trained on many series have seen these days already: what they would say of them is no forecast. */
function isBackfilled(
  { input, learned }: Walk,
  member: Forecaster,
  cutoffMs: number,
  nowMs: number,
): boolean {
  if (cutoffMs <= nowMs - BACKFILL_DAYS[member.cost] * DAY_MS) return false;
  const isShared = input.shared?.[member.name] !== undefined;
  return !(member.cost === "trained" && isShared && learned.fits[member.name] === undefined);
}

function refit(walk: Walk, index: number, cutoffMs: number): void {
  const { input, learned } = walk;
  const member = input.members[index];
  if (member === undefined) return;
  input.onMember?.(index);
  const startedMs = input.monotonicMs();
  const before = learned.fits[member.name];
  const outcome = fitMember(input, member, walk.masked(member, cutoffMs), before?.state);
  const costMs = input.monotonicMs() - startedMs;
  walk.fitted.push(member.cost);
  const version = before?.version ?? 0;
  if (outcome.kind === "refused") {
    // Parameters of an hour ago serve on where a refit fails; a history too short never had any.
    const kept = before?.state !== undefined && /failed/.test(outcome.reason) ? before.state : undefined;
    learned.fits[member.name] = {
      ...(before ?? { version, fittedMs: undefined, previous: undefined }),
      score: before?.score ?? versionScore(version, cutoffMs),
      state: kept,
      triedMs: cutoffMs,
      costMs,
      reason: kept === undefined ? outcome.reason : undefined,
    };
    return;
  }
  learned.fits[member.name] = {
    state: outcome.model.state,
    triedMs: cutoffMs,
    fittedMs: cutoffMs,
    costMs,
    version: version + 1,
    reason: undefined,
    score: versionScore(version + 1, cutoffMs),
    previous: before !== undefined && version > 0 ? before.score : undefined,
  };
}

function rowsAt(
  walk: Walk,
  cutoffMs: number,
  nowMs: number,
): readonly (readonly Float64Array[] | undefined)[] {
  return walk.members.map((member, m) => {
    if (cutoffMs < nowMs && !isBackfilled(walk, member, cutoffMs, nowMs)) return undefined;
    try {
      return stand(walk, m, cutoffMs)?.at(walk.knots, CALIBRATED_LEVELS);
    } catch (error) {
      drop(walk, m, `forecast failed: ${firstLine(error)}`);
      return undefined;
    }
  });
}

function stand(walk: Walk, index: number, cutoffMs: number): StandingMember | undefined {
  const member = walk.members[index];
  const state: FittedState | undefined =
    member === undefined || isOut(walk, member) ? undefined : walk.learned.fits[member.name]?.state;
  if (member === undefined || state === undefined) return undefined;
  walk.input.onMember?.(index);
  return standAt(walk.input, member, state, cutoffMs);
}

/** Its parameters are not asked again; the next fit that is due brings it back. */
function drop({ members, learned }: Walk, index: number, reason: string): void {
  const member = members[index];
  const fit = member === undefined ? undefined : learned.fits[member.name];
  if (member !== undefined && fit !== undefined) {
    learned.fits[member.name] = { ...fit, state: undefined, reason };
  }
}

function isOut({ input }: Walk, member: Forecaster): boolean {
  return input.without?.[member.name] !== undefined;
}
