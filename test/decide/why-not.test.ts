import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decide } from "../../src/decide/decide.ts";
import { whyNot } from "../../src/decide/why-not.ts";
import type { DecideInput } from "../../src/model/decide-input.ts";
import { totalUnits } from "../../src/model/tier.ts";
import { HOUR_MS, MINUTE_MS } from "../../src/model/time.ts";
import { forecastOf, inputOf, NOW_MS, patched, riskOf, SETTINGS, sizesOf } from "./decide-input-fixture.ts";

const ask = (input: DecideInput, units: number, risk = riskOf()) => whyNot(input, decide(input, risk), units);
const settingsOf = (input: DecideInput, units: number, risk = riskOf()) =>
  ask(input, units, risk).obstacles.map((obstacle) => obstacle.setting);

/** 6 to 13 units by level, q* 0.9 asks for 11; all of them are there. */
const ROWS = [60, 70, 80, 90, 100, 110, 120, 130];
const settled = (patch: Partial<DecideInput> = {}) =>
  inputOf({ forecast: forecastOf(ROWS), current: sizesOf(0, 11, 0), ...patch });

describe("why not more", () => {
  test("what was decided has nothing against it", () => {
    const input = settled();
    expect(totalUnits(decide(input, riskOf()).after.units)).toBe(11);
    expect(ask(input, 11)).toMatchObject({ obstacles: [], extraUsdPerHour: 0 });
  });

  test("nobody needs so many: the chance, against the chance from which a unit pays", () => {
    const { obstacles } = ask(settled(), 13);
    expect(obstacles).toEqual([
      {
        // The last level, 0.99, stands for 0.97 to 1.
        why:
          "demand now needs 6 units, the forecast asks for 11 at q0.9; " +
          "so many are needed in 3 % of cases, a unit pays from 10 % on",
        setting: "sizing.underUsdPerUnitHour",
      },
    ]);
  });

  test("each limit in the way is named with its setting", () => {
    const limits = { maxTotalUnits: 20, burstReserveUnits: 5, maxCostUsdPerHour: 15, maxStepUpUnits: 8 };
    const tiers = { ...SETTINGS.tiers, burst: { ...SETTINGS.tiers.burst, maxUnits: 3 } };
    const input = settled({ settings: patched({ limits, tiers }) });
    expect(settingsOf(input, 25)).toEqual([
      "limits.maxTotalUnits",
      "tiers.*.maxUnits, limits.burstReserveUnits",
      "limits.maxCostUsdPerHour",
      "limits.maxStepUpUnits",
      "sizing.underUsdPerUnitHour",
    ]);
  });

  test("a forecast that does not count is said to be the cause", () => {
    const input = settled({ current: sizesOf(0, 0, 6) });
    const { obstacles } = ask(input, 11, riskOf("reactive-only"));
    expect(obstacles).toHaveLength(1);
    expect(obstacles[0]?.setting).toBe("risk.trustFloor");
    expect(obstacles[0]?.why).toContain("the forecast does not count: set by the test");
  });

  test("a pause and a spent budget come first", () => {
    const appliedAtMs = Array.from({ length: 12 }, (_, i) => NOW_MS - i * MINUTE_MS);
    const pause = { untilMs: NOW_MS + HOUR_MS, reason: "release" };
    const input = settled({ appliedAtMs, pause });
    expect(settingsOf(input, 9).slice(0, 2)).toEqual(["tiercast resume", "limits.maxUpdatesPerHour"]);
  });
});

describe("why not fewer", () => {
  test("demand now and the forecast", () => {
    const { obstacles } = ask(settled(), 5);
    expect(obstacles.map((obstacle) => obstacle.why)).toEqual([
      "demand now needs 6 units: capacity never falls below that",
      "the forecast asks for 11 units at q0.9: more than 5 are needed in 100 % of cases",
    ]);
  });

  test("units in the middle of a swap stay until the others are ready", () => {
    const swapping = settled({ current: sizesOf(0, 0, 6) });
    expect(totalUnits(decide(swapping, riskOf()).after.units)).toBe(17);
    expect(ask(swapping, 11).obstacles.map((obstacle) => obstacle.why)).toEqual([
      "units that serve now leave only when those that replace them are ready",
    ]);
  });

  test("what holds a scale-down, with its setting", () => {
    const held = (patch: Parameters<typeof patched>[0], rest: Partial<DecideInput> = {}) =>
      settingsOf(inputOf({ current: sizesOf(0, 0, 20), settings: patched(patch), ...rest }), 6);
    expect(held({ limits: { maxStepDownUnits: 2 } })).toEqual(["limits.maxStepDownUnits"]);
    expect(held({ sizing: { minSavingUsdPerHour: 50 } })).toEqual(["sizing.minSavingUsdPerHour"]);
    const history = [{ atMs: NOW_MS - MINUTE_MS, units: 18 }];
    expect(held({ sizing: { stabilizationMs: HOUR_MS } }, { needHistory: history })).toEqual([
      "sizing.stabilization, sizing.releaseBand",
    ]);
    const tiers = { ...SETTINGS.tiers, baseline: { ...SETTINGS.tiers.baseline, minUnits: 7 } };
    expect(settingsOf(inputOf({ settings: patched({ tiers }) }), 6)).toContain("tiers.*.minUnits");
  });
});

test("any other number has an obstacle or a price, and more units are never expected to miss more", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 300 }),
      fc.array(fc.integer({ min: 0, max: 300 }), { minLength: 8, maxLength: 8 }),
      fc.integer({ min: 0, max: 30 }),
      fc.integer({ min: 0, max: 60 }),
      (demandRps, rows, before, units) => {
        const input = inputOf({
          demandRps,
          forecast: forecastOf(rows.toSorted((a, b) => a - b)),
          current: sizesOf(0, 0, before),
        });
        const answer = ask(input, units);
        const { decidedUnits, expectedShortUnits: short } = answer;
        if (units === decidedUnits) expect(answer.obstacles).toEqual([]);
        else expect(answer.obstacles.length).toBeGreaterThan(0);
        if (units > decidedUnits) expect(short.asked).toBeLessThanOrEqual(short.decided);
        if (units < decidedUnits) expect(short.asked).toBeGreaterThanOrEqual(short.decided);
      },
    ),
    { numRuns: 200 },
  );
});
