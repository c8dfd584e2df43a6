import { expect, test } from "vitest";
import { HOUR_MS } from "../../../src/model/time.ts";
import { betterLastValue, lastValueForecasts, lastValues } from "../../../src/simulate/advise/last-value.ts";
import { traceWorld } from "../../../src/simulate/world.ts";
import { randomStream, seriesOf } from "../../forecast/fixtures.ts";

const STEPS = 24 * 20;

function walk(factor = 1): Float64Array {
  const random = randomStream(4);
  let level = 100;
  return Float64Array.from({ length: STEPS }, () => {
    level *= Math.exp(0.1 * (random() - 0.5));
    return level * factor;
  });
}

const worldOf = (values: Float64Array) => traceWorld(seriesOf(values, HOUR_MS), 120);

test("the median is the last value, over gaps too, and spread grows with the steps ahead", () => {
  const values = walk();
  const at = 400;
  values[at - 1] = Number.NaN;
  values[at - 2] = Number.NaN;
  for (const moves of ["amounts", "shares"] as const) {
    const naive = lastValues(worldOf(values), moves);
    expect(naive.at(at, 3, [0.5])?.[0]).toBeCloseTo(values[at - 3] ?? 0, 9);
    const width = (ahead: number): number => {
      const [low = 0, high = 0] = naive.at(at, ahead, [0.05, 0.95]) ?? [];
      return high - low;
    };
    expect(width(1)).toBeGreaterThan(0);
    expect(width(12)).toBeGreaterThan(width(1));
  }
});

test("nothing that comes later is seen", () => {
  const values = walk();
  const changed = values.map((value, step) => (step >= 400 ? value * 50 : value));
  for (const moves of ["amounts", "shares"] as const) {
    const rows = (list: Float64Array) => lastValues(worldOf(list), moves).rows(400, 24, [0.1, 0.5, 0.9]);
    expect(rows(changed)).toEqual(rows(values));
  }
});

test("shares scale with the level: after a doubling spread is twice as wide, with amounts it is not", () => {
  const values = walk();
  const doubled = values.map((value, step) => (step >= 400 ? value * 2 : value));
  const width = (list: Float64Array, moves: "amounts" | "shares"): number => {
    const [low = 0, high = 0] = lastValues(worldOf(list), moves).at(401, 2, [0.1, 0.9]) ?? [];
    return high - low;
  };
  expect(width(doubled, "shares") / width(values, "shares")).toBeCloseTo(2, 6);
  expect(width(doubled, "amounts") / width(values, "amounts")).toBeCloseTo(1, 6);
});

test("as forecasts of a replay: cut off at the step, a day long where the baseline is reviewed", () => {
  const world = worldOf(walk());
  const forecasts = lastValueForecasts(world, lastValues(world));
  const first = forecasts(world.firstShown).forecast;
  expect(first?.cutoffMs).toBe(world.series.startMs + world.firstShown * HOUR_MS);
  expect(first?.quantiles[0]).toHaveLength(24);
  expect(forecasts(world.firstShown + 1).forecast?.quantiles[0]).toHaveLength(world.leadSteps + 1);
});

test("of the two the one that came nearer: shares for demand that moves by them, amounts for noise on a level", () => {
  const random = randomStream(9);
  // From 100 to 1,000 in 20 days, each hour up or down by 8 %.
  const growing = Float64Array.from(
    { length: STEPS },
    (_, i) => 100 * 10 ** (i / STEPS) * (random() < 0.5 ? 0.92 : 1.08),
  );
  // The same moves at any level, down to nearly nothing.
  const flat = Float64Array.from({ length: STEPS }, (_, i) => 30 + 28 * Math.cos(i / 9) + 2 * random());
  const chosen = (values: Float64Array) => {
    const world = worldOf(values);
    const rows = (at: ReturnType<typeof lastValues>) => at.rows(450, 3, [0.1, 0.9]);
    const best = rows(betterLastValue(world));
    return (["amounts", "shares"] as const).filter(
      (moves) => JSON.stringify(rows(lastValues(world, moves))) === JSON.stringify(best),
    );
  };
  expect(chosen(growing)).toEqual(["shares"]);
  expect(chosen(flat)).toEqual(["amounts"]);
});
