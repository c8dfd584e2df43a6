import { describe, expect, it } from "vitest";
import { blendStep, stepWeights } from "../../src/forecast/ensemble/step-weights.ts";
import { BUCKET_ENDS_MS, groupOf, WEIGHT_LEVELS } from "../../src/forecast/ensemble/weights.ts";
import { HOUR_MS, MINUTE_MS } from "../../src/model/time.ts";

const PER_BUCKET = BUCKET_ENDS_MS.map((_, bucket) => Float64Array.of(bucket));
const at = (aheadMs: number): number => stepWeights(PER_BUCKET, aheadMs)[0] ?? Number.NaN;

describe("stepWeights", () => {
  it("are those of the bucket in its first half, halfway to the next at its end, without a jump back", () => {
    expect(at(5 * MINUTE_MS)).toBe(0);
    expect(at(15 * MINUTE_MS)).toBe(1);
    expect(at(30 * MINUTE_MS)).toBeCloseTo(1.5, 9);
    expect(at(8 * HOUR_MS)).toBeCloseTo(4.5, 9);
    expect(at(24 * HOUR_MS)).toBe(5);
    let last = 0;
    for (let minutes = 5; minutes <= 1440; minutes += 5) {
      const now = at(minutes * MINUTE_MS);
      expect(now).toBeGreaterThanOrEqual(last);
      last = now;
    }
  });
});

describe("blendStep", () => {
  const levels = [0.1, 0.5, 0.9];
  const row = (...values: number[]): Float64Array[] => values.map((value) => Float64Array.of(0, value));

  /** Weights of two members, the same for all levels but those given. */
  function weightsOf(first: number, apart: Record<number, number> = {}): Float64Array {
    const weights = new Float64Array(2 * WEIGHT_LEVELS.length);
    for (const group of WEIGHT_LEVELS.keys()) {
      const share = apart[group] ?? first;
      weights[group] = share;
      weights[WEIGHT_LEVELS.length + group] = 1 - share;
    }
    return weights;
  }

  it("averages level by level, each with its own weights, at the step asked for", () => {
    const column = new Float64Array(3).fill(99);
    const rows = [row(10, 20, 30), row(20, 40, 60)];
    blendStep(column, levels, weightsOf(0.5, { [groupOf(0.9)]: 1 }), rows, 1);
    expect(Array.from(column)).toEqual([15, 30, 30]);
    blendStep(column, levels, weightsOf(0.25), rows, 1);
    expect(Array.from(column)).toEqual([17.5, 35, 52.5]);
  });

  it("leaves out absent members without a share, and sorts levels that cross", () => {
    const column = new Float64Array(3);
    blendStep(column, levels, weightsOf(1), [row(1, 2, 3), undefined], 1);
    expect(Array.from(column)).toEqual([1, 2, 3]);
    const crossing = weightsOf(1, { [groupOf(0.5)]: 0 });
    blendStep(column, levels, crossing, [row(1, 2, 3), row(40, 50, 60)], 1);
    expect(Array.from(column)).toEqual([1, 3, 50]);
  });

  it("cuts off a member that ran away from the others", () => {
    const column = new Float64Array(3);
    const weights = new Float64Array(3 * WEIGHT_LEVELS.length).fill(0.001);
    weights.fill(0.998, WEIGHT_LEVELS.length, 2 * WEIGHT_LEVELS.length);
    blendStep(column, levels, weights, [row(1, 2, 3), row(1, 2, 3), row(1e9, 1e10, 1e12)], 1);
    expect(column[1]).toBeLessThan(2.1);
    expect(column[2]).toBeLessThan(3.1);
    expect(column[2]).toBeGreaterThan(3);
  });
});
