import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  addScore,
  CALIBRATED_LEVELS,
  type Calibration,
  calibrationAt,
  calibratorFor,
  fadeCalibration,
  newCalibration,
  newCalibrations,
} from "../../src/forecast/ensemble/conformal.ts";
import { normalQuantile } from "../../src/forecast/kernels/error-quantiles.ts";
import { FORECAST_LEVELS } from "../../src/model/forecast.ts";
import { DAY_MS, MINUTE_MS } from "../../src/model/time.ts";
import { randomStream } from "./fixtures.ts";

const NO_FACTORS = { above: 1, below: 1 };
const calibrate = calibratorFor(CALIBRATED_LEVELS);
const NEAR_MS = 5 * MINUTE_MS;
const indexOf = (level: number): number => CALIBRATED_LEVELS.indexOf(level);

/** What a forecaster says who takes demand for normal around 1000. */
function said(deviation: number): Float64Array {
  return Float64Array.from(CALIBRATED_LEVELS, (level) => 1000 + deviation * normalQuantile(level));
}

interface Outcome {
  readonly below: readonly number[];
  readonly calibrations: readonly Calibration[];
}

/** Truths are normal, deviation 10 (`skew` widens the upper side). Share below each level, last half. */
function follow(deviation: number, { scores = 4000, bucket = 0, skew = 1 } = {}): Outcome {
  const calibrations = newCalibrations();
  const random = randomStream(11);
  const hits = CALIBRATED_LEVELS.map(() => 0);
  for (let i = 0; i < scores; i++) {
    const z = normalQuantile(Math.min(1 - 1e-9, Math.max(1e-9, random())));
    const truth = 1000 + 10 * z * (z > 0 ? skew : 1);
    const shown = said(deviation);
    calibrate(shown, calibrationAt(calibrations, NO_FACTORS, bucket === 0 ? NEAR_MS : DAY_MS));
    if (i >= scores / 2) countBelow(hits, truth, shown);
    addScore(calibrations[bucket] as Calibration, bucket, 1, truth, shown);
  }
  return { below: hits.map((count) => count / (scores - scores / 2)), calibrations };
}

function countBelow(hits: number[], truth: number, shown: Float64Array): void {
  for (const [l, quantile] of shown.entries()) if (truth < quantile) hits[l] = (hits[l] ?? 0) + 1;
}

