import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { continueArma, integrate, isStable, residuals, runArma } from "../../../src/forecast/kernels/arma.ts";
import { fitArma } from "../../../src/forecast/kernels/arma-fit.ts";
import {
  harmonicAt,
  harmonicDesign,
  harmonicPattern,
  harmonicSums,
} from "../../../src/forecast/kernels/harmonic-pattern.ts";
import { localSlots } from "../../../src/forecast/kernels/seasonal-fit.ts";
import { localClock } from "../../../src/forecast/local-clock.ts";
import { arima } from "../../../src/forecast/members/arima.ts";
import { DAY_MS } from "../../../src/model/time.ts";
import { DAY_STEPS, START_MS, STEP_MS, seriesOf } from "../fixtures.ts";
import { armaValues, normalStream } from "./noise.ts";

const clock = localClock("UTC", START_MS, START_MS + 40 * DAY_MS);
const none = new Float64Array(0);

function pathOf(
  values: ArrayLike<number>,
  steps: readonly number[],
): { median: Float64Array; state: ArimaInner } {
  const outcome = arima.fit(seriesOf(values), { clock });
  if (outcome.kind === "refused") throw new Error(outcome.reason);
  const state = (outcome.model.state as { inner: ArimaInner }).inner;
  return { median: outcome.model.at(steps, [0.5])[0] ?? none, state };
}

interface ArimaInner {
  readonly phi: Float64Array;
}

function sum(values: ArrayLike<number>): number {
  return Array.from(values).reduce((total, value) => total + value, 0);
}

describe("laws", () => {
  it("AR(1) decays by its coefficient", () => {
    const run = runArma({ phi: Float64Array.of(0.8), theta: none }, Float64Array.of(0, 0, 5));
    const path = continueArma({ phi: Float64Array.of(0.8), theta: none }, run, 3, 4);
    [4, 3.2, 2.56, 2.048].forEach((value, h) => {
      expect(path[h]).toBeCloseTo(value, 12);
    });
  });

  it("MA(1) remembers the last innovation for one step", () => {
    const law = { phi: none, theta: Float64Array.of(0.5) };
    const run = runArma(law, Float64Array.of(0, 0, 4));
    expect([...continueArma(law, run, 3, 3)]).toEqual([2, 0, 0]);
  });

  it("ARIMA(1,1,0) goes on by ever smaller changes", () => {
    const law = integrate({ phi: Float64Array.of(0.5), theta: none });
    expect([...law.phi]).toEqual([1.5, -0.5]);
    const run = runArma(law, Float64Array.of(10, 10, 12));
    const path = continueArma(law, run, 3, 3);
    [13, 13.5, 13.75].forEach((value, h) => {
      expect(path[h]).toBeCloseTo(value, 12);
    });
  });

  it("a gap is as expected and no news; a spike counts as far as the limit", () => {
    const law = { phi: Float64Array.of(0.5), theta: none };
    const run = runArma(law, Float64Array.of(4, 8, Number.NaN, 2, 101), 3);
    // 8 is 6 from the 2 expected: counts as 3. Then 5 / 2 in the gap, 1.25 expected, 2 seen, 1 expected.
    expect([...run.filled]).toEqual([4, 5, 2.5, 2, 4]);
    expect([...run.innovations]).toEqual([0, 3, 0, 0.75, 3]);
  });

  it("AR(2) is stable exactly inside the triangle", () => {
    fc.assert(
      fc.property(fc.integer({ min: -250, max: 250 }), fc.integer({ min: -120, max: 120 }), (a, b) => {
        const [one, two] = [a / 100, b / 100];
        const distance = Math.min(1 - two - one, 1 - two + one, 1 + two);
        fc.pre(Math.abs(distance) > 0.005);
        expect(isStable(Float64Array.of(one, two))).toBe(distance > 0);
      }),
    );
  });
});

