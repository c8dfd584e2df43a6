import { clamp, sortedQuantile } from "./statistics.ts";

/**
 * Past misses of one bucket of horizons, in units of the interval's own half-width above and below the
 * median.
 */
export interface Calibration {
  readonly above: number[];
  readonly below: number[];
  /** Share outside that each side aims at, adapted online; starts at 0.05. */
  readonly aim: { above: number; below: number };
  inside: number;
  scored: number;
}

/** Factors on the half-widths above and below the median; 1 leaves the interval as the members made it. */
export interface WidthFactors {
  readonly above: number;
  readonly below: number;
}

/** Share outside each end of the 90 % interval. */
const OUTSIDE = 0.05;
/** Fewer scores than this say nothing about a 5 % tail. */
const ENOUGH = 50;
/** Newest scores that count. */
const KEPT = 400;
/** Step of the adaptive rule per score, as a share of the error rate's miss. */
const ADAPT = 0.02;

export function newCalibration(): Calibration {
  return { above: [], below: [], aim: { above: OUTSIDE, below: OUTSIDE }, inside: 0, scored: 0 };
}

/**
 * Scaled split-conformal factors (Romano et al. 2019, one-sided): the half-width that would have held 95 % of
 * the recent truths on each side, over the half-width that was said. Adaptive (Gibbs and Candes 2021): where
 * truths lately fell outside too often, the aim moves out until they do not. Beyond an hour scores overlap
 * and lag, so an interval is only ever widened there.
 */
export function widthFactors(calibration: Calibration, withinHour: boolean): WidthFactors {
  const factor = (scores: readonly number[], aim: number): number => {
    if (scores.length < ENOUGH) return 1;
    const sorted = Float64Array.from(scores).sort();
    const wanted = sortedQuantile(sorted, 1 - clamp(aim, 0.005, 0.2));
    const trust = scores.length / (scores.length + ENOUGH);
    return clamp(1 + trust * (wanted - 1), withinHour ? 0.5 : 1, withinHour ? 2.5 : 2);
  };
  return {
    above: factor(calibration.above, calibration.aim.above),
    below: factor(calibration.below, calibration.aim.below),
  };
}

/**
 * Takes in one truth: `raw` is the forecast as the members made it, `shown` as it was after `widthFactors`;
 * each the quantiles 0.05, 0.5 and 0.95.
 */
export function addScore(
  calibration: Calibration,
  truth: number,
  raw: readonly [number, number, number],
  shown: readonly [number, number, number],
): void {
  const floor = 1e-9 * Math.abs(raw[1]) + Number.MIN_VALUE;
  push(calibration.above, (truth - raw[1]) / Math.max(raw[2] - raw[1], floor));
  push(calibration.below, (raw[1] - truth) / Math.max(raw[1] - raw[0], floor));
  const isAbove = truth > shown[2];
  const isBelow = truth < shown[0];
  calibration.aim.above = adapt(calibration.aim.above, isAbove);
  calibration.aim.below = adapt(calibration.aim.below, isBelow);
  calibration.scored++;
  if (!isAbove && !isBelow) calibration.inside++;
}

function adapt(aim: number, missed: boolean): number {
  return clamp(aim + ADAPT * (OUTSIDE - (missed ? 1 : 0)), 0.002, 0.1);
}

function push(list: number[], value: number): void {
  // A forecast without width that missed: far outside, but finite.
  list.push(clamp(value, -1e6, 1e6));
  if (list.length > KEPT) list.shift();
}
