import type { DemandSeries } from "../model/series.ts";
import { HOUR_MS } from "../model/time.ts";
import { addScore, type WidthFactors, widthFactors } from "./conformal.ts";
import type { Forecaster } from "./forecaster.ts";
import type { LearnedState, MemberFit, PendingForecast, VersionScore } from "./learned-state.ts";
import { TRACK_LEVELS } from "./learned-state.ts";
import { addLiveScore, fadeScores } from "./live-scores.ts";
import { noteTruth, widened } from "./miss-run.ts";
import { fromKnot, type KeptKnot, keptKnot, pendingRows } from "./pending-rows.ts";
import { addLoss, BUCKET_ENDS_MS, bucketOf, bucketWeights, fadeLosses, pinball } from "./weights.ts";

/** Rows of `TRACK_LEVELS` whose loss decides: weighted quantile loss of 0.1, 0.5 and 0.9. */
const LOSS_ROWS = [1, 2, 3].map((row) => ({ row, level: TRACK_LEVELS[row] ?? 0.5 }));
const LOWER = 0;
const MIDDLE = 2;
const UPPER = 4;

/** One series at the time of one call: what is known, and what is learned of it. */
export interface Learning {
  readonly series: DemandSeries;
  readonly knots: readonly number[];
  /** Naive, the reference, first. */
  readonly members: readonly Forecaster[];
  /** Steps that say nothing about ordinary demand, by their start. */
  readonly excluded: ((ms: number) => boolean) | undefined;
  readonly learned: LearnedState;
}

/** Weights and factors on the widths, per bucket of horizons. */
export interface Blend {
  readonly weights: readonly Float64Array[];
  readonly factors: readonly WidthFactors[];
}

/** What the truths known so far make of the members in `present`. */
export function blendNow(learned: LearnedState, present: readonly boolean[]): Blend {
  return {
    weights: BUCKET_ENDS_MS.map((_, bucket) => bucketWeights(learned.losses, bucket, present)),
    factors: learned.calibrations.map((calibration, bucket) =>
      widened(widthFactors(calibration, withinHour(bucket)), learned.missRun, bucket),
    ),
  };
}

/** Buckets whose every step is at most about an hour ahead. */
export function withinHour(bucket: number): boolean {
  return (BUCKET_ENDS_MS[bucket] ?? Number.POSITIVE_INFINITY) < 1.5 * HOUR_MS;
}

/**
 * Takes in every pending truth known by `untilMs`, in the order in which they became known, and fades what is
 * learned to that instant. Gaps and steps inside an excluded window teach nothing.
 */
export function settle(learning: Learning, untilMs: number): void {
  const { learned, knots, series } = learning;
  for (const { pending, knot, knownMs } of dueTruths(learning, untilMs)) {
    fadeTo(learned, knownMs);
    const truth = truthAt(learning, knownMs - series.stepMs);
    if (!Number.isNaN(truth)) score(learning, pending, knot, truth);
  }
  fadeTo(learned, untilMs);
  learned.pending = learned.pending.flatMap((pending) => {
    const reach = (untilMs - pending.cutoffMs) / series.stepMs;
    let first = pending.firstKnot;
    while (first < knots.length && (knots[first] ?? 0) <= reach) first++;
    return first === knots.length ? [] : [fromKnot(pending, first)];
  });
}

/** Scores the one-step interval that was shown last, once its truth is known. */
export function noteLastStep(learning: Learning): void {
  const { learned, series } = learning;
  const last = learned.recent.at(-1);
  if (last === undefined) return;
  const truth = truthAt(learning, last.cutoffMs);
  if (Number.isNaN(truth)) return;
  learned.missRun = noteTruth(learned.missRun, truth, last.shownLower, last.shownUpper);
  const silentMs = series.startMs + series.values.length * series.stepMs - last.cutoffMs;
  // A run seen long ago says nothing about now.
  if (silentMs > Math.max(2 * series.stepMs, HOUR_MS)) learned.missRun = { above: 0, below: 0 };
}

/**
 * Keeps what the members said at `cutoffMs` to be scored, and what the ensemble made of it with the weights and
 * widths of that instant: its measured coverage and error are those of forecasts, not of a fit.
 */
export function addPending(
  { learned, knots, series, members }: Learning,
  cutoffMs: number,
  rows: readonly (readonly Float64Array[] | undefined)[],
): void {
  const present = rows.map((row) => row !== undefined);
  if (!present.some(Boolean)) return;
  const { weights, factors } = blendNow(learned, present);
  const versions = members.map((member, m) => (present[m] ? (learned.fits[member.name]?.version ?? 0) : 0));
  const pending = pendingRows(cutoffMs, rows, versions, knots.length, (knot) => {
    const bucket = bucketOf((knots[knot] ?? 1) * series.stepMs);
    return {
      shares: weights[bucket] ?? new Float64Array(0),
      factors: factors[bucket] ?? { above: 1, below: 1 },
    };
  });
  learned.pending.push(pending);
}

