import { expect, test } from "vitest";
import { forecastInContext } from "../../../src/forecast/context/in-context.ts";
import { shiftByLeading } from "../../../src/forecast/context/leading.ts";
import { onGrid } from "../../../src/forecast/context/on-grid.ts";
import { forecastEnsemble } from "../../../src/forecast/ensemble/ensemble.ts";
import { localClock } from "../../../src/forecast/local-clock.ts";
import type { QuantileForecast } from "../../../src/model/forecast.ts";
import type { LeadingSeries } from "../../../src/model/known-ahead.ts";
import { type DemandSeries, endMs, sliceSeries } from "../../../src/model/series.ts";
import { DAY_MS, epochMs, HOUR_MS, MINUTE_MS } from "../../../src/model/time.ts";
import { START_MS, STEP_MS, seriesOf } from "../fixtures.ts";
import { inputAt, normalStream, usualDemand } from "./made-series.ts";

const DAYS = 12;
const LAG_STEPS = 3;
const MEMBERS = ["naive", "level", "seasonal-naive", "dhr-ar"];

/** Requests follow sessions by 15 minutes; `strange` has the same rhythm and its own chance. */
function madeTwo(seed: number): { requests: DemandSeries; sessions: DemandSeries; strange: DemandSeries } {
  const normal = normalStream(seed);
  const steps = (DAYS * DAY_MS) / STEP_MS;
  const wandering = (): number[] => {
    let wander = 0;
    return Array.from({ length: steps + LAG_STEPS }, () => {
      wander = 0.95 * wander + Math.sqrt(1 - 0.95 ** 2) * normal();
      return 0.2 * wander;
    });
  };
  const cause = wandering();
  const other = wandering();
  const make = (value: (i: number) => number): DemandSeries =>
    seriesOf(Array.from({ length: steps }, (_, i) => Math.max(0, value(i))));
  const usual = (i: number): number => usualDemand(i * STEP_MS);
  return {
    sessions: make((i) => 0.3 * usual(i) * (1 + (cause[i + LAG_STEPS] ?? 0) + 0.02 * normal())),
    requests: make((i) => usual(i) * (1 + (cause[i] ?? 0) + 0.02 * normal())),
    strange: make((i) => 0.3 * usual(i) * (1 + (other[i] ?? 0))),
  };
}

test("sessions that lead requests by 15 minutes lower the error at 15 minutes by 30 % and more", () => {
  const { requests, sessions } = madeTwo(1);
  const leading: LeadingSeries[] = [{ name: "sessions", series: sessions }];
  const ahead = { events: [], leading };
  let alone = 0;
  let led = 0;
  for (let k = 0; k < 6; k++) {
    const cutoffMs = START_MS + 10 * DAY_MS + k * 5 * HOUR_MS;
    const truth = requests.values[Math.round((cutoffMs - START_MS) / STEP_MS) + LAG_STEPS - 1] ?? 0;
    const errorOf = ({ levels, quantiles }: QuantileForecast): number =>
      Math.abs(truth - (quantiles[levels.indexOf(0.5)]?.[LAG_STEPS - 1] ?? 0));
    const outcome = forecastInContext({ ...inputAt(requests, cutoffMs, MEMBERS, 24), ahead }, (input) => {
      const plain = forecastEnsemble(input);
      if (plain.kind === "forecast") alone += errorOf(plain.forecast);
      return plain;
    });
    if (outcome.kind === "refused") throw new Error(outcome.reason);
    expect(outcome.leading).toMatchObject({ name: "sessions", lagMs: LAG_STEPS * STEP_MS });
    led += errorOf(outcome.forecast);
  }
  expect(alone).toBeGreaterThan(0);
  expect(led).toBeLessThan(0.7 * alone);
}, 60_000);

const LEVELS = [0.05, 0.5, 0.95];

function flatForecast(cutoffMs: number) {
  const quantiles = [80, 100, 120].map((value) => new Float64Array(24).fill(value));
  return { cutoffMs, stepMs: STEP_MS, levels: LEVELS, quantiles } as never;
}

