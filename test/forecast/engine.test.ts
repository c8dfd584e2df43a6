import { afterEach, describe, expect, it } from "vitest";
import {
  createForecastEngine,
  type ForecastEngineOptions,
  type FullForecastEngine,
} from "../../src/forecast/engine/engine.ts";
import { quantileAt } from "../../src/model/forecast.ts";
import { DAY_MS, durationMs, epochMs, HOUR_MS } from "../../src/model/time.ts";
import { DAY_STEPS, dailyWave, STEP_MS, seriesOf } from "./fixtures.ts";

const engines: FullForecastEngine[] = [];

function engineOf(changes: Partial<ForecastEngineOptions> = {}): FullForecastEngine {
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

  it.each([
    ["hangs", /no answer within 8000 ms/],
    ["eats all memory", /worker died: .*memory/i],
  ])(
    "finds out the member that %s, leaves it out for hours, answers with all others",
    async (name, reason) => {
      const file = name === "hangs" ? "./hanging-member-worker.ts" : "./hungry-member-worker.ts";
      const engine = engineOf({
        workerFile: new URL(file, import.meta.url),
        workerMemoryMiB: 96,
        deadlineMs: name === "hangs" ? 8000 : 40_000,
        settings: {
          members: ["level", "seasonal-naive", "dhr-ar"],
          refitMs: HOUR_MS,
          trainMs: durationMs(14 * DAY_MS),
          capFactor: 3,
        },
      });
      const short = seriesOf(series.values.subarray(0, 3 * DAY_STEPS));
      const { evidence, forecast } = await engine.forecast("shop", short);
      expect(Object.keys(evidence.failures)).toEqual(["dhr-ar"]);
      expect(evidence.failures["dhr-ar"]).toMatch(reason);
      expect(evidence.weights["seasonal-naive"]?.[2]).toBeGreaterThan(0);
      expect(forecast.quantiles[0]?.length).toBe(DAY_STEPS);
      const beganMs = performance.now();
      const next = await engine.forecast("shop", seriesOf(series.values.subarray(0, 3 * DAY_STEPS + 1)));
      expect(performance.now() - beganMs).toBeLessThan(7500);
      expect(next.evidence.failures["dhr-ar"]).toMatch(/out until 2026-03-05T03:00/);
      const report = engine.describe("shop")?.find((member) => member.name === "dhr-ar");
      expect(report?.outReason).toMatch(reason);
    },
    60_000,
  );

  it("goes on where it was after a restart, and starts cold from bytes it cannot read", async () => {
    const before = engineOf();
    await before.forecast("shop", series);
    const bytes = before.exportLearned("shop");
    if (bytes === undefined) throw new Error("nothing learned");
    expect(before.exportLearned("other")).toBeUndefined();
    const longer = seriesOf([...series.values, 80]);
    const same = await before.forecast("shop", longer);
    const after = engineOf();
    expect(after.importLearned("shop", bytes)).toBe(true);
    const restored = await after.forecast("shop", longer);
    expect(restored.forecast).toEqual(same.forecast);
    expect(after.describe("shop")?.map((member) => member.current.version)).toEqual(
      before.describe("shop")?.map((member) => member.current.version),
    );
    const damaged = bytes.slice();
    damaged[100] = (damaged[100] ?? 0) ^ 1;
    expect(after.importLearned("shop", damaged)).toBe(false);
    expect(after.importLearned("shop", new Uint8Array(3))).toBe(false);
  });

  it("describes each member: say, losses, fits, versions", async () => {
    const engine = engineOf();
    expect(engine.describe("shop")).toBeUndefined();
    await engine.forecast("shop", series);
    const reports = engine.describe("shop") ?? [];
    expect(reports.map((report) => report.name)).toEqual(["naive", "seasonal-naive", "dhr-ar", "prophet"]);
    for (const [h] of [STEP_MS, HOUR_MS, DAY_MS].entries()) {
      expect(reports.reduce((sum, report) => sum + (report.weights[h] ?? 0), 0)).toBeCloseTo(1, 9);
      expect(reports[0]?.lossRatio[h]).toBeCloseTo(1, 9);
    }
    const dhr = reports.find((report) => report.name === "dhr-ar");
    expect(dhr?.outReason).toBeUndefined();
    expect(dhr?.lossRatio[2]).toBeLessThan(0.6);
    expect(dhr?.lastFitMs).toBeLessThanOrEqual(series.startMs + 5 * DAY_MS);
    expect(dhr?.nextFitMs).toBeGreaterThan(series.startMs + 5 * DAY_MS);
    expect(dhr?.nextFitMs).toBeLessThanOrEqual(series.startMs + 5 * DAY_MS + HOUR_MS);
    expect(dhr?.fitCostMs).toBeGreaterThan(0);
    expect(dhr?.current.version).toBeGreaterThan(2);
    expect(dhr?.previous?.version).toBe((dhr?.current.version ?? 0) - 1);
    expect(dhr?.previous?.lossRatio).toBeLessThan(0.9);
  });

  it("hands what is known ahead to the forecast", async () => {
    const engine = engineOf({
      settings: { members: ["level", "seasonal-naive"], refitMs: HOUR_MS, trainMs: DAY_MS, capFactor: 9 },
    });
    const nowMs = series.startMs + 5 * DAY_MS;
    const sale = {
      id: "sale",
      kind: "sale",
      startMs: epochMs(nowMs + HOUR_MS),
      endMs: epochMs(nowMs + 2 * HOUR_MS),
      lift: 3,
      announcedMs: epochMs(nowMs - DAY_MS),
    };
    const plain = await engine.forecast("plain", series);
    const known = await engine.forecast("known", series, { events: [sale], leading: [] });
    const middle = (answer: typeof plain, step: number): number => quantileAt(answer.forecast, 0.5, step);
    expect(middle(known, 15) / middle(plain, 15)).toBeGreaterThan(2);
    expect(middle(known, 40) / middle(plain, 40)).toBeCloseTo(1, 6);
    expect(known.evidence.eventEffects?.map((effect) => effect.id)).toEqual(["sale"]);
    expect(known.evidence.leading).toBeUndefined();
    const leading = [{ name: "sessions", series: { ...series, startMs: epochMs(nowMs + DAY_MS) } }];
    const led = await engine.forecast("led", series, { events: [], leading });
    expect(led.evidence.leading).toMatchObject([
      { name: "sessions", accepted: false, reason: "no time in common" },
    ]);
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
