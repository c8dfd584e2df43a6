import { expect, it } from "vitest";
import { forecastEnsemble } from "../../src/forecast/ensemble/ensemble.ts";
import type { LearnedState } from "../../src/forecast/ensemble/learned-state.ts";
import { defineForecaster, type Forecaster, type MemberCost } from "../../src/forecast/forecaster.ts";
import { naive } from "../../src/forecast/members/naive.ts";
import { sliceSeries } from "../../src/model/series.ts";
import { DAY_MS, HOUR_MS } from "../../src/model/time.ts";
import { dailyWave, STEP_MS } from "./fixtures.ts";

const memberOf = (cost: MemberCost): Forecaster =>
  defineForecaster({
    name: `some-${cost}`,
    cost,
    needs: { knownSteps: 1, spanMs: 0 },
    estimate: () => ({}),
    quantiles: (_state, history, _context, steps, levels) =>
      levels.map(() => new Float64Array(steps.length).fill(history.values.at(-1) ?? 0)),
  });
const MEMBERS = [naive, memberOf("light"), memberOf("heavy"), memberOf("trained")];

it("refits light and heavy members once, in the call that finds a level shift, and leaves trained ones", () => {
  const wave = dailyWave(6, { noise: 0.05 });
  const shiftMs = wave.startMs + 5 * DAY_MS + 10.5 * HOUR_MS;
  const values = wave.values.map((v, i) => (wave.startMs + i * STEP_MS >= shiftMs ? 2 * v : v));
  const series = { ...wave, values };
  let learned: LearnedState | undefined;
  const early: { readonly cutoffMs: number; readonly fitted: readonly MemberCost[] }[] = [];
  let shifts = 0;
  for (let cutoffMs = shiftMs - HOUR_MS; cutoffMs <= shiftMs + 4 * HOUR_MS; cutoffMs += STEP_MS) {
    const fittedMs = (name: string): number => learned?.fits[name]?.fittedMs ?? 0;
    const before = fittedMs("some-light");
    const outcome = forecastEnsemble({
      series: sliceSeries(series, series.startMs, cutoffMs),
      timeZone: "UTC",
      horizonSteps: 12,
      horizonsMs: [HOUR_MS],
      members: MEMBERS,
      trainMs: 28 * DAY_MS,
      refitMs: DAY_MS,
      capFactor: 3,
      staggerMs: 0,
      learned,
      monotonicMs: () => 0,
    });
    if (outcome.kind === "refused") throw new Error(outcome.reason);
    const { fitted } = outcome;
    const isFirst = learned === undefined;
    learned = outcome.learned;
    // In every call: what the detector wanted is done.
    expect(learned.anomaly.wantsRefit).toBeNull();
    if (learned.anomaly.shifts.length > shifts) {
      shifts = learned.anomaly.shifts.length;
      // Fitted within the hour, on history that was not yet brought to the new level.
      expect(before).toBeGreaterThan(shiftMs);
      for (const name of ["naive", "some-light", "some-heavy"]) expect(fittedMs(name)).toBe(cutoffMs);
      expect(fittedMs("some-trained")).toBeLessThan(shiftMs);
      expect(fitted.toSorted()).toEqual(["heavy", "light", "light"]);
    } else if (!isFirst && fitted.includes("heavy")) early.push({ cutoffMs, fitted });
  }
  expect(shifts).toBe(1);
  expect(early).toEqual([]);
});
