import { expect, test, vi } from "vitest";
import { HOUR_MS } from "../../../src/model/time.ts";
import { advise } from "../../../src/simulate/advise/advise.ts";
import { randomStream, seriesOf } from "../../forecast/fixtures.ts";

/** Fits in worker threads, on machines that do other things too. */
vi.setConfig({ testTimeout: 300_000 });

const DAYS = 16;

function hourly(value: (hour: number) => number): Float64Array {
  return Float64Array.from({ length: DAYS * 24 }, (_, hour) => value(hour));
}

const advised = (values: Float64Array, leads: { readonly leadMs?: number } = { leadMs: 2 * HOUR_MS }) =>
  advise({
    series: seriesOf(values, HOUR_MS),
    timeZone: "UTC",
    ...leads,
    quick: true,
    threads: 1,
    monotonicMs: () => 0,
  });

function clean(): (hour: number) => number {
  const random = randomStream(3);
  return (hour) => 100 - 70 * Math.cos((hour / 24) * 2 * Math.PI) + 6 * (random() - 0.5);
}

test("a clean daily rhythm: predictive at both lead times, the forecast being the reason", async () => {
  const { verdict, leads, proposal, rhythm } = await advised(hourly(clean()), {});
  expect(verdict).toBe("predictive");
  expect(leads.map(({ leadMs }) => leadMs)).toEqual([2 * HOUR_MS, 6 * HOUR_MS]);
  for (const { violationRatio, addedRatio, bills } of leads) {
    expect(violationRatio.high).toBeLessThan(1);
    expect(addedRatio.high).toBeLessThan(0.8);
    const bill = (way: string) => bills.find((one) => one.way === way);
    expect(bill("tiercast-equal-hours")?.missed).toBeLessThan(bill("hpa")?.missed ?? 0);
  }
  expect(rhythm.daily).toBeGreaterThan(0.9);
  expect(proposal?.mode).toBe("suggest");
});

test("a random walk: stay reactive", async () => {
  const random = randomStream(8);
  let level = 100;
  const values = hourly(() => {
    level = Math.max(20, level * Math.exp(0.16 * (random() - 0.5)));
    return level;
  });
  const { verdict, proposal } = await advised(values);
  expect(verdict).toBe("stay-reactive");
  expect(proposal?.mode).toBe("observe");
});

test("a constant is flat, one spike in calm demand no reason for a forecast", async () => {
  const constant = await advised(hourly(() => 7));
  expect(constant.verdict).toBe("stay-reactive");
  expect(constant.leads[0]?.reasons[0]?.code).toBe("flat");
  expect((await advised(hourly((hour) => (hour === 300 ? 900 : 5)))).verdict).toBe("stay-reactive");
});

test("two days: never predictive, and what would change it is more history", async () => {
  const { verdict, leads } = await advised(hourly(clean()).slice(0, 48));
  expect(verdict).not.toBe("predictive");
  expect(leads[0]?.reasons.map(({ code }) => code)).toContain("short-history");
  expect(leads[0]?.changes.join(" ")).toContain("13 days or more");
});

test("gaps alone, no demand, or hardly a step: an answer without a simulation", async () => {
  const none = [hourly(() => Number.NaN), hourly(() => 0), hourly(clean()).slice(0, 20), new Float64Array(0)];
  for (const values of none) {
    const { verdict, leads, reasons } = await advised(values);
    expect({ verdict, leads: leads.length, reasons: reasons.length }).toEqual({
      verdict: "stay-reactive",
      leads: 0,
      reasons: 1,
    });
  }
});
