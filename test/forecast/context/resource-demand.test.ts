import { expect, test } from "vitest";
import {
  fitResourceDemand,
  forecastResource,
  type ResourceDemand,
} from "../../../src/forecast/context/resource-demand.ts";
import type { QuantileForecast } from "../../../src/model/forecast.ts";
import { durationMs, epochMs, HOUR_MS } from "../../../src/model/time.ts";
import { normalStream } from "./made-series.ts";

function telemetry(
  curve: (demand: number) => number,
  { count = 500, noise = 0.5, low = 50, high = 400, wild = 0 } = {},
) {
  const normal = normalStream(3);
  const demandRps = Array.from(
    { length: count },
    (_, i) => low + ((high - low) * ((i * 37) % count)) / count,
  );
  const use = demandRps.map((demand, i) => {
    if (wild > 0 && i % wild === 0) return 900;
    return Math.max(0, curve(demand) + noise * normal());
  });
  return { demandRps, use };
}

function fitted(data: Parameters<typeof fitResourceDemand>[0]): ResourceDemand {
  const fit = fitResourceDemand(data);
  if (fit.kind === "refused") throw new Error(fit.reason);
  return fit.model;
}

test("idle use and use per request are found, with an interval that holds them", () => {
  const model = fitted(telemetry((demand) => 3 + 0.05 * demand));
  expect(model.idle).toBeCloseTo(3, 0);
  expect(model.perRps).toBeCloseTo(0.05, 3);
  expect(model.perRpsRange[0]).toBeLessThan(0.05);
  expect(model.perRpsRange[1]).toBeGreaterThan(0.05);
  expect(model.perRpsRange[1] - model.perRpsRange[0]).toBeLessThan(0.002);
  expect(model.saturationRps).toBe(undefined);
  expect(model.pairs).toBe(500);
});

test("a fifth of wild samples does not move it; least squares would be ten times off", () => {
  const model = fitted(telemetry((demand) => 3 + 0.05 * demand, { wild: 5 }));
  expect(model.perRps).toBeGreaterThan(0.045);
  expect(model.perRps).toBeLessThan(0.06);
  expect(model.idle).toBeLessThan(6);
});

test("memory that fills up is a curve, and is not continued as a line", () => {
  const model = fitted(telemetry((demand) => 2 + 16 * (1 - Math.exp(-demand / 120)), { low: 5, noise: 0.2 }));
  expect(model.saturationRps).toBeGreaterThan(0);
  const far = forecastResource(model, flat(800));
  expect(far.quantiles[1]?.[0]).toBeGreaterThan(15);
  expect(far.quantiles[1]?.[0]).toBeLessThan(21);
});

test.each([
  ["no demand at all", telemetry(() => 1, { count: 0 }), /needs 30 pairs of demand and use, has 0/],
  ["too few", telemetry((demand) => demand, { count: 29 }), /has 29/],
  ["always the same demand", telemetry((demand) => demand, { low: 100, high: 105 }), /varies by only \d+ %/],
  ["gaps only", { demandRps: new Float64Array(99).fill(Number.NaN), use: new Float64Array(99) }, /has 0/],
])("refused: %s", (_, data, reason) => {
  const fit = fitResourceDemand(data);
  expect(fit.kind === "refused" ? fit.reason : "").toMatch(reason);
});

test("a resource that demand does not touch has no slope, and never a negative one", () => {
  expect(fitted(telemetry(() => 7)).perRps).toBeLessThan(0.001);
  expect(fitted(telemetry((demand) => 50 - 0.1 * demand)).perRps).toBe(0);
});

test("quantiles of use: wider than demand's alone, sorted, calibrated", () => {
  const normal = normalStream(11);
  const noise = 4;
  const model = fitted(telemetry((demand) => 3 + 0.05 * demand, { noise, count: 2000 }));
  const use = forecastResource(model, flat(200, 30));
  expect(use.levels).toEqual(LEVELS);
  const column = use.quantiles.map((row) => row[0] ?? Number.NaN);
  expect(column).toEqual([...column].sort((a, b) => a - b));
  let inside = 0;
  for (let i = 0; i < 2000; i++) {
    const truth = 3 + 0.05 * (200 + 30 * normal()) + noise * normal();
    if (truth >= (column[0] ?? 0) && truth <= (column[2] ?? 0)) inside++;
  }
  expect(inside / 2000).toBeGreaterThan(0.87);
  expect(inside / 2000).toBeLessThan(0.93);
});

const LEVELS = [0.05, 0.5, 0.95];

function flat(median: number, spread = 0): QuantileForecast {
  const quantiles = [-1.645, 0, 1.645].map((z) => Float64Array.of(median + z * spread));
  return { cutoffMs: epochMs(0), stepMs: durationMs(HOUR_MS), levels: LEVELS, quantiles };
}
