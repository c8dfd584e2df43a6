import { CALIBRATED_LEVELS, calibratorFor, type StepCalibration } from "./conformal.ts";
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

/** What was said for one knot of a past cutoff, in the precision in which it was kept. */
export interface KeptKnot {
  /** Quantile `WEIGHT_LEVELS[level]` of `member`; NaN where it had no say. */
  member(member: number, level: number): number;
  /** The ensemble's as given out, at `CALIBRATED_LEVELS`. */
  readonly shown: Float32Array | Float64Array;
  /** `truth` rounded as the forecasts were: a constant is then met exactly. */
  rounded(truth: number): number;
}

/**
 * Rows to be scored later. `rows[member][level]`: quantiles at the knots, for `CALIBRATED_LEVELS`; undefined where
 * a member has no say. `blendAt(knot)`: weights and calibration of the ensemble at that knot.
 */
export function pendingRows(
  cutoffMs: number,
  rows: readonly (readonly Float64Array[] | undefined)[],
  versions: readonly number[],
  knots: number,
  blendAt: (knot: number) => { readonly weights: Float64Array; readonly calibration: StepCalibration },
): PendingForecast {
  const values = interleave(rows, knots);
  const shown = new Float64Array(knots * SHOWN);
  for (let knot = 0; knot < knots; knot++) {
    const { weights, calibration } = blendAt(knot);
    const column = shown.subarray(knot * SHOWN, (knot + 1) * SHOWN);
    blendStep(column, CALIBRATED_LEVELS, weights, rows, knot);
    calibrate(column, calibration);
  }
  const single = values.every((value) => !(value >= SINGLE_LIMIT));
  const keep = (list: Float64Array): Float32Array | Float64Array => (single ? Float32Array.from(list) : list);
  return { cutoffMs, firstKnot: 0, values: keep(values), shown: keep(shown), versions };
}

export function keptKnot(pending: PendingForecast, knot: number): KeptKnot {
  const { values, shown, versions } = pending;
  const place = knot - pending.firstKnot;
  const at = place * versions.length * LEVELS;
  const single = values instanceof Float32Array;
  return {
    member: (member, level) => values[at + member * LEVELS + level] ?? Number.NaN,
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
    values: pending.values.subarray(skipped * pending.versions.length * LEVELS),
    shown: pending.shown.subarray(skipped * SHOWN),
  };
}

function interleave(rows: readonly (readonly Float64Array[] | undefined)[], knots: number): Float64Array {
  const values = new Float64Array(knots * rows.length * LEVELS).fill(Number.NaN);
  rows.forEach((row, m) => {
    KEPT_ROWS.forEach((kept, l) => {
      const level = row?.[kept];
      if (level === undefined) return;
      for (let k = 0; k < knots; k++) values[(k * rows.length + m) * LEVELS + l] = level[k] ?? Number.NaN;
    });
  });
  return values;
}
