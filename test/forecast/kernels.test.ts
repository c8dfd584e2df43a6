import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fitPattern, localSlots, patternAt, patternErrors } from "../../src/forecast/kernels/seasonal-fit.ts";
import {
  median,
  placeLevels,
  quantileInPlace,
  robustScale,
  sortedQuantile,
} from "../../src/forecast/kernels/statistics.ts";
import { localClock } from "../../src/forecast/local-clock.ts";
import { seasonalQuantiles } from "../../src/forecast/members/seasonal-quantiles.ts";
import { lasso } from "../../src/forecast/prophet/prophet-lasso.ts";
import { endMs } from "../../src/model/series.ts";
import { DAY_MS } from "../../src/model/time.ts";
import { DAY_STEPS, dailyWave, randomStream, START_MS, STEP_MS, seriesOf } from "./fixtures.ts";

describe("robustScale", () => {
  it("is 1.4826 times the median size, as by sorting", () => {
    const values = fc.array(fc.oneof(fc.integer({ min: -9, max: 9 }), fc.constant(Number.NaN)), {
      minLength: 1,
      maxLength: 60,
    });
    fc.assert(
      fc.property(values, (errors) => {
        const sizes = Float64Array.from(errors.filter((error) => !Number.isNaN(error)).map(Math.abs)).sort();
        const middle = 1.4826 * sortedQuantile(sizes, 0.5);
        const mean = sizes.length === 0 ? 0 : sizes.reduce((sum, size) => sum + size, 0) / sizes.length;
        expect(robustScale(errors)).toBeCloseTo(middle > 0 ? middle : 1.2533 * mean, 12);
      }),
    );
  });

  it("is fast and right on sorted, equal and reversed values", () => {
    const rising = Float64Array.from({ length: 20_001 }, (_, i) => i);
    expect(robustScale(rising)).toBeCloseTo(14_826, 6);
    expect(robustScale(rising.slice().reverse())).toBeCloseTo(14_826, 6);
    expect(robustScale(new Float64Array(20_000).fill(3))).toBeCloseTo(3 * 1.4826, 12);
  });
});

describe("lasso", () => {
  it("says that it is at an optimum only where its conditions hold, which is nearly always", () => {
    const size = 25;
    let optima = 0;
    for (let seed = 1; seed <= 40; seed++) {
      const { matrix, target } = hingeProducts(size, seed);
      const x = new Float64Array(size);
      // Prophet's is noise over 0.05; a weak one is harder.
      const penalty = seed % 2 === 0 ? 2 : 0.1;
      if (!lasso(matrix, target, penalty, x)) continue;
      if (penalty === 2) optima++;
      const pulls = Array.from(target, (pull, i) =>
        x.reduce((left, value, j) => left - (matrix[i * size + j] ?? 0) * value, pull),
      );
      pulls.forEach((pull, i) => {
        const value = x[i] ?? 0;
        if (value === 0) expect(Math.abs(pull)).toBeLessThanOrEqual(penalty * (1 + 1e-6));
        else expect(pull).toBeCloseTo(Math.sign(value) * penalty, 6);
      });
    }
    expect(optima).toBe(20);
  });
});

describe("fitPattern", () => {
  const wave = dailyWave(6, { noise: 0.2 });
  const clock = localClock("UTC", wave.startMs, endMs(wave) + DAY_MS);
  const orders = { daily: 3, weekly: 0, hourly: 2 };

  it("gives one series the same pattern whatever was fitted on its slots before", () => {
    const gappy = wave.values.map((value, i) => (i % DAY_STEPS < 100 && i > 600 ? Number.NaN : value));
    const alone = fitPattern(gappy, localSlots(wave, clock, false), orders);
    const slots = localSlots(wave, clock, false);
    fitPattern(wave.values, slots, { daily: 5, weekly: 0, hourly: 0 });
    expect(fitPattern(gappy, slots, orders).coefficients).toEqual(alone.coefficients);
  });

  it("is looked up as it is written out, from many patterns in turn", () => {
    const slots = localSlots(wave, clock, false);
    const patterns = [1, 2, 3, 4, 5, 6].map((daily) => fitPattern(wave.values, slots, { ...orders, daily }));
    for (const round of [0, 1]) {
      patterns.forEach((pattern, p) => {
        const errors = patternErrors(wave.values, slots, pattern);
        const index = 17 + 40 * p + round;
        const looked = patternAt(structuredClone(pattern), clock, wave.startMs + index * STEP_MS);
        expect((wave.values[index] ?? 0) - looked).toBe(errors[index]);
        const days = index / DAY_STEPS;
        const terms = [1, 2, 3, 4, 5, 6].slice(0, p + 1).concat([24, 48]);
        const written = terms.reduce(
          (sum, perDay, k) =>
            sum +
            (pattern.coefficients[1 + 2 * k] ?? 0) * Math.sin(2 * Math.PI * perDay * days) +
            (pattern.coefficients[2 + 2 * k] ?? 0) * Math.cos(2 * Math.PI * perDay * days),
          pattern.coefficients[0] ?? 0,
        );
        expect(looked).toBeCloseTo(written, 8);
        expect(patternAt(pattern, clock, wave.startMs + index * STEP_MS)).toBe(looked);
      });
    }
  });
});

