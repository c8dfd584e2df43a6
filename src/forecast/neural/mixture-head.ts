import { fastTanh, softplus } from "./activation.ts";
import { addColumnSums, addTimes, addTransposedTimes, timesTransposed } from "./matrix.ts";
import type { WindowBatch } from "./window.ts";
import { CANDIDATES, QUERY_INPUTS } from "./window.ts";

/**
 * The answer of a network: per query a mixture of past values plus an offset (the median), and how far the
 * 0.1 and 0.9 quantiles lie from it. Weights from `at` on: hidden `[hidden x context]`,
 * `[hidden x QUERY_INPUTS]`, bias; answers `[ANSWERS x hidden]`, bias.
 */
export interface HeadShape {
  readonly at: number;
  readonly context: number;
  readonly hidden: number;
}

/** Shares of the candidates, offset, distance below, distance above. */
export const ANSWERS = CANDIDATES + 3;
const OFFSET = CANDIDATES;
const BELOW = CANDIDATES + 1;
const ABOVE = CANDIDATES + 2;
/** Pinball loss is rounded off within this distance of its kink, so that it has a slope everywhere. */
const ROUND = 0.02;

export function headSize({ context, hidden }: Omit<HeadShape, "at">): number {
  return hidden * (context + QUERY_INPUTS + 1) + ANSWERS * (hidden + 1);
}

/** First of the weights that make answers: they start at 0, so that an untrained network is its priors. */
export function headAnswersAt({ at, context, hidden }: HeadShape): number {
  return at + hidden * (context + QUERY_INPUTS + 1);
}

export interface HeadPass {
  readonly hidden: Float64Array;
  readonly fromContext: Float64Array;
  /** `[rows x ANSWERS]`: shares after the softmax, offset, distances after softplus. */
  readonly answers: Float64Array;
  /** Slopes of the distances' softplus. */
  readonly widening: Float64Array;
  /** Median per row, in scales of the window. */
  readonly middle: Float64Array;
  readonly answerSlopes: Float64Array;
  readonly hiddenSlopes: Float64Array;
  readonly contextHiddenSlopes: Float64Array;
}

export function newHeadPass({ hidden }: Pick<HeadShape, "hidden">, rows: number): HeadPass {
  const wide = (width: number): Float64Array => new Float64Array(rows * width);
  return {
    hidden: wide(hidden),
    fromContext: wide(hidden),
    answers: wide(ANSWERS),
    widening: wide(2),
    middle: wide(1),
    answerSlopes: wide(ANSWERS),
    hiddenSlopes: wide(hidden),
    contextHiddenSlopes: wide(hidden),
  };
}

/** `context`: `[contextRows x shape.context]`, one row per sample or one per query. */
export function headForward(
  shape: HeadShape,
  weights: Float64Array,
  context: Float64Array,
  contextAt: number,
  contextRows: number,
  batch: WindowBatch,
  pass: HeadPass,
): void {
  const { hidden } = shape;
  const rows = batch.batch * batch.queries;
  const featuresAt = shape.at + hidden * shape.context;
  const biasAt = featuresAt + hidden * QUERY_INPUTS;
  const answersAt = biasAt + hidden;
  timesTransposed(
    pass.fromContext,
    context,
    weights,
    contextRows,
    hidden,
    shape.context,
    false,
    0,
    contextAt,
    shape.at,
  );
  timesTransposed(
    pass.hidden,
    batch.queryInputs,
    weights,
    rows,
    hidden,
    QUERY_INPUTS,
    false,
    0,
    0,
    featuresAt,
  );
  const repeat = rows / contextRows;
  for (let row = 0; row < rows; row++) {
    const contextRow = Math.floor(row / repeat) * hidden;
    for (let j = 0; j < hidden; j++) {
      const sum = (pass.hidden[row * hidden + j] as number) + (pass.fromContext[contextRow + j] as number);
      pass.hidden[row * hidden + j] = fastTanh(sum + (weights[biasAt + j] as number));
    }
  }
  timesTransposed(pass.answers, pass.hidden, weights, rows, ANSWERS, hidden, false, 0, 0, answersAt);
  for (let row = 0; row < rows; row++) answer(weights, answersAt + ANSWERS * hidden, batch, pass, row);
}

function answer(
  weights: Float64Array,
  biasAt: number,
  batch: WindowBatch,
  pass: HeadPass,
  row: number,
): void {
  const { answers, widening, middle } = pass;
  const at = row * ANSWERS;
  let largest = Number.NEGATIVE_INFINITY;
  for (let j = 0; j < ANSWERS; j++) {
    const value = (answers[at + j] as number) + (weights[biasAt + j] as number);
    const raw = j < CANDIDATES ? value + (batch.priors[row * CANDIDATES + j] as number) : value;
    answers[at + j] = raw;
    if (j < CANDIDATES && raw > largest) largest = raw;
  }
  let sum = 0;
  for (let c = 0; c < CANDIDATES; c++) {
    const share = Math.exp((answers[at + c] as number) - largest);
    answers[at + c] = share;
    sum += share;
  }
  let mixed = answers[at + OFFSET] as number;
  for (let c = 0; c < CANDIDATES; c++) {
    const share = (answers[at + c] as number) / sum;
    answers[at + c] = share;
    mixed += share * (batch.candidates[row * CANDIDATES + c] as number);
  }
  middle[row] = mixed;
  for (let side = 0; side < 2; side++) {
    const raw = answers[at + BELOW + side] as number;
    widening[row * 2 + side] = 1 / (1 + Math.exp(-raw));
    answers[at + BELOW + side] = softplus(raw);
  }
}

