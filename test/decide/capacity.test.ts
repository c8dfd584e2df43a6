import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { erlangC, MAX_UNITS, unitsFor } from "../../src/decide/capacity.ts";
import type { QueueResourceSettings } from "../../src/model/settings.ts";
import { durationMs } from "../../src/model/time.ts";
import { TEN_RPS_A_UNIT } from "./decide-input-fixture.ts";

function queue(slotsPerUnit: number, serviceTimeMs = 20, latencyObjectiveMs = 100): QueueResourceSettings {
  return {
    kind: "queue",
    name: "requests",
    slotsPerUnit,
    serviceTimeMs: durationMs(serviceTimeMs),
    latencyObjectiveMs: durationMs(latencyObjectiveMs),
    latencyPercentile: 0.95,
  };
}

describe("capacity", () => {
  test.each([
    // Published Erlang C values (probability of waiting).
    [1, 0.5, 0.5],
    [2, 1, 1 / 3],
    [3, 2, 4 / 9],
    [10, 7, 0.2217],
    [10, 12, 1],
    [4, 0, 0],
  ])("of %i servers at %d erlangs, %d of requests wait", (servers, load, waiting) => {
    expect(erlangC(servers, load)).toBeCloseTo(waiting, 4);
  });

  test.each([
    [50, 1],
    [100, 1],
    [200, 2],
    [500, 3],
    [1_000, 6],
    [10_000, 51],
  ])("%i requests/s at 20 ms, 100 ms p95 and 4 slots need %i units", (demandRps, units) => {
    expect(unitsFor(demandRps, [queue(4)], null).units).toBe(units);
  });

  test("single slots: 100 requests/s need 3 units, 1 000 need 21", () => {
    expect(unitsFor(100, [queue(1)], null).units).toBe(3);
    expect(unitsFor(1_000, [queue(1)], null).units).toBe(21);
  });

  test("is the smallest number that holds the objective, never fewer for more demand", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 30_000 }),
        fc.integer({ min: 0, max: 3_000 }),
        fc.integer({ min: 1, max: 16 }),
        (demandRps, more, slots) => {
          const { units } = unitsFor(demandRps, [queue(slots)], null);
          const tooLate = (count: number) => {
            const load = demandRps * 0.02;
            const servers = count * slots;
            return load >= servers ? 1 : erlangC(servers, load) * Math.exp(-(servers - load) * 4);
          };
          expect(tooLate(units)).toBeLessThanOrEqual(0.05 + 1e-9);
          if (units > 1) expect(tooLate(units - 1)).toBeGreaterThan(0.05);
          expect(unitsFor(demandRps + more, [queue(slots)], null).units).toBeGreaterThanOrEqual(units);
        },
      ),
      { numRuns: 300 },
    );
  });

  test("k times the demand at a k-th of the times needs the same units", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5_000 }), fc.integer({ min: 1, max: 3 }), (demandRps, power) => {
        const k = 2 ** power;
        const scaled = unitsFor(demandRps * k, [queue(2, 20 / k, 100 / k)], null).units;
        expect(scaled).toBe(unitsFor(demandRps, [queue(2)], null).units);
      }),
      { numRuns: 200 },
    );
  });

  test("huge demand is bounded and quick", () => {
    const startedMs = performance.now();
    for (const demandRps of [1e6, 1e9, 1e15, 1e300]) {
      expect(unitsFor(demandRps, [queue(4), TEN_RPS_A_UNIT], null).units).toBeLessThanOrEqual(MAX_UNITS);
    }
    expect(performance.now() - startedMs).toBeLessThan(500);
  });

  test.each([Number.NaN, Number.POSITIVE_INFINITY, -1])(
    "demand of %d is a broken assumption",
    (demandRps) => {
      expect(() => unitsFor(demandRps, [queue(1)], null)).toThrow(/cannot be sized/);
    },
  );

  test("the resource that needs the most decides", () => {
    const memory = {
      ...TEN_RPS_A_UNIT,
      name: "memory",
      idle: 8,
      perRps: 0.01,
      perUnit: 2,
      targetUtilization: 0.8,
    };
    expect(unitsFor(100, [TEN_RPS_A_UNIT, memory], null)).toEqual({ units: 10, resource: "cpu" });
    expect(unitsFor(10, [TEN_RPS_A_UNIT, memory], null)).toEqual({ units: 6, resource: "memory" });
  });

  test("a slower measured service time needs more units, even one above the objective", () => {
    const units = (baseMs: number, contention = 0, coherency = 0) =>
      unitsFor(500, [queue(4)], { requests: { baseMs, contention, coherency } }).units;
    expect(units(20)).toBe(unitsFor(500, [queue(4)], null).units);
    expect(units(40)).toBeGreaterThan(units(20));
    expect(units(150)).toBeGreaterThan(units(90));
    // Nobody learned about another resource.
    const other = { cpu: { baseMs: 900, contention: 0, coherency: 0 } };
    expect(unitsFor(500, [queue(4)], other).units).toBe(units(20));
  });

  test("requests that slow each other down need more units, and ever more with the slowing", () => {
    const units = (contention: number, coherency = 0) =>
      unitsFor(500, [queue(4)], { requests: { baseMs: 20, contention, coherency } }).units;
    expect(units(0)).toBe(3);
    // With 4 units 125 requests/s a unit: busy = 2.5 x (1 + 0.1 (busy - 1)) = 3 of 4 slots, 24 ms each.
    expect(units(0.1)).toBe(4);
    // 500 requests/s x 20 ms = 10 busy slots at the least; one request at a time a unit would be 10 units.
    expect(units(5)).toBeLessThanOrEqual(14);
    for (const contention of [0, 0.1, 0.5]) {
      expect(units(contention + 0.1)).toBeGreaterThanOrEqual(units(contention));
      expect(units(contention, 0.1)).toBeGreaterThanOrEqual(units(contention));
    }
  });
});
