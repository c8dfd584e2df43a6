import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { replayDecision, think } from "../../src/controller/think.ts";
import { decide } from "../../src/decide/decide.ts";
import { canonicalJson } from "../../src/model/canonical-json.ts";
import type { ForecastRecord } from "../../src/model/cycle.ts";
import type { DecideInput } from "../../src/model/decide-input.ts";
import type { Risk, Strategy } from "../../src/model/decision.ts";
import { type Sizes, TIERS, totalUnits } from "../../src/model/tier.ts";
import { durationMs, HOUR_MS, MINUTE_MS } from "../../src/model/time.ts";
import {
  GOOD_EVIDENCE,
  inputOf,
  LEVELS,
  NOW_MS,
  patched,
  platformOf,
  riskOf,
  SETTINGS,
  STEP_MS,
  sizesOf,
  TEN_RPS_A_UNIT,
} from "./decide-input-fixture.ts";

const RUNS = { numRuns: 400 };
const STEPS = 288;

/** Integers only: `fc.double` draws mostly below 1. Demand up to 40 units of 10 rps. */
const demandRps = fc.integer({ min: 0, max: 400 });
const strategies = fc.constantFrom<Strategy>("aggressive", "conservative", "reactive-only");

/** A day in six blocks of four hours, each with a median and rises between the levels. */
const forecasts = fc
  .array(fc.tuple(demandRps, fc.array(fc.integer({ min: 0, max: 60 }), { minLength: 8, maxLength: 8 })), {
    minLength: 6,
    maxLength: 6,
  })
  .map((blocks) =>
    record((level, step) => {
      const [low, rises] = blocks[Math.floor(step / 48)] ?? [0, []];
      return low + rises.slice(0, level + 1).reduce((sum, rise) => sum + rise, 0);
    }),
  );

function record(value: (level: number, step: number) => number): ForecastRecord {
  return {
    cutoffMs: NOW_MS,
    stepMs: STEP_MS,
    levels: LEVELS,
    quantiles: LEVELS.map((_, k) => Array.from({ length: STEPS }, (_, step) => value(k, step))),
  };
}

const sizes: fc.Arbitrary<Sizes> = fc
  .tuple(...[0, 1, 2].map(() => fc.integer({ min: 0, max: 30 })), fc.integer({ min: 0, max: 5 }))
  .map(([b = 0, p = 0, x = 0, warm = 0]) => sizesOf(b, p, x, warm));

const tierLimits = fc
  .tuple(fc.integer({ min: 0, max: 5 }), fc.integer({ min: 0, max: 50 }), fc.integer({ min: 1, max: 20 }))
  .map(([minUnits, more, price]) => ({
    minUnits,
    maxUnits: minUnits + more,
    priceUsdPerUnitHour: price / 10,
  }));

/** Settings with any limits that make sense together. */
const settings = fc
  .record({
    baseline: tierLimits,
    predictive: tierLimits,
    burst: tierLimits,
    total: fc.integer({ min: 0, max: 80 }),
    reserve: fc.integer({ min: 0, max: 10 }),
    cost: fc.integer({ min: 0, max: 100 }),
    up: fc.integer({ min: 1, max: 40 }),
    down: fc.integer({ min: 1, max: 40 }),
    updates: fc.integer({ min: 0, max: 4 }),
    saving: fc.integer({ min: 0, max: 3 }),
    band: fc.integer({ min: 0, max: 30 }),
    margin: fc.integer({ min: 0, max: 2 }),
    under: fc.integer({ min: 1, max: 40 }),
    stabilization: fc.integer({ min: 0, max: 30 }),
  })
  .map((draw) => {
    const minimum = draw.baseline.minUnits + draw.predictive.minUnits + draw.burst.minUnits;
    return patched({
      tiers: { baseline: draw.baseline, predictive: draw.predictive, burst: draw.burst },
      limits: {
        maxTotalUnits: minimum + draw.reserve + draw.total,
        burstReserveUnits: draw.reserve,
        // Smallest sizes must be payable, or the settings contradict themselves.
        maxCostUsdPerHour: 2 * minimum + draw.cost,
        maxStepUpUnits: draw.up,
        maxStepDownUnits: draw.down,
        maxUpdatesPerHour: draw.updates,
      },
      sizing: {
        minSavingUsdPerHour: draw.saving,
        releaseBand: draw.band / 100,
        marginFraction: draw.margin / 10,
        underUsdPerUnitHour: draw.under,
        stabilizationMs: durationMs(draw.stabilization * MINUTE_MS),
      },
    });
  });

const history = fc
  .array(fc.option(fc.integer({ min: 0, max: 40 }), { freq: 8 }), { maxLength: 6 })
  .map((units) => units.map((need, at) => ({ atMs: NOW_MS - (units.length - at) * STEP_MS, units: need })));

