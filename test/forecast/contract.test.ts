import { readdirSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { FitOutcome, FittedForecaster, Forecaster } from "../../src/forecast/forecaster.ts";
import { localClock } from "../../src/forecast/local-clock.ts";
import { MEMBERS, selectMembers } from "../../src/forecast/registry.ts";
import { FORECAST_LEVELS, type QuantileForecast } from "../../src/model/forecast.ts";
import { type DemandSeries, endMs } from "../../src/model/series.ts";
import { DAY_MS, durationMs, HOUR_MS, MINUTE_MS } from "../../src/model/time.ts";
import { DAY_STEPS, dailyWave, randomStream, STEP_MS, seriesOf } from "./fixtures.ts";

const HORIZON = DAY_STEPS;
/** The longest history that any member needs is ten days. */
const DAYS = 12;
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

function meanOf(values: Float64Array = new Float64Array(0)): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function bytesOf(value: unknown): number {
  if (ArrayBuffer.isView(value)) return value.byteLength;
  if (typeof value !== "object" || value === null) return 8;
  return Object.values(value).reduce((sum: number, own) => sum + bytesOf(own), 0);
}

/** Members without a season. */
const NO_SEASON = ["naive", "level", "ets"];
/**
 * Members that answer with what was a week ago, or over some days; `direct` has seen one such change when it
 * learns what follows one.
 */
const LOOKS_BACK = ["seasonal-naive-week", "seasonal-naive-both", "seasonal-quantiles", "direct"];
/** The model is least squares throughout: outliers are masked before it sees them. */
const BENT_BY_SPIKES = ["prophet"];

function randomGaps(series: DemandSeries): DemandSeries {
  const random = randomStream(9);
  const values = series.values.slice();
  for (let i = 0; i < values.length; i += 1 + Math.floor(random() * 40)) {
    const length = random() < 0.02 ? 200 : Math.floor(random() * 20);
    values.fill(Number.NaN, i, i + length);
    i += length;
  }
  return { ...series, values };
}

const random = randomStream(3);
const ODD_HISTORIES: Readonly<Record<string, DemandSeries>> = {
  "two points": seriesOf([3, 4]),
  "one day": dailyWave(1),
  "one season and a little": dailyWave(1.6),
  "90 % missing": seriesOf(dailyWave(DAYS).values.map((value) => (random() < 0.9 ? Number.NaN : value))),
  "gaps of every length": randomGaps(dailyWave(DAYS)),
  "no value in the last two days": seriesOf(
    dailyWave(DAYS).values.map((value, i) => (i < (DAYS - 2) * DAY_STEPS ? value : Number.NaN)),
  ),
  "values around 1e300": seriesOf(dailyWave(DAYS).values.map((value) => value * 1e298)),
  "one value of 1e300": seriesOf(dailyWave(DAYS).values.map((value, i) => (i === 2000 ? 1e300 : value))),
  "a last value of 1e300": seriesOf(
    dailyWave(DAYS).values.map((value, i, all) => (i === all.length - 1 ? 1e300 : value)),
  ),
  "values around 1e-300": seriesOf(dailyWave(DAYS).values.map((value) => value * 1e-302)),
  "all zero but one": seriesOf(dailyWave(DAYS).values.map((_, i) => (i === 2000 ? 5 : 0))),
  "noise that touches zero": seriesOf(dailyWave(DAYS).values.map(() => Math.max(0, random() - 0.8))),
  "long flat, then a rise": seriesOf(
    dailyWave(DAYS).values.map((_, i) =>
      i < (DAYS - 0.5) * DAY_STEPS ? 50 : 50 + (i - (DAYS - 0.5) * DAY_STEPS),
    ),
  ),
  "one step a minute": dailyWave(3, { stepMs: MINUTE_MS }),
  "one step in seven minutes": dailyWave(DAYS, { stepMs: 7 * MINUTE_MS }),
  "one step an hour": dailyWave(30, { stepMs: HOUR_MS }),
  "one step a day": dailyWave(60, { stepMs: DAY_MS }),
};

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

/** Members to which a rule applies: all but those named. */
function membersBut(names: readonly string[]): readonly Forecaster[] {
  return MEMBERS.filter((member) => !names.includes(member.name));
}

/** Four weeks of a strong daily rhythm, weekends apart, whose errors swing back and forth for hours. */
function swinging(stepMs: number, seed: number): DemandSeries {
  const noise = randomStream(seed);
  let swing = 0;
  let before = 0;
  const values = Float64Array.from({ length: (28 * DAY_MS) / stepMs }, (_, i) => {
    const day = (i * stepMs) / DAY_MS;
    const next = 1.5 * swing - 0.75 * before + 0.3 * (noise() - 0.5);
    before = swing;
    swing = next;
    const weekend = Math.floor(day) % 7 > 4 ? 0.6 : 1;
    return (3000 + 20_000 * Math.sin(Math.PI * (day % 1)) ** 2) * weekend * Math.exp(swing);
  });
  return { ...seriesOf(values), stepMs: durationMs(stepMs) };
}

describe.each(MEMBERS)("$name", { timeout: 120_000 }, (member) => {
  const history = dailyWave(DAYS);

  it("does not run away on coarse grids: no median beyond twice what was ever seen, no tail beyond ten times", () => {
    const seeds = member.cost === "trained" ? [1] : [1, 2, 3, 4];
    for (const stepMs of [30 * MINUTE_MS, HOUR_MS]) {
      for (const seed of seeds) {
        const swing = swinging(stepMs, seed);
        const { quantiles } = fitted(member, swing).forecast(DAY_MS / stepMs, FORECAST_LEVELS);
        const most = Math.max(...swing.values);
        const tail = Math.max(...quantiles.map((row) => Math.max(...row)));
        const median = Math.max(...(quantiles[MIDDLE] ?? []));
        expect(median / most, `${stepMs} ms, seed ${seed}`).toBeLessThanOrEqual(2);
        expect(tail / most, `${stepMs} ms, seed ${seed}`).toBeLessThanOrEqual(10.001);
      }
    }
  });

  it("answers every step and level: finite, not negative, rising with the level", () => {
    const forecast = fitted(member, history).forecast(HORIZON, FORECAST_LEVELS);
    expect(forecast.cutoffMs).toBe(endMs(history));
    expect(forecast.quantiles.map((row) => row.length)).toEqual(FORECAST_LEVELS.map(() => HORIZON));
    expect(brokenRules(forecast)).toEqual([]);
  });

  it("has lower <= point <= upper, and a 90 % interval that holds most of the days that follow", () => {
    const whole = dailyWave(DAYS + 2);
    const steps = Array.from({ length: HORIZON }, (_, i) => i + 1);
    const model = fitted(member, history);
    let inside = 0;
    // From four times of day: a member without a season errs by the time of day it starts from.
    for (const later of [0, 71, 144, 213]) {
      const end = DAYS * DAY_STEPS + later;
      const rows = model.advance(seriesOf(whole.values.subarray(0, end))).at(steps, [0.05, 0.5, 0.95]);
      for (let h = 0; h < HORIZON; h++) {
        const [low = 0, point = 0, high = 0] = rows.map((row) => row[h]);
        expect(low <= point && point <= high).toBe(true);
        const truth = whole.values[end + h] ?? Number.NaN;
        if (truth >= low && truth <= high) inside++;
      }
    }
    expect(inside / HORIZON / 4).toBeGreaterThan(0.75);
  });

  it("scales: history times k gives forecast times k", () => {
    const scaled = { ...history, values: history.values.map((value) => value * 1000) };
    const one = fitted(member, history).forecast(HORIZON, FORECAST_LEVELS);
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
    const later = seriesOf(history.values, history.stepMs, history.startMs + 7 * DAY_MS);
    const one = fitted(member, history).forecast(HORIZON, FORECAST_LEVELS);
    const other = fitted(member, later).forecast(HORIZON, FORECAST_LEVELS);
    expect(other.cutoffMs - one.cutoffMs).toBe(7 * DAY_MS);
    for (const step of [0, 11, 143, 287]) {
      const difference = (other.quantiles[MIDDLE]?.[step] ?? 0) - (one.quantiles[MIDDLE]?.[step] ?? 0);
      expect(Math.abs(difference)).toBeLessThan(member.name === "prophet" ? 4 : 1e-6);
    }
  });

  it("takes gaps, the last value too, and stays near the truth", () => {
    const gappy = withGaps(history);
    const values = gappy.values.slice();
    values[values.length - 1] = Number.NaN;
    const forecast = fitted(member, { ...gappy, values }).forecast(HORIZON, FORECAST_LEVELS);
    expect(brokenRules(forecast)).toEqual([]);
    expect(forecast.quantiles[MIDDLE]?.[0]).toBeGreaterThan(20);
    expect(forecast.quantiles[MIDDLE]?.[0]).toBeLessThan(160);
  });

  it.each([7, 0])("answers constant demand of %d with it, or refuses", (level) => {
    const outcome = fitOn(member, seriesOf(new Float64Array(DAYS * DAY_STEPS).fill(level)));
    if (outcome.kind === "refused") {
      expect(["log-direct", "lstm", "prophet", "transformer"]).toContain(member.name);
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

  it.each(Object.entries(ODD_HISTORIES))(
    "refuses with a reason or answers by the rules: %s",
    (_, history) => {
      const outcome = fitOn(member, history);
      if (outcome.kind === "refused") {
        expect(outcome.reason).toMatch(/[a-z]{3,} [a-z0-9]/);
        return;
      }
      expect(brokenRules(outcome.model.forecast(HORIZON, FORECAST_LEVELS))).toEqual([]);
    },
  );

  it("gives the same bytes for the same input, from a fit, its state or a clone of it", () => {
    const model = fitted(member, history);
    const again = fitted(member, { ...history, values: history.values.slice() });
    const context = { clock: localClock("UTC", history.startMs, endMs(history) + 2 * DAY_MS) };
    const expected = model.forecast(HORIZON, FORECAST_LEVELS);
    expect(again.state).toEqual(model.state);
    expect(again.forecast(HORIZON, FORECAST_LEVELS)).toEqual(expected);
    const restored = member.restore(structuredClone(model.state), history, context);
    expect(restored.forecast(HORIZON, FORECAST_LEVELS)).toEqual(expected);
    expect(model.forecast(HORIZON, FORECAST_LEVELS)).toEqual(expected);
  });

  it("answers at chosen steps what it answers for all", () => {
    const model = fitted(member, history);
    const steps = [1, 7, 12, 100, 288];
    const all = model.forecast(HORIZON, FORECAST_LEVELS).quantiles;
    const some = model.at(steps, FORECAST_LEVELS);
    some.forEach((row, k) => {
      steps.forEach((step, j) => {
        expect(row[j]).toBeCloseTo(all[k]?.[step - 1] ?? Number.NaN, 9);
      });
    });
  });

  it("changes neither the history nor its own state", () => {
    const gappy = withGaps(history);
    const before = gappy.values.slice();
    const model = fitted(member, gappy);
    const state = structuredClone(model.state);
    model.forecast(HORIZON, FORECAST_LEVELS);
    model.advance(history).forecast(HORIZON, FORECAST_LEVELS);
    expect(gappy.values).toEqual(before);
    expect(model.state).toEqual(state);
  });

  it("advances to newer data with the parameters it has", () => {
    const model = fitted(member, seriesOf(history.values.subarray(0, (DAYS - 1) * DAY_STEPS)));
    const newer = model.advance(history);
    expect(newer.state).toBe(model.state);
    const forecast = newer.forecast(HORIZON, FORECAST_LEVELS);
    expect(forecast.cutoffMs).toBe(endMs(history));
    const truth = dailyWave(DAYS + 1).values.subarray(DAYS * DAY_STEPS, DAYS * DAY_STEPS + 12);
    const error = meanOf(truth.map((value, h) => Math.abs(value - (forecast.quantiles[MIDDLE]?.[h] ?? 0))));
    // The noise alone is 10 on average; noon is 120 from midnight.
    expect(error).toBeLessThan(35);
  });

  it("has a state of less than 10 kB: thousands of series are kept in memory", () => {
    expect(bytesOf(fitted(member, dailyWave(14)).state)).toBeLessThan(10_000);
  });

  it("keeps its parameters as plain data: a clone restored on newer data answers as the original", () => {
    const longer = dailyWave(DAYS + 0.5);
    const context = { clock: localClock("UTC", longer.startMs, endMs(longer) + DAY_MS) };
    const model = fitted(member, seriesOf(longer.values.subarray(0, DAYS * DAY_STEPS)));
    const restored = member.restore(structuredClone(model.state), longer, context);
    expect(restored.forecast(12, FORECAST_LEVELS)).toEqual(
      model.advance(longer).forecast(12, FORECAST_LEVELS),
    );
  });
});

describe.each(membersBut(LOOKS_BACK))("$name", { timeout: 120_000 }, (member) => {
  it("is at the new level a day after a step change", () => {
    const random = randomStream(7);
    const values = dailyWave(12).values.map((_, i) => (i < 11 * DAY_STEPS ? 100 : 400) + 10 * random());
    const { quantiles } = fitted(member, seriesOf(values)).forecast(HORIZON, FORECAST_LEVELS);
    expect(meanOf(quantiles[MIDDLE]?.subarray(0, 12))).toBeGreaterThan(330);
    expect(meanOf(quantiles[MIDDLE]?.subarray(0, 12))).toBeLessThan(480);
  });
});

describe.each(membersBut(BENT_BY_SPIKES))("$name", { timeout: 120_000 }, (member) => {
  const history = dailyWave(DAYS);

  it("is not carried away by a spike three days ago", () => {
    const spiked = history.values.slice();
    spiked[history.values.length - 3 * DAY_STEPS - 40] = 1e5;
    const plain = fitted(member, history).forecast(HORIZON, FORECAST_LEVELS).quantiles;
    const { quantiles } = fitted(member, seriesOf(spiked)).forecast(HORIZON, FORECAST_LEVELS);
    const change = meanOf(quantiles[MIDDLE]) / meanOf(plain[MIDDLE]);
    expect(change).toBeGreaterThan(0.8);
    expect(change).toBeLessThan(1.25);
  });
});

describe.each(membersBut(NO_SEASON))("$name", { timeout: 120_000 }, (member) => {
  it("keeps 09:00 at 09:00 when Berlin changes its clocks", () => {
    // The night of 2026-03-29 is an hour short, that of 2026-10-25 an hour long.
    for (const changeMs of [Date.UTC(2026, 2, 29, 1), Date.UTC(2026, 9, 25, 1)]) {
      const startMs = changeMs - 15 * DAY_MS - HOUR_MS;
      const clock = localClock("Europe/Berlin", startMs, changeMs + 3 * DAY_MS);
      const random = randomStream(5);
      const wave = (utcMs: number): number => {
        const hour = (clock.localMs(utcMs) % DAY_MS) / HOUR_MS;
        return 100 + 80 * Math.exp(-(((hour - 9) / 1.5) ** 2)) + 4 * random();
      };
      const known = Math.round((changeMs - 2 * HOUR_MS - startMs) / STEP_MS);
      const values = Array.from({ length: known }, (_, i) => wave(startMs + i * STEP_MS));
      const outcome = member.fit(seriesOf(values, STEP_MS, startMs), { clock });
      if (outcome.kind === "refused") throw new Error(outcome.reason);
      const steps = Array.from({ length: HORIZON }, (_, i) => i + 1);
      const path = outcome.model.at(steps, [0.5])[0] ?? new Float64Array(0);
      const peak = path.indexOf(Math.max(...path));
      const hour = (clock.localMs(startMs + (known + peak) * STEP_MS) % DAY_MS) / HOUR_MS;
      // Without the local clock the peak would be at 8 or 10.
      expect(Math.abs(hour - 9)).toBeLessThan(0.6);
    }
  });
});