describe("seasonal-quantiles", () => {
  it.each(["UTC", "Europe/Berlin"])("pools step by step what it pools at one step alone, in %s", (zone) => {
    // Clocks in Berlin go forward on 2026-03-29, within the day ahead.
    const startMs = START_MS + 12 * DAY_MS;
    const values = dailyWave(14.5, { noise: 0.5 }).values.map((value, i) =>
      i % 13 < 2 ? Number.NaN : value,
    );
    const history = seriesOf(values, STEP_MS, startMs);
    const clock = localClock(zone, startMs, endMs(history) + 2 * DAY_MS);
    const outcome = seasonalQuantiles.fit(history, { clock });
    if (outcome.kind === "refused") throw new Error(outcome.reason);
    const levels = [0.01, 0.3, 0.5, 0.99];
    const path = outcome.model.forecast(DAY_STEPS, levels).quantiles;
    for (let step = 1; step <= DAY_STEPS; step += 7) {
      const alone = outcome.model.at([step], levels).map((row) => row[0]);
      expect(path.map((row) => row[step - 1])).toEqual(alone);
    }
  });
});

/** Products of hinges, as in a trend: neighbours correlate to 0.99 and more; and of them with noise. */
function hingeProducts(size: number, seed: number): { matrix: Float64Array; target: Float64Array } {
  const random = randomStream(seed);
  const rows = Array.from({ length: 200 }, (_, t) =>
    Float64Array.from({ length: size }, (_unused, s) => Math.max(0, t / 200 - (0.8 * (s + 1)) / 25)),
  );
  const matrix = new Float64Array(size * size);
  const target = new Float64Array(size);
  for (const row of rows) {
    const y = Math.sin(random() * 7 + (row[0] ?? 0) * 5);
    row.forEach((a, i) => {
      target[i] = (target[i] ?? 0) + a * y;
      row.forEach((b, j) => {
        matrix[i * size + j] = (matrix[i * size + j] ?? 0) + a * b;
      });
    });
  }
  return { matrix, target };
}

describe("placeLevels", () => {
  const levels = [0.01, 0.1, 0.5, 0.9, 0.999];

  it("leaves quantiles and sorted ends where sorting would put them", () => {
    // Long lists with a wide and a narrow range: short ones, and many equals, hide what is left out of place.
    const length = fc.oneof(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 200, max: 3000 }));
    const range = fc.constantFrom(3, 50, 1_000_000);
    fc.assert(
      fc.property(length, range, fc.integer({ min: 0, max: 30 }), fc.integer(), (count, most, ends, seed) => {
        const random = randomStream(seed);
        const list = Float64Array.from({ length: count }, () => Math.floor(most * random()));
        const sorted = list.slice().sort();
        const placed = list.slice();
        placeLevels(placed, levels, ends);
        for (const level of levels) expect(sortedQuantile(placed, level)).toBe(sortedQuantile(sorted, level));
        expect(placed.slice(0, ends)).toEqual(sorted.slice(0, ends));
        const from = count - Math.min(ends, count);
        expect(placed.slice(from)).toEqual(sorted.slice(from));
        expect(placed.slice().sort()).toEqual(sorted);
      }),
      { numRuns: 300 },
    );
  });

  it("finds one quantile, and the median of what is known", () => {
    const values = Float64Array.from({ length: 501 }, (_, i) => (i * 263) % 501);
    expect(quantileInPlace(values.slice(), 0.9)).toBe(450);
    expect(median([...values, Number.NaN])).toBe(250);
    expect(median([4, Number.NaN, 1])).toBe(2.5);
    expect(median([Number.NaN])).toBeNaN();
  });
});
