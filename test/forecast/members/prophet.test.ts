import { serialize } from "node:v8";
import { describe, expect, it, vi } from "vitest";
import type { FittedForecaster } from "../../../src/forecast/forecaster.ts";
import { localClock } from "../../../src/forecast/local-clock.ts";
import { prophet } from "../../../src/forecast/members/prophet.ts";
import { FORECAST_LEVELS } from "../../../src/model/forecast.ts";
import type { ScheduledEvent } from "../../../src/model/known-ahead.ts";
import { type DemandSeries, endMs } from "../../../src/model/series.ts";
import { DAY_MS, epochMs, HOUR_MS } from "../../../src/model/time.ts";
import { DAY_STEPS, dailyWave, randomStream, START_MS, STEP_MS, seriesOf } from "../fixtures.ts";

const { climb } = vi.hoisted(() => ({
  climb: vi.fn(() => {
    throw new Error("Stan was called");
  }),
}));
vi.mock("@bsull/augurs-prophet-wasmstan", () => ({ optimizer: { optimize: climb } }));

const clockOf = (series: DemandSeries, zone = "UTC") =>
  localClock(zone, series.startMs, endMs(series) + 3 * DAY_MS);

function fitOn(
  history: DemandSeries,
  events: readonly ScheduledEvent[] = [],
  zone = "UTC",
  previous?: object,
): FittedForecaster {
  const outcome = prophet.fit(history, { clock: clockOf(history, zone), events }, previous);
  if (outcome.kind === "refused") throw new Error(outcome.reason);
  return outcome.model;
}

/** Medians of the next `steps` steps. */
const middle = (model: FittedForecaster, steps: number): Float64Array =>
  model.forecast(steps, [0.5]).quantiles[0] ?? new Float64Array(0);

function eventAt(kind: string, day: number, hour: number, lift?: number, hours = 1): ScheduledEvent {
  const startMs = epochMs(START_MS + day * DAY_MS + hour * HOUR_MS);
  const id = `${kind}-${day}-${hour}`;
  return {
    id,
    kind,
    startMs,
    endMs: epochMs(startMs + hours * HOUR_MS),
    lift,
    announcedMs: epochMs(START_MS),
  };
}

/** `series` with demand times `factorOf(event)` while an event lasts. */
function lifted(
  series: DemandSeries,
  events: readonly ScheduledEvent[],
  factorOf: (event: ScheduledEvent) => number,
): DemandSeries {
  const values = series.values.map((value, i) => {
    const atMs = series.startMs + i * series.stepMs;
    const on = events.filter((event) => atMs >= event.startMs && atMs < event.endMs);
    return on.reduce((product, event) => product * factorOf(event), value);
  });
  return { ...series, values };
}

const firstSteps = (series: DemandSeries, steps: number): DemandSeries => ({
  ...series,
  values: series.values.slice(0, steps),
});

function meanOver(values: ArrayLike<number>, from: number, to: number): number {
  let sum = 0;
  for (let i = from; i < to; i++) sum += values[i] ?? Number.NaN;
  return sum / (to - from);
}

/** Mean demand forecast and true over `hours` from `hour` of the day after `history`. */
function hourAhead(model: FittedForecaster, truth: DemandSeries, day: number, hour: number) {
  const [from, to] = [hour * 12, (hour + 1) * 12];
  const offset = day * DAY_STEPS;
  return {
    forecast: meanOver(middle(model, DAY_STEPS), from, to),
    truth: meanOver(truth.values, offset + from, offset + to),
  };
}

