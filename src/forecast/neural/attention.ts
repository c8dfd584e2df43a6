import type { AttentionPass } from "./attention-block.ts";

type AttentionBuffers = Pick<
  AttentionPass,
  "batch" | "queryCount" | "keyCount" | "queries" | "keys" | "values" | "shares" | "seen"
>;

/**
 * Scaled dot-product attention, each head on its own columns: fills `shares` (softmax of query times key
 * over the root of the head's width) and `seen` (values in these shares).
 */
export function attend(buffers: AttentionBuffers, heads: number, width: number): void {
  const { batch, queryCount, keyCount } = buffers;
  for (let b = 0; b < batch; b++) {
    for (let head = 0; head < heads; head++) {
      for (let q = 0; q < queryCount; q++) {
        const sharesAt = ((b * heads + head) * queryCount + q) * keyCount;
        const queryAt = (b * queryCount + q) * width + (head * width) / heads;
        attendOne(buffers, sharesAt, queryAt, b * keyCount * width + (head * width) / heads, width, heads);
      }
    }
  }
}

function attendOne(
  { keyCount, queries, keys, values, shares, seen }: AttentionBuffers,
  sharesAt: number,
  queryAt: number,
  keysAt: number,
  width: number,
  heads: number,
): void {
  const columns = width / heads;
  const factor = 1 / Math.sqrt(columns);
  let largest = Number.NEGATIVE_INFINITY;
  for (let k = 0; k < keyCount; k++) {
    const keyAt = keysAt + k * width;
    let dot = 0;
    for (let j = 0; j < columns; j++) dot += (queries[queryAt + j] as number) * (keys[keyAt + j] as number);
    shares[sharesAt + k] = dot * factor;
    if (dot * factor > largest) largest = dot * factor;
  }
  let sum = 0;
  for (let k = 0; k < keyCount; k++) {
    const share = Math.exp((shares[sharesAt + k] as number) - largest);
    shares[sharesAt + k] = share;
    sum += share;
  }
  for (let j = 0; j < columns; j++) seen[queryAt + j] = 0;
  for (let k = 0; k < keyCount; k++) {
    const share = (shares[sharesAt + k] as number) / sum;
    shares[sharesAt + k] = share;
    const valueAt = keysAt + k * width;
    for (let j = 0; j < columns; j++) {
      seen[queryAt + j] = (seen[queryAt + j] as number) + share * (values[valueAt + j] as number);
    }
  }
}

export interface AttentionSlopes {
  readonly queries: Float64Array;
  readonly keys: Float64Array;
  readonly values: Float64Array;
  /** Of the shares of one query. */
  readonly shares: Float64Array;
}

export function newAttentionSlopes(queries: number, keys: number, keyCount: number): AttentionSlopes {
  return {
    queries: new Float64Array(queries),
    keys: new Float64Array(keys),
    values: new Float64Array(keys),
    shares: new Float64Array(keyCount),
  };
}

/** Leaves the slopes of queries, keys and values in `slopes`, from those of `seen`. */
export function attendBackward(
  buffers: AttentionBuffers,
  heads: number,
  width: number,
  seenSlopes: Float64Array,
  slopes: AttentionSlopes,
): void {
  const { batch, queryCount, keyCount } = buffers;
  slopes.queries.fill(0);
  slopes.keys.fill(0);
  slopes.values.fill(0);
  for (let b = 0; b < batch; b++) {
    for (let head = 0; head < heads; head++) {
      const keysAt = b * keyCount * width + (head * width) / heads;
      for (let q = 0; q < queryCount; q++) {
        const sharesAt = ((b * heads + head) * queryCount + q) * keyCount;
        const queryAt = (b * queryCount + q) * width + (head * width) / heads;
        attendOneBackward(buffers, slopes, seenSlopes, sharesAt, queryAt, keysAt, width, heads);
      }
    }
  }
}

function attendOneBackward(
  { keyCount, queries, keys, values, shares }: AttentionBuffers,
  slopes: AttentionSlopes,
  seenSlopes: Float64Array,
  sharesAt: number,
  queryAt: number,
  keysAt: number,
  width: number,
  heads: number,
): void {
  const columns = width / heads;
  const factor = 1 / Math.sqrt(columns);
  const shareSlopes = slopes.shares;
  let mean = 0;
  for (let k = 0; k < keyCount; k++) {
    const valueAt = keysAt + k * width;
    const share = shares[sharesAt + k] as number;
    let dot = 0;
    for (let j = 0; j < columns; j++) {
      const slope = seenSlopes[queryAt + j] as number;
      dot += slope * (values[valueAt + j] as number);
      slopes.values[valueAt + j] = (slopes.values[valueAt + j] as number) + share * slope;
    }
    shareSlopes[k] = dot;
    mean += dot * share;
  }
  for (let k = 0; k < keyCount; k++) {
    const keyAt = keysAt + k * width;
    const slope = (shares[sharesAt + k] as number) * ((shareSlopes[k] as number) - mean) * factor;
    for (let j = 0; j < columns; j++) {
      slopes.queries[queryAt + j] =
        (slopes.queries[queryAt + j] as number) + slope * (keys[keyAt + j] as number);
      slopes.keys[keyAt + j] = (slopes.keys[keyAt + j] as number) + slope * (queries[queryAt + j] as number);
    }
  }
}
