import { describe, expect, it } from "vitest";
import {
  type EnsembleInput,
  type EnsembleOutcome,
  forecastEnsemble,
} from "../../src/forecast/ensemble/ensemble.ts";
import type { LearnedState } from "../../src/forecast/ensemble/learned-state.ts";
import { defineForecaster, type Forecaster } from "../../src/forecast/forecaster.ts";
import { MEMBERS } from "../../src/forecast/registry.ts";
import { FORECAST_LEVELS, quantileAt } from "../../src/model/forecast.ts";
import type { DemandSeries } from "../../src/model/series.ts";
import { DAY_MS, HOUR_MS } from "../../src/model/time.ts";
import { DAY_STEPS, dailyWave, STEP_MS, seriesOf } from "./fixtures.ts";

const NAMES = ["naive", "level", "seasonal-naive", "seasonal-quantiles", "dhr-ar", "direct"];
const LIGHT = MEMBERS.filter((member) => NAMES.includes(member.name));

function inputOf(series: DemandSeries, changes: Partial<EnsembleInput> = {}): EnsembleInput {
  return {
    series,
    timeZone: "UTC",
    horizonSteps: DAY_STEPS,
    horizonsMs: [STEP_MS, HOUR_MS, DAY_MS],
    members: LIGHT,
    trainMs: 28 * DAY_MS,
    refitMs: HOUR_MS,
    capFactor: 3,
    staggerMs: 0,
    learned: undefined,
    monotonicMs: () => 0,
    ...changes,
  };
}

type Made = Extract<EnsembleOutcome, { kind: "forecast" }>;

function made(series: DemandSeries, changes: Partial<EnsembleInput> = {}): Made {
  const outcome = forecastEnsemble(inputOf(series, changes));
  if (outcome.kind === "refused") throw new Error(outcome.reason);
  return outcome;
}

const wave = dailyWave(9);

