import { lstat, readdir, readFile, symlink } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type CliPlace, openPlace, writeDemandAndConfig } from "./run-cli.ts";

const STEP_MS = 3_600_000;
const START_MS = Date.parse("2026-01-05T00:00:00Z");
const STEPS = 24 * 10;

/** Quick enough to be run many times. */
const LIGHT = ["--members", "naive,seasonal-naive", "--horizons", "1h,24h"];

let place: CliPlace;

function waveRows(change: (value: number, index: number) => number = (value) => value): string {
  const rows = Array.from({ length: STEPS }, (_, index) => {
    const value = change(100 + 40 * Math.sin((index / 24) * 2 * Math.PI) + (index % 5), index);
    return `${new Date(START_MS + index * STEP_MS).toISOString()},${value.toFixed(3)}`;
  });
  return ["timestamp,value", ...rows, ""].join("\n");
}

beforeAll(async () => {
  place = await openPlace();
  await place.write("demand.csv", waveRows());
});

afterAll(() => place.remove());

async function lines(name: string): Promise<readonly string[]> {
  return (await readFile(join(place.folder, name), "utf8")).trimEnd().split("\n");
}

/** Pinball losses at 0.1, 0.5 and 0.9 by model, from the two files alone. */
async function lossByModel(forecasts: string, demand: string): Promise<ReadonlyMap<string, number>> {
  const cells = (await lines(demand)).slice(1).map((line) => line.split(","));
  const truth = new Map(cells.map(([time = "", value]) => [Date.parse(time), Number(value)]));
  const loss = new Map<string, number>();
  for (const line of (await lines(forecasts)).slice(1)) {
    const [model = "", , target = "", level = "", value = ""] = line.split(",");
    const miss = (truth.get(Date.parse(target)) ?? Number.NaN) - Number(value);
    if (!["0.1", "0.5", "0.9"].includes(level) || Number.isNaN(miss)) continue;
    const pinball = Math.max(Number(level) * miss, (Number(level) - 1) * miss);
    loss.set(model, (loss.get(model) ?? 0) + pinball);
  }
  return loss;
}

describe("--emit", () => {
  test("at given origins: every model, every step of a day, five rising levels", async () => {
    const origins = ["2026-01-12T03:00:00Z", "2026-01-13T11:00:00Z"];
    await place.write("origins.txt", `# two\n${origins.join("\n")}\n`);
    const flags = [...LIGHT, "--origins", "origins.txt", "--emit", "out.csv", "-o", "json"];
    const { code, stdout, stderr } = await place.run(["backtest", "demand.csv", ...flags]);
    expect({ code, stderr }).toMatchObject({ code: 0 });
    const report = JSON.parse(stdout);
    expect(report).toMatchObject({ apiVersion: "tiercast/v1", kind: "Backtest" });
    const models = report.models.map((model: { model: string }) => model.model);
    expect(models).toEqual(expect.arrayContaining(["ensemble", "naive", "seasonal-naive"]));

    const emitted = await lines("out.csv");
    expect(emitted[0]).toBe("model,origin,target,level,value");
    const rows = emitted.slice(1).map((line) => line.split(","));
    expect(rows).toHaveLength(models.length * origins.length * 24 * 5);
    expect(new Set(rows.map((row) => row[1]))).toEqual(new Set(origins));
    for (let at = 0; at < rows.length; at += 5) {
      const group = rows.slice(at, at + 5);
      expect(group.map((row) => row[3])).toEqual(["0.05", "0.1", "0.5", "0.9", "0.95"]);
      const values = group.map((row) => Number(row[4]));
      expect(values).toEqual(values.toSorted((a, b) => a - b));
      expect(Date.parse(group[0]?.[2] ?? "")).toBeGreaterThan(Date.parse(group[0]?.[1] ?? ""));
    }
  });

  test("anyone can recompute a score from it", async () => {
    const flags = [...LIGHT, "--origins", "4", "--emit", "again.csv", "-o", "json"];
    const report = JSON.parse((await place.run(["backtest", "demand.csv", ...flags])).stdout);
    const loss = await lossByModel("again.csv", "demand.csv");
    const ensemble = report.models[0].horizons[1];
    expect(ensemble.horizonMs).toBe(24 * STEP_MS);
    const ratio = (loss.get("ensemble") ?? 0) / (loss.get("naive") ?? 1);
    expect(ensemble.relativeLoss).toBeCloseTo(ratio, 3);
    const seasonal = (loss.get("ensemble") ?? 0) / (loss.get("seasonal-naive") ?? 1);
    expect(ensemble.relativeLossSeasonal).toBeCloseTo(seasonal, 3);
  });

  test("neither overwrites the trace nor removes what is no file of its own", async () => {
    const before = await readFile(join(place.folder, "demand.csv"), "utf8");
    const flags = ["--horizons", "1h", "--origins", "1", "--members", "naive"];
    const same = await place.run(["backtest", "demand.csv", ...flags, "--emit", "./demand.csv"]);
    expect(same).toMatchObject({ code: 2, stdout: "" });
    expect(same.stderr).toContain("is the trace itself");
    expect(await readFile(join(place.folder, "demand.csv"), "utf8")).toBe(before);

    await symlink("/dev/full", join(place.folder, "full"));
    const full = await place.run(["backtest", "demand.csv", ...flags, "--emit", "full"]);
    expect(full).toMatchObject({ code: 1, stdout: "" });
    expect(full.stderr).toContain("cannot be written (ENOSPC)");
    expect((await lstat(join(place.folder, "full"))).isSymbolicLink()).toBe(true);
  });

  test("a file that cannot be written is said before the work, and nothing half-written stays", async () => {
    const { code, stderr } = await place.run(["backtest", "demand.csv", ...LIGHT, "--emit", "gone/out.csv"]);
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: "tiercast: --emit gone/out.csv: cannot be written (ENOENT)\n",
    });
    const twice = await place.run(["backtest", "demand.csv", ...LIGHT, "--emit", "a.x", "--report", "./a.x"]);
    expect(twice).toMatchObject({ code: 2, stdout: "" });
    expect(twice.stderr).toContain("is the file of --emit");
    expect((await readdir(place.folder)).filter((name) => name.endsWith(".part"))).toEqual([]);
  });
});

