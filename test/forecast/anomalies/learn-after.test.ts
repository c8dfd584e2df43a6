import { describe, expect, it } from "vitest";
import { newAnomalyState } from "../../../src/forecast/anomalies/anomaly-state.ts";
import { relevelled } from "../../../src/forecast/anomalies/relevel.ts";
import { steadyHistory, watchSeries } from "../../../src/forecast/anomalies/watch-series.ts";
import { forecastEnsemble } from "../../../src/forecast/ensemble/ensemble.ts";
import { localClock } from "../../../src/forecast/local-clock.ts";
import { MEMBERS } from "../../../src/forecast/registry.ts";
import { FORECAST_LEVELS } from "../../../src/model/forecast.ts";
import { type DemandSeries, endMs, sliceSeries } from "../../../src/model/series.ts";
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../../../src/model/time.ts";
import { dailyWave, START_MS, STEP_MS } from "../fixtures.ts";

/** Shipped light members, but for those whose cold start takes seconds each. */
const NAMES = ["naive", "level", "seasonal-naive", "seasonal-quantiles", "dhr-ar", "ets", "direct"];
const LIGHT = MEMBERS.filter(({ name }) => NAMES.includes(name));
const MIDDLE = FORECAST_LEVELS.indexOf(0.5);
const DAYS = 17;
const WAVE = dailyWave(DAYS, { noise: 0.05 });

function edited(
  series: DemandSeries,
  fromMs: number,
  toMs: number,
  edit: (v: number) => number,
): DemandSeries {
  const values = series.values.map((v, i) => {
    const ms = series.startMs + i * STEP_MS;
    return ms >= fromMs && ms < toMs ? edit(v) : v;
  });
  return { ...series, values };
}

function medianAt(series: DemandSeries, cutoffMs: number): Float64Array {
  const outcome = forecastEnsemble({
    series: sliceSeries(series, series.startMs, cutoffMs),
    timeZone: "UTC",
    horizonSteps: 288,
    horizonsMs: [HOUR_MS, DAY_MS],
    members: LIGHT,
    trainMs: 28 * DAY_MS,
    refitMs: 6 * HOUR_MS,
    capFactor: 1.5,
    staggerMs: 0,
    learned: undefined,
    monotonicMs: () => 0,
  });
  if (outcome.kind === "refused") throw new Error(outcome.reason);
  return outcome.forecast.quantiles[MIDDLE] ?? new Float64Array(0);
}

/** Mean of `forecast` over the truth's, steps `from` to `to` ahead. */
function levelRatio(
  forecast: Float64Array,
  truth: DemandSeries,
  cutoffMs: number,
  from: number,
  to: number,
): number {
  const at = Math.round((cutoffMs - truth.startMs) / STEP_MS);
  const sum = (values: Float64Array): number => values.reduce((total, value) => total + value, 0);
  return sum(forecast.subarray(from, to)) / sum(truth.values.subarray(at + from, at + to));
}

function absoluteError(forecast: Float64Array, truth: DemandSeries, cutoffMs: number): number {
  const at = Math.round((cutoffMs - truth.startMs) / STEP_MS);
  return forecast.reduce((sum, value, i) => sum + Math.abs(value - (truth.values[at + i] ?? value)), 0);
}

describe("a level shift to twice the demand", () => {
  const shiftMs = START_MS + 14 * DAY_MS + 10 * HOUR_MS;
  const shifted = edited(WAVE, shiftMs, Number.POSITIVE_INFINITY, (v) => 2 * v);

  it("three hours on, the forecast of the next hour is within a tenth of the new level, a day ahead too", () => {
    const cutoffMs = shiftMs + 3 * HOUR_MS;
    const forecast = medianAt(shifted, cutoffMs);
    expect(Math.abs(levelRatio(forecast, shifted, cutoffMs, 0, 12) - 1)).toBeLessThan(0.1);
    expect(Math.abs(levelRatio(forecast, shifted, cutoffMs, 264, 288) - 1)).toBeLessThan(0.1);
  }, 60_000);

  it("history before it is brought to the new level, and stays as it is without a shift", () => {
    const clock = localClock("UTC", START_MS, endMs(WAVE));
    const known = sliceSeries(shifted, START_MS, shiftMs + 3 * HOUR_MS);
    const watched = watchSeries(undefined, known, () => undefined);
    expect(watched.shifts).toHaveLength(1);
    expect(Math.abs((watched.shifts[0] ?? 0) - shiftMs)).toBeLessThanOrEqual(STEP_MS);
    const steady = steadyHistory(known, clock, watched);
    const noon = Math.round((shiftMs - 2 * DAY_MS + 2 * HOUR_MS - START_MS) / STEP_MS);
    expect((steady.values[noon] ?? 0) / (known.values[noon] ?? 1)).toBeCloseTo(2, 1);
    expect(steady.values.at(-1)).toBe(known.values.at(-1));
    expect(steadyHistory(WAVE, clock, newAnomalyState())).toBe(WAVE);
    expect(relevelled(known, clock, [endMs(known) - HOUR_MS / 2])).toBe(known);
  });

  it("two shifts: each counts for what lies before it", () => {
    const clock = localClock("UTC", START_MS, endMs(WAVE));
    const backMs = shiftMs + DAY_MS;
    const twice = edited(WAVE, shiftMs, backMs, (v) => 2 * v);
    const steady = relevelled(twice, clock, [backMs, shiftMs]);
    for (const ms of [shiftMs - 5 * DAY_MS, shiftMs + 5 * HOUR_MS]) {
      const row = Math.round((ms - START_MS) / STEP_MS);
      expect((steady.values[row] ?? 0) / (WAVE.values[row] ?? 1)).toBeCloseTo(1, 1);
    }
  });
});

describe("an outage of three hours", () => {
  const outMs = START_MS + 15 * DAY_MS + 9 * HOUR_MS;
  const backMs = outMs + 3 * HOUR_MS;

  const cutoffs = [0.5, 8].map((hours) => backMs + hours * HOUR_MS);
  const errorOf = (series: DemandSeries): number =>
    cutoffs.reduce((sum, cutoffMs) => sum + absoluteError(medianAt(series, cutoffMs), WAVE, cutoffMs), 0);
  let without: number | undefined;

  it.each([
    ["gaps", Number.NaN],
    ["zeros", 0],
  ])(
    "%s: afterwards the forecast is as it would have been",
    (_name, left) => {
      const holed = edited(WAVE, outMs, backMs, () => left);
      without ??= errorOf(WAVE);
      expect(errorOf(holed) / without).toBeLessThanOrEqual(1.05);
    },
    120_000,
  );

  it("demand that is gone for two days is the level, not an outage", () => {
    const clock = localClock("UTC", START_MS, endMs(WAVE));
    const gone = edited(WAVE, outMs - 30 * MINUTE_MS, Number.POSITIVE_INFINITY, () => 0);
    expect(steadyHistory(gone, clock, newAnomalyState()).values.at(-1)).toBe(0);
    const short = sliceSeries(gone, START_MS, outMs + 3 * HOUR_MS);
    expect(steadyHistory(short, clock, newAnomalyState()).values.at(-1)).toBeNaN();
  });
});
