import { describe, expect, it } from "vitest";
import { localClock } from "../../src/forecast/local-clock.ts";
import { MEMBERS } from "../../src/forecast/registry.ts";
import { endMs } from "../../src/model/series.ts";
import { DAY_MS, HOUR_MS } from "../../src/model/time.ts";
import { DAY_STEPS, randomStream, STEP_MS, seriesOf } from "./fixtures.ts";

describe("localClock", () => {
  it.each([
    ["America/New_York", Date.UTC(2026, 2, 8, 7), -5, -4],
    ["Europe/Berlin", Date.UTC(2026, 9, 25, 1), 2, 1],
    ["Australia/Lord_Howe", Date.UTC(2026, 3, 4, 15), 11, 10.5],
    ["Asia/Kathmandu", Date.UTC(2026, 3, 4, 15), 5.75, 5.75],
    ["UTC", Date.UTC(2026, 3, 4, 15), 0, 0],
  ])("%s changes at the minute it changes", (zone, changeMs, before, after) => {
    const clock = localClock(zone, changeMs - 20 * DAY_MS, changeMs + 20 * DAY_MS);
    expect((clock.localMs(changeMs - 60_000) - (changeMs - 60_000)) / HOUR_MS).toBe(before);
    expect((clock.localMs(changeMs) - changeMs) / HOUR_MS).toBe(after);
    // Asked back and forth, as rolling forecasts do.
    expect((clock.localMs(changeMs - DAY_MS) - (changeMs - DAY_MS)) / HOUR_MS).toBe(before);
  });

  it("finds the same time of yesterday over a change: 23 hours back when the clock went forward", () => {
    const changeMs = Date.UTC(2026, 2, 8, 7);
    const clock = localClock("America/New_York", changeMs - 20 * DAY_MS, changeMs + DAY_MS);
    const noonMs = changeMs + 9 * HOUR_MS;
    expect(noonMs - clock.sameTimeBefore(noonMs, 1)).toBe(23 * HOUR_MS);
    expect(noonMs - clock.sameTimeBefore(noonMs, 7)).toBe(7 * DAY_MS - HOUR_MS);
  });
});

describe("a peak at 09:00 New York time", () => {
  // The clock goes forward on 8 March 2026; the history ends that night, before the first peak on the new
  // time.
  const startMs = Date.UTC(2026, 1, 20, 5);
  const days = 16;
  const clock = localClock("America/New_York", startMs, startMs + 18 * DAY_MS);
  const random = randomStream(3);
  const demandAt = (ms: number): number => {
    const hour = (((clock.localMs(ms) % DAY_MS) + DAY_MS) % DAY_MS) / HOUR_MS;
    return 50 + 400 * Math.exp(-((hour - 9) ** 2) / 2) + 4 * random();
  };
  const steps = days * DAY_STEPS + 12;
  const history = seriesOf(
    Array.from({ length: steps }, (_, i) => demandAt(startMs + i * STEP_MS)),
    STEP_MS,
    startMs,
  );

  // log-direct looks at changes up to a factor of 4.5 from the level now: at night it flattens a peak of nine times that.
  it.each(MEMBERS.filter(({ name }) => !["naive", "level", "ets", "log-direct"].includes(name)))(
    "is forecast at 09:00 on the day of the change by $name",
    (member) => {
      const outcome = member.fit(history, { clock });
      if (outcome.kind === "refused") throw new Error(outcome.reason);
      const median = outcome.model.forecast(DAY_STEPS, [0.5]).quantiles[0] ?? new Float64Array(0);
      const peak = median.indexOf(Math.max(...median));
      const hour = (clock.localMs(endMs(history) + peak * STEP_MS) % DAY_MS) / HOUR_MS;
      expect(Math.abs(hour - 9)).toBeLessThan(0.5);
    },
  );
});
