import { expect, test } from "vitest";
import { forecastEnsemble } from "../../src/forecast/ensemble/ensemble.ts";
import type { LearnedState } from "../../src/forecast/ensemble/learned-state.ts";
import { selectMembers } from "../../src/forecast/registry.ts";
import { FORECAST_LEVELS } from "../../src/model/forecast.ts";
import { sliceSeries } from "../../src/model/series.ts";
import { DAY_MS, durationMs, epochMs, MINUTE_MS } from "../../src/model/time.ts";
import { walkForecasts } from "../../src/simulate/replay-forecasts.ts";
import { seededRandom } from "../../src/simulate/seeded-random.ts";

const STEP_MS = durationMs(15 * MINUTE_MS);
const START_MS = epochMs(Date.UTC(2026, 0, 5));
const PER_DAY = 96;
const DAYS = 13;
const random = seededRandom(7);
const series = {
  startMs: START_MS,
  stepMs: STEP_MS,
  values: Float64Array.from({ length: DAYS * PER_DAY }, (_, i) =>
    i === 500 ? Number.NaN : 100 + 60 * Math.sin((2 * Math.PI * i) / PER_DAY) + 20 * random(),
  ),
};
const { members } = selectMembers(["level", "seasonal-naive", "dhr-ar", "direct"]);
const walkOn = (values: Float64Array) =>
  walkForecasts({
    series: { ...series, values },
    timeZone: "UTC",
    members,
    trainMs: 7 * DAY_MS,
    capFactor: 3,
    refitMs: DAY_MS,
  });

test("it is the shipped ensemble to the last bit, from a cold start on and step by step", () => {
  const step = 11 * PER_DAY + 5;
  const walk = walkOn(series.values);
  let learned: LearnedState | undefined;
  for (const at of [step - 2, step - 1, step]) {
    const shipped = forecastEnsemble({
      series: sliceSeries(series, START_MS, START_MS + at * STEP_MS),
      timeZone: "UTC",
      horizonSteps: at === step ? PER_DAY : 3,
      learnSteps: PER_DAY,
      horizonsMs: [45 * MINUTE_MS],
      members,
      trainMs: 7 * DAY_MS,
      refitMs: DAY_MS,
      together: true,
      capFactor: 3,
      staggerMs: 0,
      learned,
      monotonicMs: () => 0,
    });
    if (shipped.kind === "refused") throw new Error(shipped.reason);
    learned = shipped.learned;
    const replayed = walk.at(at, at === step ? PER_DAY : 3);
    expect(replayed?.rows.map((row) => [...row])).toEqual(shipped.forecast.quantiles.map((row) => [...row]));
    expect(replayed?.anomalyScore).toBe(shipped.evidence.anomalyScore);
    expect(walk.at(at, 3)?.evidence).toEqual({
      coverage90: shipped.evidence.coverage90[0],
      relativeError: shipped.evidence.relativeError,
      lossRatio: shipped.evidence.lossRatio?.[0],
      effectiveCount: shipped.evidence.effectiveCount?.[0],
      findings: shipped.evidence.findings,
    });
  }
});

test("nothing of the future is seen, and a walk that starts later says nearly the same", () => {
  const step = 10 * PER_DAY + 37;
  const changed = series.values.slice();
  changed.fill(9_999, step);
  const truth = walkOn(series.values).at(step, 3);
  expect(walkOn(changed).at(step, 3)).toEqual(truth);
  const walk = walkOn(series.values);
  for (let at = step - 60; at < step; at++) walk.at(at, 3);
  const warm = walk.at(step, 3);
  warm?.rows.forEach((row, level) => {
    // Demand is 40 to 180; the calibration of the tails remembers longer than a cold start looks back.
    const isTail = Math.abs((FORECAST_LEVELS[level] ?? 0.5) - 0.5) > 0.4;
    row.forEach((value, ahead) => {
      const other = truth?.rows[level]?.[ahead] ?? Number.NaN;
      expect(Math.abs(value - other)).toBeLessThan(isTail ? 8 : 2);
    });
  });
});
