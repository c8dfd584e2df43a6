import { describe, expect, it } from "vitest";
import { type BacktestOptions, formatEmitRows, runBacktest } from "../../src/forecast/scores/backtest.ts";
import { DAY_MS, HOUR_MS } from "../../src/model/time.ts";
import { UserError } from "../../src/model/user-error.ts";
import { DAY_STEPS, dailyWave, START_MS, STEP_MS } from "./fixtures.ts";

const series = dailyWave(8);
const originsMs = [5.5, 6.2].map((day) => START_MS + Math.round(day * DAY_STEPS) * STEP_MS);

function options(changes: Partial<BacktestOptions> = {}): BacktestOptions {
  return {
    series,
    origins: { atMs: originsMs },
    horizonsMs: [STEP_MS, HOUR_MS, DAY_MS],
    members: ["naive", "seasonal-naive", "dhr-ar"],
    timeZone: "UTC",
    threads: 1,
    ...changes,
  };
}

describe("runBacktest", () => {
  it("scores the ensemble and each member per horizon, naive against itself at 1", async () => {
    const seen: number[] = [];
    const result = await runBacktest(options({ onProgress: (done) => seen.push(done) }));
    expect(seen).toEqual([1, 2]);
    expect(result.models.map(({ model }) => model)).toEqual([
      "ensemble",
      "naive",
      "seasonal-naive",
      "dhr-ar",
    ]);
    const score = (model: string, horizon: number) =>
      result.models.find((entry) => entry.model === model)?.horizons[horizon];
    for (const horizon of [0, 1, 2]) expect(score("naive", horizon)?.relativeLoss).toBeCloseTo(1, 6);
    expect(score("ensemble", 2)?.relativeLoss).toBeLessThan(0.4);
    expect(score("ensemble", 2)?.coverage90).toBeGreaterThan(0.8);
    expect(score("ensemble", 2)?.mase).toBeLessThan(1);
    expect(score("ensemble", 1)?.steps).toBe(12);
  });

  it("emits model, origin, target, level, value: every step to 24 h, five levels, times with Z", async () => {
    const result = await runBacktest(options({ members: [], origins: { atMs: originsMs.slice(0, 1) } }));
    const [header, first, ...rest] = [...formatEmitRows(result)];
    expect(header).toBe("model,origin,target,level,value");
    expect(first).toMatch(/^ensemble,2026-03-07T12:00:00Z,2026-03-07T12:05:00Z,0\.05,\d+(\.\d+)?$/);
    expect(rest.length + 1).toBe(2 * DAY_STEPS * 5);
    expect(rest.at(-1)).toMatch(/^naive,2026-03-07T12:00:00Z,2026-03-08T12:00:00Z,0\.95,/);
  });

  it("sees nothing after the origin: another future, the same forecasts", async () => {
    const cut = (originsMs[1] ?? 0) - START_MS;
    const values = series.values.map((value, i) => (i * STEP_MS > cut ? value * 9 : value));
    const one = await runBacktest(options());
    const twin = await runBacktest(options({ series: { ...series, values } }));
    expect(twin.forecasts.map((forecast) => forecast.quantiles)).toEqual(
      one.forecasts.map((forecast) => forecast.quantiles),
    );
  });

  it("gives the same forecasts on one thread and on two", async () => {
    const one = await runBacktest(options());
    const two = await runBacktest(options({ threads: 2 }));
    expect(two.forecasts).toEqual(one.forecasts);
  });

  it("refuses origins off the series in one line, and stops when told to", async () => {
    await expect(runBacktest(options({ origins: { atMs: [START_MS + 1] } }))).rejects.toThrow(UserError);
    await expect(runBacktest(options({ origins: { atMs: [START_MS + 1] } }))).rejects.toThrow(
      /origin .* is not on the series/,
    );
    await expect(runBacktest(options({ signal: AbortSignal.abort() }))).rejects.toThrow(/abort/i);
  });

  it("spreads a count of origins over the later history", async () => {
    const result = await runBacktest(options({ origins: { count: 3 }, members: [] }));
    expect(result.originsMs.length).toBe(3);
    expect(result.originsMs[0]).toBeGreaterThan(START_MS + 4 * DAY_MS);
    expect(result.originsMs[2]).toBeLessThanOrEqual(START_MS + 7 * DAY_MS);
  });

  it("scores each quantile level: pinball losses make up the weighted quantile loss, shares rise", async () => {
    const { models } = await runBacktest(options({ members: ["seasonal-naive"] }));
    for (const { horizons } of models) {
      for (const { levels, coverage90, weightedQuantileLoss, steps } of horizons) {
        const at = (level: number) => levels.find((own) => own.level === level);
        const below = levels.map((own) => own.below);
        expect(below).toEqual(below.toSorted((a, b) => a - b));
        // Both origins have every truth, so that the mean over origins is the mean over steps.
        expect((at(0.95)?.below ?? 0) - (at(0.05)?.below ?? 0)).toBeCloseTo(coverage90, 6);
        const mean = ((at(0.1)?.pinball ?? 0) + (at(0.5)?.pinball ?? 0) + (at(0.9)?.pinball ?? 0)) / 3;
        const firsts = originsMs.map((ms) => Math.round((ms - START_MS) / STEP_MS) + 1);
        const truth = firsts.flatMap((first) => [...series.values.subarray(first, first + steps)]);
        const demand = truth.reduce((sum, value) => sum + value, 0) / truth.length;
        expect(weightedQuantileLoss).toBeCloseTo(mean / demand, 6);
      }
    }
  });

  it("has naive and seasonal naive as references, members or not", async () => {
    const result = await runBacktest(options({ members: [] }));
    expect(result.models.map(({ model }) => model)).toEqual(["ensemble", "naive"]);
    const [naive, seasonal] = result.references;
    expect([naive?.model, seasonal?.model]).toEqual(["naive", "seasonal-naive"]);
    expect(seasonal?.horizons[2]?.relativeLoss).toBeLessThan(0.5);
    const [ensemble] = result.models;
    expect(
      (ensemble?.horizons[2]?.relativeLossSeasonal ?? 0) * (seasonal?.horizons[2]?.relativeLoss ?? 0),
    ).toBeCloseTo(ensemble?.horizons[2]?.relativeLoss ?? Number.NaN, 6);
    const early = { atMs: [START_MS + DAY_STEPS * STEP_MS] };
    const young = await runBacktest(options({ members: [], origins: early }));
    expect(young.references.map(({ model }) => model)).toEqual(["naive"]);
    expect(young.models[0]?.horizons[0]?.relativeLossSeasonal).toBeNaN();
  });

  it("tells the ensemble's loss, coverage and weights at each origin", async () => {
    const { byOrigin, models } = await runBacktest(options());
    expect(byOrigin.map(({ originMs }) => originMs)).toEqual(originsMs);
    const mean = byOrigin.reduce((sum, { horizons }) => sum + (horizons[2]?.coverage90 ?? 0), 0) / 2;
    expect(mean).toBeCloseTo(models[0]?.horizons[2]?.coverage90 ?? Number.NaN, 6);
    for (const { weights } of byOrigin) {
      const sum = Object.values(weights).reduce((total, own) => total + (own[2] ?? 0), 0);
      expect(sum).toBeCloseTo(1, 6);
    }
  });

  it("begins where the window begins", async () => {
    const fromMs = START_MS + 6 * DAY_MS;
    const result = await runBacktest(options({ origins: { count: 3, fromMs }, members: [] }));
    expect(result.originsMs[0]).toBe(fromMs);
    expect(result.originsMs).toHaveLength(3);
  });
});
