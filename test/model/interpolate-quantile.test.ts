import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FORECAST_LEVELS, quantileAt } from "../../src/model/forecast.ts";
import { interpolateQuantile, normalScore } from "../../src/model/interpolate-quantile.ts";
import { demandAt } from "../../src/model/outlook.ts";
import { durationMs, epochMs } from "../../src/model/time.ts";

/** Quantiles of a normal law, mean 100, standard deviation 10, at the forecast's levels. */
const NORMAL = FORECAST_LEVELS.map((level) => 100 + 10 * normalScore(level));
const at = (level: number, values = NORMAL): number =>
  interpolateQuantile(FORECAST_LEVELS, (row) => values[row] ?? Number.NaN, level);

describe("normalScore", () => {
  it("gives the tabulated quantiles of the standard normal law", () => {
    for (const [level, score] of [
      [0.5, 0],
      [0.975, 1.959963985],
      [0.999, 3.090232306],
      [0.01, -2.326347874],
    ] as const) {
      expect(normalScore(level)).toBeCloseTo(score, 6);
    }
    expect(normalScore(0)).toBe(normalScore(1e-6));
  });
});

describe("interpolateQuantile", () => {
  it("meets a normal law in its tails, where a line would overstate", () => {
    for (const level of [0.015, 0.07, 0.92, 0.96, 0.985, 0.9925, 0.997]) {
      expect(at(level)).toBeCloseTo(100 + 10 * normalScore(level), 6);
    }
    const line = (at(0.995) + at(0.999)) / 2;
    expect(at(0.997)).toBeLessThan(line);
  });

  it("is linear in the level in the middle, exact at known levels, and held beyond them", () => {
    expect(at(0.55)).toBeCloseTo((at(0.5) + at(0.6)) / 2, 9);
    FORECAST_LEVELS.forEach((level, row) => {
      expect(at(level)).toBe(NORMAL[row]);
    });
    expect(at(0.9999)).toBe(NORMAL.at(-1));
    expect(at(0.001)).toBe(NORMAL[0]);
  });

  it("rises with the level, whatever rising values lie between", () => {
    const rising = fc.array(fc.double({ min: 0, max: 1e6, noNaN: true }), {
      minLength: FORECAST_LEVELS.length,
      maxLength: FORECAST_LEVELS.length,
    });
    const level = fc.double({ min: 0.001, max: 0.9999, noNaN: true });
    fc.assert(
      fc.property(rising, level, level, (values, one, other) => {
        const sorted = values.toSorted((a, b) => a - b);
        const low = at(Math.min(one, other), sorted);
        const high = at(Math.max(one, other), sorted);
        expect(high).toBeGreaterThanOrEqual(low - 1e-6);
      }),
    );
  });

  it("is the one rule of forecasts and of records", () => {
    const quantiles = NORMAL.map((value) => Float64Array.of(value, 2 * value));
    const shape = { cutoffMs: epochMs(0), stepMs: durationMs(60_000), levels: FORECAST_LEVELS };
    const record = { ...shape, quantiles: quantiles.map((row) => Array.from(row)) };
    for (const level of [0.02, 0.33, 0.9, 0.993]) {
      expect(demandAt(record, level, 1)).toBe(quantileAt({ ...shape, quantiles }, level, 1));
      expect(demandAt(record, level, 1)).toBeCloseTo(2 * at(level), 9);
    }
  });
});
