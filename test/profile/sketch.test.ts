import fc from "fast-check";
import { expect, test } from "vitest";
import { addCount, countOf, newCountMin } from "../../src/profile/sketch/count-min.ts";
import {
  addDistinct,
  distinctCount,
  distinctError,
  newDistinctCount,
} from "../../src/profile/sketch/distinct-count.ts";
import { addItem, newFrequentItems } from "../../src/profile/sketch/frequent-items.ts";
import { seededDraws } from "../../src/profile/sketch/hash.ts";

function skewedKeys(count: number): readonly string[] {
  const draw = seededDraws(4);
  return Array.from({ length: count }, () => `/p${Math.floor(draw() ** 4 * 5_000)}`);
}

function exact(keys: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1);
  return counts;
}

test("count-min is never too low and within its error", () => {
  const keys = skewedKeys(20_000);
  const sketch = newCountMin(1e-3, 0.01);
  for (const key of keys) addCount(sketch, key);
  const over = [...exact(keys)].map(([key, count]) => countOf(sketch, key) - count);
  expect(Math.min(...over)).toBeGreaterThanOrEqual(0);
  expect(over.filter((excess) => excess > 20).length).toBeLessThan(0.01 * over.length);
});

test.each([100, 3_000, 20_000, 200_000])("distinct count of %d is within four standard errors", (count) => {
  const sketch = newDistinctCount(12);
  for (let i = 0; i < count; i++) addDistinct(sketch, `user-${i}`);
  expect(Math.abs(distinctCount(sketch) / count - 1)).toBeLessThan(4 * distinctError(sketch));
});

test("frequent items: no weight too high, none too low by more than the error, memory bounded", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 60 }), { maxLength: 400 }), (draws) => {
      const items = newFrequentItems(16);
      const keys = draws.map((draw) => String(Math.floor((draw * draw) / 60)));
      for (const key of keys) addItem(items, key);
      expect(items.weights.size).toBeLessThanOrEqual(16);
      expect(items.error).toBeLessThanOrEqual((2 * keys.length) / 16);
      for (const [key, count] of exact(keys)) {
        const weight = items.weights.get(key) ?? 0;
        expect(weight).toBeLessThanOrEqual(count);
        expect(weight + items.error).toBeGreaterThanOrEqual(count);
      }
    }),
  );
});
