import type { DemandSeries } from "../model/series.ts";
import { addScore, type Calibration, newCalibration, type WidthFactors, widthFactors } from "./conformal.ts";
import { TRACK_LEVELS, type Track } from "./rolling.ts";
import {
  addLoss,
  BUCKET_ENDS_MS,
  bucketOf,
  bucketWeights,
  fadeLosses,
  type LossSums,
  newLossSums,
  pinball,
} from "./weights.ts";

/** Levels whose loss decides: weighted quantile loss of 0.1, 0.5 and 0.9. */
const LOSS_ROWS = [1, 2, 3].map((row) => ({ row, level: TRACK_LEVELS[row] ?? 0.5 }));

/**
 * What the past forecasts of the members teach: weights and widths to use now, and how right the ensemble
 * was.
 */
export interface OnlineResult {
  readonly losses: LossSums;
  readonly calibrations: readonly Calibration[];
  /** Over all scored targets: absolute error of the ensemble's median, and of naive's. */
  readonly ensembleError: number;
  readonly naiveError: number;
}

interface Sweep {
  readonly tracks: readonly (Track | undefined)[];
  readonly rowOf: readonly Map<number, number>[];
  readonly knots: readonly number[];
  readonly buckets: readonly number[];
  readonly knotWeights: readonly number[];
  readonly cutoffs: readonly number[];
  /** The ensemble's own past forecasts, before and after calibration: 0.05, 0.5, 0.95 per cutoff and knot. */
  readonly raw: Float64Array;
  readonly shown: Float64Array;
  readonly losses: LossSums;
  readonly calibrations: readonly Calibration[];
}

/**
 * Replays the last days in the order in which truths became known. At each past cutoff the ensemble is made
 * with the weights and widths that the truths known by then gave it, so its measured coverage and error are
 * those of forecasts, not of a fit. Member 0 is naive, the reference.
 */
export function learnOnline(
  series: DemandSeries,
  tracks: readonly (Track | undefined)[],
  knots: readonly number[],
): OnlineResult {
  const sweep = newSweep(series.stepMs, tracks, knots);
  const events = knownOrder(series, sweep);
  let next = 0;
  let ensembleError = 0;
  let naiveError = 0;
  let nowMs = sweep.cutoffs[0] ?? 0;
  const settle = (untilMs: number): void => {
    fadeLosses(sweep.losses, untilMs - nowMs);
    nowMs = untilMs;
    for (; next < events.length && (events[next]?.knownMs ?? Infinity) <= untilMs; next++) {
      const event = events[next];
      if (event === undefined) continue;
      const errors = score(sweep, event);
      ensembleError += errors.ensemble;
      naiveError += errors.naive;
    }
  };
  sweep.cutoffs.forEach((cutoffMs, c) => {
    settle(cutoffMs);
    combineAt(sweep, c, cutoffMs);
  });
  settle(series.startMs + series.values.length * series.stepMs);
  return { losses: sweep.losses, calibrations: sweep.calibrations, ensembleError, naiveError };
}

function newSweep(stepMs: number, tracks: readonly (Track | undefined)[], knots: readonly number[]): Sweep {
  const cutoffs = [...new Set(tracks.flatMap((track) => Array.from(track?.cutoffsMs ?? [])))];
  cutoffs.sort((a, b) => a - b);
  const size = cutoffs.length * knots.length * 3;
  return {
    tracks,
    rowOf: tracks.map((track) => new Map(Array.from(track?.cutoffsMs ?? [], (ms, i) => [ms, i]))),
    knots,
    buckets: knots.map((knot) => bucketOf(knot * stepMs)),
    // A knot stands for the steps since the one before.
    knotWeights: knots.map((knot, k) => knot - (knots[k - 1] ?? 0)),
    cutoffs,
    raw: new Float64Array(size).fill(Number.NaN),
    shown: new Float64Array(size).fill(Number.NaN),
    losses: newLossSums(tracks.length),
    calibrations: BUCKET_ENDS_MS.map(() => newCalibration()),
  };
}

interface KnownTruth {
  readonly knownMs: number;
  readonly cutoff: number;
  readonly knot: number;
  readonly truth: number;
}

