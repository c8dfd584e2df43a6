import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { planCapacity } from "../../src/capacity/capacity-plan.ts";
import type { CapacityPlan, Interval } from "../../src/capacity/plan-values.ts";
import type { DemandSeries } from "../../src/model/series.ts";
import { DAY_MS, epochMs, HOUR_MS } from "../../src/model/time.ts";
import { seededRandom } from "../../src/simulate/seeded-random.ts";
import { madeDemand, madeRequest, START_MS } from "./made-demand.ts";

const plan = (history: DemandSeries, changes = {}): CapacityPlan =>
  planCapacity(madeRequest(history, changes));

const WEEKS_26 = 182;

function intervals(found: CapacityPlan): readonly Interval[] {
  const { money, loadCurve, demandEndRps, peakRps, baseline, peakUnits, periodPeaksRps } = found;
  return [
    demandEndRps,
    peakRps,
    peakUnits,
    baseline.units,
    ...periodPeaksRps,
    ...loadCurve.map(({ units }) => units),
    ...Object.values(money),
  ];
}

/** What holds whatever the demand was. */
function checkLaws(found: CapacityPlan): void {
  for (const { lower, median, upper } of intervals(found)) {
    expect([lower, median, upper].every(Number.isFinite)).toBe(true);
    expect(median).toBeGreaterThanOrEqual(lower);
    expect(median).toBeLessThanOrEqual(upper);
  }
  for (const { lower } of [found.demandEndRps, found.peakRps, ...found.periodPeaksRps]) {
    expect(lower).toBeGreaterThanOrEqual(0);
  }
  const { limits, loadCurve, commitment, baseline } = found;
  expect(limits.maxTotalUnits).toBeGreaterThanOrEqual(found.peakUnits.median + limits.burstReserveUnits);
  expect(limits.baselineMinUnits).toBeLessThanOrEqual(limits.baselineMaxUnits);
  expect(limits.baselineMaxUnits).toBeLessThanOrEqual(limits.maxTotalUnits);
  expect(limits.baselineMinUnits).toBeGreaterThanOrEqual(commitment.units);
  expect(baseline.units.median).toBeGreaterThanOrEqual(0);
  const curve = loadCurve.map(({ units }) => units.median);
  expect(curve).toEqual(curve.toSorted((a, b) => a - b));
}

describe("a steady half year", () => {
  const found = plan(madeDemand(WEEKS_26));

  test("demand goes on as it was, and the laws hold", () => {
    checkLaws(found);
    expect(found.reach).toMatchObject({ period: "week", periods: 26, horizonMs: 90 * DAY_MS });
    expect(found.demandEndRps.median / found.demandNowRps).toBeCloseTo(1, 1);
    expect(found.demandEndRps.lower).toBeLessThan(found.demandNowRps);
    expect(found.demandEndRps.upper).toBeGreaterThan(found.demandNowRps);
  });

  test("baseline is the break-even of the history's own hours", () => {
    const needs = Array.from(madeDemand(WEEKS_26).values, (rps) => Math.ceil(rps / 5)).sort((a, b) => b - a);
    const wanted = needs[Math.ceil(0.6 * needs.length) - 1] ?? 0;
    expect(Math.abs(found.baseline.units.median - wanted)).toBeLessThanOrEqual(1);
    expect(found.baseline.share).toBeCloseTo(0.6);
  });

  test("errors were measured for the whole horizon and the past intervals held", () => {
    expect(found.reach.measuredMs).toBeGreaterThanOrEqual(90 * DAY_MS);
    expect(found.reach.pastPeaks).toBeGreaterThan(200);
    expect(found.reach.pastInside / found.reach.pastPeaks).toBeGreaterThan(0.85);
    expect(found.caveats).toEqual(["less than 13 months of history: a season of the year would not be seen"]);
  });

  test("a commitment at the baseline's price is the baseline; it saves against on demand, on every path", () => {
    expect(Math.abs(found.commitment.units - found.baseline.units.median)).toBeLessThanOrEqual(1);
    expect(found.commitment.fallFraction).toBeGreaterThan(0.2);
    expect(found.money.savedNoCommitment.lower).toBeGreaterThan(0);
    const { plan: own, noCommitment } = found.money;
    expect(own.median).toBeLessThan(noCommitment.median);
  });

  test("a cheaper commitment is larger, a dearer one is none", () => {
    const cheap = plan(madeDemand(WEEKS_26), { commitUsdPerUnitHour: 0.03 });
    expect(cheap.commitment.units).toBeGreaterThan(found.commitment.units);
    expect(cheap.money.plan.median).toBeLessThan(found.money.plan.median);
    const dear = plan(madeDemand(WEEKS_26), { commitUsdPerUnitHour: 0.08 });
    expect(dear.commitment).toMatchObject({ units: 0, reason: expect.stringContaining("baseline unit") });
    const dearest = plan(madeDemand(WEEKS_26), { commitUsdPerUnitHour: 0.1 });
    expect(dearest.commitment).toMatchObject({
      units: 0,
      reason: expect.stringContaining("on-demand price"),
    });
  });

  test("the same history and seed give the same plan", () => {
    expect(plan(madeDemand(WEEKS_26))).toEqual(found);
  });
});

