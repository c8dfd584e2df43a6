import { describe, expect, test } from "vitest";
import { decide } from "../../src/decide/decide.ts";
import { levelMasses } from "../../src/decide/level-masses.ts";
import { magnitudeUnits } from "../../src/decide/magnitude.ts";
import { nextNeedHistory } from "../../src/decide/need-history.ts";
import type { DecideInput } from "../../src/model/decide-input.ts";
import type { AcceptableRisk } from "../../src/model/settings.ts";
import { totalUnits } from "../../src/model/tier.ts";
import { DAY_MS, durationMs, HOUR_MS, MINUTE_MS } from "../../src/model/time.ts";
import {
  forecastOf,
  inputOf,
  LEVELS,
  NOW_MS,
  patched,
  platformOf,
  riskOf,
  SETTINGS,
  sizesOf,
} from "./decide-input-fixture.ts";

const limitsOf = (input: DecideInput, strategy = riskOf()) =>
  decide(input, strategy).limits.map((bound) => `${bound.limit} ${bound.tier}`);
const unitsOf = (input: DecideInput, strategy = riskOf()) => {
  const { baseline, predictive, burst } = decide(input, strategy).after.units;
  return [baseline, predictive, burst];
};

describe("tier split", () => {
  test("the forecast goes to predictive, only what it misses to burst", () => {
    const input = inputOf({ current: sizesOf(4, 0, 0), demandRps: 90, forecast: forecastOf(70) });
    expect(unitsOf(input)).toEqual([4, 3, 2]);
  });

  test("q* is the critical ratio, at least 0.95 when aggressive, and the forecast is dropped when reactive-only", () => {
    const rows = [100, 110, 120, 130, 140, 150, 160, 170];
    const input = inputOf({ current: sizesOf(0, 0, 6), forecast: forecastOf(rows) });
    expect(decide(input, riskOf("conservative")).need).toMatchObject({ quantile: 0.9, aheadUnits: 15 });
    expect(decide(input, riskOf("aggressive")).need).toMatchObject({ quantile: 0.95, aheadUnits: 16 });
    expect(decide(input, riskOf("reactive-only")).need).toMatchObject({ aheadUnits: 0, observedUnits: 6 });
  });

  test("the window is now to lead time + cycle, in whole steps", () => {
    const forecast = forecastOf(50);
    const spike = (step: number) => ({
      ...forecast,
      quantiles: forecast.quantiles.map((row) => row.map((rps, at) => (at === step ? 200 : rps))),
    });
    // Lead 10 min + cycle 5 min = steps 0, 1 and 2.
    expect(decide(inputOf({ forecast: spike(2) }), riskOf()).need.aheadUnits).toBe(20);
    expect(decide(inputOf({ forecast: spike(3) }), riskOf()).need.aheadUnits).toBe(5);
    const slow = inputOf({ forecast: spike(3), leadTimesMs: [15 * MINUTE_MS] });
    expect(decide(slow, riskOf()).need.aheadUnits).toBe(20);
  });

  test("baseline holds what is busy for the break-even share of the day, moved in bounded steps, once a day", () => {
    const forecast = forecastOf(100);
    // 15 of 24 hours at 10 units, 9 hours at 30: at 0.6 the larger size is not worth holding.
    const day = {
      ...forecast,
      quantiles: forecast.quantiles.map((row) => row.map((_, step) => (step < 180 ? 100 : 300))),
    };
    const review = inputOf({
      current: sizesOf(9, 0, 0),
      demandRps: 100,
      forecast: day,
      lastBaselineReviewMs: null,
    });
    expect(unitsOf(review)).toEqual([10, 0, 0]);
    expect(unitsOf({ ...review, current: sizesOf(5, 5, 0), platform: null })).toEqual(
      [7, 3, 0].map((n, i) => (i === 1 ? 5 : n)),
    );
    const cheap = patched({ tiers: { baseline: { ...SETTINGS.tiers.baseline, priceUsdPerUnitHour: 0.3 } } });
    expect(unitsOf({ ...review, settings: cheap })).toEqual([11, 0, 0]);
    const notDue = { ...review, lastBaselineReviewMs: NOW_MS - DAY_MS + 1 };
    expect(unitsOf(notDue)).toEqual([9, 1, 0]);
    const untrusted = decide(review, riskOf("reactive-only"));
    expect(untrusted.after.units.baseline).toBe(9);
  });

  test("baseline gives up only what is not needed just then", () => {
    const settings = patched({ tiers: { baseline: { ...SETTINGS.tiers.baseline, priceUsdPerUnitHour: 2 } } });
    const review = { settings, current: sizesOf(9, 0, 0), lastBaselineReviewMs: null };
    expect(unitsOf(inputOf({ ...review, demandRps: 90, forecast: forecastOf(90) }))).toEqual([9, 0, 0]);
    expect(unitsOf(inputOf({ ...review, demandRps: 50, forecast: forecastOf(50) }))).toEqual([7, 0, 0]);
  });

  test("burst units that happen to be there are no slack for baseline", () => {
    const dear = { ...SETTINGS.tiers.baseline, priceUsdPerUnitHour: 2 };
    const settings = patched({ tiers: { baseline: dear, burst: { ...SETTINGS.tiers.burst, minUnits: 1 } } });
    const review = { settings, current: sizesOf(5, 0, 1), lastBaselineReviewMs: null };
    expect(unitsOf(inputOf({ ...review, demandRps: 50, forecast: forecastOf(50) }))).toEqual([5, 0, 1]);
  });

  test("masses of levels sum to 1", () => {
    expect(levelMasses([0.1, 0.5, 0.9]).map((mass) => mass.toFixed(9))).toEqual([
      "0.300000000",
      "0.400000000",
      "0.300000000",
    ]);
    expect(levelMasses(LEVELS).reduce((sum, mass) => sum + mass, 0)).toBeCloseTo(1, 12);
  });
});

