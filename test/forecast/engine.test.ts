import { afterEach, describe, expect, it } from "vitest";
import { createForecastEngine, type ForecastEngineOptions } from "../../src/forecast/engine.ts";
import type { ForecastEngine } from "../../src/model/ports.ts";
import { DAY_MS, durationMs, HOUR_MS } from "../../src/model/time.ts";
import { DAY_STEPS, dailyWave, STEP_MS, seriesOf } from "./fixtures.ts";

const engines: ForecastEngine[] = [];

function engineOf(changes: Partial<ForecastEngineOptions> = {}): ForecastEngine {
  const engine = createForecastEngine({
    settings: {
      members: ["naive", "seasonal-naive", "dhr-ar", "prophet"],
      refitMs: HOUR_MS,
      trainMs: durationMs(14 * DAY_MS),
      capFactor: 3,
    },
    timeZone: "UTC",
    horizons: [STEP_MS, HOUR_MS, DAY_MS],
    threads: 1,
    ...changes,
  });
  engines.push(engine);
  return engine;
}

afterEach(async () => {
  await Promise.all(engines.splice(0).map((engine) => engine.close()));
});

const series = dailyWave(5);

describe("createForecastEngine", () => {
  it("forecasts to the largest horizon in a worker, and keeps what it learned", async () => {
    const engine = engineOf();
    const first = await engine.forecast("shop", series);
    expect(first.forecast.quantiles[0]?.length).toBe(DAY_STEPS);
    expect(Object.keys(first.evidence.weights)).toContain("prophet");
    expect(first.evidence.failures).toEqual({});
    // The caller keeps its series: a copy went to the worker.
    expect(series.values.length).toBe(5 * DAY_STEPS);
    const longer = seriesOf([...series.values, 80]);
    const second = await engine.forecast("shop", longer);
    expect(second.forecast.cutoffMs - first.forecast.cutoffMs).toBe(STEP_MS);
    expect(second.evidence.fitMs).toBeLessThan(first.evidence.fitMs);
  });

  it("answers calls for one key in order, many at once", async () => {
    const engine = engineOf({
      settings: { members: ["level"], refitMs: HOUR_MS, trainMs: DAY_MS, capFactor: 3 },
    });
    const answers = await Promise.all(
      [100, 200, 300].map((n) => engine.forecast("a", seriesOf(series.values.subarray(0, n)))),
    );
    expect(answers.map(({ forecast }) => (forecast.cutoffMs - series.startMs) / STEP_MS)).toEqual([
      100, 200, 300,
    ]);
  });

  it("goes on without heavy members when their worker dies, and names them", async () => {
    const engine = engineOf({ workerFile: new URL("./dying-worker.ts", import.meta.url) });
    const { evidence, forecast } = await engine.forecast("shop", series);
    expect(evidence.failures["prophet"]).toMatch(/worker died/);
    expect(evidence.failures["dhr-ar"]).toBeUndefined();
    expect(forecast.quantiles[0]?.length).toBe(DAY_STEPS);
  });

  it("ends a worker that runs over its deadline, answers with naive alone in the end", async () => {
    const engine = engineOf({
      workerFile: new URL("./hanging-worker.ts", import.meta.url),
      deadlineMs: 300,
    });
    const { evidence, forecast } = await engine.forecast("shop", series);
    expect(evidence.failures["prophet"]).toMatch(/no answer within 300 ms/);
    expect(evidence.failures["dhr-ar"]).toMatch(/no answer within 300 ms/);
    expect(forecast.quantiles[0]?.length).toBe(DAY_STEPS);
  });

  it("rejects with one clear line when even naive is impossible", async () => {
    await expect(engineOf().forecast("shop", seriesOf([5]))).rejects.toThrow(
      /^demand of shop cannot be forecast yet: needs 2 known steps, has 1$/,
    );
  });

  it("knows its members", () => {
    const settings = { members: ["oracle"], refitMs: HOUR_MS, trainMs: DAY_MS, capFactor: 3 };
    expect(() => engineOf({ settings })).toThrow(/unknown oracle; choose from naive, level,/);
  });
});
