import { describe, expect, it } from "vitest";
import { CALIBRATED_LEVELS, type Calibration } from "../../src/forecast/ensemble/conformal.ts";
import { type LearnedState, newLearned } from "../../src/forecast/ensemble/learned-state.ts";
import {
  addPending,
  blendNow,
  type Learning,
  noteLastStep,
  settle,
} from "../../src/forecast/ensemble/learning.ts";
import { longRunScore } from "../../src/forecast/ensemble/live-scores.ts";
import { medianWeights, WEIGHT_LEVELS } from "../../src/forecast/ensemble/weights.ts";
import type { Forecaster } from "../../src/forecast/forecaster.ts";
import { normalQuantile } from "../../src/forecast/kernels/error-quantiles.ts";
import { naive } from "../../src/forecast/members/naive.ts";
import { HOUR_MS } from "../../src/model/time.ts";
import { START_MS, STEP_MS, seriesOf } from "./fixtures.ts";

const KNOTS = [1, 3];
const MEMBERS: readonly Forecaster[] = [naive, { ...naive, name: "other" }];

/** Quantiles at both knots: `middle` give or take `half` at 0.05 and 0.95, in proportion elsewhere. */
function said(middle: number, half = 1): readonly Float64Array[] {
  return CALIBRATED_LEVELS.map((level) => {
    const off = (half * normalQuantile(level)) / normalQuantile(0.95);
    return Float64Array.of(middle + off, middle + off);
  });
}

function learningOn(
  values: readonly number[],
  learned: LearnedState,
  excluded?: (ms: number) => boolean,
): Learning {
  return { series: seriesOf(values), knots: KNOTS, members: MEMBERS, excluded, learned };
}

function expectAlike(one: Calibration, other: Calibration | undefined): void {
  expect(one.offsets).toEqual(other?.offsets);
  expect(one.error).toBeCloseTo(other?.error ?? Number.NaN, 9);
  expect(one.count).toBeCloseTo(other?.count ?? Number.NaN, 9);
}

const at = (step: number): number => START_MS + step * STEP_MS;

