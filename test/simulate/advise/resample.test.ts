import fc from "fast-check";
import { expect, test } from "vitest";
import { drawnSum, resampleDays } from "../../../src/simulate/advise/resample.ts";

const mean = (values: readonly number[]) => (counts: readonly number[]) =>
  drawnSum(counts, values) /
  drawnSum(
    counts,
    values.map(() => 1),
  );

test("a figure that is the same on each day has no width; one that hangs on a day has much", () => {
  const even = resampleDays(12, mean(new Array<number>(12).fill(3)));
  expect(even).toMatchObject({ value: 3, low: 3, high: 3 });
  const odd = resampleDays(12, mean([...new Array<number>(11).fill(0), 12]));
  expect(odd.value).toBe(1);
  expect(odd.low).toBe(0);
  expect(odd.high).toBeGreaterThan(1.9);
});

test("the interval of a mean is about that of the normal law: mean +- 1.64 sd / sqrt(n)", () => {
  const values = Array.from({ length: 60 }, (_, i) => ((i * 37) % 60) / 60);
  const { value, low, high } = resampleDays(60, mean(values), 4000);
  const spread = Math.sqrt(values.reduce((sum, one) => sum + (one - value) ** 2, 0) / 60);
  expect(high - value).toBeCloseTo((1.645 * spread) / Math.sqrt(60), 2);
  expect(value - low).toBeCloseTo((1.645 * spread) / Math.sqrt(60), 2);
});

test("below two days, and where most draws tell nothing, there is no interval", () => {
  expect(resampleDays(1, () => 0.5)).toMatchObject({ value: 0.5, low: Number.NaN, high: Number.NaN });
  const rare = resampleDays(20, (counts) => ((counts[0] ?? 0) > 2 ? 1 : Number.NaN));
  expect(rare.high).toBeNaN();
});

test("the same days give the same interval, and it holds what the days themselves allow", () => {
  const days = fc.array(fc.integer({ min: 0, max: 1000 }), { minLength: 2, maxLength: 20 });
  fc.assert(
    fc.property(days, (values) => {
      const { low, high } = resampleDays(values.length, mean(values), 200);
      expect(resampleDays(values.length, mean(values), 200)).toMatchObject({ low, high });
      expect(low).toBeGreaterThanOrEqual(Math.min(...values));
      expect(high).toBeLessThanOrEqual(Math.max(...values));
      expect(low).toBeLessThanOrEqual(high);
    }),
    { numRuns: 30 },
  );
});
