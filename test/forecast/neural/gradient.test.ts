import { describe, expect, it } from "vitest";
import {
  type AttentionShape,
  attentionBackward,
  attentionForward,
  attentionSize,
  newAttentionPass,
  newBlockSlopes,
} from "../../../src/forecast/neural/attention-block.ts";
import {
  layerNormBackward,
  layerNormForward,
  newLayerNormPass,
} from "../../../src/forecast/neural/layer-norm.ts";
import {
  lastOutputsAt,
  lstmBackward,
  lstmForward,
  lstmSize,
  newLstmPass,
} from "../../../src/forecast/neural/lstm-layer.ts";
import { lstmNetwork } from "../../../src/forecast/neural/lstm-network.ts";
import { addTimes, addTransposedTimes, timesTransposed } from "../../../src/forecast/neural/matrix.ts";
import { transformerNetwork } from "../../../src/forecast/neural/transformer-network.ts";
import { newWindowBatch } from "../../../src/forecast/neural/window.ts";
import { randomStream } from "../fixtures.ts";

function drawn(size: number, random: () => number): Float64Array {
  return Float64Array.from({ length: size }, () => 2 * random() - 1);
}

function dot(a: Float64Array, b: Float64Array, bAt = 0): number {
  return a.reduce((sum, value, i) => sum + value * (b[bAt + i] ?? Number.NaN), 0);
}

/** Largest difference between `gradient` and central differences of `loss` by each of `numbers`. */
function worstSlope(numbers: Float64Array, gradient: Float64Array, loss: () => number): number {
  const h = 1e-6;
  return numbers.reduce((worst, value, i) => {
    numbers[i] = value + h;
    const above = loss();
    numbers[i] = value - h;
    const below = loss();
    numbers[i] = value;
    const slope = (above - below) / (2 * h);
    return Math.max(worst, Math.abs(slope - (gradient[i] ?? Number.NaN)) / (0.01 + Math.abs(slope)));
  }, 0);
}

describe("matrix products", () => {
  it.each([
    [3, 5, 7],
    [4, 4, 4],
    [1, 9, 2],
    [6, 8, 3],
  ])("equal their definition for %d x %d x %d", (m, n, k) => {
    const random = randomStream(m * 100 + n * 10 + k);
    const a = drawn(m * k, random);
    const b = drawn(n * k, random);
    const c = drawn(m * n, random);
    const sum = (count: number, term: (l: number) => number): number =>
      Array.from({ length: count }, (_, l) => term(l)).reduce((total, value) => total + value, 0);
    const at = (list: Float64Array, i: number): number => list[i] ?? Number.NaN;
    const product = new Float64Array(m * n).fill(2);
    timesTransposed(product, a, b, m, n, k, true);
    const back = new Float64Array(m * k);
    addTimes(back, c, b, m, n, k);
    const across = new Float64Array(n * k);
    addTransposedTimes(across, c, a, m, n, k);
    product.forEach((value, at0) => {
      const [i, j] = [Math.floor(at0 / n), at0 % n];
      expect(value).toBeCloseTo(2 + sum(k, (l) => at(a, i * k + l) * at(b, j * k + l)), 12);
    });
    back.forEach((value, at0) => {
      const [i, l] = [Math.floor(at0 / k), at0 % k];
      expect(value).toBeCloseTo(
        sum(n, (j) => at(c, i * n + j) * at(b, j * k + l)),
        12,
      );
    });
    across.forEach((value, at0) => {
      const [j, l] = [Math.floor(at0 / k), at0 % k];
      expect(value).toBeCloseTo(
        sum(m, (i) => at(c, i * n + j) * at(a, i * k + l)),
        12,
      );
    });
  });
});

