/**
 * Row-major matrix products for small sizes (8 to 64 columns). Four results are summed at a time: each value
 * loaded serves four products, and no sum travels through memory.
 */

/**
 * `out[m x n] (+)= a[m x k] b[n x k]^T`: rows of inputs times a layer's weights (one row per output); on top
 * of what is there with `add`.
 */
export function timesTransposed(
  out: Float64Array,
  a: Float64Array,
  b: Float64Array,
  m: number,
  n: number,
  k: number,
  add: boolean,
  outAt = 0,
  aAt = 0,
  bAt = 0,
): void {
  if (!add) out.fill(0, outAt, outAt + m * n);
  const wide = n - (n % 4);
  for (let i = 0; i < m; i++) {
    const from = aAt + i * k;
    const to = outAt + i * n;
    for (let j = 0; j < wide; j += 4) addFourDots(out, to + j, a, from, b, bAt + j * k, k);
    for (let j = wide; j < n; j++) {
      let sum = out[to + j] as number;
      for (let l = 0; l < k; l++) sum += (a[from + l] as number) * (b[bAt + j * k + l] as number);
      out[to + j] = sum;
    }
  }
}

function addFourDots(
  out: Float64Array,
  to: number,
  a: Float64Array,
  from: number,
  b: Float64Array,
  row0: number,
  k: number,
): void {
  const row1 = row0 + k;
  const row2 = row1 + k;
  const row3 = row2 + k;
  let sum0 = out[to] as number;
  let sum1 = out[to + 1] as number;
  let sum2 = out[to + 2] as number;
  let sum3 = out[to + 3] as number;
  for (let l = 0; l < k; l++) {
    const x = a[from + l] as number;
    sum0 += x * (b[row0 + l] as number);
    sum1 += x * (b[row1 + l] as number);
    sum2 += x * (b[row2 + l] as number);
    sum3 += x * (b[row3 + l] as number);
  }
  out[to] = sum0;
  out[to + 1] = sum1;
  out[to + 2] = sum2;
  out[to + 3] = sum3;
}

/** `out[m x k] += a[m x n] b[n x k]`: gradients of outputs back through a layer's weights. */
export function addTimes(
  out: Float64Array,
  a: Float64Array,
  b: Float64Array,
  m: number,
  n: number,
  k: number,
  outAt = 0,
  aAt = 0,
  bAt = 0,
): void {
  const wide = n - (n % 4);
  for (let i = 0; i < m; i++) {
    const from = aAt + i * n;
    const to = outAt + i * k;
    for (let j = 0; j < wide; j += 4) {
      const x0 = a[from + j] as number;
      const x1 = a[from + j + 1] as number;
      const x2 = a[from + j + 2] as number;
      const x3 = a[from + j + 3] as number;
      const row0 = bAt + j * k;
      const row1 = row0 + k;
      const row2 = row1 + k;
      const row3 = row2 + k;
      for (let l = 0; l < k; l++) {
        out[to + l] =
          (out[to + l] as number) +
          x0 * (b[row0 + l] as number) +
          x1 * (b[row1 + l] as number) +
          x2 * (b[row2 + l] as number) +
          x3 * (b[row3 + l] as number);
      }
    }
    for (let j = wide; j < n; j++) {
      const x = a[from + j] as number;
      const row = bAt + j * k;
      for (let l = 0; l < k; l++) out[to + l] = (out[to + l] as number) + x * (b[row + l] as number);
    }
  }
}

/** `out[n x k] += a[m x n]^T b[m x k]`: gradients of a layer's weights over all rows. */
export function addTransposedTimes(
  out: Float64Array,
  a: Float64Array,
  b: Float64Array,
  m: number,
  n: number,
  k: number,
  outAt = 0,
  aAt = 0,
  bAt = 0,
): void {
  const whole = m - (m % 4);
  for (let i = 0; i < whole; i += 4) {
    const row0 = bAt + i * k;
    const row1 = row0 + k;
    const row2 = row1 + k;
    const row3 = row2 + k;
    for (let j = 0; j < n; j++) {
      const at = aAt + i * n + j;
      const x0 = a[at] as number;
      const x1 = a[at + n] as number;
      const x2 = a[at + 2 * n] as number;
      const x3 = a[at + 3 * n] as number;
      const to = outAt + j * k;
      for (let l = 0; l < k; l++) {
        out[to + l] =
          (out[to + l] as number) +
          x0 * (b[row0 + l] as number) +
          x1 * (b[row1 + l] as number) +
          x2 * (b[row2 + l] as number) +
          x3 * (b[row3 + l] as number);
      }
    }
  }
  for (let i = whole; i < m; i++) {
    for (let j = 0; j < n; j++) {
      const x = a[aAt + i * n + j] as number;
      const to = outAt + j * k;
      for (let l = 0; l < k; l++) {
        out[to + l] = (out[to + l] as number) + x * (b[bAt + i * k + l] as number);
      }
    }
  }
}

/** Adds the `width` numbers of `bias` from `at` on to each row. */
export function addToRows(
  rows: Float64Array,
  bias: Float64Array,
  at: number,
  count: number,
  width: number,
): void {
  for (let row = 0; row < count; row++) {
    for (let j = 0; j < width; j++) {
      rows[row * width + j] = (rows[row * width + j] as number) + (bias[at + j] as number);
    }
  }
}

/** Adds the sums of the columns of `rows` to `out` from `at` on: slopes of a bias. */
export function addColumnSums(
  out: Float64Array,
  at: number,
  rows: Float64Array,
  count: number,
  width: number,
): void {
  for (let row = 0; row < count; row++) {
    for (let j = 0; j < width; j++) out[at + j] = (out[at + j] as number) + (rows[row * width + j] as number);
  }
}