describe("settle", () => {
  it("takes in each truth when it is known, oldest first, and keeps what is still to come", () => {
    const learned = newLearned("b", 2);
    const learning = learningOn([10, 10, 10, 10, 10, 10], learned);
    addPending(learning, at(1), [said(12), said(10)]);
    settle(learning, at(1));
    expect(Math.max(...learned.losses.count)).toBe(0);
    settle(learning, at(2));
    // The first step is scored, the third is not known yet.
    expect(learned.pending.map(({ firstKnot }) => firstKnot)).toEqual([1]);
    const medianLoss = (member: number): number => learned.losses.own[member * WEIGHT_LEVELS.length + 2] ?? 9;
    // The first knot is half of what is scored within ten minutes.
    expect(medianLoss(0)).toBeCloseTo(2, 3);
    expect(medianLoss(1)).toBeCloseTo(0, 3);
    settle(learning, at(4));
    expect(learned.pending).toEqual([]);
  });

  it("learns the same from many calls as from one", () => {
    const values = Array.from({ length: 40 }, (_, i) => 10 + (i % 5));
    const often = newLearned("b", 2);
    const once = newLearned("b", 2);
    for (const [learned, calls] of [
      [often, Array.from({ length: 40 }, (_, i) => i + 1)],
      [once, [40]],
    ] as const) {
      const learning = learningOn(values, learned);
      settle(learning, at(0));
      // Made before anything is settled, so that both hold the same forecasts.
      for (const cutoff of [2, 3, 4, 9]) addPending(learning, at(cutoff), [said(11), said(12, 3)]);
      for (const call of calls) settle(learning, at(call));
    }
    for (const key of ["own", "reference", "count"] as const) {
      often.losses[key].forEach((value, i) => {
        expect(value).toBeCloseTo(once.losses[key][i] ?? Number.NaN, 9);
      });
    }
    for (const [bucket, calibration] of often.calibrations.entries()) {
      expectAlike(calibration, once.calibrations[bucket]);
    }
    expect(often.calibrations.some(({ count }) => count > 0)).toBe(true);
  });

  it("learns nothing from a gap, nor from an excluded step", () => {
    for (const [values, excluded] of [
      [[10, Number.NaN, 10, Number.NaN, 10], undefined],
      [[10, 99, 10, 99, 10], (ms: number) => ms === at(1) || ms === at(3)],
    ] as const) {
      const learned = newLearned("b", 2);
      const learning = learningOn(values, learned, excluded);
      addPending(learning, at(1), [said(12), said(10)]);
      settle(learning, at(5));
      expect(Math.max(...learned.losses.count)).toBe(0);
      expect(learned.pending).toEqual([]);
    }
  });

  it("gives the one that was right the say, and fades what is old", () => {
    const values = Array.from({ length: 400 }, () => 10);
    const learned = newLearned("b", 2);
    const learning = learningOn(values, learned);
    for (let step = 1; step < 200; step += 2) {
      settle(learning, at(step));
      addPending(learning, at(step), [said(12), said(10.2)]);
    }
    settle(learning, at(205));
    const weights = (present: readonly boolean[]): number[] =>
      Array.from(medianWeights(blendNow(learned, present).weights[0] ?? new Float64Array(0)));
    expect(weights([true, true])[1]).toBeGreaterThan(0.9);
    expect(weights([true, false])).toEqual([1, 0]);
    const before = learned.losses.count[0] ?? 0;
    settle(learning, at(205) + 8 * HOUR_MS);
    expect(learned.losses.count[0]).toBeCloseTo(before / 2, 9);
  });

  it("measures the ensemble as it was shown, not as it would be made now", () => {
    const learned = newLearned("b", 2);
    const learning = learningOn(
      Array.from({ length: 300 }, () => 10),
      learned,
    );
    for (let step = 1; step < 120; step++) {
      settle(learning, at(step));
      addPending(learning, at(step), [said(10, 0.5), said(10, 0.5)]);
    }
    settle(learning, at(130));
    const score = longRunScore(learned.scores, 0);
    expect(score.coverage90).toBe(1);
    expect(score.lossRatio).toBeLessThan(1.001);
    expect(score.effectiveCount).toBeGreaterThan(100);
  });

  it("meets a constant exactly although forecasts are kept in single precision", () => {
    const learned = newLearned("b", 2);
    const learning = learningOn(
      Array.from({ length: 60 }, () => 40.1),
      learned,
    );
    for (let step = 1; step < 50; step++) addPending(learning, at(step), [said(40.1, 0), said(40.1, 0)]);
    settle(learning, at(60));
    expect(longRunScore(learned.scores, 0).coverage90).toBe(1);
  });

  it("keeps huge demand in double precision", () => {
    const learned = newLearned("b", 2);
    const learning = learningOn([1e300, 1e300, 1e300, 1e300, 1e300], learned);
    addPending(learning, at(1), [said(1e300), said(0.5e300)]);
    settle(learning, at(4));
    expect(learned.losses.own.every(Number.isFinite)).toBe(true);
    expect(Math.max(...learned.losses.own)).toBeGreaterThan(0);
  });
});

describe("noteLastStep", () => {
  const shown = (cutoffMs: number) => ({
    cutoffMs,
    low: 9,
    middle: 10,
    high: 11,
    shownLower: 8,
    shownUpper: 12,
  });

  it("widens the near horizons at once after a run of misses, on their side", () => {
    const learned = newLearned("b", 2);
    const values = [10, 30, 30, 30, 10, 10, 10];
    for (let step = 1; step <= 3; step++) {
      learned.recent = [shown(at(step))];
      noteLastStep(learningOn(values.slice(0, step + 1), learned));
    }
    const { factors } = blendNow(learned, [true, true]);
    expect(factors[0]).toEqual({ above: 2, below: 1 });
    expect(factors[1]?.above).toBe(1.5);
    expect(factors[5]).toEqual({ above: 1, below: 1 });
    learned.recent = [shown(at(4))];
    noteLastStep(learningOn(values.slice(0, 5), learned));
    expect(blendNow(learned, [true, true]).factors[0]?.above).toBe(1.25);
  });

  it("forgets a run when the next call comes hours later", () => {
    const learned = newLearned("b", 2);
    learned.missRun = { above: 4, below: 0 };
    learned.recent = [shown(at(1))];
    noteLastStep(
      learningOn(
        Array.from({ length: 40 }, () => 30),
        learned,
      ),
    );
    expect(blendNow(learned, [true, true]).factors[0]).toEqual({ above: 1, below: 1 });
  });
});
