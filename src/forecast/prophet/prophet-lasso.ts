import { solveSymmetric } from "../kernels/linear-algebra.ts";

const PASSES = 40;
const ROUNDS = 40;

/**
 * Minimizes ½ xᵀQx - cᵀx + penalty |x|₁ in place, from `x`: coordinate descent (Friedman, Hastie and Tibshirani
 * 2010) finds which are zero, then the others are solved for at once. False when the conditions of an optimum
 * do not hold in the end. `matrix` is Q, row by row, positive semidefinite.
 */
export function lasso(matrix: Float64Array, target: Float64Array, penalty: number, x: Float64Array): boolean {
  if (x.length === 0) return true;
  for (let round = 0; round < ROUNDS; round++) {
    for (let pass = 0; pass < PASSES; pass++) {
      if (descend(matrix, target, penalty, x) === 0) return true;
    }
    if (solveSupport(matrix, target, penalty, x)) return true;
  }
  return false;
}

/** One pass over the coordinates, each moved to its optimum given the others; the largest move. */
function descend(matrix: Float64Array, target: Float64Array, penalty: number, x: Float64Array): number {
  const size = x.length;
  let largest = 0;
  for (let i = 0; i < size; i++) {
    const curvature = matrix[i * size + i] as number;
    if (!(curvature > 1e-14)) continue;
    const old = x[i] as number;
    const pull = leftPull(matrix, target, x, i) + curvature * old;
    const next = (Math.sign(pull) * Math.max(0, Math.abs(pull) - penalty)) / curvature;
    x[i] = next;
    largest = Math.max(largest, Math.abs(next - old));
  }
  return largest;
}

/** The exact optimum for the signs that `x` has; kept, and true, when it is the optimum of all. */
function solveSupport(matrix: Float64Array, target: Float64Array, penalty: number, x: Float64Array): boolean {
  const size = x.length;
  const support = Array.from(x.keys()).filter((i) => x[i] !== 0);
  const count = support.length;
  const block = new Float64Array(count * count);
  support.forEach((i, a) => {
    support.forEach((j, b) => {
      block[a * count + b] = matrix[i * size + j] as number;
    });
  });
  const right = Float64Array.from(
    support,
    (i) => (target[i] as number) - penalty * Math.sign(x[i] as number),
  );
  const solved = solveSymmetric(block, right, count, new Float64Array(count));
  const found = new Float64Array(size);
  support.forEach((i, a) => {
    found[i] = solved[a] as number;
  });
  const slack = penalty * (1 + 1e-9);
  for (let i = 0; i < size; i++) {
    if (Math.sign(found[i] as number) !== Math.sign(x[i] as number)) return false;
    if (Math.abs(leftPull(matrix, target, found, i)) > slack) return false;
  }
  x.set(found);
  return true;
}

function leftPull(matrix: Float64Array, target: Float64Array, x: Float64Array, i: number): number {
  const base = i * x.length;
  let pull = target[i] as number;
  for (let j = 0; j < x.length; j++) pull -= (matrix[base + j] as number) * (x[j] as number);
  return pull;
}