describe("growth", () => {
  const growing = madeDemand(WEEKS_26, (week) => 1.02 ** week);
  const found = plan(growing);

  test("goes on, damped, and the limit of 40 units is reached on a day within the horizon", () => {
    checkLaws(found);
    expect(found.growthPerWeek).toBeGreaterThan(0.003);
    expect(found.growthPerWeek).toBeLessThan(0.021);
    const loose = { ...madeRequest(growing).today.limits, maxTotalUnits: 56 };
    const today = { ...madeRequest(growing).today, limits: loose };
    const [total] = plan(growing, { today }).reached;
    expect(total).toMatchObject({ setting: "limits.maxTotalUnits", value: 56, already: false });
    expect(total?.at90Ms).toBeGreaterThan(0);
    expect(total?.at90Ms).toBeLessThanOrEqual(90 * DAY_MS);
    expect(total?.at50Ms ?? Infinity).toBeGreaterThanOrEqual(total?.at90Ms ?? Infinity);
    expect(total?.probability).toBeGreaterThan(0.1);
  });

  test("a limit that history has passed is said to be passed; a far one is not reached", () => {
    const limits = { ...madeRequest(growing).today.limits, maxTotalUnits: 30, maxCostUsdPerHour: 1_000 };
    const { reached } = plan(growing, { today: { ...madeRequest(growing).today, limits } });
    expect(reached.find(({ setting }) => setting === "limits.maxTotalUnits")).toMatchObject({
      already: true,
      at90Ms: 0,
    });
    expect(reached.find(({ setting }) => setting === "limits.maxCostUsdPerHour")).toMatchObject({
      already: false,
      at90Ms: undefined,
      probability: 0,
    });
  });

  test("passed already means lately: not in a peak of months ago", () => {
    const today = { ...madeRequest(growing).today };
    const limits = { ...today.limits, maxTotalUnits: 36 };
    const totalOf = (levelAt: (week: number) => number) =>
      plan(madeDemand(WEEKS_26, levelAt), { today: { ...today, limits } }).reached[0];
    expect(totalOf((week) => (week >= 24 ? 1.5 : 1))).toMatchObject({ value: 36, already: true });
    expect(totalOf((week) => (week < 10 ? 1.5 : 0.5))).toMatchObject({ value: 36, already: false });
  });

  test("what only growth would fill is not committed to", () => {
    expect(found.commitment.units).toBeLessThanOrEqual(found.baseline.units.median);
  });
});

describe("shrinking demand", () => {
  test("goes down, never below nothing, and the commitment is smaller than today's break-even", () => {
    const found = plan(madeDemand(WEEKS_26, (week) => 0.95 ** week));
    checkLaws(found);
    expect(found.growthPerWeek).toBeLessThan(-0.01);
    expect(found.demandEndRps.median).toBeLessThan(found.demandNowRps);
    expect(found.commitment.units).toBeLessThanOrEqual(found.baseline.today);
  });
});

describe("a step", () => {
  test("x 3 four weeks ago is the level now, with wide intervals; the limits make room", () => {
    const steady = plan(madeDemand(WEEKS_26));
    const found = plan(madeDemand(WEEKS_26, (week) => (week < 22 ? 1 : 3)));
    checkLaws(found);
    expect(found.demandEndRps.median / steady.demandEndRps.median).toBeGreaterThan(2.3);
    const width = ({ lower, upper, median }: Interval) => (upper - lower) / median;
    expect(width(found.demandEndRps)).toBeGreaterThan(2 * width(steady.demandEndRps));
    expect(found.limits.maxTotalUnits).toBeGreaterThan(2 * steady.limits.maxTotalUnits);
  });
});