describe("prophet", () => {
  const wave = dailyWave(15, { noise: 0.05 });
  const known = firstSteps(wave, 14 * DAY_STEPS);

  it("fits, restores and answers without Stan", () => {
    const model = fitOn(known);
    const restored = prophet.restore(structuredClone(model.state), wave, { clock: clockOf(wave) });
    expect(restored.at([1, 12, 288], FORECAST_LEVELS)).toHaveLength(FORECAST_LEVELS.length);
    expect(climb).not.toHaveBeenCalled();
  });

  it("gives the same bytes twice, whatever was fitted before", () => {
    const one = fitOn(known);
    const other = fitOn(known, [], "UTC", fitOn(firstSteps(wave, 13 * DAY_STEPS)).state);
    expect(serialize(other.state)).toEqual(serialize(one.state));
    expect(other.forecast(DAY_STEPS, FORECAST_LEVELS)).toEqual(one.forecast(DAY_STEPS, FORECAST_LEVELS));
  });

  it("keeps a state below 4 kB", () => {
    expect(serialize(fitOn(known, [eventAt("sale", 3, 12, 2)]).state).length).toBeLessThan(4096);
  });

  it("ends a fit one step on at nearly the same curve", () => {
    const now = middle(fitOn(known), DAY_STEPS);
    const next = fitOn(firstSteps(wave, 14 * DAY_STEPS + 1));
    const later = middle(prophet.restore(next.state, known, { clock: clockOf(known) }), DAY_STEPS);
    const gap = now.reduce((sum, value, i) => sum + Math.abs(value - (later[i] ?? 0)), 0) / now.length;
    expect(gap / 200).toBeLessThan(0.01);
  });

  it("follows the last values, and Prophet again a day ahead", () => {
    const random = randomStream(9);
    let drift = 0;
    const walk = known.values.map((value) => {
      drift = 0.95 * drift + (random() - 0.5) * 12;
      return value + 100 + drift;
    });
    const wandering = { ...known, values: walk };
    const low = { ...known, values: walk.slice() };
    for (let i = walk.length - 60; i < walk.length; i++) low.values[i] = 80;
    const model = fitOn(wandering);
    const context = { clock: clockOf(known) };
    const pulled = middle(prophet.restore(model.state, low, context), DAY_STEPS);
    const plain = middle(model, DAY_STEPS);
    expect(pulled[0]).toBeLessThan((plain[0] ?? 0) - 20);
    expect(Math.abs((pulled[DAY_STEPS - 1] ?? 0) - (plain[DAY_STEPS - 1] ?? 0))).toBeLessThan(5);
  });

  it("keeps a peak at 09:00 local time over the change to summer time", () => {
    // Clocks in Berlin go forward on 2026-03-29.
    const startMs = Date.UTC(2026, 2, 13, 23);
    const random = randomStream(5);
    const clock = localClock("Europe/Berlin", startMs, startMs + 20 * DAY_MS);
    const demand = (ms: number): number => {
      const hour = (clock.localMs(ms) % DAY_MS) / HOUR_MS;
      return 100 + 300 * Math.exp(-((hour - 9) ** 2) / 8) + random();
    };
    const values = Array.from({ length: 15 * DAY_STEPS }, (_, i) => demand(startMs + i * STEP_MS));
    const history = seriesOf(values, STEP_MS, startMs);
    const forecast = middle(fitOn(history, [], "Europe/Berlin"), DAY_STEPS);
    const peakMs = endMs(history) + forecast.indexOf(Math.max(...forecast)) * STEP_MS;
    expect(Math.abs((clock.localMs(peakMs) % DAY_MS) / HOUR_MS - 9)).toBeLessThan(0.75);
    expect(clock.localMs(peakMs) - peakMs).toBe(2 * HOUR_MS);
  });
});