const inputs: fc.Arbitrary<DecideInput> = fc
  .record({
    settings,
    demandRps,
    current: sizes,
    ready: fc.tuple(
      fc.integer({ min: 0, max: 30 }),
      fc.integer({ min: 0, max: 30 }),
      fc.integer({ min: 0, max: 30 }),
    ),
    forecast: forecasts,
    needHistory: history,
    reviewedHoursAgo: fc.integer({ min: 0, max: 30 }),
    updates: fc.integer({ min: 0, max: 3 }),
    warmLeft: fc.integer({ min: -10, max: 30 }),
  })
  .map((draw) => {
    const [b, p, x] = draw.ready;
    const { units } = draw.current;
    const ready = {
      baseline: Math.min(b, units.baseline),
      predictive: Math.min(p, units.predictive),
      burst: Math.min(x, units.burst),
    };
    return inputOf({
      settings: draw.settings,
      demandRps: draw.demandRps,
      current: draw.current,
      platform: platformOf(ready, units),
      forecast: draw.forecast,
      needHistory: draw.needHistory,
      lastBaselineReviewMs: NOW_MS - draw.reviewedHoursAgo * HOUR_MS,
      appliedAtMs: Array.from({ length: draw.updates }, (_, at) => NOW_MS - (at + 1) * 10 * MINUTE_MS),
      warmExpiresMs: draw.current.warmUnits > 0 ? NOW_MS + draw.warmLeft * MINUTE_MS : null,
    });
  });

const risks: fc.Arbitrary<Risk> = strategies.map(riskOf);

function costOf({ units, warmUnits }: Sizes, { settings: { tiers, warm } }: DecideInput): number {
  const held = TIERS.reduce((sum, tier) => sum + units[tier] * tiers[tier].priceUsdPerUnitHour, 0);
  return held + warmUnits * warm.priceUsdPerUnitHour;
}

/** Whether one more unit would fit every largest size and the cost cap: the same limits, written a second time. */
function hasRoom(units: Sizes["units"], input: DecideInput): boolean {
  const { tiers, limits } = input.settings;
  if (totalUnits(units) >= limits.maxTotalUnits) return false;
  const planned = units.baseline + units.predictive;
  return TIERS.some(
    (tier) =>
      units[tier] < tiers[tier].maxUnits &&
      (tier === "burst" || planned < limits.maxTotalUnits - limits.burstReserveUnits) &&
      costOf({ units, warmUnits: 0 }, input) + tiers[tier].priceUsdPerUnitHour <=
        limits.maxCostUsdPerHour + 1e-9,
  );
}

function isLegal(units: Sizes["units"], input: DecideInput): boolean {
  const { tiers, limits } = input.settings;
  return (
    TIERS.every((tier) => units[tier] <= tiers[tier].maxUnits && units[tier] >= tiers[tier].minUnits) &&
    totalUnits(units) <= limits.maxTotalUnits &&
    units.baseline + units.predictive <= limits.maxTotalUnits - limits.burstReserveUnits &&
    costOf({ units, warmUnits: 0 }, input) <= limits.maxCostUsdPerHour + 1e-6
  );
}

