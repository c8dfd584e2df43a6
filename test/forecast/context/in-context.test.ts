import { expect, test } from "vitest";
import { forecastInContext } from "../../../src/forecast/context/in-context.ts";
import { multiplyStep } from "../../../src/forecast/context/spread.ts";
import { type EnsembleInput, forecastEnsemble } from "../../../src/forecast/ensemble/ensemble.ts";
import type { QuantileForecast } from "../../../src/model/forecast.ts";
import type { ScheduledEvent } from "../../../src/model/known-ahead.ts";
import { DAY_MS, HOUR_MS } from "../../../src/model/time.ts";
import { START_MS, STEP_MS } from "../fixtures.ts";
import { type Campaign, eventsOf, inputAt, madeDemand } from "./made-series.ts";

/** Light members: what each cycle of the product runs at least. */
const MEMBERS = ["naive", "level", "seasonal-naive", "seasonal-quantiles", "dhr-ar"];
const SALES: readonly Campaign[] = [
  { day: 8, hour: 13, factor: 2 },
  { day: 10, hour: 16, factor: 2 },
  { day: 15, hour: 11, factor: 2 },
];

function median({ levels, quantiles }: QuantileForecast, step: number): number {
  return quantiles[levels.indexOf(0.5)]?.[step] ?? Number.NaN;
}

/** Relative error of the median over the hour from `fromMs`, forecast `aheadMs` before it. */
function hourError(
  series: ReturnType<typeof madeDemand>,
  events: readonly ScheduledEvent[],
  fromMs: number,
  aheadMs: number,
): { readonly error: number; readonly inside: number } {
  const input = { ...inputAt(series, fromMs - aheadMs, MEMBERS), ahead: { events, leading: [] } };
  const outcome = forecastInContext(input, forecastEnsemble);
  if (outcome.kind === "refused") throw new Error(outcome.reason);
  const { levels, quantiles } = outcome.forecast;
  let missed = 0;
  let demand = 0;
  let inside = 0;
  for (let step = aheadMs / STEP_MS; step < (aheadMs + HOUR_MS) / STEP_MS; step++) {
    const truth = series.values[Math.round((fromMs - aheadMs - START_MS) / STEP_MS) + step] ?? Number.NaN;
    missed += Math.abs(truth - median(outcome.forecast, step));
    demand += truth;
    const at = (level: number): number => quantiles[levels.indexOf(level)]?.[step] ?? Number.NaN;
    if (truth >= at(0.05) && truth <= at(0.95)) inside++;
  }
  return { error: missed / demand, inside: (inside * STEP_MS) / HOUR_MS };
}

test("a campaign that doubles demand: by its third occurrence the error is at most 1.5 ordinary hours'", () => {
  const hours = { third: 0, ordinary: 0, unaware: 0, inside: 0 };
  const seeds = [1, 2];
  for (const seed of seeds) {
    const series = madeDemand(18, SALES, { seed });
    const fromMs = START_MS + 15 * DAY_MS + 11 * HOUR_MS;
    const events = eventsOf(SALES);
    const third = hourError(series, events, fromMs, 2 * HOUR_MS);
    hours.third += third.error;
    hours.inside += third.inside / seeds.length;
    hours.ordinary += hourError(series, events, fromMs + DAY_MS, 2 * HOUR_MS).error;
    hours.unaware += hourError(series, [], fromMs, 2 * HOUR_MS).error;
  }
  expect(hours.third).toBeLessThan(1.5 * hours.ordinary);
  expect(hours.unaware).toBeGreaterThan(4 * hours.ordinary);
  expect(hours.inside).toBeGreaterThan(0.85);
}, 120_000);

const TINY = ["naive", "level"];

test("without events and leading series the ensemble gets its input and gives its answer, untouched", () => {
  const input = inputAt(madeDemand(3, []), START_MS + 2 * DAY_MS, TINY, 12);
  let seen: EnsembleInput | undefined;
  const outcome = forecastInContext({ ...input, ahead: { events: [], leading: [] } }, (given) => {
    seen = given;
    return forecastEnsemble(given);
  });
  const plain = forecastEnsemble(input);
  expect(seen).toEqual(input);
  expect(outcome).toMatchObject({ ...plain, eventEffects: [], occurrences: [], leading: undefined });
});

test("the ensemble sees ordinary demand, the observed one, the factor and what is excluded", () => {
  const series = madeDemand(17, SALES);
  const cutoffMs = START_MS + 15 * DAY_MS + 10 * HOUR_MS;
  const late = { ...(eventsOf(SALES)[0] as ScheduledEvent), id: "late", announcedMs: cutoffMs + 1 };
  const events = [...eventsOf(SALES), late as ScheduledEvent];
  const input = { ...inputAt(series, cutoffMs, TINY), ahead: { events, leading: [] } };
  let seen: EnsembleInput | undefined;
  const outcome = forecastInContext(input, (given) => {
    seen = given;
    return forecastEnsemble(given);
  });
  const onMs = START_MS + 8 * DAY_MS + 13.5 * HOUR_MS;
  const index = Math.round((onMs - START_MS) / STEP_MS);
  expect(seen?.observed).toBe(input.series);
  expect(seen?.events?.map((event) => event.id)).toEqual(["sale-0", "sale-1", "sale-2"]);
  expect(seen?.eventFactor?.(onMs)).toBeGreaterThan(1.8);
  expect(seen?.eventFactor?.(onMs + DAY_MS)).toBe(1);
  expect(seen?.excluded?.(onMs)).toBe(true);
  expect(seen?.excluded?.(onMs + DAY_MS)).toBe(false);
  expect(seen?.series.values[index]).toBeCloseTo((input.series.values[index] ?? 0) / 2, -1.5);
  if (outcome.kind === "refused") throw new Error(outcome.reason);
  expect(outcome.eventEffects).toMatchObject([{ id: "sale-2", kind: "sale", occurrences: 2 }]);
  expect(median(outcome.forecast, 18) / median(outcome.forecast, 9)).toBeGreaterThan(1.7);
});

test("a factor and its spread: medians multiply, spreads add as squares, order and zeros stay", () => {
  const levels = [0.05, 0.5, 0.95];
  const rows = [50, 100, 200].map((value) => Float64Array.of(value, 0));
  multiplyStep(rows, levels, 0, { log: Math.log(2), variance: 0.09 });
  multiplyStep(rows, levels, 1, { log: Math.log(2), variance: 0.09 });
  const [low = 0, middle = 0, high = 0] = rows.map((row) => row[0] ?? Number.NaN);
  expect(middle).toBeCloseTo(200, 9);
  expect(Math.log(high / middle)).toBeCloseTo(Math.hypot(Math.log(2), 1.645 * 0.3), 2);
  expect(Math.log(middle / low)).toBeCloseTo(Math.hypot(Math.log(2), 1.645 * 0.3), 2);
  expect(rows.map((row) => row[1])).toEqual([0, 0, 0]);
});
