import { readdirSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { FitOutcome, FittedForecaster, Forecaster } from "../../src/forecast/forecaster.ts";
import { localClock } from "../../src/forecast/local-clock.ts";
import { MEMBERS, selectMembers } from "../../src/forecast/registry.ts";
import { FORECAST_LEVELS, type QuantileForecast } from "../../src/model/forecast.ts";
import { type DemandSeries, endMs } from "../../src/model/series.ts";
import { DAY_MS } from "../../src/model/time.ts";
import { DAY_STEPS, dailyWave, seriesOf } from "./fixtures.ts";

const HORIZON = DAY_STEPS;
const MIDDLE = FORECAST_LEVELS.indexOf(0.5);

function fitOn(member: Forecaster, history: DemandSeries): FitOutcome {
  return member.fit(history, { clock: localClock("UTC", history.startMs, endMs(history) + 2 * DAY_MS) });
}

function fitted(member: Forecaster, history: DemandSeries): FittedForecaster {
  const outcome = fitOn(member, history);
  if (outcome.kind === "refused") throw new Error(`${member.name} refused: ${outcome.reason}`);
  return outcome.model;
}

function brokenRules({ quantiles }: QuantileForecast): readonly string[] {
  const broken = new Set<string>();
  quantiles.forEach((row, l) => {
    if (row.some((value) => !Number.isFinite(value))) broken.add("not finite");
    if (row.some((value) => value < 0)) broken.add("negative");
    const below = quantiles[l - 1];
    if (below !== undefined && row.some((value, h) => value < (below[h] ?? 0))) broken.add("levels cross");
  });
  return [...broken];
}

function withGaps(series: DemandSeries): DemandSeries {
  const values = series.values.map((value, i) => (i % 10 < 2 || (i > 500 && i < 700) ? Number.NaN : value));
  return { ...series, values };
}

describe("registry", () => {
  it("lists exactly the files in members/, by their names", () => {
    const folder = new URL("../../src/forecast/members/", import.meta.url);
    const files = readdirSync(folder).map((file) => file.replace(/\.ts$/, ""));
    expect(MEMBERS.map((member) => member.name).sort()).toEqual(files.sort());
  });

  it("always has naive, first, and names what it does not know", () => {
    const { members, unknown } = selectMembers(["direct", "oracle"]);
    expect(members.map((member) => member.name)).toEqual(["naive", "direct"]);
    expect(unknown).toEqual(["oracle"]);
  });
});

describe.each(MEMBERS)("$name", (member) => {
  const week = dailyWave(9);

  it("answers every step and level: finite, not negative, rising with the level", () => {
    const forecast = fitted(member, week).forecast(HORIZON, FORECAST_LEVELS);
    expect(forecast.cutoffMs).toBe(endMs(week));
    expect(forecast.quantiles.map((row) => row.length)).toEqual(FORECAST_LEVELS.map(() => HORIZON));
    expect(brokenRules(forecast)).toEqual([]);
  });

  it("has lower <= point <= upper, and a 90 % interval that holds most of the next day", () => {
    const whole = dailyWave(10);
    const known = seriesOf(whole.values.subarray(0, 9 * DAY_STEPS));
    const rows = fitted(member, known).at(
      Array.from({ length: HORIZON }, (_, i) => i + 1),
      [0.05, 0.5, 0.95],
    );
    let inside = 0;
    for (let h = 0; h < HORIZON; h++) {
      const [low = 0, point = 0, high = 0] = rows.map((row) => row[h]);
      expect(low <= point && point <= high).toBe(true);
      const truth = whole.values[9 * DAY_STEPS + h] ?? Number.NaN;
      if (truth >= low && truth <= high) inside++;
    }
    expect(inside / HORIZON).toBeGreaterThan(0.75);
  });

  it("scales: history times k gives forecast times k", () => {
    const scaled = { ...week, values: week.values.map((value) => value * 1000) };
    const one = fitted(member, week).forecast(HORIZON, FORECAST_LEVELS);
    const many = fitted(member, scaled).forecast(HORIZON, FORECAST_LEVELS);
    // Prophet's optimizer stops at a tolerance, so its optimum is only nearly the same.
    const tolerance = member.name === "prophet" ? 0.05 : 1e-6;
    for (const row of [0, MIDDLE, FORECAST_LEVELS.length - 1]) {
      for (const step of [0, 11, 143, 287]) {
        const expected = (one.quantiles[row]?.[step] ?? 0) * 1000;
        expect(Math.abs((many.quantiles[row]?.[step] ?? 0) - expected)).toBeLessThanOrEqual(
          tolerance * 200_000,
        );
      }
    }
  });

  it("shifts: the same history a week later gives the same forecast a week later", () => {
    const later = seriesOf(week.values, week.stepMs, week.startMs + 7 * DAY_MS);
    const one = fitted(member, week).forecast(HORIZON, FORECAST_LEVELS);
    const other = fitted(member, later).forecast(HORIZON, FORECAST_LEVELS);
    expect(other.cutoffMs - one.cutoffMs).toBe(7 * DAY_MS);
    for (const step of [0, 11, 143, 287]) {
      const difference = (other.quantiles[MIDDLE]?.[step] ?? 0) - (one.quantiles[MIDDLE]?.[step] ?? 0);
      expect(Math.abs(difference)).toBeLessThan(member.name === "prophet" ? 4 : 1e-6);
    }
  });

  it("takes gaps, the last value too, and stays near the truth", () => {
    const gappy = withGaps(week);
    const values = gappy.values.slice();
    values[values.length - 1] = Number.NaN;
    const forecast = fitted(member, { ...gappy, values }).forecast(HORIZON, FORECAST_LEVELS);
    expect(brokenRules(forecast)).toEqual([]);
    expect(forecast.quantiles[MIDDLE]?.[0]).toBeGreaterThan(20);
    expect(forecast.quantiles[MIDDLE]?.[0]).toBeLessThan(160);
  });

  it.each([7, 0])("answers constant demand of %d with it, or refuses", (level) => {
    const outcome = fitOn(member, seriesOf(new Float64Array(4 * DAY_STEPS).fill(level)));
    if (outcome.kind === "refused") {
      expect(member.name).toBe("prophet");
      expect(outcome.reason).toContain("constant");
      return;
    }
    const { quantiles } = outcome.model.forecast(HORIZON, FORECAST_LEVELS);
    for (const row of quantiles)
      for (const value of row) expect(Math.abs(value - level)).toBeLessThan(1e-6 + level / 100);
  });

  it.each([
    ["nothing", []],
    ["one point", [5]],
    ["only gaps", new Array(3000).fill(Number.NaN)],
  ])("refuses %s with a reason, and throws nothing", (_, values) => {
    const outcome = fitOn(member, seriesOf(values));
    expect(outcome.kind).toBe("refused");
    if (outcome.kind === "refused") expect(outcome.reason).toMatch(/needs \d+ known steps, has \d+/);
  });

  it("refuses or answers each short history, and throws nothing", () => {
    for (const steps of [2, 3, 5, 13, 30, 100, 300, 600]) {
      const outcome = fitOn(member, seriesOf(dailyWave(3).values.subarray(0, steps)));
      if (outcome.kind === "fitted") {
        expect(brokenRules(outcome.model.forecast(HORIZON, FORECAST_LEVELS))).toEqual([]);
      } else {
        expect(outcome.reason).not.toBe("");
      }
    }
  }, 60_000);

  it("keeps its parameters as plain data: a clone restored on newer data answers as the original", () => {
    const longer = dailyWave(9.5);
    const context = { clock: localClock("UTC", longer.startMs, endMs(longer) + DAY_MS) };
    const model = fitted(member, seriesOf(longer.values.subarray(0, 9 * DAY_STEPS)));
    const restored = member.restore(structuredClone(model.state), longer, context);
    expect(restored.forecast(12, FORECAST_LEVELS)).toEqual(
      model.advance(longer).forecast(12, FORECAST_LEVELS),
    );
  });
});