describe("magnitude sizing", () => {
  test.each<[number, number, AcceptableRisk, number]>([
    [10, 20, "high", 22],
    [10, 20, "medium", 20],
    [10, 20, "low", 18],
    [20, 10, "high", 10],
    [20, 10, "medium", 10],
    [20, 10, "low", 12],
  ])("from %i to a forecast of %i at %s risk: %i", (current, forecast, acceptable, units) => {
    expect(magnitudeUnits(current, forecast, acceptable)).toBe(units);
  });

  test("is selectable, works on the median, and shrinks only below 0.75 x current", () => {
    const rule = { sizing: { rule: "magnitude", releaseBand: 0.25 }, risk: { acceptable: "high" } } as const;
    const settings = patched(rule);
    const rows = [200, 200, 200, 200, 900, 900, 900, 900];
    const up = inputOf({ settings, current: sizesOf(0, 10, 0), demandRps: 100, forecast: forecastOf(rows) });
    expect(decide(up, riskOf())).toMatchObject({ sizing: "magnitude", need: { quantile: 0.5 } });
    expect(unitsOf(up)).toEqual([0, 22, 0]);
    const down = (rps: number) =>
      decide(
        inputOf({ settings, current: sizesOf(0, 20, 0), demandRps: 50, forecast: forecastOf(rps) }),
        riskOf(),
      );
    expect(down(150).outcome).toEqual({ kind: "hold", reason: "stabilizing" });
    expect(totalUnits(down(149).after.units)).toBe(20);
    expect(totalUnits(down(140).after.units)).toBe(14);
  });
});

