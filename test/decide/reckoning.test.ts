import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { replayDecision, think } from "../../src/controller/think.ts";
import { missingUsdPerUnitHour } from "../../src/decide/cost-benefit.ts";
import { decide } from "../../src/decide/decide.ts";
import { whyNot } from "../../src/decide/why-not.ts";
import { canonicalJson } from "../../src/model/canonical-json.ts";
import type { DecideInput } from "../../src/model/decide-input.ts";
import type { Reckoning } from "../../src/model/reckoning.ts";
import { totalUnits } from "../../src/model/tier.ts";
import { durationMs, MINUTE_MS } from "../../src/model/time.ts";
import { why } from "../../src/render/why.ts";
import {
  forecastOf,
  inputOf,
  NOW_MS,
  patched,
  platformOf,
  riskOf,
  SETTINGS,
  sizesOf,
} from "./decide-input-fixture.ts";

/** 6 to 13 units by level, q* 0.9 asks for 11. Masses 0.075 0.1 0.2 0.25 0.2 0.1 0.045 0.03. */
const ROWS = [60, 70, 80, 90, 100, 110, 120, 130];

function reckoned(patch: Parameters<typeof inputOf>[0] = {}, risk = riskOf()): Reckoning {
  const { reckoning } = decide(inputOf(patch), risk);
  if (reckoning === undefined) throw new Error("no reckoning");
  return reckoning;
}

/** Expected units short, written a second time. */
function shortBy(units: number, needs: readonly number[]): number {
  const masses = [0.075, 0.1, 0.2, 0.25, 0.2, 0.1, 0.045, 0.03];
  return masses.reduce((sum, mass, k) => sum + mass * Math.max(0, (needs[k] ?? 0) - units), 0);
}
const NEEDS = ROWS.map((rps) => rps / 10);

