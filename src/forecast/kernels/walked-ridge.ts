import { solveSymmetric } from "./linear-algebra.ts";

/** Rows of a regression in the order in which their targets became known. */
export interface WalkRows {
  readonly size: number;
  readonly count: number;
  /** `features[row * size + f]`. */
  readonly features: Float64Array;
  readonly targets: Float64Array;
  /** Index at which a row is asked, rising, and the later one at which its target is known. */
  readonly askedAt: Int32Array;
  readonly knownAt: Int32Array;
}

export interface WalkPlan {
  /** Steps between two fits. */
  readonly blockSteps: number;
  /** What the past counts for after that many steps. */
  readonly keep: number;
  /** Penalty in shares of the rows behind it, and in rows: on each coefficient, in units of its feature's square. */
  readonly ridgeShare: number;
  readonly ridgeRows: number;
  /** Mean square that a feature counts with at least: one that hardly ever moved gets no say. */
  readonly leastSquare: number;
}

export interface Walked {
  /** Of the last fit. */
  readonly weights: Float64Array;
  /** Each row as the fit before it saw it: out of its sample. NaN before the first. */
  readonly expected: Float64Array;
}

/** Rows per coefficient below which there is no fit. */
const ROWS_PER_FEATURE = 4;

/**
 * Ridge regression walked along time: every block of steps is told by a fit on what was known before it, so that its
 * errors are those of forecasts. Older rows fade.
 */
export function walkRidge(rows: WalkRows, plan: WalkPlan): Walked {
  const { size, count, features, askedAt } = rows;
  const sums = newSums(size);
  const expected = new Float64Array(count).fill(Number.NaN);
  const last = (askedAt[count - 1] ?? 0) + 1;
  let asked = 0;
  for (let from = askedAt[0] ?? 0; from < last; from += plan.blockSteps) {
    fade(sums, plan.keep);
    learnUntil(sums, rows, from);
    const weights = sums.weighed > ROWS_PER_FEATURE * size ? solve(sums, size, plan) : undefined;
    for (; asked < count && (askedAt[asked] as number) < from + plan.blockSteps; asked++) {
      if (weights !== undefined) expected[asked] = dotRow(weights, features, asked * size);
    }
  }
  learnUntil(sums, rows, Number.POSITIVE_INFINITY);
  return { weights: solve(sums, size, plan), expected };
}

interface Sums {
  readonly gram: Float64Array;
  readonly right: Float64Array;
  weighed: number;
  learned: number;
}

function newSums(size: number): Sums {
  return { gram: new Float64Array(size * size), right: new Float64Array(size), weighed: 0, learned: 0 };
}

function fade(sums: Sums, keep: number): void {
  for (const list of [sums.gram, sums.right]) {
    for (let i = 0; i < list.length; i++) list[i] = (list[i] as number) * keep;
  }
  sums.weighed *= keep;
}

/** Takes up the rows whose targets were known before `index`. */
function learnUntil(sums: Sums, { size, count, features, targets, knownAt }: WalkRows, index: number): void {
  while (sums.learned < count && (knownAt[sums.learned] as number) < index) {
    const row = sums.learned++;
    addRow(sums.gram, sums.right, features, row * size, size, targets[row] as number);
    sums.weighed++;
  }
}

function solve(
  { gram, right, weighed }: Sums,
  size: number,
  { ridgeShare, ridgeRows, leastSquare }: WalkPlan,
): Float64Array {
  const penalty = Float64Array.from({ length: size }, (_, i) => {
    const meanSquare = (gram[i * size + i] ?? 0) / Math.max(1, weighed);
    return (ridgeShare * weighed + ridgeRows) * Math.max(leastSquare, meanSquare) + 1e-6;
  });
  return solveSymmetric(gram, right, size, penalty);
}

function addRow(
  gram: Float64Array,
  right: Float64Array,
  features: Float64Array,
  from: number,
  size: number,
  target: number,
): void {
  for (let i = 0; i < size; i++) {
    const value = features[from + i] as number;
    if (value === 0) continue;
    const base = i * size;
    right[i] = (right[i] as number) + value * target;
    for (let j = 0; j <= i; j++) {
      gram[base + j] = (gram[base + j] as number) + value * (features[from + j] as number);
    }
  }
}

/** `weights` times the row that starts at `from`. */
export function dotRow(
  weights: Float64Array,
  features: Float64Array,
  from: number,
  weightsFrom = 0,
  size?: number,
): number {
  const count = size ?? weights.length;
  let sum = 0;
  for (let i = 0; i < count; i++)
    sum += (weights[weightsFrom + i] as number) * (features[from + i] as number);
  return sum;
}
