import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  addLoss,
  BUCKET_ENDS_MS,
  bucketOf,
  bucketWeights,
  fadeLosses,
  groupOf,
  knotShares,
  type LossSums,
  medianWeights,
  newLossSums,
  pinball,
  recentLossRatio,
  WEIGHT_LEVELS,
  weightAt,
  withinHour,
} from "../../src/forecast/ensemble/weights.ts";
import { FORECAST_LEVELS } from "../../src/model/forecast.ts";
import { HOUR_MS, MINUTE_MS } from "../../src/model/time.ts";

const ALL = [true, true, true];
const atAll = (loss: number): number[] => WEIGHT_LEVELS.map(() => loss);

/** So many hourly scores of each member's loss at all levels, naive's being 1. */
function score(sums: LossSums, bucket: number, losses: readonly number[], hours = 48): void {
  for (let hour = 0; hour < hours; hour++) {
    fadeLosses(sums, HOUR_MS);
    for (const [m, own] of losses.entries()) addLoss(sums, m, bucket, 1, atAll(own), atAll(1));
  }
}

function medians(sums: LossSums, bucket: number, present = ALL): number[] {
  return Array.from(medianWeights(bucketWeights(sums, bucket, present)));
}

function expectShares(weights: Float64Array, present: readonly boolean[]): void {
  for (const group of WEIGHT_LEVELS.keys()) {
    const row = present.map((_, m) => weightAt(weights, m, group));
    expect(row.reduce((sum, weight) => sum + weight)).toBeCloseTo(1, 9);
    expect(row.map((weight) => weight > 0)).toEqual(present);
  }
}

describe("bucketWeights", () => {
  it("gives equal shares before anything is scored", () => {
    for (const weight of bucketWeights(newLossSums(3), 0, ALL)) expect(weight).toBeCloseTo(1 / 3, 9);
  });

  it("gives half to the near-term member within the hour, less as it does worse, nothing beyond", () => {
    const share = (losses: readonly number[], bucket: number): number => {
      const sums = newLossSums(3);
      score(sums, bucket, losses, 200);
      return medianWeights(bucketWeights(sums, bucket, ALL, 2))[2] ?? Number.NaN;
    };
    expect(share([1, 0.8, 0.9], 0)).toBeGreaterThan(0.5);
    expect(share([1, 0.6, 0.83], 2)).toBeGreaterThan(0.05);
    expect(share([1, 0.6, 0.83], 2)).toBeLessThan(0.45);
    expect(share([1, 0.6, 0.95], 0)).toBeLessThan(0.02);
    expect(share([1, 0.6, 0.7], 4)).toBeLessThan(0.2);
    const sums = newLossSums(3);
    expectShares(bucketWeights(sums, 0, ALL, 2), ALL);
    expect(medianWeights(bucketWeights(sums, 0, [true, true, false], 2))[2]).toBe(0);
  });

  it("favours the member that loses less, keeps the worst above zero, leaves out the absent", () => {
    const sums = newLossSums(3);
    score(sums, 2, [1, 0.6, 5]);
    const weights = medians(sums, 2);
    expect(weights[1]).toBeGreaterThan(0.95);
    expect(weights[2]).toBeGreaterThan(0.0005);
    expect(weights[2]).toBeLessThan(0.002);
    expect(medians(sums, 2, [true, false, true])[1]).toBe(0);
    expect(medians(sums, 1)[1]).toBeCloseTo(1 / 3, 6);
  });

  it("gives each level its own weights: one member knows the middle, the other the upper edge", () => {
    const sums = newLossSums(3);
    for (let hour = 0; hour < 24; hour++) {
      addLoss(sums, 0, 0, 1, atAll(1), atAll(1));
      addLoss(sums, 1, 0, 1, [1, 1, 0.5, 1, 1], atAll(1));
      addLoss(sums, 2, 0, 1, [1, 1, 1, 0.5, 0.5], atAll(1));
    }
    const weights = bucketWeights(sums, 0, ALL);
    expect(weightAt(weights, 1, groupOf(0.5))).toBeGreaterThan(0.9);
    expect(weightAt(weights, 2, groupOf(0.5))).toBeLessThan(0.05);
    expect(weightAt(weights, 2, groupOf(0.999))).toBeGreaterThan(0.9);
    expect(weightAt(weights, 2, groupOf(0.8))).toBeGreaterThan(0.9);
    expect(weightAt(weights, 2, groupOf(0.1))).toBeCloseTo(1 / 3, 6);
  });

  it("lets a member that becomes right come back within a day of hourly scores", () => {
    const sums = newLossSums(2);
    score(sums, 5, [1, 3], 21 * 24);
    expect(medians(sums, 5, [true, true])[1]).toBeLessThan(0.01);
    score(sums, 5, [1, 0.5], 24);
    expect(medians(sums, 5, [true, true])[1]).toBeGreaterThan(0.5);
  });

  it("is held by long memory: one bad hour of spikes does not outweigh three good weeks", () => {
    const sums = newLossSums(2);
    score(sums, 0, [1, 0.5], 21 * 24);
    score(sums, 0, [1, 1.5], 1);
    expect(medians(sums, 0, [true, true])[1]).toBeGreaterThan(0.9);
    const young = newLossSums(2);
    score(young, 0, [1, 1.5], 1);
    expect(medians(young, 0, [true, true])[1]).toBeLessThan(0.3);
  });

  it("keeps what the long memory says after a silence that fades the fast one away", () => {
    const sums = newLossSums(2);
    score(sums, 0, [1, 0.6], 7 * 24);
    fadeLosses(sums, 5 * 24 * HOUR_MS);
    expect(medians(sums, 0, [true, true])[1]).toBeGreaterThan(0.9);
  });

  it("survives a naive that is never wrong", () => {
    const sums = newLossSums(2);
    for (let i = 0; i < 9; i++) for (const m of [0, 1]) addLoss(sums, m, 0, 1, atAll(0), atAll(0));
    expect(medians(sums, 0, [true, true])).toEqual([0.5, 0.5]);
    addLoss(sums, 1, 0, 1, atAll(5), atAll(0));
    expect(medians(sums, 0, [true, true])[0]).toBeGreaterThan(0.99);
  });

  const loss = fc.oneof(fc.constant(0), fc.double({ min: 0, max: 1e12, noNaN: true }));
  const entry = fc.record({
    member: fc.integer({ min: 0, max: 3 }),
    bucket: fc.integer({ min: 0, max: 5 }),
    own: fc.array(loss, { minLength: 5, maxLength: 5 }),
    naive: fc.array(loss, { minLength: 5, maxLength: 5 }),
    hours: fc.double({ min: 0, max: 500, noNaN: true }),
  });
  const someone = fc.array(fc.boolean(), { minLength: 4, maxLength: 4 }).filter((is) => is.some(Boolean));
  it("sums to 1 at every level over those present, whatever was lost", () => {
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 40 }), someone, (entries, present) => {
        const sums = newLossSums(4);
        for (const { member, bucket, own, naive, hours } of entries) {
          fadeLosses(sums, hours * HOUR_MS);
          addLoss(sums, member, bucket, 0.5, own, naive);
        }
        for (const bucket of BUCKET_ENDS_MS.keys())
          expectShares(bucketWeights(sums, bucket, present), present);
      }),
    );
  });

  it("is small: 13 members in 20 kB", () => {
    const bytes = Object.values(newLossSums(13)).reduce(
      (sum, list) => sum + (ArrayBuffer.isView(list) ? list.byteLength : 8),
      0,
    );
    expect(bytes).toBeLessThan(20_000);
  });
});