describe("calibration", () => {
  it("leaves what is right as it is, up to an hour ahead", () => {
    const shown = said(10);
    calibrate(shown, calibrationAt(newCalibrations(), NO_FACTORS, NEAR_MS));
    expect(Array.from(shown)).toEqual(Array.from(said(10)));
  });

  it.each([4, 10, 25])(
    "brings each level to its share, tails too, when a deviation of %d is said",
    (deviation) => {
      const { below } = follow(deviation);
      for (const [level, tolerance] of [
        [0.025, 0.012],
        [0.05, 0.012],
        [0.1, 0.02],
        [0.9, 0.02],
        [0.95, 0.012],
        [0.99, 0.006],
      ] as const) {
        expect(Math.abs((below[indexOf(level)] ?? 0) - level), `level ${level}`).toBeLessThan(tolerance);
      }
      expect(below[indexOf(0.999)]).toBeGreaterThan(0.995);
    },
  );

  it("treats the sides apart and leaves the median alone", () => {
    const { calibrations } = follow(10, { skew: 2 });
    const offsets = calibrations[0]?.offsets ?? new Float64Array(0);
    expect(offsets[indexOf(0.95)]).toBeGreaterThan(1);
    expect(Math.abs(offsets[indexOf(0.05)] ?? 9)).toBeLessThan(0.25);
    expect(offsets[indexOf(0.5)]).toBe(0);
  });

  it("learns more slowly a day ahead, where neighbouring scores tell of one error", () => {
    const near = follow(5, { scores: 24 }).calibrations[0];
    const far = follow(5, { scores: 24, bucket: 5 }).calibrations[5];
    for (const level of [0.1, 0.9]) {
      expect(Math.abs(far?.offsets[indexOf(level)] ?? 9)).toBeLessThan(
        Math.abs(near?.offsets[indexOf(level)] ?? 0) / 1.5,
      );
    }
  });

  it("widens the outer levels a day ahead from the first forecast on, inner ones not", () => {
    const shown = said(10);
    calibrate(shown, calibrationAt(newCalibrations(), NO_FACTORS, DAY_MS));
    const plain = said(10);
    expect(shown[indexOf(0.95)]).toBeCloseTo(1000 + 1.15 * ((plain[indexOf(0.95)] ?? 0) - 1000), 3);
    expect(shown[indexOf(0.05)]).toBeCloseTo(1000 + 1.15 * ((plain[indexOf(0.05)] ?? 0) - 1000), 3);
    expect(shown[indexOf(0.9)]).toBe(plain[indexOf(0.9)]);
  });

  it("widens with every miss of a run, and at once where it was without width", () => {
    const calibrations = newCalibrations();
    const own = calibrations[0] as Calibration;
    const flat = (): Float64Array => new Float64Array(CALIBRATED_LEVELS.length).fill(50);
    let last = 50;
    for (let i = 0; i < 6; i++) {
      const shown = flat();
      calibrate(shown, calibrationAt(calibrations, NO_FACTORS, NEAR_MS));
      const upper = shown[indexOf(0.99)] ?? 0;
      expect(upper).toBeGreaterThan(i === 0 ? 49 : last);
      last = upper;
      addScore(own, 0, 1, 80, shown);
    }
    expect(own.error / own.count).toBeCloseTo(30, 1);
    fadeCalibration(own, DAY_MS);
    expect(own.count).toBeCloseTo(3, 6);
  });

  it("takes factors of the caller on top, each side its own", () => {
    const shown = said(10);
    calibrate(shown, calibrationAt(newCalibrations(), { above: 2, below: 1 }, NEAR_MS));
    expect((shown[indexOf(0.95)] ?? 0) - 1000).toBeCloseTo(2 * 10 * normalQuantile(0.95), 3);
    expect(1000 - (shown[indexOf(0.05)] ?? 0)).toBeCloseTo(-10 * normalQuantile(0.05), 3);
  });

  it("learns nothing from a level met exactly: half the day without demand is no miss", () => {
    const own = newCalibration();
    for (let i = 0; i < 100; i++) addScore(own, 0, 1, 0, new Float64Array(CALIBRATED_LEVELS.length));
    expect(Array.from(own.offsets).every((offset) => offset === 0)).toBe(true);
  });

  it("shifts levels in between as their neighbours, and the tails beyond 0.95 on their own", () => {
    const calibrations = newCalibrations();
    (calibrations[0] as Calibration).offsets[indexOf(0.9)] = 2;
    const column = Float64Array.from(FORECAST_LEVELS, (level) => 1000 + 10 * normalQuantile(level));
    const before = column.slice();
    calibratorFor(FORECAST_LEVELS)(column, calibrationAt(calibrations, NO_FACTORS, NEAR_MS));
    const moved = (level: number): number => {
      const l = FORECAST_LEVELS.indexOf(level);
      return (column[l] ?? 0) - (before[l] ?? 0);
    };
    expect(moved(0.5)).toBe(0);
    expect(moved(0.7)).toBeGreaterThan(1);
    expect(moved(0.9)).toBeCloseTo(20, 1);
    expect(moved(0.8)).toBeLessThan(moved(0.9));
    expect(moved(0.8)).toBeGreaterThan(moved(0.7));
    expect(moved(0.1)).toBe(0);
    // What 0.9 has passed is taken along; the far tail is beyond it.
    expect(column[FORECAST_LEVELS.indexOf(0.95)]).toBe(column[FORECAST_LEVELS.indexOf(0.9)]);
    expect(moved(0.999)).toBeLessThan(2.1);
  });

  const value = fc.double({ min: 0, max: 1e9, noNaN: true });
  const column = fc.array(value, { minLength: FORECAST_LEVELS.length, maxLength: FORECAST_LEVELS.length });
  const truths = fc.array(
    fc.tuple(fc.oneof(value, fc.constant(Number.NaN)), fc.integer({ min: 0, max: 5 })),
    { maxLength: 60 },
  );
  it("answers with rising, finite quantiles, none negative, whatever was learned", () => {
    fc.assert(
      fc.property(column, truths, fc.integer({ min: 1, max: 1440 }), (quantiles, seen, minutes) => {
        const calibrations = newCalibrations();
        const forAll = calibratorFor(FORECAST_LEVELS);
        for (const [truth, bucket] of seen) {
          const shown = Float64Array.from(CALIBRATED_LEVELS, (_, l) => quantiles[l] ?? 0).sort();
          addScore(calibrations[bucket] as Calibration, bucket, 0.3, truth, shown);
        }
        const row = Float64Array.from(quantiles);
        forAll(row, calibrationAt(calibrations, { above: 2.5, below: 1 }, minutes * MINUTE_MS));
        row.forEach((quantile, l) => {
          expect(Number.isFinite(quantile)).toBe(true);
          expect(quantile).toBeGreaterThanOrEqual(row[l - 1] ?? 0);
        });
        for (const { offsets, error, count } of calibrations) {
          expect([...offsets, error, count].every(Number.isFinite)).toBe(true);
          expect(Math.max(...Array.from(offsets, Math.abs))).toBeLessThanOrEqual(5);
        }
      }),
    );
  });

  it("is small, and survives a trip between threads", () => {
    const { calibrations } = follow(5, { scores: 50 });
    expect(structuredClone(calibrations)).toEqual(calibrations);
    const bytes = calibrations.reduce((sum, { offsets }) => sum + offsets.byteLength + 16, 0);
    expect(bytes).toBeLessThan(1000);
  });
});