interface DueTruth {
  readonly pending: PendingForecast;
  readonly knot: number;
  readonly knownMs: number;
}

function dueTruths({ learned, knots, series }: Learning, untilMs: number): readonly DueTruth[] {
  const due: DueTruth[] = [];
  for (const pending of learned.pending) {
    for (let knot = pending.firstKnot; knot < knots.length; knot++) {
      const knownMs = pending.cutoffMs + (knots[knot] ?? 0) * series.stepMs;
      if (knownMs > untilMs) break;
      due.push({ pending, knot, knownMs });
    }
  }
  return due.sort((a, b) => a.knownMs - b.knownMs || a.pending.cutoffMs - b.pending.cutoffMs);
}

/** Demand of the step that starts at `ms`; NaN for a gap, an excluded step, and what is not known. */
function truthAt({ series, excluded }: Learning, ms: number): number {
  const truth = series.values[Math.round((ms - series.startMs) / series.stepMs)] ?? Number.NaN;
  return excluded?.(ms) === true ? Number.NaN : truth;
}

function fadeTo(learned: LearnedState, ms: number): void {
  const elapsedMs = ms - learned.fadedMs;
  if (elapsedMs > 0) {
    fadeLosses(learned.losses, elapsedMs);
    fadeScores(learned.scores, elapsedMs);
  }
  if (!(elapsedMs <= 0)) learned.fadedMs = ms;
}

/** Losses of all members and the ensemble's score for one truth. */
function score(learning: Learning, pending: PendingForecast, knot: number, exact: number): void {
  const { learned, knots, members, series } = learning;
  const kept = keptKnot(pending, knot);
  const truth = kept.rounded(exact);
  const steps = knots[knot] ?? 1;
  const bucket = bucketOf(steps * series.stepMs);
  // A knot stands for the steps since the one before.
  const weight = steps - (knots[knot - 1] ?? 0);
  const naive = lossOf(truth, (row) => kept.member(0, row));
  members.forEach((member, m) => {
    const own = lossOf(truth, (row) => kept.member(m, row));
    if (!Number.isFinite(own + naive)) return;
    addLoss(learned.losses, m, bucket, weight, own, naive);
    const fit = learned.fits[member.name];
    const version = pending.versions[m] ?? 0;
    if (fit !== undefined) learned.fits[member.name] = withScore(fit, version, weight * own, weight * naive);
  });
  scoreEnsemble(learned, bucket, weight, truth, kept, naive);
}

function scoreEnsemble(
  learned: LearnedState,
  bucket: number,
  weight: number,
  truth: number,
  kept: KeptKnot,
  naiveLoss: number,
): void {
  const raw = [kept.raw(LOWER), kept.raw(MIDDLE), kept.raw(UPPER)] as const;
  const shown = [kept.shown(LOWER), kept.shown(MIDDLE), kept.shown(UPPER)] as const;
  if (raw.some(Number.isNaN)) return;
  const calibration = learned.calibrations[bucket];
  if (calibration !== undefined) addScore(calibration, truth, raw, shown);
  addLiveScore(learned.scores, bucket, weight, {
    shownLoss: lossOf(truth, kept.shown),
    naiveLoss,
    shownError: Math.abs(truth - raw[1]),
    naiveError: Math.abs(truth - kept.member(0, MIDDLE)),
    inside: truth >= shown[0] && truth <= shown[2] ? 1 : 0,
  });
}

function lossOf(truth: number, quantile: (row: number) => number): number {
  let sum = 0;
  for (const { row, level } of LOSS_ROWS) sum += pinball(truth, quantile(row), level);
  return sum / LOSS_ROWS.length;
}

/** `fit` with one more score for the version that made the forecast, when that is this one or the one before. */
function withScore(fit: MemberFit, version: number, loss: number, naiveLoss: number): MemberFit {
  const add = (old: VersionScore): VersionScore => ({
    ...old,
    loss: old.loss + loss,
    naiveLoss: old.naiveLoss + naiveLoss,
    count: old.count + 1,
  });
  if (version === fit.score.version) return { ...fit, score: add(fit.score) };
  if (fit.previous !== undefined && version === fit.previous.version) {
    return { ...fit, previous: add(fit.previous) };
  }
  return fit;
}
