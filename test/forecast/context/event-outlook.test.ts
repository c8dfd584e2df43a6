import { expect, test } from "vitest";
import type { Occurrence } from "../../../src/forecast/context/event-occurrences.ts";
import { type EventOutlook, eventOutlook } from "../../../src/forecast/context/event-outlook.ts";
import { localClock } from "../../../src/forecast/local-clock.ts";
import type { ScheduledEvent } from "../../../src/model/known-ahead.ts";
import { type DemandSeries, endMs, sliceSeries } from "../../../src/model/series.ts";
import { DAY_MS, epochMs, HOUR_MS } from "../../../src/model/time.ts";
import { START_MS, STEP_MS } from "../fixtures.ts";
import { type Campaign, eventsOf, madeDemand, usualDemand } from "./made-series.ts";

function outlook(
  series: DemandSeries,
  events: readonly ScheduledEvent[],
  remembered: readonly Occurrence[] = [],
): EventOutlook {
  const clock = localClock("UTC", series.startMs, endMs(series) + DAY_MS);
  const found = eventOutlook({ series, clock, events, horizonSteps: 288, remembered });
  if (found === undefined) throw new Error("no event in reach");
  return found;
}

const at = (day: number, hour: number): number => START_MS + day * DAY_MS + hour * HOUR_MS;

/** The history up to an hour before the campaign that begins on `day` at `hour`. */
function before(series: DemandSeries, day: number, hour: number): DemandSeries {
  return sliceSeries(series, series.startMs, at(day, hour - 1));
}

const SALES: readonly Campaign[] = [
  { day: 9, hour: 10, factor: 2 },
  { day: 13, hour: 16, factor: 2 },
  { day: 17, hour: 12, factor: 2 },
];

test("a doubling is learned from one occurrence, more from two, and the interval narrows", () => {
  const series = madeDemand(19, SALES);
  const events = eventsOf(SALES);
  const seen = [before(series, 13, 16), before(series, 17, 12)].map(
    (history) => outlook(history, events).effects[0],
  );
  expect(seen.map((effect) => effect?.occurrences)).toEqual([1, 2]);
  expect(seen.map((effect) => effect?.source)).toEqual(["seen", "seen"]);
  expect(seen[0]?.factor).toBeGreaterThan(1.8);
  expect(seen[1]?.factor).toBeGreaterThan(1.88);
  expect(seen[1]?.factor).toBeLessThan(2.12);
  const width = (i: number): number => (seen[i]?.upper ?? 0) - (seen[i]?.lower ?? 0);
  expect(width(1)).toBeLessThan(width(0));
  expect(seen[1]?.lower).toBeLessThan(2);
  expect(seen[1]?.upper).toBeGreaterThan(2);
});

test("before the first occurrence: the planner's lift, wide; without a lift nothing changes", () => {
  const campaigns = [{ day: 9, hour: 10, factor: 2, lift: 3 }];
  const history = before(madeDemand(11, campaigns), 9, 10);
  const lifted = outlook(history, eventsOf(campaigns));
  expect(lifted.effects).toMatchObject([{ source: "lift", factor: 3, occurrences: 0 }]);
  expect(lifted.effects[0]?.lower).toBeLessThan(2);
  const silent = outlook(history, eventsOf([{ day: 9, hour: 10, factor: 2 }]));
  expect(silent.effects).toMatchObject([{ source: "unknown", factor: 1, lower: 1, upper: 1 }]);
  expect(silent.logAt(at(9, 10))).toBe(0);
  expect(silent.varianceAt(at(9, 10))).toBe(0);
});

test("a lift that proves wrong gives way to what is seen", () => {
  const campaigns = SALES.map((sale) => ({ ...sale, lift: 4 }));
  const factors = [13, 17].map((day, i) => {
    const history = before(madeDemand(19, campaigns), day, i === 0 ? 16 : 12);
    return outlook(history, eventsOf(campaigns)).effects[0]?.factor ?? 0;
  });
  expect(factors[0]).toBeLessThan(2.6);
  expect(factors[1]).toBeLessThan(2.25);
  expect(factors[1]).toBeLessThan(factors[0] ?? 0);
  expect(factors[1]).toBeGreaterThan(1.85);
});

