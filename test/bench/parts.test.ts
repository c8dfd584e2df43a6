import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { countOption } from "../../bench/parts/count-option.ts";
import { dailyDemand, flatForecaster, madeDemand } from "../../bench/parts/made-demand.ts";
import { childrenOf, readHoldings } from "../../bench/parts/process-watch.ts";
import { markdownTable, reportText } from "../../bench/parts/report.ts";
import { withScratch } from "../../bench/parts/scratch.ts";
import { spreadOf } from "../../bench/parts/spread.ts";
import { steppedClock } from "../../bench/parts/stepped-clock.ts";

const HOUR_MS = 3_600_000;

describe("spread of a sample", () => {
  it("quantiles lie between the values, whatever their order", () => {
    expect(spreadOf([40, 10, 30, 20])).toEqual({
      count: 4,
      min: 10,
      lower: 17.5,
      median: 25,
      upper: 32.5,
      max: 40,
    });
    expect(spreadOf([7])).toMatchObject({ lower: 7, median: 7, upper: 7 });
  });

  it.each([[[]], [[1, Number.NaN]]])("%j has none", (values) => {
    expect(() => spreadOf(values)).toThrow(RangeError);
  });
});

describe("report", () => {
  it("columns line up and short rows are filled", () => {
    expect(markdownTable(["stage", "ms"], [["decide", "1"], ["a"]])).toBe(
      ["| stage  | ms |", "| ------ | -- |", "| decide | 1  |", "| a      |    |"].join("\n"),
    );
  });

  it("names bench, machine and each missed bar", () => {
    const text = reportText({
      bench: "soak",
      startedAt: "2026-01-05T00:00:00.000Z",
      machine: {
        cpu: "X1",
        cores: 2,
        memoryGib: 24,
        node: "v24.0.0",
        platform: "linux-x64",
        loadAverage: 0.5,
      },
      header: ["a"],
      rows: [],
      checks: [
        { what: "memory", measured: "+9.0 %", bar: "± 5 %", met: false },
        { what: "locks", measured: "none", bar: "none", met: true },
      ],
      samples: [],
    });
    expect(text).toContain("2 x X1, 24 GiB, linux-x64, Node v24.0.0, load 0.5");
    expect(text).toMatch(/memory.*MISSED/);
    expect(text).toMatch(/locks.*met/);
  });
});

describe("options", () => {
  it.each(["0", "-1", "2.5", "x", ""])("--pairs %j is refused in one line", (text) => {
    expect(() => countOption("pairs", text)).toThrow(/^--pairs: must be a whole number of at least 1, not/);
  });

  it("a least of 0 allows none", () => {
    expect(countOption("warm-up", "0", 0)).toBe(0);
  });
});

describe("made demand", () => {
  it("ends with the last whole step and is the same whenever it is read", async () => {
    const demand = madeDemand(HOUR_MS, dailyDemand(100, 0.2));
    const early = await demand.read(steppedClock(10.5 * HOUR_MS).nowMs(), 4 * HOUR_MS);
    const late = await demand.read(steppedClock(12 * HOUR_MS).nowMs(), 4 * HOUR_MS);
    expect(early.startMs).toBe(6 * HOUR_MS);
    expect(early.values).toHaveLength(4);
    expect(Array.from(late.values.slice(0, 2))).toEqual(Array.from(early.values.slice(2)));
  });

  it("is low at night, high at noon, and never negative", () => {
    const demandRps = dailyDemand(100, 0);
    expect(demandRps(0)).toBeCloseTo(10);
    expect(demandRps(12 * HOUR_MS)).toBeCloseTo(100);
  });

  it("the flat forecast goes on from the last step, quantiles rising", async () => {
    const demand = madeDemand(HOUR_MS, () => 50);
    const series = await demand.read(steppedClock(24 * HOUR_MS).nowMs(), 24 * HOUR_MS);
    const { forecast } = await flatForecaster(3).forecast("bench", series);
    expect(forecast.cutoffMs).toBe(24 * HOUR_MS);
    const firsts = forecast.quantiles.map((row) => row[0] ?? Number.NaN);
    expect(firsts).toEqual([...firsts].sort((a, b) => a - b));
    expect(firsts[forecast.levels.indexOf(0.5)]).toBe(50);
  });
});

describe("what a process holds", () => {
  it("a child is seen while it lives, and not after", async () => {
    const child = spawn(process.execPath, ["-e", "setTimeout(() => {}, 20000)"], { stdio: "ignore" });
    const ended = new Promise((resolve) => child.once("exit", resolve));
    expect(childrenOf(process.pid)).toContain(child.pid);
    child.kill("SIGKILL");
    await ended;
    expect(childrenOf(process.pid)).not.toContain(child.pid);
  });

  it("memory that is kept is seen, memory that was dropped is not", () => {
    const before = readHoldings().heapMib;
    let kept: number[][] | undefined = Array.from({ length: 200 }, () => new Array(10_000).fill(0.5));
    const during = readHoldings().heapMib;
    expect(during - before).toBeGreaterThan(10);
    expect(kept.length).toBe(200);
    kept = undefined;
    expect(readHoldings().heapMib - before).toBeLessThan(5);
  });
});

describe("scratch folder", () => {
  it("is gone after a failure too", async () => {
    let seen = "";
    const failed = withScratch(async (folder) => {
      seen = folder;
      expect(existsSync(folder)).toBe(true);
      throw new Error("planted");
    });
    await expect(failed).rejects.toThrow("planted");
    expect(existsSync(seen)).toBe(false);
  });
});
