import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type ChoiceWorld, choiceCosts, leadDistribution } from "../../src/decide/warm-choice.ts";
import { MINUTE_MS } from "../../src/model/time.ts";

/** One unit followed minute by minute, as somebody who never saw the closed form would. */
function byMinute(world: ChoiceWorld, leastRps: number, isWarm: boolean) {
  const longestMs = Math.max(...world.leads.map((lead) => lead.leadMs));
  const minutes = Array.from({ length: (world.windowMs + longestMs) / MINUTE_MS }, (_, minute) => minute);
  const sum = { startUsd: 0, warmUsd: 0, waitUsd: 0 };
  for (const path of world.paths) {
    const needed = minutes.map((minute) => {
      const step = Math.floor((minute * MINUTE_MS - world.firstStepMs) / world.stepMs);
      return (path.demandRps[Math.min(step, path.demandRps.length - 1)] ?? 0) >= leastRps;
    });
    for (const { leadMs, weight } of world.leads) {
      const usd = oneLead(world, needed, leadMs / MINUTE_MS, isWarm);
      for (const key of ["startUsd", "warmUsd", "waitUsd"] as const)
        sum[key] += (path.mass * weight * usd[key]) / 60;
    }
  }
  return sum;
}

/** What is paid in each minute of one course, in USD x 60. */
function oneLead(world: ChoiceWorld, needed: readonly boolean[], lead: number, isWarm: boolean) {
  const { under, start, burst, idle } = world.usdPerHour;
  const window = world.windowMs / MINUTE_MS;
  const first = needed.indexOf(true);
  const comes = first >= 0 && first < window;
  const ready = isWarm ? 0 : lead;
  const pay = (of: (minute: number, isNeeded: boolean) => number) =>
    needed.reduce((sum, isNeeded, minute) => sum + of(minute, isNeeded && comes), 0);
  const lacking = (isNeeded: boolean) => (isNeeded ? under : 0);
  // Given back at the window's end when nobody came.
  const isHeld = (minute: number) => comes || minute < window;
  const held = (minute: number) => (minute < ready || (comes && minute >= first) ? burst : idle);
  return {
    startUsd: pay((minute, need) => (isHeld(minute) ? start : 0) + (minute < lead ? lacking(need) : 0)),
    warmUsd: pay(
      (minute, need) => (isHeld(minute) ? held(minute) : 0) + (minute < ready ? lacking(need) : 0),
    ),
    waitUsd: pay(
      (minute, need) => (comes && minute >= first ? burst : 0) + (minute < first + lead ? lacking(need) : 0),
    ),
  };
}

const world: fc.Arbitrary<ChoiceWorld> = fc
  .record({
    rows: fc.array(fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 1, maxLength: 9 }), {
      minLength: 1,
      maxLength: 4,
    }),
    stepMinutes: fc.integer({ min: 1, max: 5 }),
    lateMinutes: fc.integer({ min: 0, max: 4 }),
    windowMinutes: fc.integer({ min: 1, max: 20 }),
    leads: fc.array(fc.integer({ min: 0, max: 15 }), { minLength: 1, maxLength: 4 }),
    usd: fc.tuple(fc.integer({ min: 0, max: 30 }), fc.nat(5), fc.nat(5), fc.nat(5)),
  })
  .map((draw) => ({
    paths: draw.rows.map((demandRps) => ({ mass: 1 / draw.rows.length, demandRps })),
    stepMs: draw.stepMinutes * MINUTE_MS,
    firstStepMs: -Math.min(draw.lateMinutes, draw.stepMinutes - 1) * MINUTE_MS,
    windowMs: draw.windowMinutes * MINUTE_MS,
    leads: draw.leads.map((minutes) => ({ leadMs: minutes * MINUTE_MS, weight: 1 / draw.leads.length })),
    usdPerHour: { under: draw.usd[0], start: draw.usd[1], burst: draw.usd[2], idle: draw.usd[3] },
  }));

describe("start now, keep warm or wait", () => {
  test("costs what a unit followed minute by minute costs", () => {
    fc.assert(
      fc.property(world, fc.integer({ min: 1, max: 9 }), fc.boolean(), (drawn, leastRps, isWarm) => {
        const told = choiceCosts(drawn, leastRps, isWarm);
        const counted = byMinute(drawn, leastRps, isWarm);
        for (const key of ["startUsd", "warmUsd", "waitUsd"] as const) {
          expect(told[key]).toBeCloseTo(counted[key], 9);
        }
      }),
      { numRuns: 2_000, seed: 20_261_122 },
    );
  });

  test("a unit nobody will need is best waited for, and one already warm is never dearer than one to prepare", () => {
    fc.assert(
      fc.property(world, fc.integer({ min: 1, max: 12 }), (drawn, leastRps) => {
        const fresh = choiceCosts(drawn, leastRps, false);
        const warm = choiceCosts(drawn, leastRps, true);
        if (drawn.usdPerHour.idle <= drawn.usdPerHour.burst)
          expect(warm.warmUsd).toBeLessThanOrEqual(fresh.warmUsd + 1e-9);
        if (leastRps > 9) expect(fresh.waitUsd).toBe(0);
      }),
      { numRuns: 1_000, seed: 20_261_122 },
    );
  });

  test("each wins somewhere", () => {
    const base: ChoiceWorld = {
      paths: [{ mass: 1, demandRps: [0, 0, 5, 5] }],
      stepMs: 5 * MINUTE_MS,
      firstStepMs: 0,
      windowMs: 15 * MINUTE_MS,
      leads: [{ leadMs: 10 * MINUTE_MS, weight: 1 }],
      usdPerHour: { under: 9, start: 1, burst: 1, idle: 0.4 },
    };
    const cheapest = (patch: Partial<ChoiceWorld>) => {
      const { startUsd, warmUsd, waitUsd } = choiceCosts({ ...base, ...patch }, 5, false);
      return [startUsd, warmUsd, waitUsd].indexOf(Math.min(startUsd, warmUsd, waitUsd));
    };
    expect(cheapest({ usdPerHour: { under: 9, start: 0.9, burst: 1, idle: 0.4 } })).toBe(0);
    const long = { windowMs: 25 * MINUTE_MS, paths: [{ mass: 1, demandRps: [0, 0, 0, 0, 5] }] };
    expect(cheapest(long)).toBe(1);
    expect(cheapest({ paths: [{ mass: 1, demandRps: [0] }] })).toBe(2);
  });
});

describe("the distribution of lead times", () => {
  test("keeps the mean, counts the prior as one more, is short and rises", () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 3_600_000 }), { maxLength: 200 }),
        fc.integer({ min: 0, max: 3_600_000 }),
        (measured, priorMs) => {
          const leads = leadDistribution(measured, priorMs);
          const all = [...measured, priorMs];
          const mean = all.reduce((sum, leadMs) => sum + leadMs, 0) / all.length;
          expect(leads.length).toBe(Math.min(12, all.length));
          expect(leads.reduce((sum, lead) => sum + lead.weight, 0)).toBeCloseTo(1, 9);
          expect(leads.reduce((sum, lead) => sum + lead.weight * lead.leadMs, 0)).toBeCloseTo(mean, 3);
          const times = leads.map((lead) => lead.leadMs);
          expect(times).toEqual(times.toSorted((a, b) => a - b));
        },
      ),
      { seed: 20_261_122 },
    );
  });
});