describe("buckets, levels and losses", () => {
  it("put every horizon in one bucket, in order", () => {
    const buckets = [5, 10, 15, 30, 60, 120, 300, 1440].map((minutes) => bucketOf(minutes * MINUTE_MS));
    expect(buckets).toEqual([0, 0, 1, 1, 2, 3, 4, 5]);
    expect(BUCKET_ENDS_MS.map((_, bucket) => withinHour(bucket))).toEqual([1, 1, 1, 0, 0, 0].map(Boolean));
  });

  it("give every level the weights of the nearest level that is scored", () => {
    expect(WEIGHT_LEVELS.map(groupOf)).toEqual([0, 1, 2, 3, 4]);
    expect(FORECAST_LEVELS.map(groupOf)).toEqual([0, 0, 0, 1, 1, 2, 2, 2, 2, 2, 3, 3, 4, 4, 4, 4, 4]);
  });

  it("count each cutoff once in each bucket", () => {
    const shares = knotShares([1, 2, 3, 6, 12, 288], 5 * MINUTE_MS);
    expect(shares).toEqual([0.5, 0.5, 0.25, 0.75, 1, 1]);
  });

  it("tell the recent loss of a member over naive's", () => {
    const sums = newLossSums(2);
    expect(recentLossRatio(sums, 3, 1)).toBeUndefined();
    score(sums, 3, [1, 0.25]);
    expect(recentLossRatio(sums, 3, 1)).toBeCloseTo(0.25, 9);
    expect(recentLossRatio(sums, 2, 1)).toBeUndefined();
  });

  it("count the median's loss as the absolute error", () => {
    expect(pinball(10, 7, 0.5)).toBe(3);
    expect(pinball(10, 7, 0.9)).toBeCloseTo(5.4);
    expect(pinball(7, 10, 0.9)).toBeCloseTo(0.6);
  });
});
