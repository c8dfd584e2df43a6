import type { WidthFactors } from "./conformal.ts";

/** How many of the newest one-step truths in a row lay outside the 90 % interval shown, on each side. */
export interface MissRun {
  /** Falls by half with each truth that lay inside. */
  readonly above: number;
  readonly below: number;
}

export const NO_MISSES: MissRun = { above: 0, below: 0 };

/** Beyond this many misses in a row the interval is as wide as it gets. */
const LONGEST_RUN = 4;
/** Added to the factor by each miss after the first. */
const PER_MISS = 0.5;
/** Share of the widening that each bucket of horizons takes over: a shift seen now says little about tomorrow. */
const SHARES: readonly number[] = [1, 0.5, 0.25];

/** Takes in one truth and the interval that was shown for it. */
export function noteTruth(run: MissRun, truth: number, lower: number, upper: number): MissRun {
  if (truth > upper) return { above: Math.min(LONGEST_RUN, run.above + 1), below: 0 };
  if (truth < lower) return { above: 0, below: Math.min(LONGEST_RUN, run.below + 1) };
  return { above: run.above / 2, below: run.below / 2 };
}

/**
 * Factors on the half-widths of the nearest horizons. One miss in ten is what a 90 % interval promises; two in a
 * row are not:
 *
 *     misses in a row   1     2     3     4, and then a hit   and another
 *     factor            1     1.5   2     2.5   1.5           1
 */
export function missRunFactor({ above, below }: MissRun): WidthFactors {
  const factor = (run: number): number => 1 + PER_MISS * Math.max(0, run - 1);
  return { above: factor(above), below: factor(below) };
}

/** `factors` of `bucket`, widened by as much of the run as that bucket takes over. */
export function widened(factors: WidthFactors, run: MissRun, bucket: number): WidthFactors {
  const share = SHARES[bucket] ?? 0;
  if (share === 0) return factors;
  const { above, below } = missRunFactor(run);
  return {
    above: factors.above * (1 + share * (above - 1)),
    below: factors.below * (1 + share * (below - 1)),
  };
}
