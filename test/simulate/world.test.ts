import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { epochMs, MINUTE_MS } from "../../src/model/time.ts";
import { readyAfterLead } from "../../src/simulate/peers/hpa.ts";
import { createSupply, lastDays, seenDemand, traceWorld } from "../../src/simulate/world.ts";

function seriesOf(values: readonly number[], minutes = 5) {
  return {
    startMs: epochMs(Date.UTC(2026, 0, 5)),
    stepMs: (minutes * MINUTE_MS) as never,
    values: Float64Array.from(values),
  };
}

describe("traceWorld", () => {
  const values = Array.from({ length: 100 }, (_, i) => (i === 3 ? Number.NaN : i));

  test("trains on the first 60 % of the grid, gaps counted; P99.5 over 50 is a unit", () => {
    const world = traceWorld(seriesOf(values));
    expect(world).toMatchObject({ firstScored: 60, leadSteps: 2, leadMinutes: 10, firstShown: 46 });
    // 59 present samples: rank 58 x 0.995 = 57.71, between 58 and 59.
    expect(world.unitRps).toBeCloseTo((58 + 0.71) / 50, 10);
  });

  test("lead time: 5 min on finer grids, else two steps; rounded up to whole steps", () => {
    expect(traceWorld(seriesOf(values, 1)).leadSteps).toBe(5);
    expect(traceWorld(seriesOf(values, 5), 12).leadSteps).toBe(3);
  });

  test("refuses what it cannot size", () => {
    expect(() => traceWorld(seriesOf([1, 2, 3]))).toThrow("too few");
    expect(() => traceWorld(seriesOf(new Array(100).fill(0)))).toThrow("not above 0");
  });

  test("the last days, on the same grid", () => {
    const cut = lastDays(seriesOf(new Array(1000).fill(1)), 2);
    expect(cut.values).toHaveLength(576);
    expect(cut.startMs).toBe(Date.UTC(2026, 0, 5) + (1000 - 576) * 5 * MINUTE_MS);
  });

  test("a step sees the one before", () => {
    expect([...seenDemand(traceWorld(seriesOf(values)))].slice(0, 3)).toEqual([Number.NaN, 0, 1]);
  });
});

describe("createSupply", () => {
  function run(leadSteps: number, steps: readonly (readonly [requested: number, warm: number])[]) {
    const supply = createSupply(leadSteps);
    return steps.map(([requested, warm]) => Object.values(supply.step(requested, warm)));
  }

  test("without warm units: ready is what was held through the lead time", () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 }),
        fc.nat(4),
        (requested, lead) => {
          const supply = createSupply(lead);
          const ready = requested.map((units) => supply.step(units, 0).readyUnits);
          expect(ready).toEqual([...readyAfterLead(requested, lead)]);
        },
      ),
    );
  });

  test("a raised request takes idle warm units first: ready at the next step; the rest starts cold", () => {
    expect(
      run(3, [
        [2, 0],
        [2, 2],
        [2, 2],
        [2, 2],
        [2, 2],
        [5, 0],
        [5, 0],
        [5, 0],
        [5, 0],
      ]),
    ).toEqual([
      [2, 0, 0],
      [2, 0, 2],
      [2, 0, 2],
      [2, 0, 2],
      [2, 2, 0],
      [2, 0, 0],
      [4, 0, 0],
      [4, 0, 0],
      [5, 0, 0],
    ]);
  });

  test("release: starting units before ready ones, the newest first; released units do not return", () => {
    expect(
      run(2, [
        [3, 0],
        [5, 0],
        [6, 0],
        [4, 0],
        [4, 0],
        [2, 1],
        [3, 1],
        [3, 1],
        [4, 0],
        [4, 0],
      ]),
    ).toEqual([
      [3, 0, 0],
      [3, 0, 0],
      [3, 0, 0],
      [4, 0, 0],
      [4, 0, 0],
      [2, 0, 1],
      [2, 0, 1],
      [2, 1, 0],
      [3, 0, 0],
      [4, 0, 0],
    ]);
  });
});
