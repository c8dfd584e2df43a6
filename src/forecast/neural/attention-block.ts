import { type AttentionSlopes, attend, attendBackward, newAttentionSlopes } from "./attention.ts";
import { type LayerNormPass, layerNormBackward, layerNormForward, newLayerNormPass } from "./layer-norm.ts";
import { addColumnSums, addTimes, addToRows, addTransposedTimes, timesTransposed } from "./matrix.ts";

/**
 * One block of a Transformer (Vaswani 2017), norms first (Xiong 2020): queries look at keys, then a
 * two-layer network per query, both added to what was there. Without biases in the projections.
 */
export interface AttentionShape {
  readonly at: number;
  readonly width: number;
  readonly heads: number;
  /** Width of the inner layer. */
  readonly inner: number;
}

/** Offsets of a block's weights from its first. */
function offsets({ at, width, inner }: AttentionShape) {
  const square = width * width;
  const queries = at;
  const keys = queries + square;
  const values = keys + square;
  const mix = values + square;
  const widen = mix + square;
  const widenBias = widen + inner * width;
  const narrow = widenBias + inner;
  const narrowBias = narrow + width * inner;
  const queryNorm = narrowBias + width;
  const keyNorm = queryNorm + 2 * width;
  const innerNorm = keyNorm + 2 * width;
  const end = innerNorm + 2 * width;
  return {
    queries,
    keys,
    values,
    mix,
    widen,
    widenBias,
    narrow,
    narrowBias,
    queryNorm,
    keyNorm,
    innerNorm,
    end,
  };
}

export function attentionSize(shape: Omit<AttentionShape, "at">): number {
  return offsets({ ...shape, at: 0 }).end;
}

/** Where the gains of the three norms begin: they start at 1, all else spread about 0. */
export function attentionGains(shape: AttentionShape): readonly number[] {
  const { queryNorm, keyNorm, innerNorm } = offsets(shape);
  return [queryNorm, keyNorm, innerNorm];
}

/** Buffers of one pass over `batch` samples; rows are sample-major: `sample * queries + query`. */
export interface AttentionPass {
  readonly batch: number;
  readonly queryCount: number;
  readonly keyCount: number;
  /** `[batch x queries x width]`: the block's answer. */
  readonly out: Float64Array;
  readonly normed: {
    readonly queries: Float64Array;
    readonly keys: Float64Array;
    readonly inner: Float64Array;
  };
  readonly norms: {
    readonly queries: LayerNormPass;
    readonly keys: LayerNormPass;
    readonly inner: LayerNormPass;
  };
  readonly queries: Float64Array;
  readonly keys: Float64Array;
  readonly values: Float64Array;
  /** `[batch x heads x queries x keys]`: shares of attention, each row sums to 1. */
  readonly shares: Float64Array;
  readonly seen: Float64Array;
  /** Queries plus what they saw. */
  readonly middle: Float64Array;
  readonly inner: Float64Array;
}

export function newAttentionPass(
  shape: Omit<AttentionShape, "at">,
  batch: number,
  queryCount: number,
  keyCount: number,
): AttentionPass {
  const { width, heads, inner } = shape;
  const queryRows = batch * queryCount;
  const keyRows = batch * keyCount;
  const rows = (count: number, columns = width): Float64Array => new Float64Array(count * columns);
  return {
    batch,
    queryCount,
    keyCount,
    out: rows(queryRows),
    normed: { queries: rows(queryRows), keys: rows(keyRows), inner: rows(queryRows) },
    norms: {
      queries: newLayerNormPass(queryRows, width),
      keys: newLayerNormPass(keyRows, width),
      inner: newLayerNormPass(queryRows, width),
    },
    queries: rows(queryRows),
    keys: rows(keyRows),
    values: rows(keyRows),
    shares: rows(queryRows * heads, keyCount),
    seen: rows(queryRows),
    middle: rows(queryRows),
    inner: rows(queryRows, inner),
  };
}

/** `queryInput`: `[batch x queries x width]`, `keyInput`: `[batch x keys x width]`; the answer is `pass.out`. */
export function attentionForward(
  shape: AttentionShape,
  weights: Float64Array,
  queryInput: Float64Array,
  keyInput: Float64Array,
  pass: AttentionPass,
): void {
  const { width, inner } = shape;
  const at = offsets(shape);
  const queryRows = pass.batch * pass.queryCount;
  const keyRows = pass.batch * pass.keyCount;
  const { normed, norms } = pass;
  layerNormForward(normed.queries, queryInput, weights, at.queryNorm, queryRows, width, norms.queries);
  layerNormForward(normed.keys, keyInput, weights, at.keyNorm, keyRows, width, norms.keys);
  timesTransposed(pass.queries, normed.queries, weights, queryRows, width, width, false, 0, 0, at.queries);
  timesTransposed(pass.keys, normed.keys, weights, keyRows, width, width, false, 0, 0, at.keys);
  timesTransposed(pass.values, normed.keys, weights, keyRows, width, width, false, 0, 0, at.values);
  attend(pass, shape.heads, width);
  pass.middle.set(queryInput.subarray(0, queryRows * width));
  timesTransposed(pass.middle, pass.seen, weights, queryRows, width, width, true, 0, 0, at.mix);
  layerNormForward(normed.inner, pass.middle, weights, at.innerNorm, queryRows, width, norms.inner);
  timesTransposed(pass.inner, normed.inner, weights, queryRows, inner, width, false, 0, 0, at.widen);
  addBiasAndCut(pass.inner, weights, at.widenBias, queryRows, inner);
  pass.out.set(pass.middle);
  timesTransposed(pass.out, pass.inner, weights, queryRows, width, inner, true, 0, 0, at.narrow);
  addToRows(pass.out, weights, at.narrowBias, queryRows, width);
}

