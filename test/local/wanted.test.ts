import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  NOTHING_WANTED,
  takePlan,
  takeTier,
  takeWarm,
  type Wanted,
  warmUnitsNow,
} from "../../src/local/wanted.ts";

const warm = { units: 3, ttlWallMs: 60_000, expiresMs: 5, reason: "wide interval", planGeneration: 4 };

function plan(planGeneration: number, decisionId = `d${planGeneration}`) {
  return { planGeneration, decisionId, cutoffMs: 0, observedUnits: 1 };
}

function afterPlan(planGeneration: number): Wanted {
  return { ...NOTHING_WANTED, plan: plan(planGeneration), planGeneration };
}

describe("fencing", () => {
  test("generations taken never fall, whatever arrives in whatever order", () => {
    fc.assert(
      fc.property(fc.array(fc.record({ generation: fc.nat(20), decision: fc.nat(3) })), (arrivals) => {
        let wanted: Wanted = NOTHING_WANTED;
        for (const { generation, decision } of arrivals) {
          const outcome = takePlan(wanted, plan(generation, `d${decision}`));
          if (outcome.kind === "refused") continue;
          const { planGeneration } = outcome.wanted;
          const retried = planGeneration === wanted.planGeneration && wanted.plan !== null;
          expect(planGeneration).toBeGreaterThanOrEqual(wanted.planGeneration);
          if (retried) expect(outcome.wanted.plan).toEqual(wanted.plan);
          wanted = outcome.wanted;
        }
      }),
    );
  });

  test("a stale plan is refused with both numbers, and so are its sizes", () => {
    const numbers = { kind: "refused", status: 409, storedGeneration: 4, refusedGeneration: 3 };
    expect(takePlan(afterPlan(4), plan(3))).toMatchObject(numbers);
    expect(takeTier(afterPlan(4), "burst", { units: 1, planGeneration: 3 }, 9)).toMatchObject(numbers);
    expect(takeWarm(afterPlan(4), { ...warm, planGeneration: 3 }, 9, 0)).toMatchObject(numbers);
  });

  test("sizes ahead of the plan are refused too", () => {
    expect(takeTier(afterPlan(4), "burst", { units: 1, planGeneration: 5 }, 9)).toMatchObject({
      status: 409,
    });
    expect(takeTier(NOTHING_WANTED, "burst", { units: 1, planGeneration: 0 }, 9)).toMatchObject({
      status: 409,
    });
  });

  test("the same generation by another decision is refused", () => {
    expect(takePlan(afterPlan(4), plan(4, "other"))).toMatchObject({ kind: "refused", status: 409 });
  });

  test("a deleted plan still fences", () => {
    expect(takePlan({ ...afterPlan(4), plan: null }, plan(3))).toMatchObject({ status: 409 });
  });
});

describe("limits", () => {
  const held: Wanted = { ...afterPlan(4), tiers: { baseline: 4, predictive: 2 } };

  test.each<[string, number, "taken" | "refused"]>([
    ["up to the limit", 4, "taken"],
    ["beyond it", 5, "refused"],
  ])("%s", (_name, units, kind) => {
    expect(takeTier(held, "burst", { units, planGeneration: 4 }, 10).kind).toBe(kind);
  });

  test("shrinking is taken although the total stays beyond a limit that was lowered", () => {
    expect(takeTier(held, "baseline", { units: 3, planGeneration: 4 }, 1).kind).toBe("taken");
  });

  test("a growing tier is not refused for warm units: they make room", () => {
    const outcome = takeWarm(held, warm, 10, 0);
    if (outcome.kind === "refused") throw new Error(outcome.message);
    const grown = takeTier(outcome.wanted, "burst", { units: 3, planGeneration: 4 }, 10);
    if (grown.kind === "refused") throw new Error(grown.message);
    expect(warmUnitsNow(grown.wanted, 10, 0)).toBe(1);
    expect(takeWarm(held, { ...warm, units: 5 }, 10, 0)).toMatchObject({ kind: "refused", status: 422 });
  });

  test("a warm pool ends with its time, and taking it again renews it", () => {
    const first = takeWarm(held, warm, 20, 1_000);
    if (first.kind === "refused") throw new Error(first.message);
    expect(warmUnitsNow(first.wanted, 20, 60_999)).toBe(3);
    expect(warmUnitsNow(first.wanted, 20, 61_000)).toBe(0);
    const renewed = takeWarm(first.wanted, warm, 20, 61_000);
    if (renewed.kind === "refused") throw new Error(renewed.message);
    expect(warmUnitsNow(renewed.wanted, 20, 61_000)).toBe(3);
  });
});
