import { describe, expect, test } from "vitest";
import type { DemandSeries } from "../../../src/model/series.ts";
import { durationMs, epochMs } from "../../../src/model/time.ts";
import { rhythmOf } from "../../../src/simulate/advise/rhythm.ts";
import { randomStream } from "../../forecast/fixtures.ts";

const HOUR_MS = 3_600_000;
const START_MS = Date.parse("2026-03-02T00:00:00Z");

function hourly(
  days: number,
  value: (day: number, hour: number) => number,
  startMs = START_MS,
): DemandSeries {
  const values = Float64Array.from({ length: days * 24 }, (_, i) => value(Math.floor(i / 24), i % 24));
  return { startMs: epochMs(startMs), stepMs: durationMs(HOUR_MS), values };
}

const day = (hour: number): number => 100 - 60 * Math.cos(((hour - 4) / 24) * 2 * Math.PI);

describe("rhythm", () => {
  test("what repeats each day is explained by the hour; its quiet hour is found", () => {
    const { daily, weekly, quietHour, profile } = rhythmOf(
      hourly(28, (_, hour) => day(hour)),
      "UTC",
    );
    expect(daily).toBeCloseTo(1, 6);
    expect(weekly).toBeCloseTo(0, 6);
    expect(quietHour).toBe(4);
    expect(Math.max(...profile)).toBe(profile[16]);
  });

  test("growth from day to day does not count against it", () => {
    expect(
      rhythmOf(
        hourly(28, (at, hour) => day(hour) * 1.1 ** at),
        "UTC",
      ).daily,
    ).toBeGreaterThan(0.99);
  });

  test("weekends are the week's, not the day's", () => {
    const { daily, weekly } = rhythmOf(
      hourly(35, (at, hour) => day(hour) * (at % 7 >= 5 ? 0.4 : 1)),
      "UTC",
    );
    expect(daily).toBeGreaterThan(0.99);
    expect(weekly).toBeGreaterThan(0.2);
  });

  test("noise has none, however few days; nor has a constant", () => {
    for (const days of [4, 30]) {
      const random = randomStream(days);
      const { daily, quietHour } = rhythmOf(
        hourly(days, () => 50 + 100 * random()),
        "UTC",
      );
      expect(daily).toBeLessThan(0.1);
      expect(quietHour).toBeUndefined();
    }
    expect(
      rhythmOf(
        hourly(28, () => 7),
        "UTC",
      ).daily,
    ).toBe(0);
  });

  test("hours follow the local clock, over the change of clocks", () => {
    // 16:00 in New York is 21:00 UTC before 8 March 2026 and 20:00 after.
    const local = (at: number): number => (at < 6 ? 5 : 4);
    const series = hourly(28, (at, hour) => day((hour - local(at) + 24) % 24));
    const there = rhythmOf(series, "America/New_York");
    expect(there.quietHour).toBe(4);
    expect(there.daily).toBeGreaterThan(rhythmOf(series, "UTC").daily);
  });

  test("too little history, and gaps alone, say nothing", () => {
    expect(
      rhythmOf(
        hourly(2, (_, hour) => day(hour)),
        "UTC",
      ).daily,
    ).toBeNaN();
    expect(
      rhythmOf(
        hourly(14, (_, hour) => day(hour)),
        "UTC",
      ).weekly,
    ).toBeNaN();
    const { daily, quietHour } = rhythmOf(
      hourly(28, () => Number.NaN),
      "UTC",
    );
    expect(daily).toBe(0);
    expect(quietHour).toBeUndefined();
  });
});