describe("laws of a decision", () => {
  test("capacity is never below what demand needs now, up to the largest sizes and the cost cap", () => {
    fc.assert(
      fc.property(inputs, risks, (input, risk) => {
        const decision = decide(input, risk);
        const needed = decision.need.observedUnits;
        const total = totalUnits(decision.after.units);
        if (total < needed) {
          expect(hasRoom(decision.after.units, input)).toBe(false);
          expect(decision.limits.some((bound) => bound.belowReactive)).toBe(true);
        } else {
          expect(decision.limits.every((bound) => !bound.belowReactive)).toBe(true);
        }
      }),
      RUNS,
    );
  });

  test("a higher forecast never gives fewer units", () => {
    const raise = fc.array(fc.integer({ min: 0, max: 80 }), { minLength: 6, maxLength: 6 });
    fc.assert(
      fc.property(inputs, risks, raise, (input, risk, blocks) => {
        const { forecast } = input;
        if (forecast === null) return;
        const quantiles = forecast.quantiles.map((row) =>
          row.map((rps, step) => rps + (blocks[Math.floor(step / 48)] ?? 0)),
        );
        const low = decide(input, risk);
        const high = decide({ ...input, forecast: { ...forecast, quantiles } }, risk);
        expect(totalUnits(high.after.units)).toBeGreaterThanOrEqual(totalUnits(low.after.units));
      }),
      { numRuns: 1000 },
    );
  });

  test("a forecast scaled up never gives fewer units, whatever it does to trust", () => {
    fc.assert(
      fc.property(inputs, fc.integer({ min: 1, max: 4 }), (input, factor) => {
        const { forecast } = input;
        if (forecast === null) return;
        const quantiles = forecast.quantiles.map((row) => row.map((rps) => rps * factor));
        // Demand now is small, so that the relative width, and with it trust, is that of the forecast alone.
        const quiet = { ...input, observation: { ...input.observation, demandRps: 0 } };
        const low = think(quiet);
        const high = think({ ...quiet, forecast: { ...forecast, quantiles } });
        expect(totalUnits(high.decision.after.units)).toBeGreaterThanOrEqual(
          totalUnits(low.decision.after.units),
        );
      }),
      RUNS,
    );
  });

  test("deciding again on the same facts holds, at once where no limit binds and soon where one does", () => {
    fc.assert(
      fc.property(inputs, risks, (drawn, risk) => {
        let input = drawn;
        let decision = decide(input, risk);
        for (let round = 0; decision.outcome.kind === "change" && round < 200; round++) {
          const unlimited = decision.limits.length === 0;
          input = {
            ...input,
            current: decision.after,
            warmExpiresMs: decision.warmExpiresMs ?? null,
            lastBaselineReviewMs: input.nowMs,
          };
          const again = decide(input, risk);
          if (unlimited) expect(again.after).toEqual(decision.after);
          decision = again;
        }
        expect(decision.outcome.kind).toBe("hold");
      }),
      RUNS,
    );
  });

  test("largest sizes, total, burst reserve and cost cap always hold", () => {
    fc.assert(
      fc.property(inputs, risks, (input, risk) => {
        const { after, before } = decide(input, risk);
        const { limits, warm } = input.settings;
        expect(after.warmUnits).toBeLessThanOrEqual(warm.maxUnits);
        if (isLegal(before.units, input)) {
          expect(isLegal(after.units, input)).toBe(true);
          expect(costOf(after, input)).toBeLessThanOrEqual(limits.maxCostUsdPerHour + 1e-6);
        }
      }),
      RUNS,
    );
  });

  test("sizes that a changed setting made illegal become legal, step by step", () => {
    fc.assert(
      fc.property(inputs, risks, (drawn, risk) => {
        let input: DecideInput = { ...drawn, appliedAtMs: [] };
        input = { ...input, settings: patched({ limits: { maxUpdatesPerHour: 1 } }, input.settings) };
        let { current } = input;
        for (let round = 0; round < 40; round++) {
          current = decide({ ...input, current, platform: null }, risk).after;
        }
        expect(isLegal(current.units, input)).toBe(true);
      }),
      { numRuns: 100 },
    );
  });

  test("no tier moves by more than its step, but for the reactive floor", () => {
    fc.assert(
      fc.property(inputs, risks, (input, risk) => {
        const { after, before, need } = decide(input, risk);
        const { limits } = input.settings;
        for (const tier of TIERS) {
          const change = after.units[tier] - before.units[tier];
          expect(change).toBeGreaterThanOrEqual(-limits.maxStepDownUnits);
          if (totalUnits(after.units) > need.observedUnits && totalUnits(before.units) > 0) {
            expect(change).toBeLessThanOrEqual(limits.maxStepUpUnits);
          }
        }
      }),
      RUNS,
    );
  });

  test("nothing shrinks while demand is stale or missing, or the window has a gap", () => {
    const doubts = fc.constantFrom("stale", "missing", "gap", "history");
    fc.assert(
      fc.property(inputs, risks, doubts, (drawn, risk, doubt) => {
        const settings = patched(
          {
            tiers: { ...SETTINGS.tiers },
            limits: { maxTotalUnits: 2000, maxCostUsdPerHour: 100_000, burstReserveUnits: 0 },
            sizing: { stabilizationMs: durationMs(HOUR_MS) },
          },
          drawn.settings,
        );
        const { observation } = drawn;
        const input: DecideInput =
          doubt === "gap"
            ? { ...drawn, settings, observation: { ...observation, recentRps: [50, null, 50] } }
            : doubt === "history"
              ? { ...drawn, settings, needHistory: [{ atMs: NOW_MS - STEP_MS, units: null }] }
              : {
                  ...drawn,
                  settings,
                  observation: { ...observation, demandRps: null, freshness: doubt as "stale" | "missing" },
                  missingSinceMs: NOW_MS - 10 * MINUTE_MS,
                };
        const { before, after } = decide(input, risk);
        for (const tier of TIERS) expect(after.units[tier]).toBeGreaterThanOrEqual(before.units[tier]);
      }),
      RUNS,
    );
  });

  test("ready capacity never dips in a rebalance", () => {
    fc.assert(
      fc.property(inputs, risks, (drawn, risk) => {
        const input = {
          ...drawn,
          settings: { ...drawn.settings, limits: SETTINGS.limits, tiers: SETTINGS.tiers },
        };
        const decision = decide(input, risk);
        const ready = TIERS.map((tier) => input.platform?.tiers[tier].readyUnits ?? 0);
        const readyNow = ready.reduce((sum, units) => sum + units, 0);
        const readyAfter = TIERS.reduce(
          (sum, tier, at) => sum + Math.min(ready[at] ?? 0, decision.after.units[tier]),
          0,
        );
        const needed = Math.max(decision.need.observedUnits, decision.need.aheadUnits);
        expect(readyAfter).toBeGreaterThanOrEqual(Math.min(readyNow, needed));
      }),
      RUNS,
    );
  });

  test("k times the demand on units k times as large gives the same units", () => {
    fc.assert(
      fc.property(inputs, risks, fc.integer({ min: 2, max: 9 }), (input, risk, k) => {
        const scaled: DecideInput = {
          ...input,
          settings: patched({ resources: [{ ...TEN_RPS_A_UNIT, perUnit: k }] }, input.settings),
          observation: { ...input.observation, demandRps: (input.observation.demandRps ?? 0) * k },
          forecast: input.forecast && {
            ...input.forecast,
            quantiles: input.forecast.quantiles.map((row) => row.map((rps) => rps * k)),
          },
        };
        expect(decide(scaled, risk).after).toEqual(decide(input, risk).after);
      }),
      RUNS,
    );
  });

  test("shifting time shifts the decision", () => {
    fc.assert(
      fc.property(inputs, fc.integer({ min: -400, max: 400 }), (input, days) => {
        const byMs = days * 24 * HOUR_MS;
        const moved: DecideInput = {
          ...input,
          nowMs: input.nowMs + byMs,
          observation: {
            ...input.observation,
            atMs: input.nowMs + byMs,
            cutoffMs: input.observation.cutoffMs + byMs,
          },
          forecast: input.forecast && { ...input.forecast, cutoffMs: input.forecast.cutoffMs + byMs },
          needHistory: input.needHistory.map((need) => ({ ...need, atMs: need.atMs + byMs })),
          appliedAtMs: input.appliedAtMs.map((atMs) => atMs + byMs),
          lastBaselineReviewMs: (input.lastBaselineReviewMs ?? 0) + byMs,
          warmExpiresMs: input.warmExpiresMs === null ? null : input.warmExpiresMs + byMs,
        };
        const { decision } = think(input);
        const shifted = think(moved).decision;
        expect({ ...shifted, atMs: 0, cutoffMs: 0, warmExpiresMs: 0 }).toEqual({
          ...decision,
          atMs: 0,
          cutoffMs: 0,
          warmExpiresMs: 0,
        });
        expect(shifted.atMs - decision.atMs).toBe(byMs);
        if (decision.warmExpiresMs !== undefined) {
          expect((shifted.warmExpiresMs ?? 0) - decision.warmExpiresMs).toBe(byMs);
        }
      }),
      RUNS,
    );
  });

  test("a decision replays to the same bytes from its stored input", () => {
    const evidence = { ...GOOD_EVIDENCE, coverage90: [0.8, undefined, undefined], relativeError: undefined };
    fc.assert(
      fc.property(inputs, (input) => {
        const given: DecideInput = { ...input, evidence };
        const { decision } = think(given);
        const stored = JSON.parse(canonicalJson(given)) as DecideInput;
        expect(canonicalJson(replayDecision(stored).decision)).toBe(canonicalJson(decision));
      }),
      { numRuns: 100 },
    );
  });

  test("NaN, infinite and negative prices and crossed quantiles never get through", () => {
    const bad = fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, -1);
    const places = fc.constantFrom("baseline", "predictive", "burst", "warm", "under", "cost");
    fc.assert(
      fc.property(inputs, bad, places, (input, price, place) => {
        const patch =
          place === "warm"
            ? { warm: { priceUsdPerUnitHour: price } }
            : place === "under"
              ? { sizing: { underUsdPerUnitHour: price } }
              : place === "cost"
                ? { limits: { maxCostUsdPerHour: price } }
                : { tiers: { [place]: { ...SETTINGS.tiers.baseline, priceUsdPerUnitHour: price } } };
        expect(() => think({ ...input, settings: patched(patch, input.settings) })).toThrow(
          /give a number from 0 up/,
        );
      }),
      { numRuns: 60 },
    );
    fc.assert(
      fc.property(
        inputs,
        fc.integer({ min: 1, max: 7 }),
        fc.integer({ min: 0, max: 287 }),
        (input, level, step) => {
          const { forecast } = input;
          if (forecast === null) return;
          const quantiles = forecast.quantiles.map((row) => [...row]);
          const row = quantiles[level] ?? [];
          row[step] = (quantiles[level - 1]?.[step] ?? 0) - 1;
          expect(() => think({ ...input, forecast: { ...forecast, quantiles } })).toThrow(/quantiles cross/);
        },
      ),
      { numRuns: 60 },
    );
  });
});
