import {
  type AttentionShape,
  attentionBackward,
  attentionForward,
  attentionGains,
  attentionSize,
  newAttentionPass,
  newBlockSlopes,
} from "./attention-block.ts";
import { addColumnSums, addToRows, addTransposedTimes, timesTransposed } from "./matrix.ts";
import {
  type HeadShape,
  headAnswersAt,
  headBackward,
  headForward,
  headLoss,
  headSize,
  newHeadPass,
} from "./mixture-head.ts";
import type { Network, NetworkPass } from "./network.ts";
import { spreadWeights } from "./random.ts";
import { QUERY_INPUTS, TOKEN_INPUTS } from "./window.ts";

const WIDTH = 16;
const HIDDEN = 24;
const BLOCK = { width: WIDTH, heads: 2, inner: 32 };

/** Embeddings of tokens and queries come first: `[WIDTH x inputs]`, then the biases of each. */
const TOKENS_AT = 0;
const QUERIES_AT = TOKENS_AT + WIDTH * (TOKEN_INPUTS + 1);
const CROSS: AttentionShape = { ...BLOCK, at: QUERIES_AT + WIDTH * (QUERY_INPUTS + 1) };
const HEAD: HeadShape = { at: CROSS.at + attentionSize(BLOCK), context: WIDTH, hidden: HIDDEN };
const SIZE = HEAD.at + headSize(HEAD);

/**
 * The last day as tokens, and one query per step ahead that looks at them: a decoder block. Queries do not see
 * one another: what is forecast for a step does not depend on what else was asked.
 */
export const transformerNetwork: Network = {
  name: "transformer",
  size: SIZE,
  order: "by-sample",
  initialWeights: (random) => {
    const weights = new Float64Array(SIZE);
    spreadWeights(weights, TOKENS_AT, QUERIES_AT - WIDTH, TOKEN_INPUTS + WIDTH, random);
    spreadWeights(weights, QUERIES_AT, CROSS.at - WIDTH, QUERY_INPUTS + WIDTH, random);
    const gains = attentionGains(CROSS);
    spreadWeights(weights, CROSS.at, gains[0] ?? 0, 2 * WIDTH, random);
    for (const gain of gains) weights.fill(1, gain, gain + WIDTH);
    const hiddenEnd = HEAD.at + HIDDEN * (WIDTH + QUERY_INPUTS);
    spreadWeights(weights, HEAD.at, hiddenEnd, WIDTH + QUERY_INPUTS + HIDDEN, random);
    weights.fill(0, headAnswersAt(HEAD));
    return weights;
  },
  open: openPass,
};

function openPass(batch: number, tokens: number, queries: number): NetworkPass {
  const tokenRows = batch * tokens;
  const queryRows = batch * queries;
  const cross = newAttentionPass(BLOCK, batch, queries, tokens);
  const head = newHeadPass(HEAD, queryRows);
  const embedded = {
    tokens: new Float64Array(tokenRows * WIDTH),
    queries: new Float64Array(queryRows * WIDTH),
  };
  const block = newBlockSlopes(BLOCK, cross);
  const slopes = {
    out: new Float64Array(queryRows * WIDTH),
    queries: new Float64Array(queryRows * WIDTH),
    tokens: new Float64Array(tokenRows * WIDTH),
  };
  return {
    head,
    forward: (weights, windows) => {
      embed(embedded.tokens, windows.tokenInputs, weights, TOKENS_AT, tokenRows, TOKEN_INPUTS);
      embed(embedded.queries, windows.queryInputs, weights, QUERIES_AT, queryRows, QUERY_INPUTS);
      attentionForward(CROSS, weights, embedded.queries, embedded.tokens, cross);
      headForward(HEAD, weights, cross.out, 0, queryRows, windows, head);
    },
    backward: (weights, gradient, windows) => {
      const loss = headLoss(windows, head);
      for (const rows of Object.values(slopes)) rows.fill(0);
      headBackward(HEAD, weights, gradient, cross.out, 0, queryRows, windows, head, slopes.out);
      attentionBackward(CROSS, weights, gradient, cross, block, slopes.out, slopes.queries, slopes.tokens);
      embedBackward(gradient, windows.queryInputs, slopes.queries, QUERIES_AT, queryRows, QUERY_INPUTS);
      embedBackward(gradient, windows.tokenInputs, slopes.tokens, TOKENS_AT, tokenRows, TOKEN_INPUTS);
      return loss;
    },
  };
}

function embed(
  out: Float64Array,
  inputs: Float64Array,
  weights: Float64Array,
  at: number,
  rows: number,
  count: number,
): void {
  timesTransposed(out, inputs, weights, rows, WIDTH, count, false, 0, 0, at);
  addToRows(out, weights, at + WIDTH * count, rows, WIDTH);
}

function embedBackward(
  gradient: Float64Array,
  inputs: Float64Array,
  slopes: Float64Array,
  at: number,
  rows: number,
  count: number,
): void {
  addTransposedTimes(gradient, slopes, inputs, rows, WIDTH, count, at);
  addColumnSums(gradient, at + WIDTH * count, slopes, rows, WIDTH);
}