test("an event that was announced and changed nothing is learned as 1", () => {
  const campaigns = SALES.map((sale) => ({ ...sale, factor: 1 }));
  const [effect] = outlook(before(madeDemand(19, campaigns), 17, 12), eventsOf(campaigns)).effects;
  expect(effect?.factor).toBeGreaterThan(0.94);
  expect(effect?.factor).toBeLessThan(1.06);
});

test("the shape in time is learned, for an event of another length too", () => {
  const ramp = (share: number): number => 1 + 2 * share;
  const campaigns: readonly Campaign[] = [
    { day: 8, hour: 10, hours: 2, factor: ramp },
    { day: 12, hour: 14, hours: 2, factor: ramp },
    { day: 15, hour: 9, hours: 2, factor: ramp },
    { day: 17, hour: 8, hours: 4, factor: ramp },
  ];
  const known = outlook(before(madeDemand(19, campaigns), 17, 8), eventsOf(campaigns));
  const factor = (hours: number): number => Math.exp(known.logAt(at(17, 8) + hours * HOUR_MS));
  expect(factor(0.25)).toBeGreaterThan(0.95);
  expect(factor(0.25)).toBeLessThan(1.35);
  expect(factor(2)).toBeGreaterThan(1.8);
  expect(factor(2)).toBeLessThan(2.25);
  expect(factor(3.75)).toBeGreaterThan(2.6);
  expect(factor(3.75)).toBeLessThan(3.15);
  expect(known.logAt(at(17, 13))).toBe(0);
});

test("a flat event has no shape: noise is not taken for one", () => {
  const known = outlook(before(madeDemand(19, SALES, { noise: 0.15 }), 17, 12), eventsOf(SALES));
  const logs = Array.from({ length: 12 }, (_, i) => known.logAt(at(17, 12) + i * STEP_MS));
  expect(Math.max(...logs) - Math.min(...logs)).toBeLessThan(0.1);
});

test("nothing announced after the end of the history is used", () => {
  const series = madeDemand(19, SALES);
  const late = eventsOf(SALES, HOUR_MS / 2);
  const known = outlook(before(series, 17, 12), late);
  expect(known.effects).toEqual([]);
  expect(known.logAt(at(17, 12))).toBe(0);
  const history = before(series, 9, 10);
  const clock = localClock("UTC", history.startMs, endMs(history));
  expect(eventOutlook({ series: history, clock, events: late, horizonSteps: 288, remembered: [] })).toBe(
    undefined,
  );
});

test("two events at once multiply, and each keeps its own effect", () => {
  const campaigns: readonly Campaign[] = [
    { day: 8, hour: 10, factor: 2 },
    { day: 10, hour: 14, factor: 2 },
    { kind: "mail", day: 9, hour: 11, factor: 1.5 },
    { kind: "mail", day: 12, hour: 15, factor: 1.5 },
    { day: 14, hour: 12, factor: 2 },
    { kind: "mail", day: 14, hour: 12, factor: 1.5 },
    { day: 17, hour: 12, factor: 2 },
    { kind: "mail", day: 17, hour: 12, factor: 1.5 },
  ];
  const known = outlook(before(madeDemand(19, campaigns), 17, 12), eventsOf(campaigns));
  const together = Math.exp(known.logAt(at(17, 12) + HOUR_MS / 2));
  expect(together).toBeGreaterThan(2.7);
  expect(together).toBeLessThan(3.3);
  const factors = Object.fromEntries(known.effects.map(({ kind, factor }) => [kind, factor]));
  expect(factors["sale"]).toBeGreaterThan(1.85);
  expect(factors["sale"]).toBeLessThan(2.15);
  expect(factors["mail"]).toBeGreaterThan(1.38);
  expect(factors["mail"]).toBeLessThan(1.62);
});

