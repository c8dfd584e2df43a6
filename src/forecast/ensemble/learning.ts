import type { DemandSeries } from "../../model/series.ts";
import { HOUR_MS } from "../../model/time.ts";
import type { Forecaster } from "../forecaster.ts";
import {
  addScore,
  CALIBRATED_LEVELS,
  type Calibration,
  calibrationAt,
  fadeCalibration,
  type WidthFactors,
} from "./conformal.ts";
import { addGuardLoss, fadeGuard, naiveShareAt, naiveShares } from "./guard.ts";
import type { LearnedState, MemberFit, PendingForecast, VersionScore } from "./learned-state.ts";
import { addLiveScore, fadeScores } from "./live-scores.ts";
import { noteTruth, widened } from "./miss-run.ts";
import { fromKnot, type KeptKnot, keptKnot, pendingRows, type StepBlend } from "./pending-rows.ts";
import { stepWeights } from "./step-weights.ts";
import {
  addLoss,
  BUCKET_ENDS_MS,
  bucketOf,
  bucketWeights,
  fadeLosses,
  knotShares,
  pinball,
  WEIGHT_LEVELS,
} from "./weights.ts";

/** Rows of `WEIGHT_LEVELS` whose mean is the loss that is reported: weighted quantile loss of 0.1, 0.5 and 0.9. */
const LOSS_ROWS = [1, 2, 3];
const MIDDLE_ROW = WEIGHT_LEVELS.indexOf(0.5);
/** Where `WEIGHT_LEVELS`, and the 90 % interval, are in what was shown. */
const SHOWN_ROWS = WEIGHT_LEVELS.map((level) => CALIBRATED_LEVELS.indexOf(level));
const LOWER = CALIBRATED_LEVELS.indexOf(0.05);
const MIDDLE = CALIBRATED_LEVELS.indexOf(0.5);
const UPPER = CALIBRATED_LEVELS.indexOf(0.95);

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

/** Weights, the guard's shares of naive, calibration and factors on the widths, per bucket of horizons. */
export interface Blend {
  readonly weights: readonly Float64Array[];
  /** Of one number each. */
  readonly naiveShares: readonly Float64Array[];
  readonly calibrations: readonly Calibration[];
  readonly factors: readonly WidthFactors[];
}

/** What the truths known so far make of the members in `present`, naive first. */
export function blendNow(learned: LearnedState, present: readonly boolean[], nearTerm = -1): Blend {
  return {
    weights: BUCKET_ENDS_MS.map((_, bucket) => bucketWeights(learned.losses, bucket, present, nearTerm)),
    naiveShares: naiveShares(learned.guard, present[0] === true),
    calibrations: learned.calibrations,
    factors: BUCKET_ENDS_MS.map((_, bucket) => widened({ above: 1, below: 1 }, learned.missRun, bucket)),
  };
}

/** Index of the near-term member; -1 where there is none. */
export function nearTermOf(members: readonly Pick<Forecaster, "nearTerm">[]): number {
  return members.findIndex(({ nearTerm }) => nearTerm);
}

/** How the ensemble is made `aheadMs` ahead. */
export function blendAt({ weights, naiveShares, calibrations, factors }: Blend, aheadMs: number): StepBlend {
  const factor = factors[bucketOf(aheadMs)] ?? { above: 1, below: 1 };
  return {
    weights: stepWeights(weights, aheadMs),
    naiveShare: naiveShareAt(naiveShares, aheadMs),
    calibration: calibrationAt(calibrations, factor, aheadMs),
  };
}

/**
 * Takes in every pending truth known by `untilMs`, in the order in which they became known, and fades what is
 * learned to that instant. Gaps and steps inside an excluded window teach nothing.
 */
export function settle(learning: Learning, untilMs: number): void {
  const { learned, knots, series } = learning;
  const shares = knotShares(knots, series.stepMs);
  for (const { pending, knot, knownMs } of dueTruths(learning, untilMs)) {
    fadeTo(learned, knownMs);
    const truth = truthAt(learning, knownMs - series.stepMs);
    if (!Number.isNaN(truth)) score(learning, pending, knot, truth, shares[knot] ?? 0);
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
  const blend = blendNow(learned, present, nearTermOf(members));
  const versions = members.map((member, m) => (present[m] ? (learned.fits[member.name]?.version ?? 0) : 0));
  const pending = pendingRows(cutoffMs, rows, versions, knots.length, (knot) =>
    blendAt(blend, (knots[knot] ?? 1) * series.stepMs),
  );
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
    fadeGuard(learned.guard, elapsedMs);
    for (const calibration of learned.calibrations) fadeCalibration(calibration, elapsedMs);
    fadeScores(learned.scores, elapsedMs);
  }
  if (!(elapsedMs <= 0)) learned.fadedMs = ms;
}

/** Losses of all members, of the raw ensemble, and the score of what was shown, for one truth. */
function score(
  learning: Learning,
  pending: PendingForecast,
  knot: number,
  exact: number,
  share: number,
): void {
  const { learned, knots, members, series } = learning;
  const kept = keptKnot(pending, knot);
  const truth = kept.rounded(exact);
  const steps = knots[knot] ?? 1;
  const bucket = bucketOf(steps * series.stepMs);
  // A knot stands for the steps since the one before.
  const weight = steps - (knots[knot - 1] ?? 0);
  const naive = lossesOf(truth, (row) => kept.member(0, row));
  members.forEach((member, m) => {
    const own = lossesOf(truth, (row) => kept.member(m, row));
    if (!own.every(Number.isFinite) || !naive.every(Number.isFinite)) return;
    addLoss(learned.losses, m, bucket, share, own, naive);
    const fit = learned.fits[member.name];
    const version = pending.versions[m] ?? 0;
    if (fit === undefined) return;
    learned.fits[member.name] = withScore(fit, version, weight * meanLoss(own), weight * meanLoss(naive));
  });
  const raw = lossesOf(truth, (row) => kept.raw(row));
  addGuardLoss(learned.guard, bucket, share, meanLoss(raw), meanLoss(naive));
  scoreEnsemble(learned, bucket, { weight, share }, truth, kept, meanLoss(naive));
}

function scoreEnsemble(
  learned: LearnedState,
  bucket: number,
  counts: { readonly weight: number; readonly share: number },
  truth: number,
  kept: KeptKnot,
  naiveLoss: number,
): void {
  const shown = (row: number): number => kept.shown[row] ?? Number.NaN;
  if (Number.isNaN(shown(MIDDLE))) return;
  const calibration = learned.calibrations[bucket];
  if (calibration !== undefined) addScore(calibration, bucket, counts.share, truth, kept.shown);
  addLiveScore(learned.scores, bucket, counts.weight, {
    shownLoss: meanLoss(lossesOf(truth, (row) => shown(SHOWN_ROWS[row] ?? MIDDLE))),
    naiveLoss,
    shownError: Math.abs(truth - shown(MIDDLE)),
    naiveError: Math.abs(truth - kept.member(0, MIDDLE_ROW)),
    inside: truth >= shown(LOWER) && truth <= shown(UPPER) ? 1 : 0,
  });
}

/** Pinball losses at `WEIGHT_LEVELS`. */
function lossesOf(truth: number, quantile: (row: number) => number): readonly number[] {
  return WEIGHT_LEVELS.map((level, row) => pinball(truth, quantile(row), level));
}

function meanLoss(losses: readonly number[]): number {
  return LOSS_ROWS.reduce((sum, row) => sum + (losses[row] ?? Number.NaN), 0) / LOSS_ROWS.length;
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