describe("scores", () => {
  test("a table within 100 columns: MASE, WQL, ratios, coverage and width", async () => {
    const { code, stdout } = await place.run(["backtest", "demand.csv", ...LIGHT, "--origins", "3"]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^HORIZON +MODEL +ORIGINS +MASE +WQL +RATIO +SEASONAL +COVERAGE +WIDTH$/m);
    expect(stdout).toMatch(/^1h +ensemble +3 /m);
    expect(stdout).toMatch(/^1d +naive +3 .* 1\.000 /m);
    expect(Math.max(...stdout.split("\n").map((line) => line.length))).toBeLessThanOrEqual(100);
  });

  test("seasonal naive is a reference even when it is no member", async () => {
    const flags = ["--members", "naive", "--horizons", "24h", "--origins", "3"];
    const table = await place.run(["backtest", "demand.csv", ...flags]);
    expect(table.stdout).toMatch(/^1d +\(seasonal-naive\) +3 .* 1\.000 /m);
    const json = JSON.parse((await place.run(["backtest", "demand.csv", ...flags, "-o", "json"])).stdout);
    const [naive, seasonal] = json.references;
    expect([naive.model, seasonal.model]).toEqual(["naive", "seasonal-naive"]);
    expect(seasonal.horizons[0].relativeLoss).toBeLessThan(0.5);
    expect(json.models[0].horizons[0].relativeLossSeasonal).toBeGreaterThan(2);
  });

  test("--per-level and -o csv carry each level's pinball loss and the share below", async () => {
    const base = ["backtest", "demand.csv", ...LIGHT, "--origins", "3"];
    const scores = (await place.run([...base, "-o", "csv"])).stdout.trimEnd().split("\n");
    expect(scores[0]).toBe(
      "model,horizon_ms,origins,mase,wql,ratio_naive,ratio_seasonal_naive,coverage90,width90",
    );
    expect(scores).toHaveLength(1 + 3 * 2);
    const levels = (await place.run([...base, "-o", "csv", "--per-level"])).stdout.trimEnd().split("\n");
    const own = levels.filter((line) => line.startsWith("ensemble,86400000,")).map((line) => line.split(","));
    expect(own.map((row) => Number(row[2]))).toEqual(
      own.map((row) => Number(row[2])).toSorted((a, b) => a - b),
    );
    const below = own.map((row) => Number(row[4]));
    expect(below).toEqual(below.toSorted((a, b) => a - b));
    expect(below[0]).toBeLessThan(0.2);
    expect(below.at(-1)).toBeGreaterThan(0.8);
    expect((await place.run([...base, "--per-level"])).stdout).toMatch(
      /^HORIZON +MODEL +LEVEL +PINBALL +TRUTH BELOW$/m,
    );
  });
});

