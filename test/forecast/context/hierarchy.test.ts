import fc from "fast-check";
import { expect, test } from "vitest";
import { reconcile } from "../../../src/forecast/context/hierarchy.ts";
import type { QuantileForecast } from "../../../src/model/forecast.ts";
import { durationMs, epochMs, HOUR_MS } from "../../../src/model/time.ts";
import { normalStream } from "./made-series.ts";

const LEVELS = [0.1, 0.5, 0.9];

function forecastOf(medians: readonly number[], spreads: readonly number[]): QuantileForecast {
  const row = (z: number): Float64Array =>
    Float64Array.from(medians, (median, i) => Math.max(0, median + z * (spreads[i] ?? 0)));
  const quantiles = [row(-1.2816), row(0), row(1.2816)];
  return { cutoffMs: epochMs(0), stepMs: durationMs(HOUR_MS), levels: LEVELS, quantiles };
}

const medianOf = (forecast: QuantileForecast, step = 0): number =>
  forecast.quantiles[1]?.[step] ?? Number.NaN;

test("medians of each breakdown sum to the total; all stays sorted and not negative", () => {
  const part = fc.tuple(fc.integer({ min: 0, max: 1000 }), fc.integer({ min: 0, max: 300 }));
  const group = fc.array(part, { minLength: 1, maxLength: 6 });
  fc.assert(
    fc.property(part, group, group, (total, first, second) => {
      const of = ([median, spread]: readonly [number, number]) => forecastOf([median], [spread]);
      const made = reconcile({ total: of(total), breakdowns: [first.map(of), second.map(of)] });
      for (const parts of made.breakdowns) {
        const sum = parts.reduce((all, one) => all + medianOf(one), 0);
        expect(sum).toBeCloseTo(medianOf(made.total), 6);
      }
      for (const one of [made.total, ...made.breakdowns.flat()]) {
        const column = one.quantiles.map((row) => row[0] ?? Number.NaN);
        expect(column.every((value) => value >= 0)).toBe(true);
        expect(column).toEqual([...column].sort((a, b) => a - b));
      }
    }),
  );
});

test("what already sums is left alone", () => {
  const total = forecastOf([30], [3]);
  const parts = [forecastOf([10], [2]), forecastOf([20], [4])];
  const made = reconcile({ total, breakdowns: [parts] });
  expect(made.total.quantiles[1]?.[0]).toBeCloseTo(30, 9);
  expect(made.breakdowns[0]?.map((one) => medianOf(one))).toEqual([10, 20]);
});

test("the gap is carried by variance: total 100 ± 1, parts 40 ± 1 and 40 ± 3", () => {
  const made = reconcile({
    total: forecastOf([100], [1]),
    breakdowns: [[forecastOf([40], [1]), forecastOf([40], [3])]],
  });
  // Shares of the gap of 20: 1/11, 1/11, 9/11.
  expect(medianOf(made.total)).toBeCloseTo(100 - 20 / 11, 2);
  expect(made.breakdowns[0]?.map((one) => medianOf(one).toFixed(2))).toEqual(["41.82", "56.36"]);
});

test("a part that would fall below 0 is 0, the others carry the rest", () => {
  const made = reconcile({
    total: forecastOf([10], [0.01]),
    breakdowns: [[forecastOf([2], [5]), forecastOf([30], [5])]],
  });
  const medians = made.breakdowns[0]?.map((one) => medianOf(one)) ?? [];
  expect(medians[0]).toBe(0);
  expect(medians[1]).toBeCloseTo(medianOf(made.total), 9);
});

test("noisy parts do not harm the total, and the total helps the parts", () => {
  const normal = normalStream(7);
  const loss = { total: 0, reconciled: 0, parts: 0, reconciledParts: 0 };
  for (let round = 0; round < 300; round++) {
    const truths = [40 + 5 * normal(), 60 + 5 * normal(), 100 + 5 * normal()];
    const truth = truths.reduce((sum, value) => sum + value, 0);
    const total = forecastOf([truth + 4 * normal()], [4]);
    const parts = truths.map((value, i) => forecastOf([value + (i + 1) * 8 * normal()], [(i + 1) * 8]));
    const made = reconcile({ total, breakdowns: [parts] });
    loss.total += Math.abs(medianOf(total) - truth);
    loss.reconciled += Math.abs(medianOf(made.total) - truth);
    truths.forEach((value, i) => {
      loss.parts += Math.abs(medianOf(parts[i] ?? total) - value);
      loss.reconciledParts += Math.abs(medianOf(made.breakdowns[0]?.[i] ?? total) - value);
    });
  }
  expect(loss.reconciled).toBeLessThanOrEqual(loss.total);
  expect(loss.reconciledParts).toBeLessThan(0.85 * loss.parts);
});

test("forecasts on different grids are refused", () => {
  const total = forecastOf([10, 10], [1, 1]);
  expect(() => reconcile({ total, breakdowns: [[forecastOf([10], [1])]] })).toThrow(RangeError);
  expect(() => reconcile({ total, breakdowns: [[{ ...total, cutoffMs: epochMs(1) }]] })).toThrow(RangeError);
});
