import { describe, expect, test } from "vitest";
import { assess } from "../../src/assess/assess.ts";
import type { DecideInput } from "../../src/model/decide-input.ts";
import type { ForecastEvidence } from "../../src/model/forecast.ts";
import { leadTimeMs } from "../../src/model/lead-time.ts";
import { durationMs, MINUTE_MS } from "../../src/model/time.ts";
import { forecastOf, GOOD_EVIDENCE, inputOf, NOW_MS, patched } from "../decide/decide-input-fixture.ts";

const rows = [52, 54, 57, 60, 63, 66, 68, 72];
const trusted = (patch: Partial<DecideInput> = {}) =>
  assess(inputOf({ forecast: forecastOf(rows), ...patch }));
const evidence = (patch: Partial<ForecastEvidence>) => trusted({ evidence: { ...GOOD_EVIDENCE, ...patch } });

describe("assess", () => {
  test("a good forecast of flat demand is trusted, conservative", () => {
    expect(trusted()).toMatchObject({
      trust: 1,
      strategy: "conservative",
      reason: expect.stringMatching(/no rise/),
    });
  });

  test("aggressive when trust is high and demand is about to rise", () => {
    const rising = forecastOf(rows.map((rps) => rps + 10));
    expect(trusted({ forecast: rising }).strategy).toBe("aggressive");
    expect(evidence({ coverage90: [0.7, 0.7, 0.7], relativeError: 1.4 }).strategy).toBe("conservative");
  });

  test.each<[string, Partial<ForecastEvidence>, number]>([
    ["coverage", { coverage90: [0.9, 0.74, 0.9] }, 0.5],
    ["coverage", { coverage90: [0.9, 0.99, 0.9] }, 1],
    ["coverage", { coverage90: [0.9, undefined, 0.9] }, 0.75],
    ["coverage", { coverage90: [0.9, 0.5, 0.9] }, 0],
    ["accuracy", { relativeError: 1 }, 0.75],
    ["accuracy", { relativeError: 2.5 }, 0],
    ["accuracy", { relativeError: undefined }, 0.75],
    ["anomaly", { anomalyScore: -6 }, 0.5],
    ["anomaly", { anomalyScore: 12 }, 0],
  ])("%s of %o counts %d", (part, patch, value) => {
    const risk = evidence(patch);
    expect(risk.parts[part as keyof typeof risk.parts]).toBeCloseTo(value, 5);
    expect(risk.strategy === "reactive-only").toBe(value === 0);
  });

  test("a wide interval costs trust", () => {
    const wide = trusted({ forecast: forecastOf([0, 10, 30, 60, 90, 120, 150, 300]) });
    expect(wide.parts.width).toBe(0);
    expect(wide.strategy).toBe("reactive-only");
    expect(trusted({ forecast: forecastOf(60) }).parts.width).toBe(1);
  });

  test("an old forecast loses trust over the hold time, and is left out where it does not reach now", () => {
    const aged = (minutes: number) => {
      const forecast = forecastOf(rows);
      return trusted({ forecast: { ...forecast, cutoffMs: NOW_MS - minutes * MINUTE_MS } });
    };
    expect(aged(15).parts.staleness).toBe(1);
    expect(aged(30).parts.staleness).toBeCloseTo(0.5, 5);
    expect(aged(45)).toMatchObject({ trust: 0, strategy: "reactive-only" });
    expect(aged(60 * 24).reason).toMatch(/does not reach now/);
  });

  test("no forecast: reactive-only, and says why", () => {
    expect(assess(inputOf())).toMatchObject({
      trust: 0,
      strategy: "reactive-only",
      reason: "there is no forecast",
    });
  });

  test("the floor is a setting", () => {
    const settings = patched({ risk: { trustFloor: 0.99 } });
    const risk = assess(inputOf({ forecast: forecastOf(rows), settings, evidence: null }));
    expect(risk.strategy).toBe("reactive-only");
    expect(risk.reason).toMatch(/below the floor 0.99/);
  });
});

test.each([
  [[], 5],
  [[9], 9],
  [[3, 3, 3], 5],
  [Array.from({ length: 12 }, () => 3), 3],
])("lead time of %j minutes measured is %i", (minutes, expected) => {
  const prior = { priorMs: durationMs(5 * MINUTE_MS), quantile: 0.9 };
  expect(
    leadTimeMs(
      minutes.map((minute) => minute * MINUTE_MS),
      prior,
    ),
  ).toBe(expected * MINUTE_MS);
});
