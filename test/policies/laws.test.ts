import fc from "fast-check";
import { expect, test } from "vitest";
import { policyConfig } from "../../policies/names.ts";
import { LIMITS, planned, refusals } from "./plan-fixture.ts";

const COUNT = fc.integer({ min: 0, max: 24 });
const SIZES = fc.record({
  baseline: COUNT,
  predictive: COUNT,
  burst: COUNT,
  warm: fc.integer({ min: 0, max: 7 }),
});
const BEFORE = fc.option(fc.record({ baseline: COUNT, predictive: COUNT, burst: COUNT }), { nil: null });
const PLANS = fc.record({ after: SIZES, before: BEFORE, observedUnits: fc.integer({ min: 0, max: 60 }) });
type Plan = typeof PLANS extends fc.Arbitrary<infer T> ? T : never;
const TIERS = ["baseline", "predictive", "burst"] as const;

/** Cost limit that about half of the drawn plans keep. */
const MAX_COST_USD_PER_HOUR = 3;
const CONFIG = policyConfig({ ...LIMITS, maxCostUsdPerHour: MAX_COST_USD_PER_HOUR });

test("a plan is refused by exactly those policies whose limit it breaks", () => {
  let passed = 0;
  fc.assert(
    fc.property(PLANS, (plan) => {
      const broken = brokenLimits(plan);
      if (broken.length === 0) passed++;
      expect(refusals(planned(plan.after, plan.before, plan.observedUnits), CONFIG)).toEqual(broken);
    }),
    { numRuns: 3_000, seed: 20_261_122 },
  );
  expect(passed).toBeGreaterThan(20);
});

test("a plan inside every limit passes", () => {
  const small = fc.integer({ min: 0, max: 5 });
  const inside = fc.record({
    before: fc.record({ baseline: fc.integer({ min: 2, max: 6 }), predictive: small, burst: small }),
    steps: fc.record({
      baseline: fc.integer({ min: 0, max: 4 }),
      predictive: fc.integer({ min: 0, max: 4 }),
      burst: fc.integer({ min: 0, max: 4 }),
    }),
    warm: fc.integer({ min: 0, max: 4 }),
    observedUnits: fc.integer({ min: 0, max: 100 }),
  });
  fc.assert(
    fc.property(inside, ({ before, steps, warm, observedUnits }) => {
      const after = {
        baseline: before.baseline + steps.baseline,
        predictive: before.predictive + steps.predictive,
        burst: before.burst + steps.burst,
        warm,
      };
      expect(refusals(planned(after, before, observedUnits))).toEqual([]);
    }),
    { seed: 20_261_122 },
  );
});

/** The limits once more, as arithmetic written for this test alone. */
function brokenLimits({ after, before, observedUnits }: Plan): readonly string[] {
  const total = after.baseline + after.predictive + after.burst;
  const cents = 6 * after.baseline + 10 * after.predictive + 12 * after.burst + 5 * after.warm;
  const steps = before === null ? [] : TIERS.map((tier) => after[tier] - before[tier]);
  // What is above a limit already may come down to it in steps.
  const comesDown = before !== null && steps.every((step) => step <= 0) && steps.some((step) => step < 0);
  const most = { baseline: 10, predictive: 20, burst: 12 };
  const broken: Readonly<Record<string, boolean>> = {
    "baseline-min": after.baseline < 2,
    "burst-reserve": after.baseline + after.predictive > 24 && !comesDown,
    "cost-max": cents > 100 * MAX_COST_USD_PER_HOUR && !(comesDown && after.warm === 0),
    "step-down-max": steps.some((step) => step < -2),
    "step-up-max": steps.some((step) => step > 4) && total > observedUnits,
    "tier-units-max": TIERS.some(
      (tier) => after[tier] > most[tier] && (before === null || after[tier] >= before[tier]),
    ),
    "total-units-max": total > 30 && !comesDown,
    "warm-units-max": after.warm > 4,
  };
  return Object.keys(broken).filter((name) => broken[name]);
}
