import { type AnomalyState, newAnomalyState } from "../anomalies/anomaly-state.ts";
import type { FittedState } from "../forecaster.ts";
import { type Calibration, newCalibrations } from "./conformal.ts";
import { type GuardSums, newGuard } from "./guard.ts";
import { type LiveScores, newLiveScores } from "./live-scores.ts";
import { type MissRun, NO_MISSES } from "./miss-run.ts";
import { type LossSums, newLossSums } from "./weights.ts";

/**
 * Everything learned about one series, as plain data: what was fitted, what the members' past forecasts were
 * worth, and the forecasts whose truth is still to come. Survives a trip between threads and a restart.
 */
export interface LearnedState {
  /** What it was learned with: another grid, zone, horizon or set of members starts afresh. */
  readonly basis: string;
  /** End of the history of the last call; -Infinity before the first. */
  lastMs: number;
  /** By member name. */
  readonly fits: Record<string, MemberFit>;
  readonly losses: LossSums;
  /** What the ensemble of all members lost, beside naive. */
  readonly guard: GuardSums;
  /** The instant up to which losses and scores are faded. */
  fadedMs: number;
  /** One per bucket of horizons. */
  readonly calibrations: Calibration[];
  readonly scores: LiveScores;
  missRun: MissRun;
  /** What demand does that no forecast held. */
  anomaly: AnomalyState;
  /** Oldest cutoff first. */
  pending: PendingForecast[];
  /** One step ahead, as lately served, oldest first. */
  recent: OneStep[];
}

/** One member's parameters and how they came about. */
export interface MemberFit {
  readonly state: FittedState | undefined;
  /** End of the history of the last fit that was tried. */
  readonly triedMs: number;
  /** End of the history of the fit behind `state`. */
  readonly fittedMs: number | undefined;
  /** Time that fit took. */
  readonly costMs: number;
  /** Count of fits so far. */
  readonly version: number;
  /** Why the member is out; undefined while it is in. */
  readonly reason: string | undefined;
  readonly score: VersionScore;
  readonly previous: VersionScore | undefined;
}

/** What the forecasts of one version lost, and naive on the same targets. */
export interface VersionScore {
  readonly version: number;
  readonly fittedMs: number;
  readonly loss: number;
  readonly naiveLoss: number;
  readonly count: number;
}

/** Forecasts of one past cutoff for the knots whose truth is still to come. */
export interface PendingForecast {
  readonly cutoffMs: number;
  readonly firstKnot: number;
  /**
   * At `WEIGHT_LEVELS`: `values[((knot - firstKnot) * rows + row) * levels + level]`; NaN: no say. A row for each
   * member, and a last one for the ensemble before guard and calibration.
   */
  readonly values: Float32Array | Float64Array;
  /** The ensemble as shown, at `CALIBRATED_LEVELS`: `shown[(knot - firstKnot) * levels + level]`. */
  readonly shown: Float32Array | Float64Array;
  /** Version of each member's parameters; 0 where it had no say. */
  readonly versions: readonly number[];
}

/** The first step ahead at `cutoffMs`: deciles and median as blended, and the 90 % interval as shown. */
export interface OneStep {
  readonly cutoffMs: number;
  readonly low: number;
  readonly middle: number;
  readonly high: number;
  readonly shownLower: number;
  readonly shownUpper: number;
}

export function newLearned(basis: string, members: number): LearnedState {
  return {
    basis,
    lastMs: Number.NEGATIVE_INFINITY,
    fits: {},
    losses: newLossSums(members),
    guard: newGuard(),
    fadedMs: Number.NaN,
    calibrations: newCalibrations(),
    scores: newLiveScores(),
    missRun: NO_MISSES,
    anomaly: newAnomalyState(),
    pending: [],
    recent: [],
  };
}

/** A copy to learn on: the fitted parameters and pending rows, which nothing changes in place, are shared. */
export function copyLearned(learned: LearnedState): LearnedState {
  return {
    ...learned,
    fits: { ...learned.fits },
    losses: structuredClone(learned.losses),
    guard: structuredClone(learned.guard),
    calibrations: structuredClone(learned.calibrations),
    scores: structuredClone(learned.scores),
    pending: [...learned.pending],
    recent: [...learned.recent],
  };
}

/** False for sums that hold a NaN or an infinity: nothing good comes of learning on from them. */
export function isSound({
  losses,
  guard,
  calibrations,
  scores,
  missRun,
  fadedMs,
  lastMs,
}: LearnedState): boolean {
  const finite = (value: unknown): boolean => {
    if (typeof value === "number") return Number.isFinite(value);
    if (ArrayBuffer.isView(value)) return (value as Float64Array).every(Number.isFinite);
    return typeof value !== "object" || value === null || Object.values(value).every(finite);
  };
  return Number.isFinite(lastMs) && finite([losses, guard, calibrations, scores, missRun, fadedMs]);
}

export function versionScore(version: number, fittedMs: number): VersionScore {
  return { version, fittedMs, loss: 0, naiveLoss: 0, count: 0 };
}
