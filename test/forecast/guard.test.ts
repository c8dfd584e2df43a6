import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CALIBRATED_LEVELS, newCalibrations } from "../../src/forecast/ensemble/conformal.ts";
import {
  type EnsembleInput,
  type EnsembleOutcome,
  forecastEnsemble,
} from "../../src/forecast/ensemble/ensemble.ts";
import {
  addGuardLoss,
  fadeGuard,
  type GuardSums,
  mixNaive,
  naiveShareAt,
  naiveShares,
  newGuard,
  shownWeights,
} from "../../src/forecast/ensemble/guard.ts";
import { packMemory, unpackMemory } from "../../src/forecast/ensemble/learned-bytes.ts";
import { copyLearned, newLearned } from "../../src/forecast/ensemble/learned-state.ts";
import { addPending, blendNow, type Learning, settle } from "../../src/forecast/ensemble/learning.ts";
import { BUCKET_ENDS_MS, medianWeights, withinHour } from "../../src/forecast/ensemble/weights.ts";
import { defineForecaster, type Forecaster } from "../../src/forecast/forecaster.ts";
import { normalQuantile } from "../../src/forecast/kernels/error-quantiles.ts";
import { naive } from "../../src/forecast/members/naive.ts";
import { FORECAST_LEVELS } from "../../src/model/forecast.ts";
import { type DemandSeries, endMs } from "../../src/model/series.ts";
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../../src/model/time.ts";
import { randomStream, START_MS, seriesOf } from "./fixtures.ts";

const FAR = BUCKET_ENDS_MS.length - 1;
const shareOf = (guard: GuardSums, bucket = FAR): number =>
  naiveShares(guard, true)[bucket]?.[0] ?? Number.NaN;

/** So many hourly scores of the ensemble's loss, naive's being 1. */
function score(guard: GuardSums, own: number, hours: number, bucket = FAR): void {
  for (let hour = 0; hour < hours; hour++) {
    fadeGuard(guard, HOUR_MS);
    addGuardLoss(guard, bucket, 1, own, 1);
  }
}

describe("naiveShares", () => {
  it("are even beyond an hour before anything is scored, and nothing within it", () => {
    expect(BUCKET_ENDS_MS.map((_, bucket) => shareOf(newGuard(), bucket))).toEqual([0, 0, 0, 0.5, 0.5, 0.5]);
  });

  it("leave naive below 1 % where the ensemble wins clearly, and everything to it where it loses clearly", () => {
    const winning = newGuard();
    score(winning, 0.7, 7 * 24);
    expect(shareOf(winning)).toBeLessThan(0.01);
    expect(shareOf(winning)).toBeGreaterThan(0);
    const losing = newGuard();
    score(losing, 1.3, 7 * 24);
    expect(shareOf(losing)).toBeGreaterThan(0.98);
    expect(shareOf(losing, FAR - 1)).toBe(0.5);
  });

  it("turn to naive within two days of losing, and back within two of winning", () => {
    const guard = newGuard();
    score(guard, 0.6, 14 * 24);
    score(guard, 1.6, 48);
    expect(shareOf(guard)).toBeGreaterThan(0.99);
    score(guard, 0.5, 48);
    expect(shareOf(guard)).toBeLessThan(0.05);
  });

  it("keep to what the long memory says after a silence", () => {
    const guard = newGuard();
    score(guard, 0.7, 7 * 24);
    fadeGuard(guard, 14 * DAY_MS);
    expect(shareOf(guard)).toBeLessThan(0.02);
  });

  it("are nothing without naive's forecast", () => {
    expect(naiveShares(newGuard(), false).every(([share]) => share === 0)).toBe(true);
  });

  it("take in nothing within the hour, and no loss that is not finite", () => {
    const guard = newGuard();
    for (const bucket of BUCKET_ENDS_MS.keys()) {
      addGuardLoss(guard, bucket, 1, Number.NaN, 1);
      addGuardLoss(guard, bucket, 1, 1, Number.POSITIVE_INFINITY);
      if (withinHour(bucket)) addGuardLoss(guard, bucket, 1, 3, 1);
    }
    expect(guard).toEqual(newGuard());
  });

  const loss = fc.oneof(
    fc.constant(0),
    fc.integer({ min: 0, max: 9 }),
    fc.double({ min: 0, max: 1e300, noNaN: true }),
  );
  const entry = fc.record({ own: loss, reference: loss, hours: fc.integer({ min: 0, max: 2_000 }) });
  it("lie between 0 and 1, whatever was lost", () => {
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 40 }), (entries) => {
        const guard = newGuard();
        for (const { own, reference, hours } of entries) {
          fadeGuard(guard, hours * HOUR_MS);
          addGuardLoss(guard, FAR, 0.5, own, reference);
          expect(shareOf(guard)).toBeGreaterThanOrEqual(0);
          expect(shareOf(guard)).toBeLessThanOrEqual(1);
        }
      }),
    );
  });
});

