import {
  type LstmShape,
  lastOutputsAt,
  lstmBackward,
  lstmForward,
  lstmSize,
  newLstmPass,
} from "./lstm-layer.ts";
import {
  type HeadShape,
  headAnswersAt,
  headBackward,
  headForward,
  headLoss,
  headSize,
  newHeadPass,
} from "./mixture-head.ts";
import type { Network } from "./network.ts";
import { spreadWeights } from "./random.ts";
import { QUERY_INPUTS, TOKEN_INPUTS } from "./window.ts";

const UNITS = 16;
const HIDDEN = 24;

const LAYER: LstmShape = { at: 0, inputs: TOKEN_INPUTS, units: UNITS };
const HEAD: HeadShape = { at: lstmSize(LAYER), context: UNITS, hidden: HIDDEN };
const SIZE = HEAD.at + headSize(HEAD);

/** The last day read by one LSTM layer; its last output serves every step ahead. */
export const lstmNetwork: Network = {
  name: "lstm",
  size: SIZE,
  order: "by-step",
  initialWeights: (random) => {
    const weights = new Float64Array(SIZE);
    const biasAt = 4 * UNITS * (TOKEN_INPUTS + UNITS);
    spreadWeights(weights, 0, biasAt, TOKEN_INPUTS + 2 * UNITS, random);
    // Open forget gates: the layer starts by remembering (Jozefowicz 2015).
    weights.fill(1, biasAt + UNITS, biasAt + 2 * UNITS);
    const hiddenEnd = HEAD.at + HIDDEN * (UNITS + QUERY_INPUTS);
    spreadWeights(weights, HEAD.at, hiddenEnd, UNITS + QUERY_INPUTS + HIDDEN, random);
    weights.fill(0, headAnswersAt(HEAD));
    return weights;
  },
  open: (batch, tokens, queries) => {
    const layer = newLstmPass(LAYER, tokens, batch);
    const head = newHeadPass(HEAD, batch * queries);
    const lastAt = lastOutputsAt(LAYER, layer);
    const lastSlopes = new Float64Array(batch * UNITS);
    return {
      head,
      forward: (weights, windows) => {
        lstmForward(LAYER, weights, windows.tokenInputs, layer);
        headForward(HEAD, weights, layer.outputs, lastAt, batch, windows, head);
      },
      backward: (weights, gradient, windows) => {
        const loss = headLoss(windows, head);
        lastSlopes.fill(0);
        headBackward(HEAD, weights, gradient, layer.outputs, lastAt, batch, windows, head, lastSlopes);
        lstmBackward(LAYER, weights, gradient, windows.tokenInputs, layer, lastSlopes);
        return loss;
      },
    };
  },
};