describe("scale down", () => {
  test("holds the largest need of the stabilisation window", () => {
    const settings = patched({ sizing: { stabilizationMs: durationMs(30 * MINUTE_MS) } });
    const needHistory = [
      { atMs: NOW_MS - 31 * MINUTE_MS, units: 40 },
      { atMs: NOW_MS - 20 * MINUTE_MS, units: 9 },
      { atMs: NOW_MS - 10 * MINUTE_MS, units: 7 },
    ];
    const decision = decide(inputOf({ settings, current: sizesOf(0, 0, 12), needHistory }), riskOf());
    expect(decision.after.units.burst).toBe(9);
    const again = decide(inputOf({ settings, current: sizesOf(0, 0, 9), needHistory }), riskOf());
    expect(again.outcome).toEqual({ kind: "hold", reason: "stabilizing" });
  });

  test("is gradual, least planned first", () => {
    const settings = patched({ limits: { maxStepDownUnits: 2 } });
    const input = inputOf({ settings, demandRps: 10, current: sizesOf(1, 5, 3), forecast: forecastOf(30) });
    expect(unitsOf(input)).toEqual([1, 3, 1]);
    expect(limitsOf(input)).toEqual(["step-down burst"].concat(["step-down predictive"]));
  });

  test("a gap in the window holds", () => {
    const input = inputOf({ demandRps: 10, current: sizesOf(0, 0, 9) });
    const gap = { ...input, observation: { ...input.observation, recentRps: [10, null, 10] } };
    expect(decide(gap, riskOf()).outcome).toEqual({ kind: "hold", reason: "gap-in-window" });
    expect(decide(input, riskOf()).outcome).toEqual({ kind: "change" });
  });

  test("need history keeps the window, marks gaps, forgets a future", () => {
    const settings = patched({ sizing: { stabilizationMs: durationMs(10 * MINUTE_MS) } });
    const needHistory = [-11, -10, -5, 60].map((minutes) => ({
      atMs: NOW_MS + minutes * MINUTE_MS,
      units: 3,
    }));
    const input = inputOf({ settings, needHistory });
    const { need } = decide(input, riskOf());
    expect(nextNeedHistory(input, need)).toEqual([
      { atMs: NOW_MS - 5 * MINUTE_MS, units: 3 },
      { atMs: NOW_MS, units: 6 },
    ]);
    const missing = inputOf({ settings, demandRps: null });
    expect(nextNeedHistory(missing, decide(missing, riskOf()).need).at(-1)).toEqual({
      atMs: NOW_MS,
      units: null,
    });
  });
});

describe("missing demand", () => {
  const goneFor = (minutes: number, current = sizesOf(0, 0, 12), more: Partial<DecideInput> = {}) =>
    inputOf({ demandRps: null, current, missingSinceMs: NOW_MS - minutes * MINUTE_MS, ...more });

  test("is not zero: held, then at least the fallback, never lowered, recovered by itself", () => {
    expect(decide(goneFor(5), riskOf("reactive-only")).outcome).toEqual({
      kind: "hold",
      reason: "demand-stale",
    });
    expect(unitsOf(goneFor(31), riskOf("reactive-only"))).toEqual([0, 0, 20]);
    expect(unitsOf(goneFor(31, sizesOf(0, 0, 25)), riskOf("reactive-only"))).toEqual([0, 0, 25]);
    expect(unitsOf(inputOf({ demandRps: 130, current: sizesOf(0, 0, 20) }))).toEqual([0, 0, 13]);
  });

  test("the fallback stays within the limits", () => {
    const settings = patched({ limits: { maxTotalUnits: 15 } });
    expect(unitsOf(goneFor(31, sizesOf(0, 0, 12), { settings }), riskOf("reactive-only"))).toEqual([
      0, 0, 15,
    ]);
  });

  test("a forecast that is still trusted may add", () => {
    expect(unitsOf(goneFor(5, sizesOf(0, 4, 0), { forecast: forecastOf(70) }))).toEqual([0, 7, 0]);
    expect(unitsOf(goneFor(5, sizesOf(0, 9, 0), { forecast: forecastOf(70) }))).toEqual([0, 9, 0]);
  });
});

