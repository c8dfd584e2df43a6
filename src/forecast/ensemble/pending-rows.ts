import { CALIBRATED_LEVELS, calibratorFor, type StepCalibration } from "./conformal.ts";
import { mixNaive } from "./guard.ts";
import type { PendingForecast } from "./learned-state.ts";
import { blendStep } from "./step-weights.ts";
import { WEIGHT_LEVELS } from "./weights.ts";

const LEVELS = WEIGHT_LEVELS.length;
const SHOWN = CALIBRATED_LEVELS.length;
/** Where `WEIGHT_LEVELS` are among `CALIBRATED_LEVELS`. */
const KEPT_ROWS = WEIGHT_LEVELS.map((level) => CALIBRATED_LEVELS.indexOf(level));
/** Larger demand than this does not fit single precision. */
const SINGLE_LIMIT = 1e30;

const calibrate = calibratorFor(CALIBRATED_LEVELS);

/** How the ensemble is made at one horizon. */
export interface StepBlend {
  readonly weights: Float64Array;
  /** What the guard gives to naive. */
  readonly naiveShare: number;
  readonly calibration: StepCalibration;
}

/** What was said for one knot of a past cutoff, in the precision in which it was kept. */
export interface KeptKnot {
  /** Quantile `WEIGHT_LEVELS[level]` of `member`; NaN where it had no say. */
  member(member: number, level: number): number;
  /** The same of the ensemble before guard and calibration. */
  raw(level: number): number;
  /** The ensemble's as given out, at `CALIBRATED_LEVELS`. */
  readonly shown: Float32Array | Float64Array;
  /** `truth` rounded as the forecasts were: a constant is then met exactly. */
  rounded(truth: number): number;
}

/**
 * Rows to be scored later. `rows[member][level]`: quantiles at the knots, for `CALIBRATED_LEVELS`; undefined where
 * a member has no say, naive first. `blendAt(knot)`: how the ensemble is made at that knot.
 */
export function pendingRows(
  cutoffMs: number,
  rows: readonly (readonly Float64Array[] | undefined)[],
  versions: readonly number[],
  knots: number,
  blendAt: (knot: number) => StepBlend,
): PendingForecast {
  const values = interleave(rows, knots);
  const stride = (rows.length + 1) * LEVELS;
  const shown = new Float64Array(knots * SHOWN);
  for (let knot = 0; knot < knots; knot++) {
    const { weights, naiveShare, calibration } = blendAt(knot);
    const column = shown.subarray(knot * SHOWN, (knot + 1) * SHOWN);
    blendStep(column, CALIBRATED_LEVELS, weights, rows, knot);
    for (let l = 0; l < LEVELS; l++) {
      values[knot * stride + rows.length * LEVELS + l] = column[KEPT_ROWS[l] as number] as number;
    }
    mixNaive(column, naiveShare, rows[0], knot);
    calibrate(column, calibration);
  }
  const single = values.every((value) => !(value >= SINGLE_LIMIT));
  const keep = (list: Float64Array): Float32Array | Float64Array => (single ? Float32Array.from(list) : list);
  return { cutoffMs, firstKnot: 0, values: keep(values), shown: keep(shown), versions };
}

export function keptKnot(pending: PendingForecast, knot: number): KeptKnot {
  const { values, shown, versions } = pending;
  const place = knot - pending.firstKnot;
  const members = versions.length;
  const at = place * (members + 1) * LEVELS;
  const single = values instanceof Float32Array;
  return {
    member: (member, level) => values[at + member * LEVELS + level] ?? Number.NaN,
    raw: (level) => values[at + members * LEVELS + level] ?? Number.NaN,
    shown: shown.subarray(place * SHOWN, (place + 1) * SHOWN),
    rounded: (truth) => (single ? Math.fround(truth) : truth),
  };
}

/** The same without the knots before `firstKnot`. */
export function fromKnot(pending: PendingForecast, firstKnot: number): PendingForecast {
  const skipped = firstKnot - pending.firstKnot;
  if (skipped === 0) return pending;
  return {
    ...pending,
    firstKnot,
    values: pending.values.subarray(skipped * (pending.versions.length + 1) * LEVELS),
    shown: pending.shown.subarray(skipped * SHOWN),
  };
}

/** Room for one row more, the ensemble's. */
function interleave(rows: readonly (readonly Float64Array[] | undefined)[], knots: number): Float64Array {
  const perKnot = rows.length + 1;
  const values = new Float64Array(knots * perKnot * LEVELS).fill(Number.NaN);
  rows.forEach((row, m) => {
    KEPT_ROWS.forEach((kept, l) => {
      const level = row?.[kept];
      if (level === undefined) return;
      for (let k = 0; k < knots; k++) values[(k * perKnot + m) * LEVELS + l] = level[k] ?? Number.NaN;
    });
  });
  return values;
}