describe("what is looked back at", () => {
  test("an origin off the series, and a time without zone", async () => {
    await place.write("off.txt", "2026-01-12T03:30:00Z\n");
    await place.write("local.txt", "2026-01-12T03:00:00Z\n2026-01-12 04:00\n");
    expect(await place.run(["backtest", "demand.csv", "--origins", "off.txt"])).toMatchObject({ code: 2 });
    const { code, stderr } = await place.run(["backtest", "demand.csv", "--origins", "local.txt"]);
    expect(code).toBe(2);
    expect(stderr).toContain("local.txt:2:");
  });

  test("--last, --from and --to: origins in the window, nothing after it looked at", async () => {
    const base = ["backtest", "demand.csv", ...LIGHT, "--origins", "5", "-o", "json"];
    const origins = async (...flags: string[]): Promise<readonly string[]> =>
      JSON.parse((await place.run([...base, ...flags])).stdout).origins;
    const last = await origins("--last", "3d");
    expect(last).toHaveLength(5);
    expect(last[0]).toBe("2026-01-12T00:00:00.000Z");
    const between = await origins("--from", "2026-01-10", "--to", "2026-01-13T00:00:00Z");
    expect(between[0]).toBe("2026-01-10T00:00:00.000Z");
    expect(Date.parse(between.at(-1) ?? "")).toBeLessThan(Date.parse("2026-01-13T00:00:00Z"));

    await place.write(
      "other-future.csv",
      waveRows((value, index) => (index >= 8 * 24 ? value * 7 : value)),
    );
    const window = ["--from", "2026-01-10", "--to", "2026-01-13T00:00:00Z", ...LIGHT, "-o", "csv"];
    const one = await place.run(["backtest", "demand.csv", ...window]);
    const twin = await place.run(["backtest", "other-future.csv", ...window]);
    expect(twin.stdout).toBe(one.stdout);

    const empty = await place.run(["backtest", "demand.csv", "--to", "2020-01-01"]);
    expect(empty).toMatchObject({ code: 2 });
    expect(empty.stderr).toMatch(/^tiercast: the window ends at .* holds no demand .*\n$/);
  });

  test("an access log, told by its lines; standard input", async () => {
    const log = Array.from({ length: 3_000 }, (_, index) => {
      const at = new Date(START_MS + index * 60_000).toISOString();
      return JSON.stringify({ time: at, path: "/a", status: 200 });
    }).join("\n");
    await place.write("access.log", log);
    const flags = ["--horizons", "1h", "--origins", "2", "--members", "naive", "-o", "json"];
    const report = JSON.parse((await place.run(["backtest", "access.log", ...flags])).stdout);
    expect(report).toMatchObject({ source: "access-log access.log", stepMs: 300_000 });
    const piped = await place.run(
      ["backtest", "-", ...LIGHT, "--origins", "2", "-o", "json"],
      {},
      waveRows(),
    );
    expect(JSON.parse(piped.stdout)).toMatchObject({ source: "csv standard input", stepMs: STEP_MS });
  });

  test("without FILE the configured source", async () => {
    const own = await openPlace();
    try {
      await writeDemandAndConfig(own);
      const { code, stdout, stderr } = await own.run(["backtest", "--origins", "2", "-o", "json"]);
      expect({ code, stderr }).toMatchObject({ code: 0 });
      const report = JSON.parse(stdout);
      expect(report.file).toBeNull();
      expect(report.models[0].horizons.map((score: { horizonMs: number }) => score.horizonMs)).toEqual([
        300_000, 3_600_000,
      ]);
    } finally {
      await own.remove();
    }
  });
});
