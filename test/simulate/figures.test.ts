import { describe, expect, test } from "vitest";
import { demandUnits, figures, oracleRequests, worldUnitRps } from "../../src/simulate/figures.ts";
import { hpa, readyAfterLead } from "../../src/simulate/peers/hpa.ts";

const GAP = Number.NaN;

describe("hpa", () => {
  const world = { unitRps: 10, stepMinutes: 1, leadSteps: 2, targetUtilization: 0.5 };

  test("sees demand one step late, holds within the tolerance and through a gap", () => {
    // 5 rps a unit: 20 rps need 4; 22 are 10 % more and tolerated, 23 are not.
    expect(hpa([20, 22, 23, GAP, 23], world).requestedUnits).toEqual([4, 4, 4, 5, 5]);
  });

  test("scales up by at most max(4, 100 %) a minute, compounded on coarser steps", () => {
    expect(hpa([5, 500, 500, 500, 500], world).requestedUnits).toEqual([1, 1, 5, 10, 20]);
    const coarse = { ...world, stepMinutes: 5 };
    expect(hpa([5, 5000, 5000], coarse).requestedUnits).toEqual([1, 1, 80]);
  });

  test("scales down to the highest recommendation of 0 to 5 minutes", () => {
    expect(hpa([50, 5, 5, 5, 5, 5, 5, 5], world).requestedUnits).toEqual([10, 10, 10, 10, 10, 10, 10, 1]);
  });

  test("units are ready after the lead time, the newest go first", () => {
    expect(readyAfterLead([2, 5, 5, 5, 3, 5], 2)).toEqual([2, 2, 2, 5, 3, 3]);
  });
});

describe("figures", () => {
  const world = {
    demandRps: [10, 10, 35, GAP, 20, 5],
    unitRps: 10,
    stepMinutes: 30,
    leadSteps: 1,
    firstScored: 1,
  };

  test("by hand", () => {
    // Scored: steps 1, 2, 4 and 5, needing 1, 4, 2 and 1 units.
    const timeline = { requestedUnits: [2, 2, 3, 3, 3, 1], readyUnits: [2, 2, 2, 3, 2, 1] };
    const result = figures(timeline, world);
    expect(result.violationShare).toBeCloseTo(15 / 70, 12);
    expect([result.underShare, result.overShare]).toEqual([1 / 4, 1 / 4]);
    expect(result.underDegree).toBeCloseTo(2 / 4 / 4, 12);
    expect(result.overDegree).toBeCloseTo(1 / 4, 12);
    expect(result.unitHours).toBe(4.5);
    expect(result.cost).toBe(4.5);
    // Changes at steps 2 and 5, in 2 h.
    expect(result.updatesPerHour).toBe(1);
    expect(oracleRequests(world)).toEqual([1, 4, 4, 2, 2, 1]);
    expect(result.oracleRatio).toBeCloseTo(9 / 11, 12);
  });

  test("warm units are billed whole while preparing, 0.4 when idle; tiers have prices", () => {
    const six = (units: number) => [units, units, units, units, units, units];
    const timeline = {
      requestedUnits: six(4),
      readyUnits: six(4),
      warmIdleUnits: six(5),
      warmPreparingUnits: six(1),
      tiers: { baseline: six(2), predictive: six(1), burst: six(1) },
    };
    const result = figures(timeline, world);
    expect(result.unitHours).toBeCloseTo(2 * (4 + 1 + 2), 12);
    expect(result.cost).toBeCloseTo(2 * (1.2 + 1 + 1 + 1 + 2), 12);
  });

  test("a unit carries a fiftieth of P99.5 of the training part; demand needs at least one", () => {
    const demand = [...Array.from({ length: 201 }, (_, i) => i), GAP, 9999];
    expect(worldUnitRps(demand, 202)).toBeCloseTo(199 / 50, 12);
    expect([demandUnits(0, 10), demandUnits(50.000_000_001, 10), demandUnits(50.1, 10)]).toEqual([1, 5, 6]);
  });
});
