import { describe, expect, it } from "vitest";
import {
  fitSmoothing,
  newPath,
  smooth,
  trendReach,
} from "../../../src/forecast/kernels/exponential-smoothing.ts";
import { minimizeInBox } from "../../../src/forecast/kernels/nelder-mead.ts";
import { localClock } from "../../../src/forecast/local-clock.ts";
import { ets } from "../../../src/forecast/members/ets.ts";
import { START_MS, seriesOf } from "../fixtures.ts";
import { normalStream } from "./noise.ts";

const FAR = Number.POSITIVE_INFINITY;
const clock = localClock("UTC", START_MS, START_MS + 40 * 86_400_000);

function quantilesOf(values: ArrayLike<number>, steps: readonly number[], levels: readonly number[]) {
  const outcome = ets.fit(seriesOf(values), { clock });
  if (outcome.kind === "refused") throw new Error(outcome.reason);
  return outcome.model.at(steps, levels);
}

describe("smooth", () => {
  it("is a plain mean until the constant takes over", () => {
    const path = newPath(4);
    smooth(Float64Array.of(10, 20, 30, 40), { alpha: 0.3, beta: 0, phi: 1 }, FAR, path);
    // 10, mean 15, mean 20, then 20 + 0.3 * 20.
    expect([...path.levels]).toEqual([10, 15, 20, 26]);
  });

  it("runs the damped recursion as by hand, and keeps the forecast over a gap", () => {
    const path = newPath(4);
    smooth(Float64Array.of(10, 14, Number.NaN, 20), { alpha: 0.5, beta: 0.25, phi: 0.8 }, FAR, path);
    // Step 2: error 4, level 12, trend 1. Gap: level 12.8, trend 0.8. Step 4: expected 13.44, error 6.56.
    const expected = [10, 12, 12.8, 13.44 + 0.5 * 6.56];
    path.levels.forEach((level, i) => {
      expect(level).toBeCloseTo(expected[i] ?? 0, 12);
    });
    expect(path.trends[3]).toBeCloseTo(0.64 + 0.25 * 6.56, 12);
  });

  it("lets a spike in as far as the limit, and believes a level that stays", () => {
    const values = new Float64Array(60).fill(100);
    values[30] = 1e6;
    const path = newPath(60);
    smooth(values, { alpha: 0.5, beta: 0, phi: 1 }, 4, path);
    expect(path.levels[30]).toBe(102);
    values.fill(1100, 30);
    smooth(values, { alpha: 0.5, beta: 0, phi: 1 }, 4, path);
    expect(path.levels[40]).toBeGreaterThan(1000);
    expect(path.levels[50]).toBeCloseTo(1100, 0);
  });

  it("adds the trend as often as the geometric sum says", () => {
    expect(trendReach(0.5, 3)).toBeCloseTo(0.5 + 0.25 + 0.125, 12);
    expect(trendReach(1, 7)).toBe(7);
  });
});

describe("fitSmoothing", () => {
  it.each([0.1, 0.3, 0.7])("finds the constant %d of a local level", (alpha) => {
    const next = normalStream(11);
    let level = 100;
    const values = Float64Array.from({ length: 4000 }, () => {
      const error = next();
      const value = level + error;
      level += alpha * error;
      return value;
    });
    const fit = fitSmoothing(values, FAR);
    expect(fit.alpha).toBeGreaterThan(alpha - 0.06);
    expect(fit.alpha).toBeLessThan(alpha + 0.06);
    expect(fit.beta / fit.alpha).toBeLessThan(0.05);
  });

  it("finds damping", () => {
    const next = normalStream(4);
    let level = 100;
    let trend = 0;
    const values = Float64Array.from({ length: 6000 }, () => {
      const error = next();
      const value = level + 0.9 * trend + error;
      level += 0.9 * trend + 0.6 * error;
      trend = 0.9 * trend + 0.3 * error;
      return value;
    });
    const fit = fitSmoothing(values, FAR);
    expect(fit.kind).toBe("damped");
    expect(fit.phi).toBeGreaterThan(0.85);
    expect(fit.phi).toBeLessThan(0.95);
    expect(fit.alpha).toBeCloseTo(0.6, 1);
    expect(Math.abs(fit.beta - 0.3)).toBeLessThan(0.06);
  });
});

describe("ets", () => {
  it("goes on along a straight line", () => {
    const next = normalStream(2);
    const values = Array.from({ length: 1200 }, (_, i) => 100 + 0.5 * i + next());
    const [median] = quantilesOf(values, [1, 48, 96], [0.5]);
    [1, 48, 96].forEach((step, j) => {
      expect(Math.abs((median?.[j] ?? 0) - (100 + 0.5 * (1199 + step)))).toBeLessThan(2 + step / 24);
    });
  });

  it("has the width of a random walk: 3.29 sigma times the root of the horizon", () => {
    const next = normalStream(8);
    let value = 1e4;
    const values = Array.from({ length: 4032 }, () => {
      value += next();
      return value;
    });
    const steps = [1, 10, 76];
    const [low, high] = quantilesOf(values, steps, [0.05, 0.95]);
    steps.forEach((step, j) => {
      const width = (high?.[j] ?? 0) - (low?.[j] ?? 0);
      expect(width / (3.29 * Math.sqrt(step))).toBeGreaterThan(0.8);
      expect(width / (3.29 * Math.sqrt(step))).toBeLessThan(1.25);
    });
  });

  it("stays at a steady level and takes no trend from a spike at the end", () => {
    const next = normalStream(3);
    const values = Array.from({ length: 2000 }, () => 50 + next());
    values.push(5000);
    const [median] = quantilesOf(values, [1, 12, 288], [0.5]);
    for (const value of median ?? []) expect(Math.abs(value - 50)).toBeLessThan(3);
  });
});

describe("minimizeInBox", () => {
  it("finds a minimum inside the box, and one on its wall", () => {
    const bowl = ([x = 0, y = 0]: Float64Array): number => (x - 0.3) ** 2 + 10 * (y + x - 0.8) ** 2;
    const box = { low: [0, 0], high: [1, 1] };
    const inside = minimizeInBox(bowl, [0.9, 0.1], box, 200);
    expect(inside.point[0]).toBeCloseTo(0.3, 1);
    expect(inside.point[1]).toBeCloseTo(0.5, 1);
    const wall = minimizeInBox(([x = 0]) => x, [0.5], { low: [0.2], high: [1] }, 60);
    expect(wall.point[0]).toBeCloseTo(0.2, 4);
  });

  it("looks no more often than it may, and takes no loss that is not a number", () => {
    let looks = 0;
    const found = minimizeInBox(
      ([x = 0]) => {
        looks++;
        return x < 0.5 ? Number.NaN : (x - 0.2) ** 2;
      },
      [0.9],
      { low: [0], high: [1] },
      40,
    );
    expect(looks).toBeLessThan(46);
    expect(found.point[0]).toBeCloseTo(0.5, 1);
  });
});
