import { describe, expect, it } from "vitest";
import { forecastEnsemble } from "../../src/forecast/ensemble/ensemble.ts";
import type { LearnedState } from "../../src/forecast/ensemble/learned-state.ts";
import { localClock } from "../../src/forecast/local-clock.ts";
import { MEMBERS } from "../../src/forecast/registry.ts";
import { FORECAST_LEVELS } from "../../src/model/forecast.ts";
import { type DemandSeries, sliceSeries } from "../../src/model/series.ts";
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../../src/model/time.ts";
import { randomStream, seriesOf } from "./fixtures.ts";

const STEP_MS = 15 * MINUTE_MS;
const DAY_STEPS = DAY_MS / STEP_MS;
const ZONE = "Europe/Berlin";
const NAMES = ["naive", "seasonal-naive", "seasonal-quantiles", "holt-winters", "dhr-ar", "mstl"];
const LIGHT = MEMBERS.filter(({ name }) => NAMES.includes(name));
const MIDDLE = FORECAST_LEVELS.indexOf(0.5);

/** A working day by the clock on the wall: steep at 09:00, a peak of half an hour, down at 17:00. */
function workday(startMs: number, days: number, seed: number): DemandSeries {
  const random = randomStream(seed);
  const clock = localClock(ZONE, startMs, startMs + days * DAY_MS);
  const values = Array.from({ length: days * DAY_STEPS }, (_, i) => {
    const hour = (clock.localMs(startMs + i * STEP_MS) % DAY_MS) / HOUR_MS;
    const level = hour >= 9 && hour < 9.5 ? 500 : hour >= 9 && hour < 17 ? 300 : 60;
    return level * (1 + 0.1 * (random() + random() - 1));
  });
  return seriesOf(values, STEP_MS, startMs);
}

/** Mean absolute error a day ahead over each of the days from `firstDay` on, forecast at their local midnights. */
function dayErrors(series: DemandSeries, firstDay: number, days: number): readonly number[] {
  const clock = localClock(ZONE, series.startMs, series.startMs + 60 * DAY_MS);
  let learned: LearnedState | undefined;
  return Array.from({ length: days }, (_, d) => {
    const utcMs = series.startMs + (firstDay + d) * DAY_MS;
    const cutoffMs = utcMs - (clock.localMs(utcMs) - utcMs);
    const outcome = forecastEnsemble({
      series: sliceSeries(series, series.startMs, cutoffMs),
      timeZone: ZONE,
      horizonSteps: DAY_STEPS,
      horizonsMs: [HOUR_MS, DAY_MS],
      members: LIGHT,
      trainMs: 28 * DAY_MS,
      refitMs: 6 * HOUR_MS,
      capFactor: 3,
      staggerMs: 0,
      learned,
      monotonicMs: () => 0,
    });
    if (outcome.kind === "refused") throw new Error(outcome.reason);
    ({ learned } = outcome);
    const median = outcome.forecast.quantiles[MIDDLE] ?? new Float64Array(0);
    const first = Math.round((cutoffMs - series.startMs) / STEP_MS);
    return median.reduce((sum, value, h) => sum + Math.abs(value - (series.values[first + h] ?? 0)), 0);
  });
}

const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;

describe("weeks in which the clocks change", { timeout: 300_000 }, () => {
  it.each([
    ["spring", Date.UTC(2026, 2, 29)],
    ["autumn", Date.UTC(2026, 9, 25)],
  ])("in %s: the error is at most 1.1 times that of the week before", (_, changeMs) => {
    const history = 21;
    const ratios = [1, 2].map((seed) => {
      const series = workday(changeMs - (history + 7) * DAY_MS, history + 15, seed);
      // Seven days before the change, then the day of the change and the six after it.
      const errors = dayErrors(series, history, 14);
      return mean(errors.slice(7)) / mean(errors.slice(0, 7));
    });
    expect(mean(ratios)).toBeLessThanOrEqual(1.1);
  });
});
