import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type CliPlace, openPlace, writeDemandAndConfig } from "./run-cli.ts";

const STEP_MS = 900_000;
const START_MS = Date.parse("2026-03-02T00:00:00Z");
const STEPS = 96 * 6;
const LIGHT = ["--members", "naive,seasonal-naive"];

let place: CliPlace;

interface Row {
  readonly atMs: number;
  readonly value: number | string;
}

const rowsOf = (count = STEPS): readonly Row[] =>
  Array.from({ length: count }, (_, index) => ({
    atMs: START_MS + index * STEP_MS,
    value: Number((200 - 120 * Math.cos((index / 96) * 2 * Math.PI) + (index % 7)).toFixed(2)),
  }));

function csv(rows: readonly Row[], { end = "\n", comma = ",", head = "timestamp,value" } = {}): string {
  const lines = rows.map(({ atMs, value }) => `${new Date(atMs).toISOString()}${comma}${value}`);
  return [head.replace(",", comma), ...lines, ""].join(end);
}

beforeAll(async () => {
  place = await openPlace();
  await place.write("demand.csv", csv(rowsOf()));
});

afterAll(() => place.remove());

describe("a file", () => {
  test("table: a row per horizon, then the evidence; demand and warnings on stderr", async () => {
    const { code, stdout, stderr } = await place.run(["forecast", "demand.csv"]);
    expect(code).toBe(0);
    expect(stderr).toBe("demand csv demand.csv, known up to 2026-03-08 00:00 UTC\n");
    expect(stdout).toMatch(/^HORIZON +STEP FROM +MEDIAN +90 % INTERVAL +50 % INTERVAL +COVERAGE\n/);
    expect(stdout).toMatch(/^15m +2026-03-08 00:00 UTC /m);
    expect(stdout).toMatch(/^1d +2026-03-08 23:45 UTC /m);
    expect(stdout).toMatch(/^weights at 1h: \S+ \d+ %/m);
    expect(stdout).toMatch(/^coverage of the 90 % interval measured on [\d,]+ past forecasts/m);
    expect(Math.max(...stdout.split("\n").map((line) => line.length))).toBeLessThanOrEqual(130);
  });

  test("the rhythm is there: noon is high, midnight low, and quantiles rise", async () => {
    const { stdout } = await place.run(["forecast", "demand.csv", ...LIGHT, "-o", "csv"]);
    const [head = "", ...lines] = stdout.trimEnd().split("\n");
    expect(head).toBe("target,0.025,0.05,0.1,0.25,0.5,0.75,0.9,0.95,0.975");
    expect(lines).toHaveLength(96);
    const medians = lines.map((line) => Number(line.split(",")[5]));
    expect(lines[48]).toMatch(/^2026-03-08T12:00:00Z,/);
    expect(medians[48]).toBeGreaterThan(280);
    expect(medians[0]).toBeLessThan(120);
    for (const line of lines) {
      const values = line.split(",").slice(1).map(Number);
      expect(values).toEqual(values.toSorted((a, b) => a - b));
    }
  });

  test("-o json: levels, targets and quantiles of every step, with the evidence", async () => {
    const flags = ["--horizon", "2h", "--levels", "0.9,0.5,.99", ...LIGHT, "-o", "json"];
    const { code, stdout } = await place.run(["forecast", "demand.csv", ...flags]);
    expect(code).toBe(0);
    const forecast = JSON.parse(stdout);
    expect(forecast).toMatchObject({
      apiVersion: "tiercast/v1",
      kind: "Forecast",
      service: null,
      source: "csv demand.csv",
      cutoff: "2026-03-08T00:00:00.000Z",
      stepMs: STEP_MS,
      levels: [0.5, 0.9, 0.99],
      warnings: [],
    });
    expect(forecast.steps).toHaveLength(8);
    expect(forecast.steps[7].target).toBe("2026-03-08T01:45:00.000Z");
    expect(forecast.steps[7].quantiles).toHaveLength(3);
    expect(forecast.horizons.map((row: { horizonMs: number }) => row.horizonMs)).toEqual([
      STEP_MS,
      3_600_000,
      7_200_000,
    ]);
    expect(Object.keys(forecast.evidence.weights)).toEqual(["naive", "seasonal-naive"]);
  });

  test("--at sees no future: other rows after it, the same bytes", async () => {
    const cutMs = START_MS + 96 * 5 * STEP_MS;
    const other = rowsOf().map((row) => (row.atMs >= cutMs ? { ...row, value: 9_999 } : row));
    await place.write("other.csv", csv(other));
    const at = new Date(cutMs).toISOString();
    const one = await place.run(["forecast", "demand.csv", "--at", at, "-o", "csv"]);
    const twin = await place.run(["forecast", "other.csv", "--at", at, "-o", "csv"]);
    expect(one.stdout).toMatch(/\n2026-03-07T00:00:00Z,/);
    expect(twin.stdout).toBe(one.stdout);
    const now = await place.run(["forecast", "other.csv", "-o", "csv"]);
    expect(now.stdout).not.toBe(one.stdout);
  });

  test.each([
    ["-1d", "2026-03-07T00:00:00.000Z"],
    ["2026-03-06T12:07:00+01:00", "2026-03-06T11:00:00.000Z"],
    ["2026-03-06 12:00", "2026-03-06T17:00:00.000Z"],
  ])("--at %s", async (at, cutoff) => {
    const flags = ["--at", at, "--time-zone", "America/New_York", "--members", "naive", "-o", "json"];
    const { stdout } = await place.run(["forecast", "demand.csv", ...flags]);
    expect(JSON.parse(stdout).cutoff).toBe(cutoff);
  });

  test("--plot: history, bands and median, ASCII where the locale says so", async () => {
    const flags = ["forecast", "demand.csv", ...LIGHT, "--plot"];
    const { stdout } = await place.run(flags);
    const plot = stdout.split("HORIZON")[0] ?? "";
    for (const mark of ["━", "─", "▒", "░", "cutoff", "demand"]) expect(plot).toContain(mark);
    expect(plot.split("\n").length).toBeGreaterThan(12);
    expect(Math.max(...plot.split("\n").map((line) => line.length))).toBeLessThanOrEqual(100);
    const ascii = (await place.run(flags, { LANG: "C", NO_COLOR: "1" })).stdout;
    expect(ascii.split("HORIZON")[0]).toMatch(/^[\x20-\x7e\n]+$/);
    expect((await place.run(["forecast", "demand.csv", ...LIGHT])).stdout).toMatch(/^HORIZON/);
  });

  test("--events: an announced campaign doubles its hours and no others, and is said", async () => {
    const event = "launch,campaign,2026-03-08T12:00:00Z,2026-03-08T14:00:00Z,2,2026-03-07T00:00:00Z";
    await place.write("events.csv", `id,kind,start,end,lift,announced\n${event}\n`);
    const flags = ["forecast", "demand.csv", ...LIGHT, "--levels", "0.5"];
    const plain = JSON.parse((await place.run([...flags, "-o", "json"])).stdout);
    const events = ["--events", "events.csv"];
    const lifted = JSON.parse((await place.run([...flags, ...events, "-o", "json"])).stdout);
    const ratio = (step: number): number => lifted.steps[step].quantiles[0] / plain.steps[step].quantiles[0];
    expect(ratio(50)).toBeGreaterThan(1.7);
    expect(ratio(50)).toBeLessThan(2.3);
    expect(ratio(20)).toBeCloseTo(1, 6);
    const { stdout } = await place.run([...flags, ...events]);
    expect(stdout).toMatch(/^event: campaign launch from 2026-03-08T12:00:00\.000Z: demand x \d/m);
    const early = ["--at", "2026-03-06T18:00:00Z", "--horizon", "48h", ...events];
    const before = await place.run([...flags, ...early]);
    expect(before.stdout).not.toContain("event:");
    const wrong = await place.run([...flags, "--events", "demand.csv"]);
    expect(wrong).toMatchObject({ code: 2, stdout: "" });
  });

  test("--explain: every member at every horizon, and why one is out", async () => {
    await place.write("short.csv", csv(rowsOf(40)));
    const { stdout } = await place.run(["forecast", "short.csv", "--members", "naive,direct", "--explain"]);
    expect(stdout).toMatch(/^MEMBER +15M +1H +6H +1D +OUT BECAUSE$/m);
    expect(stdout).toMatch(/^direct +0\.0 % .* +needs \d+ known steps, has 40$/m);
    expect(stdout).toMatch(/^out: direct \(needs /m);
  });
});

describe("standard input", () => {
  test("by - and without a configuration: the same bytes as the file", async () => {
    const flags = [...LIGHT, "-o", "csv"];
    const file = await place.run(["forecast", "demand.csv", ...flags]);
    const dash = await place.run(["forecast", "-", ...flags], {}, csv(rowsOf()));
    const piped = await place.run(["forecast", ...flags], {}, csv(rowsOf()));
    expect(dash.stdout).toBe(file.stdout);
    expect(piped.stdout).toBe(file.stdout);
  });

  test("empty: one line that says what else there is", async () => {
    const { code, stderr, stdout } = await place.run(["forecast"]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toMatch(/^tiercast: standard input: is empty .*tiercast\.yaml.*\n$/);
  });

  test("a configuration in reach comes first", async () => {
    const own = await openPlace();
    try {
      await writeDemandAndConfig(own);
      const { stdout } = await own.run(["forecast", "-o", "json", "--horizon", "30m"], {}, csv(rowsOf()));
      const forecast = JSON.parse(stdout);
      expect(forecast).toMatchObject({ service: "shop", stepMs: 300_000 });
      expect(forecast.steps).toHaveLength(6);
      const before = await own.run(["forecast", "-o", "json", "--at", "-6h"]);
      const backMs = Date.parse(forecast.cutoff) - Date.parse(JSON.parse(before.stdout).cutoff);
      expect(Math.abs(backMs - 6 * 3_600_000)).toBeLessThanOrEqual(300_000);
    } finally {
      await own.remove();
    }
  });
});

const few = rowsOf(6);
const replaced = (index: number, value: string): string =>
  csv(few.map((row, i) => (i === index ? { ...row, value } : row)));

describe("bad input", () => {
  test.each([
    ["empty", "", /is empty/],
    ["header only", "timestamp,value\n", /has a header but no rows/],
    ["one row", csv(few.slice(0, 1)), /has only one row/],
    ["negative", replaced(2, "-3"), /:4: "-3" in column "value"/],
    ["NaN", replaced(2, "NaN"), /:4: "NaN"/],
    ["Infinity", replaced(2, "Infinity"), /:4: "Infinity"/],
    ["duplicate", csv([...few.slice(0, 3), ...few.slice(2)]), /:5: .* is there twice/],
    ["unsorted", csv([...few.slice(3), ...few.slice(0, 3)]), /:5: .* is before the row above/],
    ["no column", "a\n1\n2\n", /one column/],
    ["binary", "time,value\n\0\0\0\n", /is binary/],
  ])("%s: one line and exit 2", async (_, text, words) => {
    const { code, stdout, stderr } = await place.run(["forecast", "-"], {}, text);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toMatch(/^tiercast: standard input.*\n$/);
    expect(stderr).toMatch(words);
  });

  test("a folder, and a file that is not there", async () => {
    expect(await place.run(["forecast", "."])).toMatchObject({
      code: 2,
      stderr: "tiercast: .: is a folder (name the file in it)\n",
    });
    expect(await place.run(["forecast", "gone.csv"])).toMatchObject({
      code: 2,
      stderr: "tiercast: gone.csv: no such file (check the path)\n",
    });
  });

  test.each<[string, string, RegExp | undefined]>([
    ["all zero", csv(rowsOf().map((row) => ({ ...row, value: 0 }))), /every value is 0/],
    ["constant", csv(rowsOf().map((row) => ({ ...row, value: 7 }))), /demand never changes/],
    ["two points", csv(rowsOf(2)), /history is 30m long: no rhythm/],
    ["one season", csv(rowsOf(96)), /history is 1d long: no rhythm/],
    [
      "90 % missing",
      csv(rowsOf().filter((_, i) => (Math.imul(i, 2_654_435_761) >>> 8) % 10 === 0)),
      /\d\d % of the 15m steps are gaps/,
    ],
    [
      "a value of 1e300",
      csv(rowsOf().map((row, i) => (i === 400 ? { ...row, value: "1e300" } : row))),
      /1\.00e\+300, is over 100 times/,
    ],
    [
      "step change",
      csv(rowsOf().map((row, i) => (i > 500 ? { ...row, value: Number(row.value) * 5 } : row))),
      undefined,
    ],
    [
      "future stamps",
      csv(rowsOf().map((row) => ({ ...row, atMs: row.atMs + 20 * 365 * 86_400_000 }))),
      /still to come/,
    ],
    ["byte order mark and CRLF", `\ufeff${csv(rowsOf(), { end: "\r\n" })}`, undefined],
    ["semicolons", csv(rowsOf(), { comma: ";" }), undefined],
    [
      "irregular",
      csv(rowsOf().map((row, i) => ({ ...row, atMs: row.atMs + ((i * 7919) % 600) * 1000 }))),
      undefined,
    ],
  ])("%s: answered, with a warning where one is due", async (_, text, words) => {
    const { code, stdout, stderr } = await place.run(["forecast", "-", ...LIGHT, "-o", "csv"], {}, text);
    expect({ code, stderr }).toMatchObject({ code: 0 });
    if (words !== undefined) expect(stderr).toMatch(words);
    else expect(stderr).toBe("");
    const values = stdout
      .trimEnd()
      .split("\n")
      .slice(1)
      .flatMap((line) => line.split(",").slice(1).map(Number));
    expect(values.length).toBeGreaterThan(0);
    expect(values.every((value) => Number.isFinite(value) && value >= 0)).toBe(true);
  });

  test.each([
    [["--levels", "0.5,2"], /--levels: "2" is no level from 0\.01 to 0\.999/],
    [["--at", "yesterday"], /--at: "yesterday" is no instant/],
    [["--at", "2020-01-01"], /no whole step of demand is known at 2020-01-01/],
    [["--horizon", "1s"], /--horizon: 1s is below the step of 15m/],
    [["--horizon", "9999d"], /--horizon: .* is over 20000 steps/],
    [["--members", "oracle"], /--members: "oracle" is none of/],
  ])("%s: one line and exit 2", async (flags, words) => {
    const { code, stdout, stderr } = await place.run(["forecast", "demand.csv", ...flags]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toMatch(words);
    expect(stderr.trimEnd().split("\n")).toHaveLength(1);
  });

  test("-o csv belongs to forecast and backtest", async () => {
    const { code, stderr } = await place.run(["schema", "-o", "csv"]);
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr: "tiercast: -o csv: schema prints no CSV (use -o json)\n",
    });
  });
});
