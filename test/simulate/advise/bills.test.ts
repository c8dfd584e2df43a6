import { beforeAll, describe, expect, test } from "vitest";
import { HOUR_MS } from "../../../src/model/time.ts";
import {
  billsOf,
  leastFixedHours,
  nearestRun,
  scoredSums,
  type shownRow,
} from "../../../src/simulate/advise/bills.ts";
import { lastValueForecasts, lastValues } from "../../../src/simulate/advise/last-value.ts";
import { standing } from "../../../src/simulate/advise/luck.ts";
import { figures } from "../../../src/simulate/figures.ts";
import { simulate } from "../../../src/simulate/simulate.ts";
import { sweepTiercast } from "../../../src/simulate/sweep.ts";
import { shownTimeline, traceWorld } from "../../../src/simulate/world.ts";
import { dailyWave } from "../../forecast/fixtures.ts";

const world = traceWorld(dailyWave(14, { stepMs: HOUR_MS }), 120);

/** Peers only, and tiercast's rules on the last value in the place of tiercast: no fit is needed. */
async function simulation() {
  const made = await simulate({
    world,
    timeZone: "UTC",
    policies: ["hpa", "oracle"],
    threads: 1,
    monotonicMs: () => 0,
  });
  const own = await sweepTiercast({ world }, lastValueForecasts(world, lastValues(world)));
  return { ...made, runs: [...own, ...made.runs] };
}

test("the least fixed size that misses a share is that of a search through all", () => {
  const { hours } = scoredSums(world);
  for (const share of [0, 0.001, 0.02, 0.3]) {
    let units = 1;
    const missed = () => {
      const held = new Array<number>(world.demandRps.length).fill(units);
      const { requestedUnits, readyUnits } = shownTimeline(world, held);
      const pad = (list: readonly number[]) => [...new Array<number>(world.firstShown).fill(0), ...list];
      const timeline = { requestedUnits: pad(requestedUnits), readyUnits: pad(readyUnits) };
      return figures(timeline, world).violationShare;
    };
    while (missed() > share) units += 1;
    expect(leastFixedHours(world, share)).toBe(units * hours);
  }
});

describe("bills", () => {
  let shared: Awaited<ReturnType<typeof simulation>>;

  beforeAll(async () => {
    shared = await simulation();
  }, 120_000);

  test("per 30 days, at the HPA's unit-hours, and in money what is always on at the baseline price", async () => {
    const made = shared;
    const row = {
      at: { kind: "level", level: 0.003 } as const,
      unitHours: nearestRun(made.runs, "hpa", 3000)?.figures.unitHours ?? 0,
      policies: {
        tiercast: { violationShare: 0.001, violationRatio: 0.3, unitHoursRatio: 0.9, updatesPerHour: 1 },
        hpa: { violationShare: 0.003, violationRatio: 1, unitHoursRatio: 1, updatesPerHour: 1 },
      },
    } as unknown as NonNullable<ReturnType<typeof shownRow>>;
    const bills = Object.fromEntries(
      billsOf(made, row, { baseline: 0.5, predictive: 1, burst: 1 }).map((bill) => [bill.way, bill]),
    );
    const factor = 720 / scoredSums(world).hours;
    expect(bills["hpa"]?.unitHours).toBeCloseTo(row.unitHours * factor, 6);
    expect(bills["tiercast-equal-misses"]?.unitHours).toBeCloseTo(0.9 * row.unitHours * factor, 6);
    expect(bills["tiercast-equal-hours"]?.missed).toBeCloseTo((bills["hpa"]?.missed ?? 0) / 3, 3);
    expect(bills["fixed"]?.costUsd).toBeCloseTo((bills["fixed"]?.unitHours ?? 0) * 0.5, 6);
    const hpa = bills["hpa"];
    expect(hpa?.costUsd).toBeLessThan(hpa?.unitHours ?? 0);
    expect(hpa?.costUsd).toBeGreaterThan((hpa?.unitHours ?? 0) * 0.5);
    expect(billsOf(made, row, undefined).every(({ costUsd }) => costUsd === undefined)).toBe(true);
  });

  test("a policy against itself is at 1, whatever the days", async () => {
    const { runs } = shared;
    const hpa = runs.filter(({ policy }) => policy === "hpa");
    const { violationRatio } = standing(world, hpa, hpa, 50);
    for (const end of Object.values(violationRatio)) expect(end).toBeCloseTo(1, 9);
  });
});
