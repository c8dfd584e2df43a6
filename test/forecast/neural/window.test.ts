import { describe, expect, it } from "vitest";
import { localClock } from "../../../src/forecast/local-clock.ts";
import { fastTanh } from "../../../src/forecast/neural/activation.ts";
import { askedAround } from "../../../src/forecast/neural/answer.ts";
import { candidates, lateMeans } from "../../../src/forecast/neural/candidates.ts";
import { demandSource, knownShare, meanBetween } from "../../../src/forecast/neural/demand-source.ts";
import { packWeights, unpackWeights } from "../../../src/forecast/neural/packed-weights.ts";
import {
  CANDIDATES,
  newWindowBatch,
  TOKEN_INPUTS,
  tokenBorders,
  writeWindow,
} from "../../../src/forecast/neural/window.ts";
import { type DemandSeries, endMs } from "../../../src/model/series.ts";
import { DAY_MS, MINUTE_MS } from "../../../src/model/time.ts";
import { DAY_STEPS, dailyWave, STEP_MS, seriesOf } from "../fixtures.ts";

const WEEK = dailyWave(9);

function sourceOf(series: DemandSeries) {
  return demandSource(series, localClock("UTC", series.startMs, endMs(series) + 2 * DAY_MS));
}

function windowOf(series: DemandSeries, origin: number) {
  const borders = tokenBorders(series.stepMs);
  const batch = newWindowBatch(1, borders.length - 1, 3, "by-sample");
  writeWindow(batch, 0, sourceOf(series), borders, origin, [1, 12, 288]);
  return batch;
}

describe("window", () => {
  it("sees nothing at or after its origin", () => {
    const origin = 8 * DAY_STEPS - 30;
    const whole = sourceOf(WEEK);
    const known = sourceOf(seriesOf(WEEK.values.subarray(0, origin)));
    for (const step of [1, 7, 12, 13, 100, 287, 288, 289, 500]) {
      const [first, second] = [whole, known].map((source) => {
        const out = new Float64Array(CANDIDATES);
        candidates(out, source, origin, step, lateMeans(source, origin));
        return out.map((value) => value * source.size + source.center);
      });
      first?.forEach((value, c) => {
        expect(value).toBeCloseTo(second?.[c] ?? Number.NaN, 6);
      });
    }
  });

  it("has the truth as target, and no weight where there is none", () => {
    const values = WEEK.values.slice();
    const origin = 7 * DAY_STEPS;
    values[origin + 11] = Number.NaN;
    const batch = windowOf(seriesOf(values), origin);
    expect(Array.from(batch.weights, (weight) => weight > 0)).toEqual([true, false, true]);
    expect(windowOf(seriesOf(values.subarray(0, origin)), origin).weights).toEqual(new Float64Array(3));
    const [first = 0, , last = 0] = batch.targets;
    const [lastValue = 0] = batch.candidates;
    const truth = (i: number): number => (values[i] ?? 0) - (values[origin - 1] ?? 0);
    expect((first - lastValue) / (last - lastValue)).toBeCloseTo(truth(origin) / truth(origin + 287), 4);
  });

  it("marks tokens that are gaps", () => {
    const values = WEEK.values.slice();
    values.fill(Number.NaN, values.length - 6);
    const { tokenInputs, tokens } = windowOf(seriesOf(values), values.length);
    const gap = Array.from({ length: tokens }, (_, t) => tokenInputs[t * TOKEN_INPUTS + 2]);
    expect(gap.slice(-6)).toEqual([1, 1, 1, 1, 1, 1]);
    expect(gap.slice(0, -6).every((share) => share === 0)).toBe(true);
    expect(tokenInputs.every(Number.isFinite)).toBe(true);
  });

  it("has fewer tokens on coarser grids, and as many on finer ones", () => {
    const counts = [1, 5, 15, 60].map((minutes) => tokenBorders(minutes * MINUTE_MS).length);
    expect(counts[0]).toBe(counts[1]);
    expect(counts[2]).toBeLessThan(counts[1] ?? 0);
    expect(counts[3]).toBeLessThan(counts[2] ?? 0);
    for (const minutes of [1, 5, 15, 60]) {
      expect((tokenBorders(minutes * MINUTE_MS).at(-1) ?? 0) * minutes).toBe(24 * 60);
    }
  });
});

describe("source", () => {
  it("gives means of stretches over their known part", () => {
    const source = sourceOf(seriesOf([1, 3, Number.NaN, 5, 100, 4, 2, 3, 4, 1]));
    const meanOf = (from: number, to: number): number =>
      meanBetween(source, from, to) * source.size + source.center;
    expect(meanOf(0, 4)).toBeCloseTo(3, 9);
    expect(meanOf(3, 5)).toBeCloseTo(52.5, 9);
    expect(meanBetween(source, 2, 3)).toBeNaN();
    expect(knownShare(source, 0, 4)).toBe(0.75);
  });
});

describe("small parts", () => {
  it("has a tanh within 1e-6", () => {
    for (let x = -12; x <= 12; x += 0.01) expect(Math.abs(fastTanh(x) - Math.tanh(x))).toBeLessThan(1e-6);
  });

  it("packs weights to a 32,767th of the largest", () => {
    const weights = Float64Array.from([0.5, -2, 0, 1e-3, 1.999]);
    unpackWeights(packWeights(weights)).forEach((value, i) => {
      expect(Math.abs(value - (weights[i] ?? Number.NaN))).toBeLessThan(1e-4 / 1.6);
    });
    expect(unpackWeights(packWeights(new Float64Array(3)))).toEqual(new Float64Array(3));
  });

  it("asks the network at both sides of a step", () => {
    expect(askedAround(7, STEP_MS)).toEqual({ low: 7, high: 7, share: 0 });
    expect(askedAround(13, STEP_MS)).toEqual({ low: 12, high: 15, share: 1 / 3 });
    expect(askedAround(3, MINUTE_MS)).toEqual({ low: 1, high: 5, share: 0.5 });
    expect(askedAround(70, MINUTE_MS)).toEqual({ low: 60, high: 75, share: 2 / 3 });
  });
});