function knownOrder({ startMs, stepMs, values }: DemandSeries, sweep: Sweep): readonly KnownTruth[] {
  const events: KnownTruth[] = [];
  sweep.cutoffs.forEach((cutoffMs, cutoff) => {
    sweep.knots.forEach((steps, knot) => {
      const truth = values[Math.round((cutoffMs - startMs) / stepMs) + steps - 1] ?? Number.NaN;
      if (!Number.isNaN(truth)) events.push({ knownMs: cutoffMs + steps * stepMs, cutoff, knot, truth });
    });
  });
  return events.sort((a, b) => a.knownMs - b.knownMs);
}

/** Losses of all members and the ensemble's score for one truth. */
function score(sweep: Sweep, { cutoff, knot, truth }: KnownTruth): { ensemble: number; naive: number } {
  const bucket = sweep.buckets[knot] ?? 0;
  const cutoffMs = sweep.cutoffs[cutoff] ?? 0;
  const reference = memberLoss(sweep, 0, cutoffMs, knot, truth);
  for (let m = 0; m < sweep.tracks.length; m++) {
    const own = memberLoss(sweep, m, cutoffMs, knot, truth);
    if (Number.isNaN(own + reference)) continue;
    addLoss(sweep.losses, m, bucket, sweep.knotWeights[knot] ?? 1, own, reference);
  }
  const at = (cutoff * sweep.knots.length + knot) * 3;
  const triple = (from: Float64Array): [number, number, number] => [
    from[at] ?? Number.NaN,
    from[at + 1] ?? Number.NaN,
    from[at + 2] ?? Number.NaN,
  ];
  const raw = triple(sweep.raw);
  if (raw.some(Number.isNaN)) return { ensemble: 0, naive: 0 };
  const calibration = sweep.calibrations[bucket];
  if (calibration !== undefined) addScore(calibration, truth, raw, triple(sweep.shown));
  return {
    ensemble: Math.abs(truth - raw[1]),
    naive: Math.abs(truth - trackValue(sweep, 0, cutoffMs, knot, 2)),
  };
}

function combineAt(sweep: Sweep, cutoff: number, cutoffMs: number): void {
  const present = sweep.rowOf.map((rows) => rows.has(cutoffMs));
  const weights = BUCKET_ENDS_MS.map((_, bucket) => bucketWeights(sweep.losses, bucket, present));
  const factors = sweep.calibrations.map((calibration, b) => widthFactors(calibration, withinHour(b)));
  for (let knot = 0; knot < sweep.knots.length; knot++) {
    const bucket = sweep.buckets[knot] ?? 0;
    const own = weights[bucket] ?? new Float64Array(0);
    const at = (cutoff * sweep.knots.length + knot) * 3;
    [0, 2, 4].forEach((row, i) => {
      let sum = 0;
      for (let m = 0; m < own.length; m++) {
        if (present[m]) sum += (own[m] ?? 0) * trackValue(sweep, m, cutoffMs, knot, row);
      }
      sweep.raw[at + i] = sum;
    });
    showAt(sweep, at, factors[bucket] ?? { above: 1, below: 1 });
  }
}

function showAt(sweep: Sweep, at: number, factors: WidthFactors): void {
  const middle = sweep.raw[at + 1] ?? Number.NaN;
  sweep.shown[at] = Math.max(0, middle - (middle - (sweep.raw[at] ?? middle)) * factors.below);
  sweep.shown[at + 1] = middle;
  sweep.shown[at + 2] = middle + ((sweep.raw[at + 2] ?? middle) - middle) * factors.above;
}

/** Buckets whose every step is at most an hour ahead. */
export function withinHour(bucket: number): boolean {
  return bucket <= 2;
}

function memberLoss(sweep: Sweep, member: number, cutoffMs: number, knot: number, truth: number): number {
  let sum = 0;
  for (const { row, level } of LOSS_ROWS) {
    sum += pinball(truth, trackValue(sweep, member, cutoffMs, knot, row), level);
  }
  return sum / LOSS_ROWS.length;
}

function trackValue(sweep: Sweep, member: number, cutoffMs: number, knot: number, row: number): number {
  const at = sweep.rowOf[member]?.get(cutoffMs);
  if (at === undefined) return Number.NaN;
  return (
    sweep.tracks[member]?.values[(at * sweep.knots.length + knot) * TRACK_LEVELS.length + row] ?? Number.NaN
  );
}