describe("naiveShareAt", () => {
  const shares = naiveShares(newGuard(), true);

  it("grows from nothing at an hour to all of it, without a jump", () => {
    expect(naiveShareAt(shares, 5 * MINUTE_MS)).toBe(0);
    expect(naiveShareAt(shares, HOUR_MS)).toBe(0);
    expect(naiveShareAt(shares, 2 * HOUR_MS)).toBe(0.5);
    expect(naiveShareAt(shares, DAY_MS)).toBe(0.5);
    let last = 0;
    for (let minutes = 5; minutes <= 1440; minutes += 5) {
      const now = naiveShareAt(shares, minutes * MINUTE_MS);
      expect(now).toBeGreaterThanOrEqual(last);
      expect(now - last).toBeLessThan(0.1);
      last = now;
    }
  });
});

describe("mixNaive and shownWeights", () => {
  const rows = [10, 20].map((value) => Float64Array.of(0, value));

  it("move a step's quantiles by the share, equal ones not at all", () => {
    const column = Float64Array.of(20, 40);
    mixNaive(column, 0.25, rows, 1);
    expect(Array.from(column)).toEqual([17.5, 35]);
    const equal = Float64Array.of(40.1);
    mixNaive(equal, 1 / 3, [Float64Array.of(40.1)], 0);
    expect(equal[0]).toBe(40.1);
    mixNaive(column, 0.25, undefined, 1);
    expect(Array.from(column)).toEqual([17.5, 35]);
  });

  it("say what each member counts in what is shown", () => {
    expect(Array.from(shownWeights(Float64Array.of(0.2, 0.8), 0.5))).toEqual([0.6, 0.4]);
  });
});

const STEP = 30 * MINUTE_MS;
/** Days for which all is well. */
const CALM_DAYS = 8;

/** A level of 100 with noise; its members alone know that it is. */
function level(days: number): DemandSeries {
  const random = randomStream(5);
  const noise = (): number => 20 * (random() + random() - 1);
  return seriesOf(
    Array.from({ length: (days * DAY_MS) / STEP }, () => 100 + noise()),
    STEP,
  );
}

/** Says `middle`, which hangs on the cutoff, give or take ten. */
function scripted(name: string, middle: (cutoffMs: number) => number): Forecaster {
  return defineForecaster({
    name,
    cost: "light",
    needs: { knownSteps: 1, spanMs: 0 },
    estimate: () => ({}),
    quantiles: (_state, history, _context, steps, levels) =>
      levels.map((l) => new Float64Array(steps.length).fill(middle(endMs(history)) + 8 * normalQuantile(l))),
  });
}

/** Right at first, then in turns wrong and right for 36 h each: what its losses say is over when it counts. */
const turning = (phase: number): Forecaster =>
  scripted(`turning-${phase}`, (cutoffMs) => {
    const turns = Math.floor((cutoffMs - START_MS - CALM_DAYS * DAY_MS) / (36 * HOUR_MS));
    return turns < 0 || turns % 2 === phase ? 100 : 130;
  });

type Made = Extract<EnsembleOutcome, { kind: "forecast" }>;

function made(
  series: DemandSeries,
  members: readonly Forecaster[],
  changes: Partial<EnsembleInput> = {},
): Made {
  const outcome = forecastEnsemble({
    series,
    timeZone: "UTC",
    horizonSteps: DAY_MS / STEP,
    horizonsMs: [HOUR_MS, DAY_MS],
    members,
    trainMs: 28 * DAY_MS,
    refitMs: HOUR_MS,
    capFactor: 3,
    staggerMs: 0,
    learned: undefined,
    monotonicMs: () => 0,
    ...changes,
  });
  if (outcome.kind === "refused") throw new Error(outcome.reason);
  return outcome;
}

const MIDDLE = FORECAST_LEVELS.indexOf(0.5);
const TURNING = [naive, turning(0), turning(1)];

/** The day ahead at `level`, as the members' weights alone would make it. */
function rawAt({ byMember, learned }: Made, row: number): number {
  const weights =
    blendNow(
      learned,
      TURNING.map(() => true),
    ).weights[FAR] ?? new Float64Array(0);
  return medianWeights(weights).reduce(
    (sum, weight, m) =>
      sum + weight * (byMember[TURNING[m]?.name ?? ""]?.quantiles[row]?.at(-1) ?? Number.NaN),
    0,
  );
}

