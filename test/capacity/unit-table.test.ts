import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { unitsAt, unitTable } from "../../src/capacity/unit-table.ts";
import { unitsFor } from "../../src/decide/capacity.ts";
import { durationMs } from "../../src/model/time.ts";

const QUEUE = {
  kind: "queue",
  name: "requests",
  slotsPerUnit: 4,
  serviceTimeMs: durationMs(200),
  latencyObjectiveMs: durationMs(500),
  latencyPercentile: 0.95,
} as const;

describe("unit table", () => {
  test("answers as the capacity model does", () => {
    const need = (rps: number): number => unitsFor(rps, [QUEUE], null).units;
    const table = unitTable(need, 2_000);
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2_000_000 }), (milli) => {
        expect(unitsAt(table, milli / 1000)).toBe(need(milli / 1000));
      }),
    );
  });

  test("a rule that skips numbers", () => {
    const need = (rps: number): number => (rps <= 1 ? 1 : rps <= 2 ? 4 : 9);
    const table = unitTable(need, 3);
    expect([0, 1, 1.001, 2, 2.001, 3, 99].map((rps) => unitsAt(table, rps))).toEqual([1, 1, 4, 4, 9, 9, 9]);
  });

  test("many units: never fewer than needed, at most 0.3 % more", () => {
    const need = (rps: number): number => Math.max(1, Math.ceil(rps));
    const table = unitTable(need, 50_000);
    fc.assert(
      fc.property(fc.integer({ min: 100, max: 50_000 }), (rps) => {
        const units = unitsAt(table, rps);
        expect(units).toBeGreaterThanOrEqual(need(rps));
        expect(units).toBeLessThanOrEqual(need(rps) * 1.003 + 1);
      }),
    );
    expect(table.mostUnits).toBe(50_000);
  });
});