describe("what a decision is expected to cost and to miss", () => {
  test("itself, and the next best", () => {
    const reckoning = reckoned({ forecast: forecastOf(ROWS), current: sizesOf(0, 11, 0) });
    const { decided, nextBest } = reckoning;
    expect(reckoning).toMatchObject({
      basis: "forecast",
      missingUsdPerUnitHour: 10,
      windowMs: 15 * MINUTE_MS,
    });
    expect(decided.units).toBe(11);
    expect(decided.expectedShortUnits).toBeCloseTo(shortBy(11, NEEDS), 9);
    expect(decided.shortChance).toBeCloseTo(0.075, 9);
    expect(decided.expectedUsdPerHour).toBeCloseTo(11 + 10 * shortBy(11, NEEDS), 9);
    // One unit more is missed in 3 % of cases and costs 1; one less is missed in 17.5 %.
    expect(nextBest).toMatchObject({ kind: "one-more", units: 12, costUsdPerHour: 12, shortChance: 0.03 });
    expect(nextBest?.expectedUsdPerHour).toBeCloseTo(12 + 10 * shortBy(12, NEEDS), 9);
    expect(reckoning.change).toEqual({
      costUsdPerHour: 0,
      expectedShortUnits: 0,
      avoidedUsdPerHour: 0,
      updateUsd: 0,
      netUsd: 0,
    });
  });

  test("a change: its price, what it avoids, the update, and what is left", () => {
    const settings = patched({ sizing: { updateCostUsd: 0.01 } });
    const { change, nextBest } = reckoned({
      settings,
      forecast: forecastOf(ROWS),
      current: sizesOf(0, 8, 0),
    });
    const removed = shortBy(8, NEEDS) - shortBy(11, NEEDS);
    expect(change.costUsdPerHour).toBe(3);
    expect(change.expectedShortUnits).toBeCloseTo(-removed, 9);
    expect(change.avoidedUsdPerHour).toBeCloseTo(10 * removed, 9);
    expect(change.updateUsd).toBe(0.01);
    expect(change.netUsd).toBeCloseTo((10 * removed - 3) / 4 - 0.01, 6);
    expect(nextBest?.kind).toBe("one-more");
  });

  test("what the stabilisation holds is told to be dearer than what would do", () => {
    const needHistory = [{ atMs: NOW_MS - 5 * MINUTE_MS, units: 15 }];
    const settings = patched({ sizing: { stabilizationMs: durationMs(10 * MINUTE_MS) } });
    const held = { settings, needHistory, forecast: forecastOf(ROWS), current: sizesOf(0, 15, 0) };
    const { decided, nextBest } = reckoned(held);
    expect(decided.units).toBe(15);
    expect(nextBest).toMatchObject({ kind: "one-less", units: 14 });
    expect(nextBest?.expectedUsdPerHour).toBeLessThan(decided.expectedUsdPerHour);
  });

  test("the sizes as they are, the reactive rule's and those without a forecast are among the alternatives", () => {
    // 20 are needed in 17.5 % of cases: the 20th unit pays, by 0.75 an hour against 19.
    const rows = [60, 60, 60, 60, 60, 200, 200, 200];
    const growing = reckoned({ forecast: forecastOf(rows), current: sizesOf(0, 0, 19) });
    expect(growing.nextBest).toMatchObject({ kind: "hold", units: 19, expectedUsdPerHour: 20.75 });
    // Aggressive sizing holds 10 for the 17.5 % of cases that need them, at c_under 1.
    const cheap = patched({ sizing: { underUsdPerUnitHour: 1 } });
    const few = { settings: cheap, forecast: forecastOf(rows.map((rps) => Math.min(rps, 100))) };
    const bold = reckoned({ ...few, current: sizesOf(0, 10, 0) }, riskOf("aggressive"));
    expect(bold.decided.units).toBe(10);
    expect(bold.nextBest).toMatchObject({ kind: "reactive", units: 6, expectedUsdPerHour: 7.4 });
    // The median asks for 16; the last minutes needed 12, and a missing unit costs next to nothing.
    const settings = patched({
      sizing: { stabilizationMs: durationMs(10 * MINUTE_MS), underUsdPerUnitHour: 0.2, rule: "magnitude" },
    });
    const needHistory = [{ atMs: NOW_MS - 5 * MINUTE_MS, units: 12 }];
    const forecast = forecastOf([120, 120, 120, 160, 160, 160, 160, 160]);
    const blind = reckoned({ settings, needHistory, forecast, current: sizesOf(0, 14, 0) });
    expect(blind.decided.units).toBe(16);
    expect(blind.nextBest).toMatchObject({ kind: "no-forecast", units: 12, expectedUsdPerHour: 15 });
  });

  test("fewer units give up burst first, then predictive, then baseline, each at its price", () => {
    const burst = { ...SETTINGS.tiers.burst, priceUsdPerUnitHour: 2 };
    const input = inputOf({
      settings: patched({ tiers: { burst } }),
      demandRps: 90,
      current: sizesOf(4, 3, 2),
    });
    const decision = decide(input, riskOf());
    const costOf = (units: number) => whyNot(input, decision, units).costUsdPerHour.asked;
    // 4 x 0.6 + 3 x 1 + 2 x 2
    expect(costOf(9)).toBe(9.4);
    expect([8, 7, 6, 4, 3].map(costOf)).toEqual([7.4, 5.4, 4.4, 2.4, 1.8]);
    expect(costOf(11)).toBe(11.4);
  });

  test("only sizes that the limits allow are alternatives", () => {
    const least = { ...SETTINGS.tiers.baseline, minUnits: 11 };
    const settings = patched({ tiers: { baseline: least }, limits: { maxTotalUnits: 11 } });
    const only = reckoned({ settings, forecast: forecastOf(ROWS), current: sizesOf(11, 0, 0) });
    expect(only.nextBest).toBeNull();
    const capped = patched({ limits: { maxCostUsdPerHour: 11 } });
    const dear = reckoned({ settings: capped, forecast: forecastOf(ROWS), current: sizesOf(0, 11, 0) });
    expect(dear.nextBest?.kind).toBe("one-less");
  });

  test("says what it rests on, and nothing where nothing is known", () => {
    expect(reckoned({ forecast: forecastOf(ROWS) }, riskOf("reactive-only")).basis).toBe(
      "untrusted-forecast",
    );
    expect(reckoned({}).basis).toBe("demand-now");
    const missing = { demandRps: null, missingSinceMs: NOW_MS - 5 * MINUTE_MS };
    expect(reckoned(missing)).toMatchObject({ basis: "nothing", nextBest: null });
  });
});