test("an event that is on is forecast to go on as it began", () => {
  const campaigns = [...SALES.slice(0, 2), { day: 17, hour: 10, hours: 3, factor: 3 }];
  const series = madeDemand(19, campaigns);
  const known = outlook(sliceSeries(series, series.startMs, at(17, 11)), eventsOf(campaigns));
  const rest = Math.exp(known.logAt(at(17, 12)));
  expect(rest).toBeGreaterThan(2.5);
  expect(rest).toBeLessThan(3.3);
});

test("the first sight of an effect is masked, a known one is divided out, maintenance is masked", () => {
  const once = outlook(madeDemand(12, SALES.slice(0, 1)), eventsOf(SALES.slice(0, 1)));
  expect(once.isMasked(at(9, 10.5))).toBe(true);
  expect(once.isMasked(at(9, 12))).toBe(false);
  const twice = outlook(madeDemand(15, SALES.slice(0, 2)), eventsOf(SALES.slice(0, 2)));
  expect(twice.isMasked(at(9, 10.5))).toBe(false);
  expect(twice.isChanged(at(9, 10.5))).toBe(true);
  const none = SALES.map((sale) => ({ ...sale, kind: "maintenance", factor: 0 }));
  const closed = outlook(before(madeDemand(19, none), 17, 12), eventsOf(none));
  expect(closed.isMasked(at(13, 16.5))).toBe(true);
  expect(closed.effects[0]?.factor).toBeLessThan(0.05);
});

test("occurrences outlive the history they were seen in", () => {
  const series = madeDemand(19, SALES);
  const events = eventsOf(SALES);
  const { occurrences } = outlook(before(series, 17, 12), events);
  expect(occurrences).toHaveLength(2);
  const short = sliceSeries(series, at(14, 0), at(17, 11));
  const kept = JSON.parse(JSON.stringify(occurrences)) as readonly Occurrence[];
  const known = outlook(short, events.slice(2), kept);
  expect(known.effects[0]).toMatchObject({ occurrences: 2, source: "seen" });
  expect(known.effects[0]?.factor).toBeGreaterThan(1.85);
  expect(outlook(short, events.slice(2)).effects[0]?.source).toBe("unknown");
});

test("a public holiday that was never seen behaves like a Sunday", () => {
  const series = madeDemand(23, []);
  const holiday = (day: number): ScheduledEvent => ({
    id: "h",
    kind: "holiday:labour-day",
    startMs: epochMs(at(day, 0)),
    endMs: epochMs(at(day + 1, 0)),
    lift: undefined,
    announcedMs: epochMs(0),
  });
  // Day 22 is a Tuesday, day 0 a Monday.
  const known = outlook(sliceSeries(series, series.startMs, at(21, 20)), [holiday(22)]);
  expect(known.effects[0]?.source).toBe("sunday");
  const sunday = usualDemand(6 * DAY_MS + 12 * HOUR_MS) / usualDemand(12 * HOUR_MS);
  expect(Math.exp(known.logAt(at(22, 12)))).toBeCloseTo(sunday, 1);
  const week = outlook(sliceSeries(series, series.startMs, at(9, 20)), [holiday(10)]);
  expect(week.effects[0]?.source).toBe("unknown");
});

test("a grid coarser than the event still gives it its effect", () => {
  const fine = madeDemand(19, SALES);
  const values = Float64Array.from({ length: fine.values.length / 36 }, (_, i) => {
    const part = fine.values.subarray(36 * i, 36 * (i + 1));
    return part.reduce((sum, value) => sum + value, 0) / part.length;
  });
  const coarse = { startMs: fine.startMs, stepMs: epochMs(36 * STEP_MS), values } as unknown as DemandSeries;
  const known = outlook(sliceSeries(coarse, coarse.startMs, at(17, 12)), eventsOf(SALES));
  expect(known.effects[0]?.factor).toBeGreaterThan(1.6);
  // A third of the step is in the event.
  expect(Math.exp(known.logAt(at(17, 12)))).toBeLessThan(1.5);
});
