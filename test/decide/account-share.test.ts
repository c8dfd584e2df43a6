import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { policyConfig } from "../../policies/names.ts";
import { decide } from "../../src/decide/decide.ts";
import { whyNot } from "../../src/decide/why-not.ts";
import type { DecideInput } from "../../src/model/decide-input.ts";
import type { AccountShare } from "../../src/model/tenancy.ts";
import { TIERS, totalUnits } from "../../src/model/tier.ts";
import { LIMITS, planned, refusals } from "../policies/plan-fixture.ts";
import { forecastOf, inputOf, patched, platformOf, riskOf, sizesOf } from "./decide-input-fixture.ts";

const RISK = riskOf();

function shareOf(grantedUnits: number): AccountShare {
  const units = { budgetUnits: 40, floorUnits: 0, neededUnits: 0, askedUnits: 40, fairUnits: grantedUnits };
  return { account: "web", ...units, grantedUnits, bound: "budget", reason: `${grantedUnits} granted` };
}

function withShare(input: DecideInput, grantedUnits: number): DecideInput {
  return { ...input, settings: { ...input.settings, share: shareOf(grantedUnits) } };
}

describe("the share of an account", () => {
  test("clips even what demand needs now, and says so loudly, as a limit and as a step", () => {
    const { after, limits, steps } = decide(withShare(inputOf({ demandRps: 120 }), 9), RISK);
    expect(totalUnits(after.units)).toBe(9);
    expect(limits).toContainEqual(
      expect.objectContaining({ limit: "account-share", tier: "burst", askedUnits: 12, belowReactive: true }),
    );
    expect(steps).toContainEqual({ name: "account", units: 9, why: "9 granted" });
  });

  test("that fell below what runs takes units away in bounded steps, burst first", () => {
    const settings = patched({ limits: { maxStepDownUnits: 2 } });
    const current = sizesOf(4, 4, 4);
    const { after, limits } = decide(withShare(inputOf({ settings, demandRps: 120, current }), 6), RISK);
    expect(after.units).toEqual({ baseline: 4, predictive: 2, burst: 2 });
    expect(limits.map(({ limit }) => limit)).toContain("step-down");
  });

  test("holds warm units too: tiers first", () => {
    const warm = { current: sizesOf(0, 0, 6, 4), warmExpiresMs: inputOf().nowMs + 600_000 };
    const input = inputOf(warm);
    const free = decide(input, RISK).after;
    const total = totalUnits(free.units);
    expect([total, free.warmUnits]).toEqual([6, 4]);
    const { after, limits } = decide(withShare(input, total + 1), RISK);
    expect([totalUnits(after.units), after.warmUnits]).toEqual([6, 1]);
    expect(limits).toContainEqual(expect.objectContaining({ limit: "account-share", tier: "warm" }));
  });

  test("why-not names it for what is above it only", () => {
    const input = withShare(inputOf({ demandRps: 120 }), 9);
    const decision = decide(input, RISK);
    const settingsFor = (units: number) =>
      whyNot(input, decision, units).obstacles.map(({ setting }) => setting);
    expect(settingsFor(10)).toContain("tenancy.budget (tiercast tenants)");
    expect(settingsFor(5)).not.toContain("tenancy.budget (tiercast tenants)");
  });
});

const count = fc.integer({ min: 0, max: 12 });
const inputs = fc
  .record({
    current: fc.tuple(count, count, count),
    ready: fc.tuple(count, count, count),
    demandRps: fc.integer({ min: 0, max: 300 }),
    ahead: fc.integer({ min: 0, max: 300 }),
    stepDown: fc.integer({ min: 1, max: 8 }),
    stepUp: fc.integer({ min: 1, max: 12 }),
    reviewed: fc.boolean(),
    updates: fc.integer({ min: 0, max: 12 }),
    warm: fc.integer({ min: 0, max: 4 }),
  })
  .map((draw) => {
    const [b, p, x] = draw.current;
    const current = sizesOf(b, p, x, draw.warm);
    const ready = {
      baseline: Math.min(b, draw.ready[0]),
      predictive: Math.min(p, draw.ready[1]),
      burst: Math.min(x, draw.ready[2]),
    };
    const input = inputOf({
      settings: patched({ limits: { maxStepDownUnits: draw.stepDown, maxStepUpUnits: draw.stepUp } }),
      demandRps: draw.demandRps,
      current,
      platform: platformOf(ready, current.units),
      forecast: forecastOf(draw.ahead),
      appliedAtMs: Array.from({ length: draw.updates }, (_, at) => inputOf().nowMs - (at + 1) * 60_000),
    });
    return draw.reviewed ? input : { ...input, lastBaselineReviewMs: null };
  });
const grants = fc.integer({ min: 0, max: 40 });

describe("laws", () => {
  test("within the grant, or on the way down to it: no tier grows, nothing is kept warm; the pack agrees", () => {
    const wide = {
      ...LIMITS,
      maxTotalUnits: 900,
      maxStepUpUnits: 900,
      maxStepDownUnits: 900,
      maxCostUsdPerHour: 900,
    };
    fc.assert(
      fc.property(inputs, grants, (input, granted) => {
        const { after } = decide(withShare(input, granted), RISK);
        const before = input.current.units;
        const isAbove = totalUnits(after.units) + after.warmUnits > granted;
        if (isAbove) {
          expect(TIERS.filter((tier) => after.units[tier] > before[tier])).toEqual([]);
          expect(after.warmUnits).toBe(0);
          const steps = TIERS.map((tier) => before[tier] - after.units[tier]);
          expect(Math.max(...steps)).toBe(input.settings.limits.maxStepDownUnits);
        }
        const plan = planned({ ...after.units, warm: after.warmUnits }, before, 999);
        const said = refusals(plan, policyConfig({ ...wide, accountShareUnits: granted }));
        expect(said).not.toContain("account-share-max");
      }),
      { numRuns: 1_500 },
    );
  });

  test("more granted never gives fewer units; granted what it would have alone, it decides the same", () => {
    fc.assert(
      fc.property(inputs, grants, fc.integer({ min: 0, max: 10 }), (input, granted, more) => {
        const units = (grant: number) => totalUnits(decide(withShare(input, grant), RISK).after.units);
        expect(units(granted + more)).toBeGreaterThanOrEqual(units(granted));
        const alone = decide(input, RISK).after;
        const asked = totalUnits(alone.units) + alone.warmUnits;
        expect(decide(withShare(input, asked), RISK).after).toEqual(alone);
      }),
      { numRuns: 800 },
    );
  });
});
