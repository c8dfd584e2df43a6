import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decide } from "../../src/decide/decide.ts";
import type { ForecastRecord } from "../../src/model/cycle.ts";
import type { DecideInput } from "../../src/model/decide-input.ts";
import type { Risk, Strategy } from "../../src/model/decision.ts";
import type { PrewarmPlan, PrewarmRule } from "../../src/model/prewarm.ts";
import { HOUR_MS, MINUTE_MS } from "../../src/model/time.ts";
import { forecastOf, inputOf, LEVELS, NOW_MS, SETTINGS } from "./decide-input-fixture.ts";

const RULE: PrewarmRule = {
  quantile: 0.9,
  minRiseFraction: 0.5,
  tasks: [
    { name: "images", leadMs: HOUR_MS, perUnit: 0.5 },
    { name: "caches", leadMs: 10 * MINUTE_MS, perUnit: 0 },
  ],
};

const risk = (strategy: Strategy): Risk => ({
  trust: 1,
  parts: { width: 1, coverage: 1, accuracy: 1, anomaly: 1, staleness: 1 },
  strategy,
  reason: "test",
});

/** A forecast whose every level follows `rpsAt` of the hours from now. */
function course(rpsAt: (hours: number) => number, upper = 1.2): ForecastRecord {
  const flat = forecastOf(0);
  return {
    ...flat,
    quantiles: LEVELS.map((level) =>
      Array.from({ length: 288 }, (_, step) => rpsAt(step / 12) * (level >= 0.9 ? upper : 1)),
    ),
  };
}

/** 60 rps now, down to 20 from hour 6 to 12, 100 (q0.9: 120) at hour 18. */
const NIGHT = course((hours) => (hours < 6 ? 60 : hours < 12 ? 20 : hours >= 18 && hours < 19 ? 100 : 60));

function planOf(patch: Partial<DecideInput> = {}, strategy: Strategy = "conservative", rule = RULE) {
  const settings = { ...SETTINGS, prewarm: rule };
  return decide(inputOf({ forecast: NIGHT, ...patch, settings }), risk(strategy)).prewarm;
}

describe("pre-warming", () => {
  test("finds the peak, the off-peak window before it, and what each task prepares until when", () => {
    const plan = planOf();
    const at = (hours: number) => NOW_MS + hours * HOUR_MS;
    expect(plan).toMatchObject({
      peakMs: at(18),
      peakUnits: 12,
      troughUnits: 2,
      dueMs: at(6),
      untilMs: at(12),
    });
    expect(plan?.id).toBe("peak-2026-03-03T06:00Z");
    expect(plan?.tasks).toEqual([
      { name: "images", count: 5, untilMs: at(12) },
      { name: "caches", count: 1, untilMs: at(12) },
    ]);
    expect(plan?.reason).toBe("12 units at q0.9 in 18h, up from 2: prepared off-peak, from 6h on");
  });

  test("a task has to be done its lead before the peak; one that cannot be is left out", () => {
    const early = course((hours) => (hours < 1.5 ? 20 : 100));
    const plan = planOf({ forecast: early });
    expect(plan?.tasks.map((task) => task.untilMs - NOW_MS)).toEqual([30 * MINUTE_MS, 80 * MINUTE_MS]);
    const soon = planOf({ forecast: course((hours) => (hours < 0.5 ? 20 : 100)) });
    expect(soon?.tasks.map((task) => task.name)).toEqual(["caches"]);
    expect(planOf({ forecast: course((hours) => (hours < 0.1 ? 20 : 100)) })).toBeUndefined();
  });

  test("nothing where nothing rises enough, nothing is trusted or nothing is configured", () => {
    expect(planOf({ forecast: forecastOf(60) })).toBeUndefined();
    expect(planOf({ forecast: course((hours) => (hours > 4 ? 100 : 70)) })).toBeUndefined();
    expect(planOf({ forecast: course((hours) => 100 - hours) })).toBeUndefined();
    expect(planOf({}, "reactive-only")).toBeUndefined();
    expect(planOf({ forecast: null })).toBeUndefined();
    expect(decide(inputOf({ forecast: NIGHT }), risk("conservative")).prewarm).toBeUndefined();
  });

  test("a plan whose window has begun stands until its peak, one that has not is made anew", () => {
    const standing: PrewarmPlan = {
      id: "peak-x",
      peakMs: NOW_MS + HOUR_MS,
      peakUnits: 9,
      troughUnits: 1,
      dueMs: NOW_MS - HOUR_MS,
      untilMs: NOW_MS,
      tasks: [],
      reason: "earlier",
    };
    expect(planOf({ prewarm: standing })).toBe(standing);
    expect(planOf({ prewarm: standing, forecast: null }, "reactive-only")).toBe(standing);
    expect(planOf({ prewarm: { ...standing, peakMs: NOW_MS } })?.id).toBe("peak-2026-03-03T06:00Z");
    expect(planOf({ prewarm: { ...standing, dueMs: NOW_MS + 1 } })?.id).toBe("peak-2026-03-03T06:00Z");
  });

  test("whatever the course: due before until, until a lead before the peak, the window off-peak", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 24, maxLength: 24 }), (hours) => {
        const forecast = course((at) => hours[Math.floor(at)] ?? 0);
        const plan = planOf({ forecast });
        if (plan === undefined) return;
        expect(plan.dueMs).toBeGreaterThanOrEqual(NOW_MS);
        for (const [index, task] of plan.tasks.entries()) {
          expect(task.untilMs).toBeGreaterThan(plan.dueMs);
          const leadMs = RULE.tasks.find(({ name }) => name === task.name)?.leadMs ?? Number.NaN;
          expect(task.untilMs, String(index)).toBeLessThanOrEqual(plan.peakMs - leadMs);
        }
        const limit = plan.troughUnits + 0.25 * (plan.peakUnits - plan.troughUnits);
        for (let ms = plan.dueMs; ms < plan.untilMs; ms += 5 * MINUTE_MS) {
          const rps = hours[Math.floor((ms - NOW_MS) / HOUR_MS)] ?? 0;
          expect(Math.ceil(rps / 10)).toBeLessThanOrEqual(limit);
        }
        expect(plan.peakUnits - plan.troughUnits).toBeGreaterThanOrEqual(0.5 * plan.peakUnits);
      }),
      { numRuns: 300, seed: 20_261_122 },
    );
  });
});
