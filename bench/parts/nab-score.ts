/** A labelled window of NAB, both ends included, as row indexes. */
export interface Window {
  readonly first: number;
  readonly last: number;
}

export interface NabCounts {
  /** Sum of the weighted scores, the score of finding nothing, and that of finding all at once. */
  readonly score: number;
  readonly none: number;
  readonly perfect: number;
  /** Windows with an alarm in them, windows without, and alarms outside all windows. */
  readonly found: number;
  readonly missed: number;
  readonly falseAlarms: number;
  /** Alarms that fell into a window. */
  readonly trueAlarms: number;
}

/** Weights of NAB's standard profile. */
const STANDARD = { truePositive: 1, falsePositive: 0.11, falseNegative: 1 } as const;
const PROBATION_SHARE = 0.15;
const PROBATION_ROWS = 750;

/** Rows of the probationary period: 15 %, at most 750. Nothing that is said in them counts. */
export function probationRows(rows: number): number {
  return Math.min(Math.floor(PROBATION_SHARE * rows), PROBATION_ROWS);
}

/**
 * Scores the rows on which a detector raised an alarm, as NAB does (Lavin and Ahmad 2015; its sweeper): of each window
 * the best alarm counts, the more the earlier it comes; each alarm outside costs, the more the further behind the last
 * window it comes; a window without an alarm costs a whole point. A window is scored when it ends after the
 * probationary period.
 */
export function nabCounts(rows: number, alarms: readonly number[], windows: readonly Window[]): NabCounts {
  const from = probationRows(rows);
  const scored = windows.filter((window) => window.last >= from);
  const counted = alarms.filter((row) => row >= from);
  const best = scored.map(() => -STANDARD.falseNegative);
  let outside = 0;
  let falseAlarms = 0;
  for (const row of counted) {
    const inside = scored.findIndex((window) => row >= window.first && row <= window.last);
    if (inside >= 0) {
      best[inside] = Math.max(best[inside] ?? -1, windowCredit(row, scored[inside] as Window));
      continue;
    }
    falseAlarms++;
    outside += STANDARD.falsePositive * falseAlarmScore(row, windows);
  }
  const found = best.filter((credit) => credit > -STANDARD.falseNegative).length;
  return {
    score: best.reduce((sum, credit) => sum + credit, 0) + outside,
    none: -STANDARD.falseNegative * scored.length,
    perfect: STANDARD.truePositive * scored.length,
    found,
    missed: scored.length - found,
    falseAlarms,
    trueAlarms: counted.length - falseAlarms,
  };
}

/** 100 is every window found in its first row and nothing else said; 0 is a detector that never speaks. */
export function nabScore(counts: readonly NabCounts[]): number {
  const sum = (pick: (one: NabCounts) => number): number =>
    counts.reduce((total, one) => total + pick(one), 0);
  const none = sum((one) => one.none);
  return (100 * (sum((one) => one.score) - none)) / (sum((one) => one.perfect) - none);
}

function windowCredit(row: number, { first, last }: Window): number {
  const position = -(last - row + 1) / (last - first + 1);
  return (STANDARD.truePositive * scaledSigmoid(position)) / scaledSigmoid(-1);
}

function falseAlarmScore(row: number, windows: readonly Window[]): number {
  const before = windows.filter((window) => window.last < row).at(-1);
  if (before === undefined) return -1;
  return scaledSigmoid((row - before.last) / Math.max(1, before.last - before.first));
}

/** 0.99 at the left edge of a window (-1), 0 at its right edge, -1 from three widths behind it. */
function scaledSigmoid(position: number): number {
  return position >= 3 ? -1 : 2 / (1 + Math.exp(5 * position)) - 1;
}
