import { describe, expect, it } from "vitest";
import { addScore, newCalibration, widthFactors } from "../../src/forecast/conformal.ts";
import {
  addLoss,
  BUCKET_ENDS_MS,
  bucketOf,
  bucketWeights,
  fadeLosses,
  type LossSums,
  newLossSums,
  pinball,
} from "../../src/forecast/weights.ts";
import { DAY_MS, MINUTE_MS } from "../../src/model/time.ts";
import { randomStream } from "./fixtures.ts";

const ALL = [true, true, true];

/** A hundred scores of each member's loss against naive's. */
function score(sums: LossSums, bucket: number, losses: readonly number[], naiveLoss = 1): void {
  for (let i = 0; i < 100; i++) {
    for (const [member, own] of losses.entries()) addLoss(sums, member, bucket, 1, own, naiveLoss);
  }
}

describe("bucketWeights", () => {
  it("gives equal shares before anything is scored, and sums to 1", () => {
    const weights = bucketWeights(newLossSums(3), 0, ALL);
    for (const weight of weights) expect(weight).toBeCloseTo(1 / 3, 6);
  });

  it("favours the member that loses less, keeps the worst above zero, leaves out the absent", () => {
    const sums = newLossSums(3);
    score(sums, 2, [1, 0.6, 5], 1);
    const weights = bucketWeights(sums, 2, ALL);
    expect(weights[1]).toBeGreaterThan(0.9);
    expect(weights[2]).toBeGreaterThan(0);
    expect(weights.reduce((sum, weight) => sum + weight)).toBeCloseTo(1, 9);
    expect(bucketWeights(sums, 2, [true, false, true])[1]).toBe(0);
    expect(bucketWeights(sums, 1, ALL)[1]).toBeCloseTo(1 / 3, 6);
  });

  it("lets a member come back: what is old fades", () => {
    const sums = newLossSums(2);
    score(sums, 0, [1, 3], 1);
    expect(bucketWeights(sums, 0, [true, true])[1]).toBeLessThan(0.1);
    fadeLosses(sums, 10 * DAY_MS);
    score(sums, 0, [1, 0.5], 1);
    expect(bucketWeights(sums, 0, [true, true])[1]).toBeGreaterThan(0.9);
  });

  it("survives a naive that is never wrong", () => {
    const sums = newLossSums(2);
    score(sums, 0, [0, 0], 0);
    expect(Array.from(bucketWeights(sums, 0, [true, true]))).toEqual([0.5, 0.5]);
  });
});

describe("buckets and losses", () => {
  it("put every horizon in one bucket, in order", () => {
    const buckets = [5, 10, 15, 30, 60, 120, 300, 1440].map((minutes) => bucketOf(minutes * MINUTE_MS));
    expect(buckets).toEqual([0, 0, 1, 1, 2, 3, 4, 5]);
    expect(bucketOf(30 * DAY_MS)).toBe(BUCKET_ENDS_MS.length - 1);
  });

  it("count the median's loss as the absolute error", () => {
    expect(pinball(10, 7, 0.5)).toBe(3);
    expect(pinball(10, 7, 0.9)).toBeCloseTo(5.4);
    expect(pinball(7, 10, 0.9)).toBeCloseTo(0.6);
  });
});

describe("widthFactors", () => {
  /** Truths uniform in [-1, 1]; said: +-`said`. Returns the coverage of the last half of 1000 scores. */
  function coverageAfter(said: number, withinHour: boolean): number {
    const calibration = newCalibration();
    const random = randomStream(7);
    let inside = 0;
    for (let i = 0; i < 1000; i++) {
      const factor = widthFactors(calibration, withinHour);
      const truth = 100 + 2 * random() - 1;
      const shown = [100 - said * factor.below, 100, 100 + said * factor.above] as const;
      if (i >= 500 && truth >= shown[0] && truth <= shown[2]) inside++;
      addScore(calibration, truth, [100 - said, 100, 100 + said], shown);
    }
    return inside / 500;
  }

  it("widens an interval half as wide as it must be, and narrows one twice as wide, to about 90 %", () => {
    expect(coverageAfter(0.45, true)).toBeGreaterThan(0.86);
    expect(coverageAfter(1.6, true)).toBeLessThan(0.96);
    expect(coverageAfter(1.6, true)).toBeGreaterThan(0.86);
  });

  it("beyond an hour only widens", () => {
    expect(coverageAfter(1.6, false)).toBe(1);
  });

  it("waits for 50 scores", () => {
    const calibration = newCalibration();
    for (let i = 0; i < 49; i++) addScore(calibration, 200, [99, 100, 101], [99, 100, 101]);
    expect(widthFactors(calibration, true)).toEqual({ above: 1, below: 1 });
    addScore(calibration, 200, [99, 100, 101], [99, 100, 101]);
    expect(widthFactors(calibration, true).above).toBeGreaterThan(1);
  });
});
