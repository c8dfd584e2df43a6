import { describe, expect, test } from "vitest";
import { comparePolicies, frontier, type SweptPoint } from "../../src/simulate/frontier.ts";

const points = (...list: readonly (readonly [unitHours: number, violationShare: number])[]): SweptPoint[] =>
  list.map(([unitHours, violationShare]) => ({ unitHours, violationShare, updatesPerHour: unitHours / 10 }));

describe("frontier", () => {
  const curve = frontier(points([30, 1e-4], [10, 1e-2], [20, 2e-2], [40, 3e-4]));

  test("keeps the lower left only", () => {
    expect(curve.points.map(({ unitHours }) => unitHours)).toEqual([10, 30]);
  });

  test("log V is linear between points, held to the right, nothing to the left", () => {
    expect(curve.violationAt(20)).toBeCloseTo(1e-3, 12);
    expect(curve.violationAt(99)).toBeCloseTo(1e-4, 12);
    expect(curve.violationAt(9.9)).toBeNaN();
  });

  test("unit-hours at a level; NaN outside of what is reached", () => {
    expect(curve.unitHoursAt(1e-3)).toBeCloseTo(20, 9);
    expect([curve.unitHoursAt(0.011), curve.unitHoursAt(9e-5)]).toEqual([Number.NaN, Number.NaN]);
  });

  test("V below a millionth counts as a millionth", () => {
    expect(frontier(points([10, 0], [20, 1e-9])).violationAt(15)).toBeCloseTo(1e-6, 15);
  });

  test("figures are linear along the envelope", () => {
    const swept = points([30, 1e-4], [10, 1e-2]);
    expect(frontier(swept).figureAt(20, (index) => swept[index]?.updatesPerHour ?? 0)).toBeCloseTo(2, 12);
  });
});

describe("comparePolicies", () => {
  const hpa = points([10, 1e-2], [20, 1e-3]);

  test("at the unit-hours where the HPA has V = 1, 0.3 and 0.1 %", () => {
    const rows = comparePolicies({ hpa, own: points([10, 1e-3], [20, 1e-5]) }, 8);
    expect(rows.map((row) => row.at)).toEqual([
      { kind: "level", level: 0.01 },
      { kind: "level", level: 0.003 },
      { kind: "level", level: 0.001 },
    ]);
    expect(rows[0]?.policies["own"]?.violationRatio).toBeCloseTo(0.1, 12);
    expect(rows[2]?.policies["own"]?.violationRatio).toBeCloseTo(0.01, 12);
    expect(rows[2]?.policies["own"]?.unitHoursRatio).toBeCloseTo(0.5, 12);
    expect(rows[1]?.policies["hpa"]?.violationRatio).toBeCloseTo(1, 12);
    expect(rows[1]?.policies["hpa"]?.unitHoursRatio).toBeCloseTo(1, 12);
  });

  test("at multiples of the oracle's unit-hours where the HPA does not reach a level", () => {
    const rows = comparePolicies({ hpa: points([10, 1e-2], [20, 5e-3]), own: points([10, 1e-3]) }, 8);
    expect(rows.map((row) => row.at)).toEqual([
      { kind: "level", level: 0.01 },
      ...[1.1, 1.25, 1.5, 2].map((ratio) => ({ kind: "ratio", ratio })),
    ]);
    expect(rows[4]?.unitHours).toBe(16);
    expect(rows[1]?.policies["own"]?.violationShare).toBeNaN();
  });

  test("how much of the gap between HPA and bound is closed, of V and of unit-hours", () => {
    const swept = { hpa, own: points([8, 1e-2], [10, 4e-3]), perfect: points([5, 1e-2], [10, 2e-3]) };
    const [row] = comparePolicies(swept, 4);
    // (0.01 - 0.004) of (0.01 - 0.002), and (10 - 8) of (10 - 5).
    expect(row?.policies["own"]?.violationGapClosed).toBeCloseTo(0.75, 12);
    expect(row?.policies["own"]?.unitHoursGapClosed).toBeCloseTo(0.4, 12);
    expect(row?.policies["hpa"]?.violationGapClosed).toBeCloseTo(0, 12);
    const [alone] = comparePolicies({ hpa }, 4);
    expect(alone?.policies["hpa"]?.violationGapClosed).toBeNaN();
    const [hopeless] = comparePolicies({ hpa, perfect: points([10, 2e-2], [30, 1e-2]) }, 4);
    expect(hopeless?.policies["hpa"]?.violationGapClosed).toBeNaN();
  });
});
