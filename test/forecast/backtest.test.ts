import { describe, expect, it } from "vitest";
import { type BacktestOptions, formatEmitRows, runBacktest } from "../../src/forecast/backtest.ts";
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
});
