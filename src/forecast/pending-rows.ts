import type { WidthFactors } from "./conformal.ts";
import { type PendingForecast, TRACK_LEVELS } from "./learned-state.ts";

const LEVELS = TRACK_LEVELS.length;
/** Larger demand than this does not fit single precision. */
const SINGLE_LIMIT = 1e30;

/** What was said for one knot of a past cutoff, in the precision in which it was kept. */
export interface KeptKnot {
  /** Quantile `TRACK_LEVELS[level]` of `member`; NaN where it had no say. */
  member(member: number, level: number): number;
  /** The ensemble's, as its members made it. */
  raw(level: number): number;
  /** The ensemble's, calibrated. */
  shown(level: number): number;
  /** `truth` rounded as the forecasts were: a constant is then met exactly. */
  rounded(truth: number): number;
}

/**
 * Rows to be scored later. `rows[member][level]`: quantiles at the knots; undefined where a member has no say.
 * `shares(knot)`, `factors(knot)`: weights and widths of the ensemble at that knot.
 */
export function pendingRows(
  cutoffMs: number,
  rows: readonly (readonly Float64Array[] | undefined)[],
  versions: readonly number[],
  knots: number,
  blendAt: (knot: number) => { readonly shares: Float64Array; readonly factors: WidthFactors },
): PendingForecast {
  const values = interleave(rows, knots);
  const ensemble = new Float64Array(knots * 2 * LEVELS);
  for (let knot = 0; knot < knots; knot++) {
    const { shares, factors } = blendAt(knot);
    blendKnot(ensemble, values, knot, shares);
    showKnot(ensemble, knot, factors);
  }
  const single = values.every((value) => !(value >= SINGLE_LIMIT));
  const keep = (list: Float64Array): Float32Array | Float64Array => (single ? Float32Array.from(list) : list);
  return { cutoffMs, firstKnot: 0, values: keep(values), ensemble: keep(ensemble), versions };
}

export function keptKnot(pending: PendingForecast, knot: number): KeptKnot {
  const { values, ensemble, versions } = pending;
  const place = knot - pending.firstKnot;
  const at = place * versions.length * LEVELS;
  const own = place * 2 * LEVELS;
  const single = values instanceof Float32Array;
  return {
    member: (member, level) => values[at + member * LEVELS + level] ?? Number.NaN,
    raw: (level) => ensemble[own + level] ?? Number.NaN,
    shown: (level) => ensemble[own + LEVELS + level] ?? Number.NaN,
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
    ensemble: pending.ensemble.subarray(skipped * 2 * LEVELS),
  };
}

function interleave(rows: readonly (readonly Float64Array[] | undefined)[], knots: number): Float64Array {
  const values = new Float64Array(knots * rows.length * LEVELS).fill(Number.NaN);
  rows.forEach((row, m) => {
    row?.forEach((level, l) => {
      for (let k = 0; k < knots; k++) values[(k * rows.length + m) * LEVELS + l] = level[k] ?? Number.NaN;
    });
  });
  return values;
}

function blendKnot(ensemble: Float64Array, values: Float64Array, knot: number, shares: Float64Array): void {
  for (let level = 0; level < LEVELS; level++) {
    let sum = 0;
    for (let m = 0; m < shares.length; m++) {
      const share = shares[m] ?? 0;
      if (share > 0) sum += share * (values[(knot * shares.length + m) * LEVELS + level] ?? Number.NaN);
    }
    ensemble[knot * 2 * LEVELS + level] = sum;
  }
}

function showKnot(ensemble: Float64Array, knot: number, factors: WidthFactors): void {
  const raw = knot * 2 * LEVELS;
  const middle = ensemble[raw + (LEVELS >> 1)] ?? Number.NaN;
  for (let level = 0; level < LEVELS; level++) {
    const width = (ensemble[raw + level] ?? middle) - middle;
    const shown = middle + width * (width > 0 ? factors.above : factors.below);
    ensemble[raw + LEVELS + level] = Math.max(0, shown);
  }
}