/** Adds the bias; what is below 0 becomes 0. */
function addBiasAndCut(
  rows: Float64Array,
  weights: Float64Array,
  at: number,
  count: number,
  width: number,
): void {
  for (let row = 0; row < count; row++) {
    for (let j = 0; j < width; j++) {
      const value = (rows[row * width + j] as number) + (weights[at + j] as number);
      rows[row * width + j] = Math.max(value, 0);
    }
  }
}

/** Buffers of the backward passes of one shape of batch. */
export interface BlockSlopes {
  readonly attention: AttentionSlopes;
  readonly middle: Float64Array;
  readonly seen: Float64Array;
  readonly queryNormed: Float64Array;
  readonly keyNormed: Float64Array;
  readonly inner: Float64Array;
  readonly innerNormed: Float64Array;
}

export function newBlockSlopes(
  { width, inner }: Omit<AttentionShape, "at">,
  pass: AttentionPass,
): BlockSlopes {
  const queries = pass.batch * pass.queryCount * width;
  const keys = pass.batch * pass.keyCount * width;
  return {
    attention: newAttentionSlopes(queries, keys, pass.keyCount),
    middle: new Float64Array(queries),
    seen: new Float64Array(queries),
    queryNormed: new Float64Array(queries),
    keyNormed: new Float64Array(keys),
    inner: new Float64Array((queries / width) * inner),
    innerNormed: new Float64Array(queries),
  };
}

/** Adds slopes to `gradient`, and those of both inputs to `querySlopes` and `keySlopes`. */
export function attentionBackward(
  shape: AttentionShape,
  weights: Float64Array,
  gradient: Float64Array,
  pass: AttentionPass,
  slopes: BlockSlopes,
  outSlopes: Float64Array,
  querySlopes: Float64Array,
  keySlopes: Float64Array,
): void {
  const { width, heads } = shape;
  const at = offsets(shape);
  const queryRows = pass.batch * pass.queryCount;
  const keyRows = pass.batch * pass.keyCount;
  const { normed, norms } = pass;
  const { attention, middle, seen, queryNormed, keyNormed } = slopes;
  for (const rows of [seen, queryNormed, keyNormed]) rows.fill(0);
  innerBackward(shape, weights, gradient, pass, slopes, outSlopes);
  for (let i = 0; i < middle.length; i++) querySlopes[i] = (querySlopes[i] as number) + (middle[i] as number);
  addTimes(seen, middle, weights, queryRows, width, width, 0, 0, at.mix);
  addTransposedTimes(gradient, middle, pass.seen, queryRows, width, width, at.mix);
  attendBackward(pass, heads, width, seen, attention);
  addTimes(queryNormed, attention.queries, weights, queryRows, width, width, 0, 0, at.queries);
  addTransposedTimes(gradient, attention.queries, normed.queries, queryRows, width, width, at.queries);
  addTimes(keyNormed, attention.keys, weights, keyRows, width, width, 0, 0, at.keys);
  addTimes(keyNormed, attention.values, weights, keyRows, width, width, 0, 0, at.values);
  addTransposedTimes(gradient, attention.keys, normed.keys, keyRows, width, width, at.keys);
  addTransposedTimes(gradient, attention.values, normed.keys, keyRows, width, width, at.values);
  layerNormBackward(
    querySlopes,
    queryNormed,
    weights,
    gradient,
    at.queryNorm,
    queryRows,
    width,
    norms.queries,
  );
  layerNormBackward(keySlopes, keyNormed, weights, gradient, at.keyNorm, keyRows, width, norms.keys);
}

/** Leaves the slopes of `pass.middle` in `slopes.middle`, from those of `pass.out`. */
function innerBackward(
  shape: AttentionShape,
  weights: Float64Array,
  gradient: Float64Array,
  pass: AttentionPass,
  { middle, inner: innerSlopes, innerNormed }: BlockSlopes,
  outSlopes: Float64Array,
): void {
  const { width, inner } = shape;
  const at = offsets(shape);
  const rows = pass.batch * pass.queryCount;
  middle.set(outSlopes.subarray(0, rows * width));
  innerSlopes.fill(0);
  innerNormed.fill(0);
  addColumnSums(gradient, at.narrowBias, outSlopes, rows, width);
  addTransposedTimes(gradient, outSlopes, pass.inner, rows, width, inner, at.narrow);
  addTimes(innerSlopes, outSlopes, weights, rows, width, inner, 0, 0, at.narrow);
  for (let i = 0; i < innerSlopes.length; i++) if (pass.inner[i] === 0) innerSlopes[i] = 0;
  addColumnSums(gradient, at.widenBias, innerSlopes, rows, inner);
  addTransposedTimes(gradient, innerSlopes, pass.normed.inner, rows, inner, width, at.widen);
  addTimes(innerNormed, innerSlopes, weights, rows, inner, width, 0, 0, at.widen);
  layerNormBackward(middle, innerNormed, weights, gradient, at.innerNorm, rows, width, pass.norms.inner);
}
