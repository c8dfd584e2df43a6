import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type ChoiceWorld, choiceCosts, leadDistribution } from "../../src/decide/warm-choice.ts";
import { MINUTE_MS } from "../../src/model/time.ts";

/** Four onsets in whole minutes of need fall on eighths of a minute. */
const TICKS = 8;

/** One unit followed tick by tick, as somebody who never saw the closed form would. */
function byTick(world: ChoiceWorld, leastRps: number, isWarm: boolean) {
  const longestMs = Math.max(...world.leads.map((lead) => lead.leadMs));
  const window = (world.windowMs / MINUTE_MS) * TICKS;
  const ticks = Array.from({ length: window + (longestMs / MINUTE_MS) * TICKS }, (_, tick) => tick);
  const sum = { startUsd: 0, warmUsd: 0, waitUsd: 0 };
  for (const path of world.paths) {
    const needed = ticks.map((tick) => {
      const step = Math.floor(((tick / TICKS) * MINUTE_MS - world.firstStepMs) / world.stepMs);
      return (path.demandRps[Math.min(step, path.demandRps.length - 1)] ?? 0) >= leastRps;
    });
    const inside = ticks.filter((tick) => needed[tick] && tick < window);
    const begins = [1, 3, 5, 7].map((eighth) => inside[(eighth * inside.length) / 8]);
    for (const begin of begins) {
      const course = needed.map((need, tick) => need && begin !== undefined && tick >= begin);
      for (const { leadMs, weight } of world.leads) {
        const usd = oneLead(world, course, (leadMs / MINUTE_MS) * TICKS, isWarm);
        for (const key of ["startUsd", "warmUsd", "waitUsd"] as const)
          sum[key] += (path.mass * weight * usd[key]) / (60 * TICKS * begins.length);
      }
    }
  }
  return sum;
}

/** What is paid in each tick of one course, by the hour. */
function oneLead(world: ChoiceWorld, needed: readonly boolean[], lead: number, isWarm: boolean) {
  const { under, start, burst, idle } = world.usdPerHour;
  const window = (world.windowMs / MINUTE_MS) * TICKS;
  const first = needed.indexOf(true);
  const comes = first >= 0;
  const ready = isWarm ? 0 : lead;
  const pay = (of: (tick: number) => number) => needed.reduce((sum, _, tick) => sum + of(tick), 0);
  const lacking = (tick: number) => (needed[tick] ? under : 0);
  // Given back at the window's end when nobody came.
  const isHeld = (tick: number) => comes || tick < window;
  const held = (tick: number) => (tick < ready || (comes && tick >= first) ? burst : idle);
  return {
    startUsd: pay((tick) => (isHeld(tick) ? start : 0) + (tick < lead ? lacking(tick) : 0)),
    warmUsd: pay((tick) => (isHeld(tick) ? held(tick) : 0) + (tick < ready ? lacking(tick) : 0)),
    waitUsd: pay((tick) => (comes && tick >= first ? burst : 0) + (tick < first + lead ? lacking(tick) : 0)),
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
  test("costs what a unit followed tick by tick costs", () => {
    fc.assert(
      fc.property(world, fc.integer({ min: 1, max: 9 }), fc.boolean(), (drawn, leastRps, isWarm) => {
        const told = choiceCosts(drawn, leastRps, isWarm);
        const counted = byTick(drawn, leastRps, isWarm);
        for (const key of ["startUsd", "warmUsd", "waitUsd"] as const) {
          expect(told[key]).toBeCloseTo(counted[key], 9);
        }
      }),
      { numRuns: 1_000, seed: 20_261_122 },
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