describe("limits and budgets", () => {
  test.each([
    [
      "tier-max burst",
      {
        tiers: {
          burst: { ...SETTINGS.tiers.burst, maxUnits: 4 },
          predictive: { ...SETTINGS.tiers.predictive, maxUnits: 0 },
          baseline: { ...SETTINGS.tiers.baseline, maxUnits: 0 },
        },
      },
    ],
    ["total-max burst", { limits: { maxTotalUnits: 4 } }],
    ["cost-max burst", { limits: { maxCostUsdPerHour: 4 } }],
  ])("%s binds even the reactive floor, and says so loudly", (limit, patch) => {
    const decision = decide(inputOf({ settings: patched(patch), current: sizesOf(0, 0, 2) }), riskOf());
    expect(totalUnits(decision.after.units)).toBe(4);
    const bound = decision.limits.find((one) => `${one.limit} ${one.tier}` === limit);
    expect(bound).toMatchObject({ askedUnits: 6, allowedUnits: 4, belowReactive: true });
  });

  test("step up binds the forecast, not the floor", () => {
    const settings = patched({ limits: { maxStepUpUnits: 2 } });
    const planned = inputOf({ settings, current: sizesOf(0, 6, 0), forecast: forecastOf(200) });
    expect(unitsOf(planned)).toEqual([0, 8, 0]);
    expect(limitsOf(planned)).toContain("step-up predictive");
    expect(unitsOf(inputOf({ settings, current: sizesOf(0, 0, 1) }))).toEqual([0, 0, 6]);
  });

  test("burst keeps its reserve of the total", () => {
    const settings = patched({ limits: { maxTotalUnits: 20, burstReserveUnits: 5 } });
    const input = inputOf({ settings, demandRps: 200, current: sizesOf(0, 0, 0), forecast: forecastOf(300) });
    expect(unitsOf(input)).toEqual([0, 15, 5]);
    expect(limitsOf(input)).toContain("burst-reserve predictive");
  });

  test("smallest sizes hold whatever demand says, in an exchange at the total maximum too", () => {
    const settings = patched({
      tiers: { baseline: { ...SETTINGS.tiers.baseline, minUnits: 8 } },
      limits: { maxTotalUnits: 10 },
    });
    const input = inputOf({ settings, demandRps: 100, current: sizesOf(5, 5, 0) });
    expect(unitsOf(input)).toEqual([8, 2, 0]);
  });

  test("a dear plan does not eat the cost cap that demand needs now", () => {
    const settings = patched({
      tiers: { predictive: { ...SETTINGS.tiers.predictive, priceUsdPerUnitHour: 2 } },
      limits: { maxCostUsdPerHour: 10 },
    });
    const input = inputOf({ settings, demandRps: 100, current: sizesOf(0, 0, 0), forecast: forecastOf(50) });
    expect(unitsOf(input)).toEqual([0, 0, 10]);
  });

  test("a spent update budget holds all but the floor", () => {
    const appliedAtMs = Array.from({ length: 12 }, (_, at) => NOW_MS - at * 4 * MINUTE_MS);
    const ahead = decide(inputOf({ appliedAtMs, forecast: forecastOf(200) }), riskOf());
    expect(ahead.outcome).toEqual({ kind: "hold", reason: "update-budget" });
    expect(ahead.limits.map((bound) => bound.limit)).toEqual(["update-budget"]);
    expect(unitsOf(inputOf({ appliedAtMs, demandRps: 90, forecast: forecastOf(200) }))).toEqual([0, 0, 9]);
    const anHourAgo = appliedAtMs.map((atMs) => atMs - HOUR_MS);
    expect(unitsOf(inputOf({ appliedAtMs: anHourAgo, forecast: forecastOf(200) }))).toEqual([0, 20, 6]);
  });

  test("a saving that is not worth an update waits, judged on the whole surplus", () => {
    const settings = patched({ sizing: { minSavingUsdPerHour: 3 }, limits: { maxStepDownUnits: 1 } });
    const shrinking = (units: number) =>
      decide(inputOf({ settings, current: sizesOf(0, 0, units) }), riskOf());
    expect(shrinking(8).outcome).toEqual({ kind: "hold", reason: "not-worth-an-update" });
    expect(shrinking(9).after.units.burst).toBe(8);
  });

  test("a warm pool that grows beside it does not make a shrink worthwhile", () => {
    const settings = patched({ sizing: { minSavingUsdPerHour: 3 } });
    // Demand is what it is for a lead time, then anything: a unit prepared now is there when it is needed.
    const flat = forecastOf([10, 20, 40, 60, 200, 300, 400, 500]);
    const known = forecastOf(60);
    const wide = {
      ...flat,
      quantiles: flat.quantiles.map((row, k) => [...(known.quantiles[k] ?? []).slice(0, 2), ...row.slice(2)]),
    };
    const input = inputOf({ settings, current: sizesOf(0, 0, 7), forecast: wide });
    expect(decide(input, riskOf("reactive-only")).after).toEqual(sizesOf(0, 0, 7, 10));
  });

  test("paused holds, until it ends", () => {
    const pause = { untilMs: NOW_MS + 1, reason: "release night" };
    expect(decide(inputOf({ demandRps: 200, pause }), riskOf()).outcome).toEqual({
      kind: "hold",
      reason: "paused",
    });
    expect(unitsOf(inputOf({ demandRps: 200, pause: { ...pause, untilMs: NOW_MS } }))).toEqual([0, 0, 20]);
  });
});