describe("prophet and scheduled events", () => {
  const base = dailyWave(15, { noise: 0.05 });
  const steps = 14 * DAY_STEPS;

  it("learns what a kind does, and applies it to one announced after the fit, at another hour", () => {
    const past = [eventAt("sale", 2, 10), eventAt("sale", 7, 13), eventAt("sale", 11, 16)];
    const coming = eventAt("sale", 14, 8);
    const truth = lifted(base, [...past, coming], () => 2);
    const history = firstSteps(truth, steps);
    const { state } = fitOn(history, past);
    const context = { clock: clockOf(history), events: [...past, coming] };
    const told = prophet.restore(structuredClone(state), history, context);
    const { forecast, truth: real } = hourAhead(told, truth, 14, 8);
    expect(Math.abs(forecast / real - 1)).toBeLessThan(0.05);
    const untold = hourAhead(fitOn(history, past), truth, 14, 8);
    expect(untold.forecast / real).toBeLessThan(0.6);
    // The hours around it are as ever.
    const around = hourAhead(told, truth, 14, 10);
    expect(Math.abs(around.forecast / around.truth - 1)).toBeLessThan(0.05);
  });

  it("does not take past events for the daily rhythm", () => {
    const past = Array.from({ length: 12 }, (_, day) => eventAt("sale", day + 1, 10));
    const history = firstSteps(
      lifted(base, past, () => 3),
      steps,
    );
    const { forecast, truth } = hourAhead(fitOn(history, past), base, 14, 10);
    expect(Math.abs(forecast / truth - 1)).toBeLessThan(0.05);
  });

  it("takes strength from the lift where events of a kind differ in it", () => {
    // Planned twice too high: what was seen decides the size, what was planned the proportion.
    const past = [eventAt("ad", 2, 10, 2), eventAt("ad", 6, 12, 5), eventAt("ad", 10, 14, 2)];
    const real = (event: ScheduledEvent): number => 1 + ((event.lift ?? 1) - 1) / 2;
    const coming = eventAt("ad", 14, 12, 5);
    const truth = lifted(base, [...past, coming], real);
    const history = firstSteps(truth, steps);
    const model = fitOn(history, [...past, coming]);
    const { forecast, truth: measured } = hourAhead(model, truth, 14, 12);
    expect(Math.abs(forecast / measured - 1)).toBeLessThan(0.06);
  });

  it("believes the planner about a kind never seen, and stays as it was without a lift", () => {
    const history = firstSteps(base, steps);
    const plain = hourAhead(fitOn(history), base, 14, 12).forecast;
    const planned = hourAhead(fitOn(history, [eventAt("new", 14, 12, 1.5)]), base, 14, 12).forecast;
    const unsaid = hourAhead(fitOn(history, [eventAt("new", 14, 12)]), base, 14, 12).forecast;
    expect(planned / plain).toBeCloseTo(1.5, 1);
    expect(unsaid).toBeCloseTo(plain, 9);
  });

  it("remembers a kind that occurred only before this history", () => {
    const past = [eventAt("sale", 1, 10), eventAt("sale", 2, 13)];
    const truth = lifted(base, past, () => 2);
    const before = fitOn(firstSteps(truth, 6 * DAY_STEPS), past).state;
    const recent = seriesOf(truth.values.slice(4 * DAY_STEPS, steps), STEP_MS, START_MS + 4 * DAY_MS);
    const coming = eventAt("sale", 14, 12);
    const plain = hourAhead(fitOn(recent), base, 14, 12).forecast;
    const warm = hourAhead(fitOn(recent, [...past, coming], "UTC", before), base, 14, 12).forecast;
    const cold = hourAhead(fitOn(recent, [...past, coming]), base, 14, 12).forecast;
    expect(warm / plain).toBeCloseTo(2, 1);
    expect(cold / plain).toBeCloseTo(1, 2);
  });

  it("is wider while an event lasts, and never below zero", () => {
    const past = [eventAt("sale", 2, 10), eventAt("sale", 7, 13)];
    const truth = lifted(base, past, () => 2);
    const rows = fitOn(firstSteps(truth, steps), [
      ...past,
      eventAt("sale", 14, 12),
      eventAt("off", 14, 15, 0),
    ])
      .forecast(DAY_STEPS, [0.05, 0.5, 0.95])
      .quantiles.map((row) => row);
    const width = (step: number): number => (rows[2]?.[step] ?? 0) - (rows[0]?.[step] ?? 0);
    expect(width(12 * 12 + 6)).toBeGreaterThan(1.5 * width(11 * 12 + 6));
    expect(rows[1]?.[15 * 12 + 6]).toBeLessThan(20);
    expect(Math.min(...(rows[0] ?? []))).toBeGreaterThanOrEqual(0);
  });

  it("counts an event for the part of a step or a mean that it covers", () => {
    const short = (day: number): ScheduledEvent => {
      const event = eventAt("burst", day, 12);
      return { ...event, endMs: epochMs(event.startMs + 10 * 60_000) };
    };
    const past = [short(3), short(6), short(9), short(12)];
    const history = firstSteps(
      lifted(base, past, () => 3),
      steps,
    );
    const forecast = middle(fitOn(history, [...past, short(14)]), DAY_STEPS);
    const plain = middle(fitOn(history, past), DAY_STEPS);
    const ratio = [143, 144, 145, 146].map((step) => (forecast[step] ?? 0) / (plain[step] ?? 1));
    expect(ratio[0]).toBeCloseTo(1, 6);
    expect(Math.abs((ratio[1] ?? 0) - 3)).toBeLessThan(0.2);
    expect(Math.abs((ratio[2] ?? 0) - 3)).toBeLessThan(0.2);
    expect(ratio[3]).toBeCloseTo(1, 6);
  });
});
