import { lstat, readFile, symlink } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type CliPlace, openPlace } from "./run-cli.ts";

const STEP_MS = 3_600_000;
const START_MS = Date.parse("2026-01-05T00:00:00Z");
const STEPS = 24 * 10;

let place: CliPlace;

beforeAll(async () => {
  place = await openPlace();
  const rows = Array.from({ length: STEPS }, (_, index) => {
    const value = 100 + 40 * Math.sin((index / 24) * 2 * Math.PI) + (index % 5);
    return `${new Date(START_MS + index * STEP_MS).toISOString()},${value.toFixed(3)}`;
  });
  await place.write("demand.csv", ["timestamp,value", ...rows, ""].join("\n"));
});

afterAll(() => place.remove());

test("at given origins: every model, every step of a day, five rising levels", async () => {
  const origins = ["2026-01-12T03:00:00Z", "2026-01-13T11:00:00Z"];
  await place.write("origins.txt", `# two\n${origins.join("\n")}\n`);
  const flags =
    "--horizons 1h,24h --origins origins.txt --members naive,seasonal-naive --emit out.csv -o json";
  const { code, stdout, stderr } = await place.run(["backtest", "demand.csv", ...flags.split(" ")]);
  expect({ code, stderr }).toMatchObject({ code: 0 });
  const report = JSON.parse(stdout);
  expect(report).toMatchObject({ apiVersion: "tiercast/v1", kind: "Backtest" });
  const models = report.models.map((model: { model: string }) => model.model);
  expect(models).toEqual(expect.arrayContaining(["ensemble", "naive", "seasonal-naive"]));

  const lines = (await readFile(join(place.folder, "out.csv"), "utf8")).trimEnd().split("\n");
  expect(lines[0]).toBe("model,origin,target,level,value");
  const rows = lines.slice(1).map((line) => line.split(","));
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

test("a table with MASE, WQL, ratio to naive, coverage and width", async () => {
  const flags = "--horizons 1h,24h --origins 3 --members naive,seasonal-naive";
  const { code, stdout } = await place.run(["backtest", "demand.csv", ...flags.split(" ")]);
  expect(code).toBe(0);
  expect(stdout).toMatch(/^HORIZON +MODEL +ORIGINS +MASE +WQL +RATIO +COVERAGE +WIDTH$/m);
  expect(stdout).toMatch(/^1h +ensemble +3 /m);
  expect(stdout).toMatch(/^1d +naive +3 .* 1\.00 /m);
});

test("--emit neither overwrites the trace nor removes what is no file of its own", async () => {
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

test("an origin off the series, and a time without zone", async () => {
  await place.write("off.txt", "2026-01-12T03:30:00Z\n");
  await place.write("local.txt", "2026-01-12T03:00:00Z\n2026-01-12 04:00\n");
  expect(await place.run(["backtest", "demand.csv", "--origins", "off.txt"])).toMatchObject({ code: 2 });
  const { code, stderr } = await place.run(["backtest", "demand.csv", "--origins", "local.txt"]);
  expect(code).toBe(2);
  expect(stderr).toContain("local.txt:2:");
});