describe("little history", () => {
  test("three days carry three days, no commitment, and say so", () => {
    const found = plan(madeDemand(3));
    checkLaws(found);
    expect(found.reach).toMatchObject({ period: "day", periods: 3, horizonMs: 3 * DAY_MS });
    expect(found.commitment.units).toBe(0);
    expect(found.caveats[0]).toBe("3 days of history carry no plan for 90 days: it goes 3 days ahead");
  });

  test("27 days are planned in days, 28 in weeks", () => {
    expect(plan(madeDemand(27)).reach).toMatchObject({ period: "day", horizonMs: 27 * DAY_MS });
    const four = plan(madeDemand(28));
    expect(four.reach).toMatchObject({ period: "week", horizonMs: 90 * DAY_MS });
    expect(four.caveats.join("; ")).toContain("too short a history to measure a plan's error");
  });

  test("four weeks carry 112 days of a year that was asked for", () => {
    const found = plan(madeDemand(28), { horizonMs: 365 * DAY_MS });
    expect(found.reach.horizonMs).toBe(112 * DAY_MS);
  });

  test("a day and a half, or nothing known, is refused in one line", () => {
    expect(() => plan(madeDemand(1.5))).toThrow(/history is 1d12h at steps of 1h: a plan takes two days/);
    const empty = { ...madeDemand(30), values: new Float64Array(720).fill(Number.NaN) };
    expect(() => plan(empty)).toThrow(/history is empty/);
  });
});

