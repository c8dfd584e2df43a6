import { describe, expect, it } from "vitest";
import { loessAt, loessSmooth } from "../../../src/forecast/kernels/loess.ts";
import { fillByPlace } from "../../../src/forecast/kernels/pattern-table.ts";
import { mstl as decompose } from "../../../src/forecast/kernels/stl.ts";
import { localClock } from "../../../src/forecast/local-clock.ts";
import { mstl } from "../../../src/forecast/members/mstl.ts";
import { DAY_MS } from "../../../src/model/time.ts";
import { DAY_STEPS, START_MS, seriesOf } from "../fixtures.ts";
import { normalStream } from "./noise.ts";

const clock = localClock("UTC", START_MS, START_MS + 40 * DAY_MS);
const DAY = 48;
const WEEK = 7 * DAY;
/** What each day of the week adds; zero over the week. */
const BY_DAY = [10, 15, 12, 14, 9, -28, -32];

const dayPart = (i: number): number =>
  40 * Math.sin((2 * Math.PI * i) / DAY) + 15 * Math.cos((4 * Math.PI * i) / DAY);
const weekPart = (i: number): number => BY_DAY[Math.floor(i / DAY) % 7] ?? 0;
const trendPart = (i: number): number => 300 + 0.03 * i;

function meanSize(values: ArrayLike<number>): number {
  return Array.from(values).reduce((sum, value) => sum + Math.abs(value), 0) / values.length;
}

describe("loess", () => {
  it("follows a straight line exactly, beyond its ends and between jumps too", () => {
    const line = Float64Array.from({ length: 30 }, (_, i) => 3 + 2 * i);
    expect(loessAt(line, -1, { window: 7 })).toBeCloseTo(1, 9);
    expect(loessAt(line, 30, { window: 7 })).toBeCloseTo(63, 9);
    loessSmooth(line, { window: 9, jump: 4 }).forEach((value, i) => {
      expect(value).toBeCloseTo(3 + 2 * i, 9);
    });
  });

  it("weighs by tricube: by hand at the middle of five", () => {
    // Window 3 around position 2 reaches 1: both neighbours get no weight.
    expect(loessAt(Float64Array.of(0, 9, 4, 9, 0), 2, { window: 3 })).toBe(4);
    // Window 5 reaches 2: weights (1 - 1/8)^3 at distance 1, symmetric, so the weighted mean.
    const near = 0.875 ** 3;
    const expected = (4 + 2 * near * 9) / (1 + 2 * near);
    expect(loessAt(Float64Array.of(0, 9, 4, 9, 0), 2, { window: 5 })).toBeCloseTo(expected, 12);
  });

  it("leaves out what has no weight", () => {
    const weights = Float64Array.of(1, 1, 0, 1, 1);
    expect(loessAt(Float64Array.of(1, 2, 900, 4, 5), 2, { window: 5, weights })).toBeCloseTo(3, 9);
    expect(loessAt(Float64Array.of(1, 2), 0, { window: 2, weights: new Float64Array(2) })).toBeNaN();
  });
});

describe("decomposition", () => {
  const next = normalStream(12);
  const clean = Float64Array.from(
    { length: 4 * WEEK },
    (_, i) => trendPart(i) + dayPart(i) + weekPart(i) + next(),
  );

  it("tells trend, day and week apart, and leaves nothing over", () => {
    const { trend, seasonal, remainder } = decompose(clean, [DAY, WEEK]);
    const [day = clean, week = clean] = seasonal;
    const inner = Array.from({ length: 2 * WEEK }, (_, i) => WEEK + i);
    expect(meanSize(inner.map((i) => (day[i] ?? 0) - dayPart(i)))).toBeLessThan(2.5);
    // Steps at midnight are smoothed by neither loess, as it goes from week to week.
    expect(meanSize(inner.map((i) => (week[i] ?? 0) - weekPart(i)))).toBeLessThan(4);
    expect(meanSize(inner.map((i) => (trend[i] ?? 0) - trendPart(i)))).toBeLessThan(4);
    clean.forEach((value, i) => {
      const whole = (trend[i] ?? 0) + (day[i] ?? 0) + (week[i] ?? 0) + (remainder[i] ?? 0);
      expect(whole).toBeCloseTo(value, 9);
    });
  });

  it("puts outliers into the remainder", () => {
    const dirty = clean.slice();
    for (let i = 100; i < dirty.length; i += 137) dirty[i] = 4000;
    const calm = decompose(clean, [DAY, WEEK]);
    const shaken = decompose(dirty, [DAY, WEEK]);
    [0, 1].forEach((k) => {
      const change = calm.seasonal[k]?.map((value, i) => value - (shaken.seasonal[k]?.[i] ?? 0)) ?? [];
      expect(meanSize(change)).toBeLessThan(4);
      expect(Math.max(...change.map(Math.abs))).toBeLessThan(60);
    });
    expect(shaken.remainder[100]).toBeGreaterThan(3000);
  });

  it("fills gaps by the time of day, at the level around them", () => {
    const gap = Float64Array.from(
      { length: 20 * DAY },
      (_, i) => 1000 * Math.floor(i / (10 * DAY)) + dayPart(i),
    );
    const holes = gap.slice();
    holes.fill(Number.NaN, 15 * DAY, 16 * DAY);
    const filled = fillByPlace(holes, DAY);
    for (let i = 15 * DAY; i < 16 * DAY; i++)
      expect(Math.abs((filled[i] ?? 0) - (gap[i] ?? 0))).toBeLessThan(1);
  });
});

describe("mstl", () => {
  const next = normalStream(5);
  const demand = (i: number): number => {
    const weekend = Math.floor(i / DAY_STEPS) % 7 >= 5;
    return 300 + 100 * Math.sin((2 * Math.PI * i) / DAY_STEPS) - (weekend ? 150 : 0);
  };
  const values = Float64Array.from({ length: 33 * DAY_STEPS }, (_, i) => demand(i) + 8 * next());
  const steps = Array.from({ length: DAY_STEPS }, (_, i) => i + 1);
  const fitOn = (days: number) => {
    const outcome = mstl.fit(seriesOf(values.subarray(0, days * DAY_STEPS)), { clock });
    if (outcome.kind === "refused") throw new Error(outcome.reason);
    return outcome.model;
  };

  it("knows on Friday night that Saturday is quiet, and on Sunday night that Monday is not", () => {
    // Day 0 is a Monday: day 26 is a Saturday, day 28 a Monday.
    for (const day of [26, 28]) {
      const [median] = fitOn(day).at(steps, [0.5]);
      const errors = steps.map((_, h) => (median?.[h] ?? 0) - demand(day * DAY_STEPS + h));
      expect(meanSize(errors)).toBeLessThan(45);
    }
  });

  it("needs two weeks before it speaks of weeks", () => {
    const size = (days: number): number =>
      (fitOn(days).state as { inner: { start: { season: Float64Array } } }).inner.start.season.length;
    expect(size(12)).toBe(48);
    expect(size(28)).toBe(336);
  });

  it("does not judge itself by what its patterns have seen: intervals hold what they say", () => {
    let inside = 0;
    let scored = 0;
    for (let day = 18; day < 32; day += 2) {
      const [low, high] = fitOn(day).at(steps, [0.05, 0.95]);
      steps.forEach((_, h) => {
        const truth = values[day * DAY_STEPS + h] ?? 0;
        if (truth >= (low?.[h] ?? 0) && truth <= (high?.[h] ?? 0)) inside++;
        scored++;
      });
    }
    expect(inside / scored).toBeGreaterThan(0.82);
  });
});