test.each([1, 2, 3, 4, 5])("an unrelated series leaves the very same forecast (seed %i)", (seed) => {
  const { requests, strange } = madeTwo(seed);
  const clock = localClock("UTC", requests.startMs, endMs(requests));
  const forecast = flatForecast(endMs(requests));
  const leading = [{ name: "strange", series: strange }];
  const led = shiftByLeading(forecast, requests, leading, clock, () => false);
  expect(led.forecast).toBe(forecast);
  expect(led.effects).toMatchObject([{ name: "strange", accepted: false }]);
  expect(led.effects[0]?.reason).toBe("does not lower the loss on held-out demand enough");
});

test("what became of each series is told: the one that moves the forecast, one not as good, one of another year", () => {
  const { requests, sessions } = madeTwo(1);
  const clock = localClock("UTC", requests.startMs, endMs(requests));
  const vague = { ...sessions, values: sessions.values.map((v, i) => v * (1 + 0.1 * Math.sin(1.7 * i))) };
  const past = { ...sessions, startMs: epochMs(START_MS - 365 * DAY_MS) };
  const leading = Object.entries({ vague, sessions, past }).map(([name, series]) => ({ name, series }));
  const forecast = flatForecast(endMs(requests));
  const { effects, found } = shiftByLeading(forecast, requests, leading, clock, () => false);
  const lagMs = LAG_STEPS * STEP_MS;
  expect(effects).toEqual([
    { name: "vague", accepted: false, lagMs: expect.any(Number), reason: "sessions helps more" },
    {
      name: "sessions",
      accepted: true,
      lagMs,
      reason: expect.stringMatching(/^loss on held-out demand x 0\.\d\d$/),
    },
    { name: "past", accepted: false, lagMs: undefined, reason: "no time in common" },
  ]);
  expect(effects[1]?.reason).toContain(found?.lossRatio.toFixed(2));
});

test("during an event, with gaps at the end, and with too little history nothing moves", () => {
  const { requests, sessions } = madeTwo(2);
  const clock = localClock("UTC", requests.startMs, endMs(requests));
  const forecast = flatForecast(endMs(requests));
  const shift = (demand: DemandSeries, series: DemandSeries, isChanged = (_: number): boolean => false) =>
    shiftByLeading(forecast, demand, [{ name: "sessions", series }], clock, isChanged);
  expect(shift(requests, sessions).found?.name).toBe("sessions");
  const now = endMs(requests);
  const during = shift(requests, sessions, (atMs) => atMs >= now - HOUR_MS / 2 && atMs < now);
  expect(during.forecast).toBe(forecast);
  expect(during.effects[0]?.reason).toMatch(/^an event changes demand now/);
  const late = sliceSeries(sessions, START_MS, now - (LAG_STEPS + 1) * STEP_MS);
  expect(shift(requests, late).forecast).toBe(forecast);
  const day = sliceSeries(requests, now - HOUR_MS * 12, now);
  expect(shift(day, sessions).forecast).toBe(forecast);
});

test("what the leading series says after the end of the history is not looked at", () => {
  const { requests, sessions } = madeTwo(3);
  const cutoffMs = START_MS + 10 * DAY_MS;
  const history = sliceSeries(requests, START_MS, cutoffMs);
  const clock = localClock("UTC", START_MS, cutoffMs);
  const ends = [cutoffMs, endMs(sessions)].map((untilMs) => {
    const leading = [{ name: "sessions", series: sliceSeries(sessions, START_MS, untilMs) }];
    return shiftByLeading(flatForecast(cutoffMs), history, leading, clock, () => false).forecast.quantiles;
  });
  expect(ends[0]).toEqual(ends[1]);
  expect(ends[0]?.[1]?.[2]).not.toBe(100);
});

test("another grid is brought onto that of demand: means, values held, gaps, nothing beyond the end", () => {
  const target = seriesOf([0, 0, 0]);
  const minutes = seriesOf(
    [1, 2, 3, 4, 5, Number.NaN, Number.NaN, Number.NaN, 9, 9, 7, 7, 7, 7, 7, 7],
    MINUTE_MS,
  );
  expect(onGrid(minutes, target)?.values).toEqual(Float64Array.of(3, Number.NaN, 7));
  const coarse = seriesOf([4, 8], 2 * STEP_MS);
  expect(onGrid(coarse, target)?.values).toEqual(Float64Array.of(4, 4, Number.NaN));
  expect(onGrid(seriesOf([1], STEP_MS, START_MS + DAY_MS), target)).toBe(undefined);
});