describe("grow first", () => {
  const rebalance = { demandRps: 100, forecast: forecastOf(100), current: sizesOf(0, 10, 10) };

  test("burst holds until the predictive units that replace it are ready", () => {
    const start = inputOf({ ...rebalance, current: sizesOf(0, 0, 10) });
    expect(unitsOf(start)).toEqual([0, 10, 10]);
    expect(limitsOf(start)).toContain("grow-first burst");
    const starting = platformOf({ baseline: 0, predictive: 4, burst: 10 }, rebalance.current.units);
    expect(unitsOf(inputOf({ ...rebalance, platform: starting }))).toEqual([0, 10, 6]);
    const ready = platformOf({ baseline: 0, predictive: 10, burst: 10 });
    expect(unitsOf(inputOf({ ...rebalance, platform: ready }))).toEqual([0, 10, 0]);
  });

  test("a reviewed baseline at the total maximum exchanges units rather than wait for ever", () => {
    const settings = patched({ limits: { maxTotalUnits: 10 } });
    const input = inputOf({
      settings,
      demandRps: 100,
      forecast: forecastOf(100),
      current: sizesOf(4, 6, 0),
      lastBaselineReviewMs: null,
    });
    expect(unitsOf(input)).toEqual([6, 4, 0]);
  });
});