/** Distances of the 0.1 and the 0.9 quantile from the median at `row`, in scales of the window, > 0. */
export function headWidths(
  { answers }: HeadPass,
  row: number,
): { readonly below: number; readonly above: number } {
  const at = row * ANSWERS;
  return { below: answers[at + BELOW] as number, above: answers[at + ABOVE] as number };
}

/**
 * Mean over the known targets of the pinball losses at 0.1, 0.5 and 0.9, each weighted by `batch.weights`;
 * leaves its slopes in `pass.answerSlopes`.
 */
export function headLoss(batch: WindowBatch, pass: HeadPass): number {
  const rows = batch.batch * batch.queries;
  let known = 0;
  for (let row = 0; row < rows; row++) if ((batch.weights[row] as number) > 0) known++;
  let total = 0;
  for (let row = 0; row < rows; row++) {
    const weight = (batch.weights[row] as number) / Math.max(1, known);
    total += rowLoss(batch, pass, row, weight);
  }
  return total;
}

function rowLoss(batch: WindowBatch, pass: HeadPass, row: number, weight: number): number {
  const { answers, answerSlopes, middle, widening } = pass;
  const at = row * ANSWERS;
  const point = middle[row] as number;
  const error = (batch.targets[row] as number) - point;
  const low = error + (answers[at + BELOW] as number);
  const high = error - (answers[at + ABOVE] as number);
  const lowSlope = -weight * pinballSlope(low, 0.1);
  const highSlope = -weight * pinballSlope(high, 0.9);
  const pointSlope = lowSlope + highSlope - weight * pinballSlope(error, 0.5);
  for (let c = 0; c < CANDIDATES; c++) {
    const apart =
      (batch.candidates[row * CANDIDATES + c] as number) - (point - (answers[at + OFFSET] as number));
    answerSlopes[at + c] = pointSlope * (answers[at + c] as number) * apart;
  }
  answerSlopes[at + OFFSET] = pointSlope;
  answerSlopes[at + BELOW] = -lowSlope * (widening[row * 2] as number);
  answerSlopes[at + ABOVE] = highSlope * (widening[row * 2 + 1] as number);
  return weight * (pinballRounded(error, 0.5) + pinballRounded(low, 0.1) + pinballRounded(high, 0.9));
}

function pinballRounded(error: number, level: number): number {
  return 0.5 * (Math.sqrt(error * error + ROUND * ROUND) - ROUND) + (level - 0.5) * error;
}

function pinballSlope(error: number, level: number): number {
  return (0.5 * error) / Math.sqrt(error * error + ROUND * ROUND) + level - 0.5;
}

/** Adds slopes to `gradient`, and those of the context to `contextSlopes`; after `headLoss`. */
export function headBackward(
  shape: HeadShape,
  weights: Float64Array,
  gradient: Float64Array,
  context: Float64Array,
  contextAt: number,
  contextRows: number,
  batch: WindowBatch,
  pass: HeadPass,
  contextSlopes: Float64Array,
): void {
  const { hidden } = shape;
  const rows = batch.batch * batch.queries;
  const featuresAt = shape.at + hidden * shape.context;
  const biasAt = featuresAt + hidden * QUERY_INPUTS;
  const answersAt = biasAt + hidden;
  const { answerSlopes, hiddenSlopes, contextHiddenSlopes } = pass;
  addTransposedTimes(gradient, answerSlopes, pass.hidden, rows, ANSWERS, hidden, answersAt);
  addColumnSums(gradient, answersAt + ANSWERS * hidden, answerSlopes, rows, ANSWERS);
  hiddenSlopes.fill(0);
  addTimes(hiddenSlopes, answerSlopes, weights, rows, ANSWERS, hidden, 0, 0, answersAt);
  const repeat = rows / contextRows;
  contextHiddenSlopes.fill(0);
  for (let row = 0; row < rows; row++) {
    const contextRow = Math.floor(row / repeat) * hidden;
    for (let j = 0; j < hidden; j++) {
      const value = pass.hidden[row * hidden + j] as number;
      const slope = (hiddenSlopes[row * hidden + j] as number) * (1 - value * value);
      hiddenSlopes[row * hidden + j] = slope;
      contextHiddenSlopes[contextRow + j] = (contextHiddenSlopes[contextRow + j] as number) + slope;
    }
  }
  addColumnSums(gradient, biasAt, hiddenSlopes, rows, hidden);
  addTransposedTimes(gradient, hiddenSlopes, batch.queryInputs, rows, hidden, QUERY_INPUTS, featuresAt);
  addTransposedTimes(
    gradient,
    contextHiddenSlopes,
    context,
    contextRows,
    hidden,
    shape.context,
    shape.at,
    0,
    contextAt,
  );
  addTimes(contextSlopes, contextHiddenSlopes, weights, contextRows, hidden, shape.context, 0, 0, shape.at);
}
