/**
 * Solves `(A + ridge) x = b` by Cholesky for a symmetric `A` of `size` x `size`, lower triangle given row
 * by row.
 * `ridge[i]` is added to the diagonal. Pivots that vanish (collinear columns) leave their coefficient at 0.
 */
export function solveSymmetric(
  matrix: Float64Array,
  right: Float64Array,
  size: number,
  ridge: Float64Array,
): Float64Array {
  const lower = matrix.slice(0, size * size);
  for (let i = 0; i < size; i++) lower[i * size + i] = at(lower, i * size + i) + at(ridge, i);
  factor(lower, size);
  const x = right.slice(0, size);
  for (let i = 0; i < size; i++) {
    let sum = at(x, i);
    for (let k = 0; k < i; k++) sum -= at(lower, i * size + k) * at(x, k);
    x[i] = sum * inverse(at(lower, i * size + i));
  }
  for (let i = size - 1; i >= 0; i--) {
    let sum = at(x, i);
    for (let k = i + 1; k < size; k++) sum -= at(lower, k * size + i) * at(x, k);
    x[i] = sum * inverse(at(lower, i * size + i));
  }
  return x;
}

/**
 * Adds one regression row to the normal equations in place: `count` observations of features `row` whose
 * targets sum to `sum`. Lower triangle of `gram` only.
 */
export function addOuter(
  gram: Float64Array,
  right: Float64Array,
  row: Float64Array,
  count: number,
  sum: number,
): void {
  if (count === 0) return;
  const size = row.length;
  for (let i = 0; i < size; i++) {
    const value = row[i] ?? 0;
    const scaled = value * count;
    right[i] = (right[i] ?? 0) + value * sum;
    for (let j = 0; j <= i; j++) gram[i * size + j] = (gram[i * size + j] ?? 0) + scaled * (row[j] ?? 0);
  }
}

/** In place: the lower Cholesky factor. */
function factor(lower: Float64Array, size: number): void {
  for (let j = 0; j < size; j++) {
    const diagonal = at(lower, j * size + j);
    let pivot = diagonal;
    for (let k = 0; k < j; k++) pivot -= at(lower, j * size + k) ** 2;
    const root = pivot > 1e-12 * diagonal ? Math.sqrt(pivot) : 0;
    lower[j * size + j] = root;
    const scale = inverse(root);
    for (let i = j + 1; i < size; i++) {
      let sum = at(lower, i * size + j);
      for (let k = 0; k < j; k++) sum -= at(lower, i * size + k) * at(lower, j * size + k);
      lower[i * size + j] = sum * scale;
    }
  }
}

function inverse(value: number): number {
  return value === 0 ? 0 : 1 / value;
}

function at(values: Float64Array, index: number): number {
  return values[index] ?? 0;
}
