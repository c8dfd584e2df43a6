import { describe, expect, it } from "vitest";
import { localClock } from "../../../src/forecast/local-clock.ts";
import { adamUpdate, newAdam } from "../../../src/forecast/neural/adam.ts";
import { calibrate, stretchLoss } from "../../../src/forecast/neural/calibration.ts";
import { demandSource } from "../../../src/forecast/neural/demand-source.ts";
import { withLevelShifts } from "../../../src/forecast/neural/level-shifts.ts";
import { lstmNetwork } from "../../../src/forecast/neural/lstm-network.ts";
import { seededRandom } from "../../../src/forecast/neural/random.ts";
import { train } from "../../../src/forecast/neural/training.ts";
import { transformerNetwork } from "../../../src/forecast/neural/transformer-network.ts";
import { FORECAST_LEVELS } from "../../../src/model/forecast.ts";
import { endMs } from "../../../src/model/series.ts";
import { DAY_MS } from "../../../src/model/time.ts";
import { DAY_STEPS, dailyWave } from "../fixtures.ts";

const WAVE = dailyWave(8);
const SOURCE = demandSource(WAVE, localClock("UTC", WAVE.startMs, endMs(WAVE) + 2 * DAY_MS));
const PART = { source: SOURCE, from: 2 * DAY_STEPS, to: 6 * DAY_STEPS, share: 1 };

describe.each([lstmNetwork, transformerNetwork])("training of $name", (network) => {
  const trained = (part: typeof PART, updates: number): Float64Array => {
    const weights = network.initialWeights(seededRandom(1));
    train(network, weights, [part], { updates, rate: 0.01 }, seededRandom(2));
    return weights;
  };

  it("lowers the loss, the same way each time", () => {
    const held = { source: SOURCE, from: 6 * DAY_STEPS, to: 8 * DAY_STEPS, windows: 40 };
    const weights = trained(PART, 40);
    const before = stretchLoss(network, network.initialWeights(seededRandom(1)), held);
    expect(stretchLoss(network, weights, held)).toBeLessThan(0.7 * before);
    expect(trained(PART, 40)).toEqual(weights);
  });

  it("takes nothing at or after the end of its part for a target", () => {
    const values = SOURCE.values.slice();
    values.fill(40, PART.to);
    const weights = trained(PART, 5);
    expect(trained({ ...PART, source: { ...SOURCE, values } }, 5)).toEqual(weights);
    values.fill(40, PART.to - 1);
    expect(trained({ ...PART, source: { ...SOURCE, values } }, 5)).not.toEqual(weights);
  });

  it("starts at its priors: whatever it is shown, no untrained answer depends on the weights", () => {
    const held = { source: SOURCE, from: 6 * DAY_STEPS, to: 7 * DAY_STEPS, windows: 5 };
    const losses = [1, 2].map((seed) =>
      stretchLoss(network, network.initialWeights(seededRandom(seed)), held),
    );
    expect(losses[0]).toBe(losses[1]);
  });
});

describe("calibration", () => {
  it("measures errors in the network's own widths, tails included", () => {
    const weights = lstmNetwork.initialWeights(seededRandom(1));
    const wider = weights.slice();
    // The last two biases are those of the widths: softplus of 0 is 0.693, of 5 it is 5.007.
    wider.fill(5, wider.length - 2);
    const stretch = { source: SOURCE, from: 3 * DAY_STEPS, to: 7 * DAY_STEPS, windows: 300 };
    const { knots, offsets } = calibrate(lstmNetwork, weights, stretch);
    const drawnIn = calibrate(lstmNetwork, wider, stretch).offsets;
    const levels = FORECAST_LEVELS.length;
    expect(offsets).toHaveLength(knots.length * levels);
    const ratio = Math.log(2) / Math.log1p(Math.exp(5));
    offsets.forEach((offset, i) => {
      expect(drawnIn[i]).toBeCloseTo(offset * ratio, 9);
      if (i % levels > 0) expect(offset).toBeGreaterThanOrEqual(offsets[i - 1] ?? Number.NaN);
    });
    expect(offsets[levels - 1]).toBeGreaterThan(offsets[FORECAST_LEVELS.indexOf(0.99)] ?? Number.NaN);
  });
});

describe("Adam", () => {
  it("finds the lowest point of a bowl, also from a gradient of any size", () => {
    for (const steep of [1, 1e6]) {
      const weights = Float64Array.from([3, -2]);
      let state = newAdam(2);
      for (let i = 0; i < 400; i++) {
        const gradient = weights.map((weight, j) => steep * (j + 1) * (weight - 1));
        state = adamUpdate(weights, gradient, state, 0.05);
        expect(gradient).toEqual(new Float64Array(2));
      }
      for (const weight of weights) expect(Math.abs(weight - 1)).toBeLessThan(0.05);
    }
  });
});

describe("level shifts", () => {
  it("move stretches by factors of up to three, and leave the history as it was", () => {
    const before = WAVE.values.slice();
    const moved = withLevelShifts(WAVE, seededRandom(4));
    expect(WAVE.values).toEqual(before);
    const factors = moved.values.map((value, i) => value / (before[i] ?? 1));
    const levels = new Set(Array.from(factors, (factor) => factor.toFixed(6)));
    expect(levels.size).toBeGreaterThan(1);
    expect(levels.size).toBeLessThan(12);
    expect(Math.max(...factors)).toBeLessThan(Math.exp(1.1) + 1e-9);
    expect(Math.min(...factors)).toBeGreaterThan(Math.exp(-1.1) - 1e-9);
  });
});
