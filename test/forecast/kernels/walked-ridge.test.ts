import { describe, expect, it } from "vitest";
import { type WalkRows, walkRidge } from "../../../src/forecast/kernels/walked-ridge.ts";
import { seededRandom } from "../../../src/simulate/seeded-random.ts";

const PLAN = { blockSteps: 50, keep: 1, ridgeShare: 0, ridgeRows: 0, leastSquare: 0 };

/** y = 2 x + 3 + noise, each target known five steps after it was asked. */
function line(count: number, noise: number, law: (i: number) => number = () => 2): WalkRows {
  const random = seededRandom(7);
  const features = new Float64Array(2 * count);
  const targets = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    const x = random() - 0.5;
    features.set([x, 1], 2 * i);
    targets[i] = law(i) * x + 3 + noise * (random() - 0.5);
  }
  const askedAt = Int32Array.from({ length: count }, (_, i) => i);
  return { size: 2, count, features, targets, askedAt, knownAt: askedAt.map((at) => at + 5) };
}

describe("walkRidge", () => {
  it("finds the law, and tells each row from what was known before its block", () => {
    const rows = line(400, 0);
    const { weights, expected } = walkRidge(rows, PLAN);
    expect(weights[0]).toBeCloseTo(2, 4);
    expect(weights[1]).toBeCloseTo(3, 4);
    expect(expected.subarray(0, 50).every(Number.isNaN)).toBe(true);
    expect(expected[50]).toBeCloseTo(rows.targets[50] as number, 4);
  });

  it("lets no target of the future into what is expected", () => {
    const rows = line(400, 1);
    const changed = { ...rows, targets: rows.targets.map((target, i) => (i < 195 ? target : target + 100)) };
    const before = walkRidge(rows, PLAN).expected;
    const after = walkRidge(changed, PLAN).expected;
    // Row 195 is known at 200, where the block that starts there has not learned it yet.
    expect(after.subarray(0, 250)).toEqual(before.subarray(0, 250));
    expect(after[250]).not.toBe(before[250]);
  });

  it("forgets an old law where rows fade", () => {
    const rows = line(2_000, 0.1, (i) => (i < 1_000 ? -2 : 2));
    expect(walkRidge(rows, { ...PLAN, keep: 0.7 }).weights[0]).toBeCloseTo(2, 1);
    expect(Math.abs(walkRidge(rows, PLAN).weights[0] ?? 9)).toBeLessThan(0.5);
  });

  it("leans to zero by the rows the penalty is worth", () => {
    const slope = (ridgeRows: number): number =>
      walkRidge(line(200, 0), { ...PLAN, ridgeRows }).weights[0] ?? 0;
    expect(slope(200)).toBeGreaterThan(0.5);
    expect(slope(200)).toBeLessThan(1.5);
    expect(slope(2_000)).toBeLessThan(0.5);
  });

  it("gives no say to a feature that hardly ever moved", () => {
    const rows = line(400, 0);
    const still = {
      ...rows,
      features: rows.features.map((value, i) => (i % 2 === 0 ? value / 1_000 : value)),
    };
    const plan = { ...PLAN, ridgeRows: 50 };
    expect(walkRidge(still, { ...plan, leastSquare: 0.01 }).weights[0]).toBeLessThan(3);
    expect(walkRidge(still, plan).weights[0]).toBeGreaterThan(1_000);
  });

  it("answers nothing from nothing", () => {
    const { weights, expected } = walkRidge(line(0, 0), PLAN);
    expect(Array.from(weights)).toEqual([0, 0]);
    expect(expected).toHaveLength(0);
  });
});