describe("growth that only the forecast asks for", () => {
  const waiting = (updateCostUsd: number, patch: Partial<DecideInput> = {}) =>
    inputOf({
      settings: patched({ sizing: { updateCostUsd } }),
      forecast: forecastOf(ROWS),
      current: sizesOf(0, 10, 0),
      ...patch,
    });
  // From 10 to 11: missed in 17.5 % of cases, 10 x 0.175 - 1 = 0.75 an hour, 0.1875 in the window of a quarter.
  test("goes through where it is worth an update, waits where it is not", () => {
    expect(totalUnits(decide(waiting(0.1874), riskOf()).after.units)).toBe(11);
    const late = decide(waiting(0.1876), riskOf());
    expect(late.outcome).toEqual({ kind: "hold", reason: "not-worth-an-update" });
    expect(why(late)).toMatch(
      /^hold at 10: growing by so little is not worth an update yet, needs 6 now, 11 ahead/,
    );
    const { obstacles } = whyNot(waiting(0.1876), late, 11);
    expect(obstacles).toEqual([
      {
        why: "growth that only the forecast asks for is worth 0.19 USD within the window, an update costs 0.1876",
        setting: "sizing.updateCostUsd",
      },
    ]);
  });

  test("never waits where demand now, response times or the fallback need it", () => {
    const short = waiting(1e6, { current: sizesOf(0, 5, 0) });
    expect(totalUnits(decide(short, riskOf()).after.units)).toBe(11);
    const gone = waiting(1e6, {
      ...inputOf({ demandRps: null }),
      missingSinceMs: NOW_MS - 31 * MINUTE_MS,
      settings: patched({ sizing: { updateCostUsd: 1e6 } }),
      current: sizesOf(0, 10, 0),
    });
    expect(totalUnits(decide(gone, riskOf("reactive-only")).after.units)).toBe(20);
  });

  test("a saving within the window below the price of an update waits as well", () => {
    // Five units less save 5 an hour, 1.25 in the window.
    const slack = (updateCostUsd: number) =>
      inputOf({ settings: patched({ sizing: { updateCostUsd } }), current: sizesOf(0, 0, 11) });
    expect(totalUnits(decide(slack(1.24), riskOf()).after.units)).toBe(6);
    expect(decide(slack(1.26), riskOf()).outcome).toEqual({ kind: "hold", reason: "not-worth-an-update" });
  });
});