describe("the guarded ensemble", () => {
  // The members change sides on day 9.5: raw, the ensemble follows the wrong one from then on.
  it.each([11.25, 11.5])("serves naive's day ahead within two days of losing to it (day %f)", (days) => {
    const answer = made(level(days), TURNING);
    expect(shareOf(answer.learned.guard)).toBeGreaterThan(0.99);
    // As served but for what was learned about widths, which is as much as it was worth.
    const learned = { ...answer.learned, calibrations: newCalibrations() };
    const { forecast, byMember, evidence } = made(level(days), TURNING, { learned });
    for (const row of [0.1, 0.5, 0.9].map((l) => FORECAST_LEVELS.indexOf(l))) {
      const reference = byMember["naive"]?.quantiles[row]?.at(-1) ?? Number.NaN;
      const off = Math.abs(rawAt(answer, row) - reference);
      if (row === MIDDLE) expect(off).toBeGreaterThan(5);
      expect(Math.abs((forecast.quantiles[row]?.at(-1) ?? Number.NaN) - reference)).toBeLessThan(0.05);
    }
    expect(evidence.weights["naive"]?.[1]).toBeGreaterThan(0.99);
    expect(evidence.weights["naive"]?.[0]).toBeLessThan(0.99);
  });

  it("leaves members that are right alone", () => {
    const { evidence, learned } = made(level(CALM_DAYS), TURNING);
    expect(shareOf(learned.guard)).toBeLessThan(0.01);
    expect(evidence.weights["naive"]?.[1]).toBeLessThan(0.02);
  });

  it("is the same after a trip through bytes, and does not start from sums that are not finite", () => {
    const { learned } = made(level(CALM_DAYS), TURNING);
    expect(Math.max(...learned.guard.count)).toBeGreaterThan(20);
    const bytes = packMemory({ learned, occurrences: [] });
    const back = unpackMemory(bytes)?.learned;
    expect(back?.guard).toEqual(learned.guard);
    const next = level(CALM_DAYS + 0.25);
    expect(made(next, TURNING, { learned: back }).forecast).toEqual(
      made(next, TURNING, { learned }).forecast,
    );
    const copy = copyLearned(learned);
    copy.guard.slowOwn[FAR] = Number.NaN;
    expect(learned.guard.slowOwn[FAR]).not.toBeNaN();
    expect(unpackMemory(packMemory({ learned: copy, occurrences: [] }))).toBeUndefined();
    const short = { ...learned, guard: { ...learned.guard, own: new Float64Array(2) } };
    expect(unpackMemory(packMemory({ learned: short, occurrences: [] }))).toBeUndefined();
  });
});

describe("pending forecasts", () => {
  it("keep the raw ensemble to be scored and show the guarded one, which the calibration learns from", () => {
    const values = Array.from({ length: 60 }, () => 100);
    const learned = newLearned("b", 2);
    const learning: Learning = {
      series: seriesOf(values, STEP),
      // Half an hour and a day.
      knots: [1, 48],
      members: [naive, { ...naive, name: "other" }],
      excluded: undefined,
      learned,
    };
    const said = (middle: number): readonly Float64Array[] =>
      CALIBRATED_LEVELS.map((l) => new Float64Array(2).fill(middle + normalQuantile(l)));
    settle(learning, START_MS);
    addPending(learning, START_MS, [said(100), said(140)]);
    const shown = learned.pending[0]?.shown;
    const middle = CALIBRATED_LEVELS.indexOf(0.5);
    // Members at par: 120; beyond an hour the guard is at par as well.
    expect(shown?.[middle]).toBeCloseTo(120, 3);
    expect(shown?.[CALIBRATED_LEVELS.length + middle]).toBeCloseTo(110, 3);
    settle(learning, START_MS + HOUR_MS);
    expect(Math.max(...learned.guard.count)).toBe(0);
    settle(learning, START_MS + DAY_MS);
    // Mean over 0.1, 0.5 and 0.9 of twice the pinball loss of 20 too much.
    expect(learned.guard.own[FAR]).toBeCloseTo(19.32, 2);
    expect(learned.guard.reference[FAR]).toBeLessThan(0.5);
    expect(learned.calibrations[FAR]?.error).toBeCloseTo(10, 3);
    expect(learned.guard.count[FAR]).toBe(1);
    settle(learning, START_MS + 2 * DAY_MS);
    expect(learned.guard.count[FAR]).toBe(0.5);
    expect(learned.guard.slowCount[FAR]).toBeCloseTo(0.5 ** (1 / 7), 9);
  });
});