describe("slopes agree with finite differences", () => {
  it("of an LSTM layer, through seven steps", () => {
    const random = randomStream(11);
    const shape = { at: 3, inputs: 4, units: 5 };
    const [steps, batch] = [7, 3];
    const weights = drawn(3 + lstmSize(shape), random);
    const inputs = drawn(steps * batch * shape.inputs, random);
    const pull = drawn(batch * shape.units, random);
    const pass = newLstmPass(shape, steps, batch);
    const loss = (): number => {
      lstmForward(shape, weights, inputs, pass);
      return dot(pull, pass.outputs, lastOutputsAt(shape, pass));
    };
    loss();
    const gradient = new Float64Array(weights.length);
    lstmBackward(shape, weights, gradient, inputs, pass, pull);
    expect(worstSlope(weights, gradient, loss)).toBeLessThan(1e-4);
  });

  it("of a layer norm, by its weights and its input", () => {
    const random = randomStream(12);
    const [rows, width] = [3, 6];
    const weights = drawn(2 * width, random);
    const input = drawn(rows * width, random);
    const pull = drawn(rows * width, random);
    const out = new Float64Array(rows * width);
    const pass = newLayerNormPass(rows, width);
    const loss = (): number => {
      layerNormForward(out, input, weights, 0, rows, width, pass);
      return dot(pull, out);
    };
    loss();
    const gradient = new Float64Array(weights.length);
    const inputSlopes = new Float64Array(input.length);
    layerNormBackward(inputSlopes, pull, weights, gradient, 0, rows, width, pass);
    expect(worstSlope(weights, gradient, loss)).toBeLessThan(1e-4);
    expect(worstSlope(input, inputSlopes, loss)).toBeLessThan(1e-4);
  });

  it("of an attention block, by its weights, its queries and its keys", () => {
    const random = randomStream(13);
    const shape: AttentionShape = { at: 2, width: 6, heads: 2, inner: 5 };
    const [batch, queryCount, keyCount] = [2, 3, 4];
    const weights = drawn(2 + attentionSize(shape), random);
    const queries = drawn(batch * queryCount * shape.width, random);
    const keys = drawn(batch * keyCount * shape.width, random);
    const pull = drawn(queries.length, random);
    const pass = newAttentionPass(shape, batch, queryCount, keyCount);
    const loss = (): number => {
      attentionForward(shape, weights, queries, keys, pass);
      return dot(pull, pass.out);
    };
    loss();
    const gradient = new Float64Array(weights.length);
    const querySlopes = new Float64Array(queries.length);
    const keySlopes = new Float64Array(keys.length);
    const slopes = newBlockSlopes(shape, pass);
    attentionBackward(shape, weights, gradient, pass, slopes, pull, querySlopes, keySlopes);
    expect(worstSlope(weights, gradient, loss)).toBeLessThan(1e-3);
    expect(worstSlope(queries, querySlopes, loss)).toBeLessThan(1e-3);
    expect(worstSlope(keys, keySlopes, loss)).toBeLessThan(1e-3);
  });

  it.each([lstmNetwork, transformerNetwork])("of the whole $name", (network) => {
    const random = randomStream(14);
    const weights = network.initialWeights(random).map((weight) => weight + 0.3 * (random() - 0.5));
    const batch = newWindowBatch(2, 5, 3, network.order);
    for (const list of [batch.tokenInputs, batch.queryInputs, batch.candidates, batch.targets]) {
      list.set(drawn(list.length, random));
    }
    batch.weights.set([1, 0, 1, 0.5, 2, 1]);
    const pass = network.open(2, 5, 3);
    const spare = new Float64Array(weights.length);
    const loss = (): number => {
      pass.forward(weights, batch);
      return pass.backward(weights, spare, batch);
    };
    const gradient = new Float64Array(weights.length);
    pass.forward(weights, batch);
    pass.backward(weights, gradient, batch);
    expect(gradient.filter((slope) => slope !== 0).length).toBeGreaterThan(0.9 * weights.length);
    expect(worstSlope(weights, gradient, loss)).toBeLessThan(1e-3);
  });
});
