import fc from "fast-check";
import { expect, test } from "vitest";
import {
  addSparse,
  bucketOf,
  histogramQuantile,
  latencyBuckets,
  sparseCounts,
} from "../../src/model/latency-histogram.ts";

function histogramOf(latenciesMs: readonly number[]): Uint32Array {
  const buckets = latencyBuckets();
  for (const latencyMs of latenciesMs) buckets[bucketOf(latencyMs)] = (buckets[bucketOf(latencyMs)] ?? 0) + 1;
  return buckets;
}

test("quantiles are right within 10 %", () => {
  const buckets = histogramOf(Array.from({ length: 1_000 }, (_, at) => at + 1));
  for (const level of [0.1, 0.5, 0.95, 0.99]) {
    const error = histogramQuantile(buckets, level) / (level * 1_000) - 1;
    expect(Math.abs(error)).toBeLessThan(0.1);
  }
  expect(histogramQuantile(latencyBuckets(), 0.5)).toBe(0);
});

test("histograms of two times add up to that of both, through their sparse form", () => {
  const latencies = fc.array(fc.integer({ min: 0, max: 200_000 }), { maxLength: 50 });
  fc.assert(
    fc.property(latencies, latencies, (first, second) => {
      const sum = latencyBuckets();
      addSparse(sum, sparseCounts(histogramOf(first)));
      addSparse(sum, sparseCounts(histogramOf(second)));
      expect(sum).toEqual(histogramOf([...first, ...second]));
    }),
  );
});

test("counts of buckets that do not exist are left out", () => {
  const buckets = latencyBuckets();
  addSparse(buckets, [64, 5, -1, 5, 3, 2]);
  expect(sparseCounts(buckets)).toEqual([3, 2]);
});