describe("forecastEnsemble", () => {
  it("tells members apart: on a daily wave, seasonal ones carry tomorrow and naive hardly counts", () => {
    const { forecast, evidence } = made(wave);
    const tomorrow = 2;
    const share = (name: string): number => evidence.weights[name]?.[tomorrow] ?? Number.NaN;
    expect(share("naive")).toBeLessThan(0.02);
    expect(share("dhr-ar") + share("direct") + share("seasonal-quantiles")).toBeGreaterThan(0.8);
    for (let h = 0; h < 3; h++) {
      const total = Object.values(evidence.weights).reduce((sum, weights) => sum + (weights[h] ?? 0), 0);
      expect(total).toBeCloseTo(1, 9);
    }
    // Noon tomorrow: the crest of the wave, 320.
    expect(quantileAt(forecast, 0.5, DAY_STEPS / 2)).toBeGreaterThan(300);
    expect(quantileAt(forecast, 0.5, DAY_STEPS / 2)).toBeLessThan(340);
  });

  it("measures its coverage and error on its own past forecasts", () => {
    const { evidence } = made(wave);
    for (const coverage of evidence.coverage90) expect(coverage).toBeGreaterThan(0.82);
    for (const count of evidence.scoreCount) expect(count).toBeGreaterThan(100);
    expect(evidence.relativeError).toBeLessThan(0.9);
    expect(Math.abs(evidence.anomalyScore)).toBeLessThan(4);
    expect(evidence.anomalyMultiplier).toBe(1);
  });

  it("climbs the ladder of a cold start: naive, then seasonal members, then all", () => {
    const answering = (steps: number): readonly string[] => {
      const { byMember } = made(seriesOf(wave.values.subarray(0, steps)));
      return Object.keys(byMember);
    };
    expect(answering(6)).toEqual(["naive"]);
    expect(answering(DAY_STEPS)).toEqual(["naive", "level"]);
    expect(answering(2 * DAY_STEPS)).toContain("seasonal-naive");
    expect(answering(4 * DAY_STEPS)).toEqual(LIGHT.map((member) => member.name));
    const early = made(seriesOf(wave.values.subarray(0, 6))).evidence;
    expect(early.failures["dhr-ar"]).toMatch(/needs 48 known steps, has 6/);
    expect(early.coverage90).toEqual([undefined, undefined, undefined]);
    expect(early.relativeError).toBeUndefined();
  });

  it("refuses one point with a reason", () => {
    const outcome = forecastEnsemble(inputOf(seriesOf([5])));
    expect(outcome).toEqual({ kind: "refused", reason: "needs 2 known steps, has 1" });
  });

  it("gives nearly the same forecast from what it learned step by step as from nothing", () => {
    let learned: LearnedState | undefined;
    for (let back = 30; back >= 0; back--) {
      const known = seriesOf(wave.values.subarray(0, wave.values.length - back));
      learned = structuredClone(made(known, { learned }).learned);
    }
    const warm = made(wave, { learned });
    const cold = made(wave);
    warm.forecast.quantiles.forEach((row, l) => {
      row.forEach((value, step) => {
        const other = cold.forecast.quantiles[l]?.[step] ?? Number.NaN;
        // A hundredth of the wave's height in the middle, four in the tails.
        const tail = Math.abs((FORECAST_LEVELS[l] ?? 0.5) - 0.5) > 0.45;
        expect(Math.abs(value - other)).toBeLessThan(tail ? 10 : 3);
      });
    });
    for (const [name, weights] of Object.entries(cold.evidence.weights)) {
      weights.forEach((weight, h) => {
        expect(Math.abs((warm.evidence.weights[name]?.[h] ?? 9) - weight)).toBeLessThan(0.1);
      });
    }
  });

  it("starts afresh when the grid changed under what was learned", () => {
    const before = made(dailyWave(9, { stepMs: 2 * STEP_MS }), { horizonSteps: DAY_STEPS / 2 });
    expect(made(wave, { learned: before.learned }).forecast.quantiles).toEqual(made(wave).forecast.quantiles);
  });

  it("caps quantiles at capFactor times the highest demand of the training history", () => {
    const jumpy = seriesOf(Array.from({ length: 3 * DAY_STEPS }, (_, i) => (i % 97 === 0 ? 1000 : 1)));
    const { forecast } = made(jumpy, { capFactor: 0.5 });
    for (const row of forecast.quantiles) for (const value of row) expect(value).toBeLessThanOrEqual(500);
  });

  it("names a member that throws, in fit or in forecast, and goes on without it", () => {
    const base = { cost: "light", needs: { knownSteps: 1, spanMs: 0 } } as const;
    const bad: Forecaster[] = [
      defineForecaster({
        ...base,
        name: "bad-fit",
        estimate: () => {
          throw new Error("matrix is singular");
        },
        quantiles: () => [],
      }),
      defineForecaster({
        ...base,
        name: "bad-number",
        estimate: () => ({}),
        quantiles: (_state, _history, _context, steps, levels) =>
          levels.map(() => new Float64Array(steps.length).fill(Number.NaN)),
      }),
    ];
    const outcome = made(wave, { members: [...LIGHT, ...bad] });
    expect(outcome.evidence.failures["bad-fit"]).toMatch(/matrix is singular/);
    expect(outcome.evidence.failures["bad-number"]).toMatch(/NaN/);
    expect(Object.keys(outcome.byMember)).toEqual(LIGHT.map((member) => member.name));
  });

  it("scales with its history and stays sorted", () => {
    const scaled = { ...wave, values: wave.values.map((value) => value * 64) };
    const one = made(wave).forecast.quantiles;
    const many = made(scaled).forecast.quantiles;
    for (let l = 0; l < FORECAST_LEVELS.length; l++) {
      for (const step of [0, 5, 100, 287]) {
        expect((many[l]?.[step] ?? 0) / 64).toBeCloseTo(one[l]?.[step] ?? Number.NaN, 4);
        if (l > 0) expect(many[l]?.[step]).toBeGreaterThanOrEqual(many[l - 1]?.[step] ?? 0);
      }
    }
  });

  it("scores a surge as an anomaly and never multiplies a calm or falling series", () => {
    const surging = wave.values.slice();
    surging.fill(3000, surging.length - 2);
    const surge = made(seriesOf(surging)).evidence;
    expect(surge.anomalyScore).toBeGreaterThan(4);
    expect(surge.anomalyMultiplier).toBeGreaterThan(1);
    const falling = wave.values.slice();
    falling.fill(0, falling.length - 2);
    const drop = made(seriesOf(falling)).evidence;
    expect(drop.anomalyMultiplier).toBe(1);
  });

  it("answers all zeros with zeros and a constant with itself", () => {
    for (const level of [0, 40]) {
      const { forecast } = made(seriesOf(new Float64Array(5 * DAY_STEPS).fill(level)));
      for (const row of forecast.quantiles) for (const value of row) expect(value).toBeCloseTo(level, 3);
    }
  });
});