describe("warm pool", () => {
  // Demand is what it is for a lead time, then anything: a unit prepared now is there when it is needed.
  const anyRows = forecastOf([10, 20, 40, 60, 200, 300, 400, 500]);
  const wide = {
    ...anyRows,
    quantiles: anyRows.quantiles.map((row) => [60, 60, ...row.slice(2)]),
  };
  const pool = (patch: Parameters<typeof inputOf>[0] = {}, strategy = riskOf("reactive-only")) =>
    decide(inputOf({ forecast: wide, ...patch }), strategy);

  test("covers what the forecast may ask for where a missing unit is dear, with expiry and reason", () => {
    const decision = pool();
    expect(decision.after.warmUnits).toBe(10);
    expect(decision.limits.map((bound) => bound.limit)).toContain("warm-max");
    expect(decision.warmExpiresMs).toBe(NOW_MS + 30 * MINUTE_MS);
    expect(decision.warmReason).toMatch(/q0.99 needs 44 more within 15m, 10 of them kept warm; unit 7 /);
    expect(decision.warmChoice).toMatchObject({ unit: 7, choice: "keep-warm" });
  });

  test("is zero where demand comes before a unit could be prepared, unless it is warm already", () => {
    const soon = {
      ...anyRows,
      quantiles: anyRows.quantiles.map((row) => [row[0] ?? 0, ...row.slice(1).fill(10)]),
    };
    const late = pool({ forecast: soon });
    expect([late.after.warmUnits, late.warmChoice?.choice]).toEqual([0, "wait"]);
    const held = { current: sizesOf(0, 0, 6, 10), warmExpiresMs: NOW_MS };
    expect(pool({ forecast: soon, ...held }).after.warmUnits).toBe(10);
  });

  test("lead times that are measured short make waiting cheap", () => {
    const short = pool({ leadTimesMs: new Array<number>(60).fill(MINUTE_MS) });
    expect(short.after.warmUnits).toBe(0);
    // Nine short ones in ten, and one of an hour: the mean counts, not a quantile.
    const times = Array.from({ length: 60 }, (_, at) => (at % 10 === 9 ? 60 : 1) * MINUTE_MS);
    expect(pool({ leadTimesMs: times }).after.warmUnits).toBeGreaterThan(0);
  });

  test("is zero when the interval is tight or idling costs more than it saves", () => {
    const tight = pool({ forecast: forecastOf(60) });
    expect([tight.after.warmUnits, tight.warmReason]).toEqual([
      0,
      expect.stringMatching(/interval is tight/),
    ]);
    const cheap = pool({ settings: patched({ sizing: { underUsdPerUnitHour: 1 } }) });
    expect([cheap.after.warmUnits, cheap.warmReason]).toEqual([
      0,
      expect.stringMatching(/unit 7 is expected to cost .* kept warm, .* waited for: wait/),
    ]);
  });

  test("stays until it expires, less what a larger size takes out of it", () => {
    const held = {
      forecast: forecastOf(60),
      current: sizesOf(0, 0, 6, 5),
      warmExpiresMs: NOW_MS + MINUTE_MS,
    };
    expect(pool(held).outcome).toEqual({ kind: "hold", reason: "sizes-fit" });
    expect(pool({ ...held, demandRps: 80 }).after).toEqual(sizesOf(0, 0, 8, 3));
    expect(pool({ ...held, warmExpiresMs: NOW_MS }).after.warmUnits).toBe(0);
  });

  test("is renewed in the last cycle before it expires, and not before", () => {
    const held = (minutes: number) =>
      pool({ current: sizesOf(0, 0, 6, 10), warmExpiresMs: NOW_MS + minutes * MINUTE_MS }).warmExpiresMs;
    expect(held(6)).toBe(NOW_MS + 6 * MINUTE_MS);
    expect(held(5)).toBe(NOW_MS + 30 * MINUTE_MS);
  });

  test("takes only what is left of the cost cap", () => {
    const decision = pool({ settings: patched({ limits: { maxCostUsdPerHour: 7 } }) });
    expect(decision.after).toEqual(sizesOf(0, 0, 6, 2));
    expect(decision.limits.map((bound) => `${bound.limit} ${bound.tier}`)).toContain("cost-max warm");
  });
});

test("every decision states its cost and the shortage it removes", () => {
  const rows = [50, 60, 70, 80, 90, 100, 110, 120];
  const decision = decide(inputOf({ forecast: forecastOf(rows), current: sizesOf(2, 0, 4) }), riskOf());
  expect(decision.costUsdPerHour).toEqual({ before: 5.2, after: 13.2 });
  expect(decision.expectedShortUnits.before).toBeGreaterThan(decision.expectedShortUnits.after);
  expect(decision.expectedShortUnits.after).toBe(0);
  expect(decision.steps.map((step) => step.name)).toEqual([
    "need-now",
    "quantile",
    "need-ahead",
    "baseline",
    "predictive",
    "burst",
    "warm",
    "scale-down",
  ]);
  for (const step of decision.steps) expect(step.why).toMatch(/\d/);
});