describe("odd history", () => {
  test("zeros: one unit, no demand", () => {
    const found = plan({ ...madeDemand(60), values: new Float64Array(1440) });
    checkLaws(found);
    expect(found).toMatchObject({ demandNowRps: 0, peakRps: { median: 0, upper: 0 } });
    expect(found.peakUnits).toEqual({ median: 1, lower: 1, upper: 1 });
    expect(found.caveats).toContain("every known value is 0: is it the right column?");
  });

  test("money is for the horizon to the hour: one unit on demand for 45 days", () => {
    const zeros = { ...madeDemand(60), values: new Float64Array(1440) };
    const { money } = plan(zeros, { horizonMs: 45 * DAY_MS });
    expect(money.noCommitment.median).toBeCloseTo(45 * 24 * 0.1, 6);
    expect(money.plan.median).toBeCloseTo(45 * 24 * 0.06, 6);
  });

  test("a constant: still an interval, as nothing says that it stays", () => {
    const found = plan({ ...madeDemand(60), values: new Float64Array(1440).fill(50) });
    checkLaws(found);
    expect(found.demandEndRps.median).toBeCloseTo(50, -1);
    expect(found.demandEndRps.upper).toBeGreaterThan(52);
  });

  test("nights that are gaps do not raise the level", () => {
    const whole = madeDemand(WEEKS_26);
    const holed = whole.values.map((value, i) => (i > 24 * 7 * 20 && i % 24 < 6 ? Number.NaN : value));
    const found = plan({ ...whole, values: holed });
    checkLaws(found);
    expect(found.demandNowRps / plan(whole).demandNowRps).toBeCloseTo(1, 1);
  });

  test("weeks that are gaps are looked over", () => {
    const whole = madeDemand(WEEKS_26);
    const holed = whole.values.slice();
    holed.fill(Number.NaN, 24 * 7 * 10, 24 * 7 * 14);
    const found = plan({ ...whole, values: holed });
    checkLaws(found);
    expect(found.demandEndRps.median / found.demandNowRps).toBeCloseTo(1, 1);
    expect(found.caveats).toContain("15 % of the history are gaps");
  });

  test("a wild level is said to be a range", () => {
    const random = seededRandom(4);
    const levels = Array.from({ length: 27 }, () => 4 ** random());
    const found = plan(madeDemand(WEEKS_26, (week) => levels[Math.floor(week)] ?? 1));
    expect(found.caveats.join("; ")).toMatch(/the horizon's peak is known to a factor of \d+ only/);
  });

  test("a lone week of silence does not bring the plan down", () => {
    const found = plan(madeDemand(WEEKS_26, (week) => (week >= 12 && week < 13 ? 0 : 1)));
    checkLaws(found);
    expect(found.demandEndRps.median / found.demandNowRps).toBeGreaterThan(0.7);
  });

  test("steps of a day are planned from", () => {
    checkLaws(plan(madeDemand(WEEKS_26, () => 1, { stepMs: DAY_MS })));
  });

  test("any history of integers keeps the laws", () => {
    const arbitrary = fc.record({
      days: fc.integer({ min: 2, max: 70 }),
      base: fc.integer({ min: 0, max: 5_000 }),
      spread: fc.integer({ min: 0, max: 5_000 }),
      gap: fc.integer({ min: 0, max: 4 }),
      growth: fc.integer({ min: -30, max: 30 }),
      seed: fc.integer({ min: 0, max: 99 }),
    });
    fc.assert(
      fc.property(arbitrary, ({ days, base, spread, gap, growth, seed }) => {
        const random = seededRandom(seed);
        const values = Float64Array.from({ length: days * 24 }, (_, i) => {
          const value = (base + spread * random()) * (1 + growth / 100) ** (i / 168);
          return random() * 10 < gap && i > 0 ? Number.NaN : value;
        });
        checkLaws(plan({ ...madeDemand(2), values }, { paths: 40, random: seededRandom(seed) }));
      }),
      { numRuns: 30 },
    );
  });
});

describe("laws of scale and time", () => {
  test("demand and unit times k: the same units and money, demand times k", () => {
    const history = madeDemand(70, (week) => 1.01 ** week);
    const k = 1_000;
    const big = { ...history, values: history.values.map((value) => k * value) };
    const needUnits = (rps: number): number => Math.max(1, Math.ceil(rps / (5 * k) - 1e-9));
    const [small, large] = [plan(history), plan(big, { needUnits })];
    expect(large.limits).toEqual(small.limits);
    expect(large.money.plan.median).toBeCloseTo(small.money.plan.median, 6);
    expect(large.peakRps.upper / k).toBeCloseTo(small.peakRps.upper, 6);
  });

  test("whole weeks later: the same plan", () => {
    const history = madeDemand(70);
    const later = { ...history, startMs: epochMs(START_MS + 70 * DAY_MS) };
    const [a, b] = [plan(history), plan(later)];
    expect({ ...b, cutoffMs: a.cutoffMs }).toEqual(a);
  });
});

describe("events ahead", () => {
  const history = madeDemand(WEEKS_26);
  const endMs = START_MS + WEEKS_26 * DAY_MS;
  const event = (fromMs: number, hours: number, lift: number | undefined) => ({
    id: "sale",
    kind: "sale",
    startMs: epochMs(fromMs),
    endMs: epochMs(fromMs + hours * HOUR_MS),
    lift,
    announcedMs: epochMs(0),
  });

  test("a doubling at the busiest hour lifts the peak of its week and no other", () => {
    const atMs = endMs + 14 * DAY_MS + 10 * HOUR_MS;
    const [plain, lifted] = [plan(history), plan(history, { events: [event(atMs, 4, 2)] })];
    const ratios = lifted.periodPeaksRps.map(
      ({ median }, at) => median / (plain.periodPeaksRps[at]?.median ?? 1),
    );
    expect(ratios[2]).toBeGreaterThan(1.7);
    expect(ratios.filter((_, at) => at !== 2)).toEqual(ratios.filter((_, at) => at !== 2).map(() => 1));
    expect(lifted.limits.maxTotalUnits).toBeGreaterThan(1.5 * plain.limits.maxTotalUnits);
    expect(lifted.events).toEqual({ counted: 1, withoutLift: 0 });
  });

  test("one beyond the horizon changes neither peak nor limit; one without a lift is said", () => {
    const plain = plan(history);
    const beyond = plan(history, { events: [event(endMs + 200 * DAY_MS, 4, 3)] });
    expect(beyond.peakRps).toEqual(plain.peakRps);
    const bare = plan(history, { events: [event(endMs + DAY_MS, 4, undefined)] });
    expect(bare.peakRps).toEqual(plain.peakRps);
    expect(bare.caveats).toContain("events ahead without a lift are left aside (1; give them one)");
  });

  test("a past event is not learned as an ordinary peak", () => {
    const fromMs = START_MS + 150 * DAY_MS + 10 * HOUR_MS;
    const values = history.values.map((value, i) => {
      const atMs = START_MS + i * HOUR_MS;
      return atMs >= fromMs && atMs < fromMs + 6 * HOUR_MS ? 4 * value : value;
    });
    const lifted = { ...history, values };
    const blind = plan(lifted);
    const seeing = plan(lifted, { events: [event(fromMs, 6, 4)] });
    expect(seeing.peakRps.upper).toBeLessThan(0.7 * blind.peakRps.upper);
  });
});