describe("fitArma", () => {
  it.each([
    [0.8, 0],
    [0.7, 0.5],
    [0, 0.6],
    [0.9, -0.6],
  ])(
    "finds ARMA(1,1) with phi %d, theta %d: weights of past innovations, and their variance",
    (phi, theta) => {
      const values = armaValues(6000, phi, theta, 21);
      const law = fitArma(values, 0);
      // Weights psi: 1, phi + theta, phi (phi + theta), ...; several orders write the same process.
      const impulse = new Float64Array(12);
      impulse[0] = 1;
      const filled = new Float64Array(12);
      const news = new Float64Array(12);
      news[5] = 1;
      filled[5] = 1;
      const weights = continueArma(law, { filled, innovations: news }, 6, 5);
      weights.forEach((weight, h) => {
        expect(Math.abs(weight - (phi + theta) * phi ** h)).toBeLessThan(0.08);
      });
      const errors = residuals(values, law).subarray(50);
      expect(sum(errors.map((error) => error * error)) / errors.length).toBeCloseTo(1, 1);
    },
  );

  it("ends where no small change of a coefficient is better", () => {
    const values = armaValues(400, 0.5, -0.85, 17);
    const law = fitArma(values, 0);
    const size = (phi: Float64Array, theta: Float64Array): number =>
      sum(residuals(values, { phi, theta }).map((error) => error * error));
    const best = size(law.phi, law.theta);
    expect(law.theta.length).toBeGreaterThan(0);
    for (const by of [-0.02, 0.02]) {
      law.phi.forEach((_, k) => {
        const moved = law.phi.map((value, i) => (i === k ? value + by : value));
        expect(size(moved, law.theta)).toBeGreaterThan(best);
      });
      law.theta.forEach((_, k) => {
        const moved = law.theta.map((value, j) => (j === k ? value + by : value));
        expect(size(law.phi, moved)).toBeGreaterThan(best);
      });
    }
  });

  it("does not let one spike in a hundred change what it finds by much", () => {
    const values = armaValues(6000, 0.8, 0, 5);
    for (let i = 50; i < values.length; i += 400) values[i] = 500;
    const law = fitArma(values, 0);
    const run = runArma(law, Float64Array.of(0, 0, 0, 0, 0, 0, 0, 0, 1), Number.POSITIVE_INFINITY);
    expect(Math.abs((continueArma(law, run, 9, 1)[0] ?? 0) - 0.8)).toBeLessThan(0.15);
  });
});

describe("harmonicPattern", () => {
  it.each([false, true])("finds the waves of day and hour (from changes: %s)", (changes) => {
    const wave = (ms: number): number =>
      20 * Math.sin((2 * Math.PI * ms) / DAY_MS) +
      5 * Math.cos((2 * Math.PI * 2 * ms) / DAY_MS) +
      3 * Math.sin((2 * Math.PI * ms) / (DAY_MS / 24));
    const series = seriesOf(
      Array.from({ length: 6 * DAY_STEPS }, (_, i) => 100 + wave(START_MS + i * STEP_MS)),
    );
    const values = changes
      ? series.values.map((value, i) => value - (series.values[i - 1] ?? Number.NaN))
      : series.values;
    const orders = { daily: 3, weekly: 0, hourly: 2 };
    const design = harmonicDesign(localSlots(series, clock, false), orders);
    const pattern = harmonicPattern(harmonicSums(values, design, changes), orders);
    for (let i = 0; i < 300; i += 7) {
      const ms = START_MS + i * STEP_MS;
      expect(Math.abs(harmonicAt(pattern, ms) - (changes ? 0 : 100) - wave(ms))).toBeLessThan(0.25);
    }
  });
});

describe("arima", () => {
  it("falls back to the mean by 0.8 a step after an AR(1) with that coefficient", () => {
    const values = armaValues(4032, 0.8, 0, 2).map((value) => 1000 + 10 * value);
    values[values.length - 1] = 1040;
    const { median, state } = pathOf(values, [1, 2, 3, 4]);
    expect(1 - sum(state.phi)).toBeGreaterThan(0.1);
    [32, 25.6, 20.48, 16.384].forEach((expected, h) => {
      expect(Math.abs((median[h] ?? 0) - 1000 - expected)).toBeLessThan(6);
    });
  });

  it("takes differences of a random walk, and stays where it is", () => {
    const next = normalStream(31);
    let value = 5000;
    const values = Array.from({ length: 4032 }, () => {
      value += 3 * next();
      return value;
    });
    const { median, state } = pathOf(values, [1, 12, 100]);
    expect(sum(state.phi)).toBeCloseTo(1, 9);
    for (const point of median) expect(Math.abs(point - value)).toBeLessThan(25);
  });

  it("knows the local day, and the jobs of every hour", () => {
    const next = normalStream(6);
    const demand = (i: number): number =>
      200 + 80 * Math.sin((2 * Math.PI * i) / DAY_STEPS) + (i % 12 === 3 ? 60 : 0);
    const values = Array.from({ length: 10 * DAY_STEPS }, (_, i) => demand(i) + 2 * next());
    const steps = Array.from({ length: DAY_STEPS }, (_, i) => i + 1);
    const { median } = pathOf(values, steps);
    const errors = median.map((point, h) => Math.abs(point - demand(10 * DAY_STEPS + h)));
    expect(sum(errors) / errors.length).toBeLessThan(8);
  });
});
