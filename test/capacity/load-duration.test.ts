import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { breakEvenUnits, costUsd, fallUntilLoss } from "../../src/capacity/load-duration.ts";

/** 10 units for 15 h, 30 for 9 h. */
const DAY = new Float64Array(31);
DAY[10] = 15;
DAY[30] = 9;

const PRICES = { committedUsd: 0.6, baselineUsd: 0.6, onDemandUsd: 1 };

const arbitraryHours = fc
  .array(fc.integer({ min: 0, max: 20 }), { minLength: 2, maxLength: 12 })
  .map((list) => Float64Array.from(list));

describe("break-even", () => {
  test.each([
    [0.6, 10],
    [0.38, 10],
    [0.37, 30],
    [0.3, 30],
    [1, 0],
    [1.4, 0],
    [Number.NaN, 0],
  ])("share %d: %d units", (share, units) => {
    expect(breakEvenUnits(DAY, share)).toBe(units);
  });

  test("nothing known: none", () => {
    expect(breakEvenUnits(new Float64Array(5), 0.5)).toBe(0);
  });

  test("is the cheapest number to hold", () => {
    fc.assert(
      fc.property(arbitraryHours, fc.integer({ min: 1, max: 19 }), (hours, price) => {
        const baselineUsd = price / 20;
        const cost = (baselineUnits: number): number =>
          costUsd(hours, { committedUnits: 0, baselineUnits }, { ...PRICES, baselineUsd });
        const all = Array.from(hours, (_, units) => cost(units));
        expect(cost(breakEvenUnits(hours, baselineUsd))).toBeCloseTo(Math.min(...all), 9);
      }),
    );
  });
});

describe("cost", () => {
  test("held units for every hour, the rest while needed", () => {
    expect(costUsd(DAY, { committedUnits: 0, baselineUnits: 0 }, PRICES)).toBeCloseTo(150 + 270);
    expect(costUsd(DAY, { committedUnits: 0, baselineUnits: 10 }, PRICES)).toBeCloseTo(24 * 6 + 9 * 20);
  });

  test("committed units are paid for first; baseline within them costs nothing more", () => {
    const prices = { ...PRICES, committedUsd: 0.4 };
    const both = costUsd(DAY, { committedUnits: 10, baselineUnits: 10 }, prices);
    expect(both).toBeCloseTo(24 * 4 + 9 * 20);
    expect(costUsd(DAY, { committedUnits: 10, baselineUnits: 4 }, prices)).toBe(both);
    expect(costUsd(DAY, { committedUnits: 10, baselineUnits: 12 }, prices)).toBeCloseTo(24 * 5.2 + 9 * 18);
  });
});

describe("how far demand may fall", () => {
  test("10 units always busy at 0.6 of the on-demand price: by 40 %", () => {
    const flat = new Float64Array(11);
    flat[10] = 24;
    expect(fallUntilLoss(flat, 10, 0.6)).toBeCloseTo(0.4, 6);
    expect(fallUntilLoss(flat, 5, 0.6)).toBeCloseTo(0.7, 6);
  });

  test("units that do not pay now: 0", () => {
    expect(fallUntilLoss(DAY, 30, 0.9)).toBe(0);
    expect(fallUntilLoss(DAY, 0, 0.6)).toBe(0);
  });
});