describe("laws", () => {
  const rows = fc.array(fc.integer({ min: 0, max: 300 }), { minLength: 8, maxLength: 8 });
  const inputs = fc
    .record({
      demandRps: fc.integer({ min: 0, max: 200 }),
      rows,
      tiers: fc.tuple(...[0, 1, 2].map(() => fc.integer({ min: 0, max: 12 }))),
      under: fc.integer({ min: 1, max: 40 }),
      update: fc.integer({ min: 0, max: 200 }),
      isMagnitude: fc.boolean(),
    })
    .map((draw) => {
      const [b = 0, p = 0, x = 0] = draw.tiers;
      const current = sizesOf(b, p, x);
      return inputOf({
        demandRps: draw.demandRps,
        forecast: forecastOf(draw.rows.toSorted((one, other) => one - other)),
        current,
        platform: platformOf(current.units),
        settings: patched({
          sizing: {
            underUsdPerUnitHour: draw.under,
            updateCostUsd: draw.update / 100,
            rule: draw.isMagnitude ? "magnitude" : "newsvendor",
          },
        }),
      });
    });

  test("a higher forecast never gives fewer units, whatever an update costs", () => {
    const rises = fc.array(fc.integer({ min: 0, max: 40 }), { minLength: 8, maxLength: 8 });
    fc.assert(
      fc.property(inputs, rises, (input, rise) => {
        const { forecast } = input;
        if (forecast === null) return;
        const raised = forecast.quantiles.map((row, k) => (row[0] ?? 0) + (rise[k] ?? 0));
        // Rises that are not ordered would cross: each level is at least the one below it.
        const ordered = raised.map((_, k) => Math.max(...raised.slice(0, k + 1)));
        const higher = { ...input, forecast: forecastOf(ordered) };
        expect(totalUnits(decide(higher, riskOf()).after.units)).toBeGreaterThanOrEqual(
          totalUnits(decide(input, riskOf()).after.units),
        );
      }),
      { numRuns: 1000 },
    );
  });

  /** The most that any growth up to `planned` is worth within the window of a quarter of an hour. */
  function mostWorthUsd(input: DecideInput, size: number, planned: number): number {
    const charge = missingUsdPerUnitHour(input.settings);
    const needs = (input.forecast?.quantiles ?? []).map((row) => Math.max(1, Math.ceil((row[0] ?? 0) / 10)));
    const worths = Array.from({ length: planned - size }, (_, at) => {
      const removed = shortBy(size, needs) - shortBy(size + at + 1, needs);
      return (charge * removed - (at + 1)) / 4;
    });
    return Math.max(...worths);
  }

  test("growth that goes through is worth it at some size, and what waits is not at any", () => {
    fc.assert(
      fc.property(inputs, (input) => {
        const { before, after, need } = decide(input, riskOf());
        const { rule, updateCostUsd = 0 } = input.settings.sizing;
        const size = totalUnits(before.units);
        fc.pre(
          rule === "newsvendor" && updateCostUsd > 0 && need.observedUnits <= size && need.aheadUnits > size,
        );
        const best = mostWorthUsd(input, size, need.aheadUnits);
        // A thousandth of a unit is what a shortage is rounded to.
        fc.pre(Math.abs(best - updateCostUsd) > missingUsdPerUnitHour(input.settings) * 0.0005);
        // A swap of tiers may hold more for a while; what waits are planned units beyond the size.
        const grew = after.units.baseline + after.units.predictive > size;
        expect(grew).toBe(best > updateCostUsd);
      }),
      { numRuns: 300 },
    );
  });

  test("the size that q* asks for is the cheapest of all", () => {
    fc.assert(
      fc.property(rows, fc.constantFrom(1, 3, 9, 19), (drawn, under) => {
        // q* is 0.5, 0.75, 0.9, 0.95: levels of the forecast, so nothing lies between them.
        const forecast = forecastOf(drawn.toSorted((one, other) => one - other));
        const settings = patched({ sizing: { underUsdPerUnitHour: under } });
        const given = { demandRps: 0, settings, forecast };
        const planned = decide(inputOf(given), riskOf()).need.aheadUnits;
        const { decided, nextBest } = reckoned({ ...given, current: sizesOf(0, planned, 0) });
        expect(decided.units).toBe(planned);
        // Shortages are rounded to a thousandth.
        const least = (nextBest?.expectedUsdPerHour ?? 0) + 0.001 * (under + 1);
        expect(decided.expectedUsdPerHour).toBeLessThanOrEqual(least);
      }),
      { numRuns: 200 },
    );
  });

  test("why-not reckons with the same figures", () => {
    fc.assert(
      fc.property(inputs, (input) => {
        const decision = decide(input, riskOf());
        const { decided, nextBest } = decision.reckoning ?? {};
        if (nextBest === undefined || nextBest === null || decided === undefined) return;
        const answer = whyNot(input, decision, nextBest.units);
        expect(answer.costUsdPerHour.decided).toBe(decided.costUsdPerHour);
        expect(answer.expectedShortUnits).toEqual({
          decided: decided.expectedShortUnits,
          asked: nextBest.expectedShortUnits,
        });
        expect(answer.shortChance.asked).toBe(nextBest.shortChance);
        if (nextBest.kind !== "hold") {
          const extra = nextBest.expectedUsdPerHour - decided.expectedUsdPerHour;
          expect(answer.extraUsdPerHour).toBeCloseTo(extra, 6);
        }
      }),
      { numRuns: 300 },
    );
  });

  test("records of before there was a reckoning replay to the same bytes, without one", () => {
    const { schema: _schema, ...old } = inputOf({ forecast: forecastOf(ROWS) });
    const { decision } = think(old);
    expect(decision).not.toHaveProperty("reckoning");
    const stored = JSON.parse(canonicalJson(old)) as DecideInput;
    expect(canonicalJson(replayDecision(stored).decision)).toBe(canonicalJson(decision));
    expect(think(inputOf({ forecast: forecastOf(ROWS) })).decision).toMatchObject(decision);
  });
});
