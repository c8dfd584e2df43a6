import { fastSigmoid, fastTanh } from "./activation.ts";
import { addColumnSums, addTimes, addTransposedTimes, timesTransposed } from "./matrix.ts";

/**
 * One layer of long short-term memory (Hochreiter and Schmidhuber 1997, with the forget gate of Gers 2000).
 * Weights from `at` on: input weights `[4 units x inputs]`, recurrent weights `[4 units x units]`, biases
 * `[4 units]`; gates in the order in, forget, candidate, out.
 */
export interface LstmShape {
  readonly at: number;
  readonly inputs: number;
  readonly units: number;
}

export function lstmSize({ inputs, units }: Omit<LstmShape, "at">): number {
  return 4 * units * (inputs + units + 1);
}

/** Everything of one forward pass that the backward pass needs; step-major: row `step * batch + sample`. */
export interface LstmPass {
  readonly steps: number;
  readonly batch: number;
  /** `[steps x batch x 4 units]`, after their activation. */
  readonly gates: Float64Array;
  /** `[(steps + 1) x batch x units]`; row 0 is the empty start. */
  readonly cells: Float64Array;
  readonly outputs: Float64Array;
  readonly cellTanh: Float64Array;
  readonly gateSlopes: Float64Array;
  readonly outputSlopes: Float64Array;
  readonly cellSlopes: Float64Array;
}

export function newLstmPass({ units }: Pick<LstmShape, "units">, steps: number, batch: number): LstmPass {
  const rows = (count: number, width: number): Float64Array => new Float64Array(count * batch * width);
  return {
    steps,
    batch,
    gates: rows(steps, 4 * units),
    cells: rows(steps + 1, units),
    outputs: rows(steps + 1, units),
    cellTanh: rows(steps, units),
    gateSlopes: rows(steps, 4 * units),
    outputSlopes: rows(1, units),
    cellSlopes: rows(1, units),
  };
}

/** Where the outputs after the last step begin in `pass.outputs`: `[batch x units]`. */
export function lastOutputsAt({ units }: Pick<LstmShape, "units">, pass: LstmPass): number {
  return pass.steps * pass.batch * units;
}

/** `inputs`: `[steps x batch x shape.inputs]`. */
export function lstmForward(
  shape: LstmShape,
  weights: Float64Array,
  inputs: Float64Array,
  pass: LstmPass,
): void {
  const { units } = shape;
  const { steps, batch, gates, outputs } = pass;
  const wide = 4 * units;
  const recurrentAt = shape.at + wide * shape.inputs;
  const biasAt = recurrentAt + wide * units;
  timesTransposed(gates, inputs, weights, steps * batch, wide, shape.inputs, false, 0, 0, shape.at);
  for (let step = 0; step < steps; step++) {
    const gatesAt = step * batch * wide;
    const before = step * batch * units;
    timesTransposed(gates, outputs, weights, batch, wide, units, true, gatesAt, before, recurrentAt);
    for (let b = 0; b < batch; b++) activateCell(units, weights, biasAt, pass, step * batch + b);
  }
}

/** Gates, cell and output of one sample at one step. */
function activateCell(
  units: number,
  weights: Float64Array,
  biasAt: number,
  pass: LstmPass,
  row: number,
): void {
  const { batch, gates, cells, outputs, cellTanh } = pass;
  const g = row * 4 * units;
  for (let u = 0; u < units; u++) {
    const take = fastSigmoid((gates[g + u] as number) + (weights[biasAt + u] as number));
    const keep = fastSigmoid((gates[g + units + u] as number) + (weights[biasAt + units + u] as number));
    const fresh = fastTanh(
      (gates[g + 2 * units + u] as number) + (weights[biasAt + 2 * units + u] as number),
    );
    const show = fastSigmoid(
      (gates[g + 3 * units + u] as number) + (weights[biasAt + 3 * units + u] as number),
    );
    gates[g + u] = take;
    gates[g + units + u] = keep;
    gates[g + 2 * units + u] = fresh;
    gates[g + 3 * units + u] = show;
    const cell = keep * (cells[row * units + u] as number) + take * fresh;
    const bounded = fastTanh(cell);
    cells[(row + batch) * units + u] = cell;
    cellTanh[row * units + u] = bounded;
    outputs[(row + batch) * units + u] = show * bounded;
  }
}

/**
 * Adds to `gradient` the slopes of the loss with respect to the weights, from `lastSlopes`: slopes with
 * respect to the outputs after the last step, `[batch x units]`. Inputs are data: their slopes are not made.
 */
export function lstmBackward(
  shape: LstmShape,
  weights: Float64Array,
  gradient: Float64Array,
  inputs: Float64Array,
  pass: LstmPass,
  lastSlopes: Float64Array,
): void {
  const { units } = shape;
  const { steps, batch, gateSlopes, outputSlopes, cellSlopes } = pass;
  const wide = 4 * units;
  const recurrentAt = shape.at + wide * shape.inputs;
  const biasAt = recurrentAt + wide * units;
  outputSlopes.set(lastSlopes.subarray(0, batch * units));
  cellSlopes.fill(0);
  for (let step = steps - 1; step >= 0; step--) {
    for (let b = 0; b < batch; b++) cellBackward(units, pass, step * batch + b, b);
    outputSlopes.fill(0);
    addTimes(outputSlopes, gateSlopes, weights, batch, wide, units, 0, step * batch * wide, recurrentAt);
  }
  const rows = steps * batch;
  addTransposedTimes(gradient, gateSlopes, inputs, rows, wide, shape.inputs, shape.at);
  addTransposedTimes(gradient, gateSlopes, pass.outputs, rows, wide, units, recurrentAt);
  addColumnSums(gradient, biasAt, gateSlopes, rows, wide);
}

function cellBackward(units: number, pass: LstmPass, row: number, sample: number): void {
  const { gates, cells, cellTanh, gateSlopes, outputSlopes, cellSlopes } = pass;
  const g = row * 4 * units;
  for (let u = 0; u < units; u++) {
    const take = gates[g + u] as number;
    const keep = gates[g + units + u] as number;
    const fresh = gates[g + 2 * units + u] as number;
    const show = gates[g + 3 * units + u] as number;
    const bounded = cellTanh[row * units + u] as number;
    const output = outputSlopes[sample * units + u] as number;
    const cell = (cellSlopes[sample * units + u] as number) + output * show * (1 - bounded * bounded);
    gateSlopes[g + u] = cell * fresh * take * (1 - take);
    gateSlopes[g + units + u] = cell * (cells[row * units + u] as number) * keep * (1 - keep);
    gateSlopes[g + 2 * units + u] = cell * take * (1 - fresh * fresh);
    gateSlopes[g + 3 * units + u] = output * bounded * show * (1 - show);
    cellSlopes[sample * units + u] = cell * keep;
  }
}
