import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { settingsFromText } from "../../src/config.ts";
import { madeDemand } from "../capacity/made-demand.ts";
import { type CliPlace, openPlace } from "./run-cli.ts";

const DAYS = 140;
const HOUR_MS = 3_600_000;
/** Whole hours up to now, so that a configured source finds it fresh. */
const END_MS = Math.floor(Date.now() / HOUR_MS) * HOUR_MS;

let place: CliPlace;
let bare: CliPlace;

function csv(days: number, endMs = END_MS): string {
  const { values } = madeDemand(days, (week) => 1.005 ** week);
  const rows = Array.from(values, (value, i) => {
    const atMs = endMs - (values.length - i) * HOUR_MS;
    return `${new Date(atMs).toISOString()},${value.toFixed(3)}`;
  });
  return ["timestamp,value", ...rows, ""].join("\n");
}

const CONFIG = [
  "service: shop",
  "demand: { source: csv, path: demand.csv, step: 1h }",
  "limits: { maxTotalUnits: 12 }",
  "",
].join("\n");

beforeAll(async () => {
  place = await openPlace();
  bare = await openPlace();
  await place.write("demand.csv", csv(DAYS));
  await place.write("tiercast.yaml", CONFIG);
  await bare.write("demand.csv", csv(DAYS));
  await bare.write("short.csv", csv(3));
});

afterAll(async () => {
  await place.remove();
  await bare.remove();
});

describe("plan --capacity", () => {
  test("a configured service: settings, commitment, limits and money, from all the history there is", async () => {
    const { code, stdout, stderr } = await place.run(["plan", "--capacity", "90d"]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toMatch(/^shop: capacity for 90 days from 20/);
    // The 42 days that a forecast learns from are not all that a plan looks at.
    expect(stdout).toContain("history     140 days in 20 whole weeks");
    expect(stdout).toMatch(/^past plans {2}\d+ of \d+ peaks/m);
    expect(stdout).toMatch(/^limits\.maxTotalUnits +12 +\d+ /m);
    expect(stdout).toMatch(/^commitment {2}\d+ units? at \$0\.06\/h for 365 days: /m);
    expect(stdout).toMatch(/^today's settings +\$/m);
    expect(stdout).toMatch(/^no commitment +\$/m);
    expect(Math.max(...stdout.split("\n").map((line) => line.length))).toBeLessThanOrEqual(150);
  });

  test("-o json holds the same figures, and the limit's day", async () => {
    const flags = [
      "plan",
      "--capacity",
      "60d",
      "--commit-price",
      "0.03",
      "--commit-term",
      "90d",
      "-o",
      "json",
    ];
    const { code, stdout } = await place.run(flags);
    expect(code).toBe(0);
    const plan = JSON.parse(stdout);
    expect(plan).toMatchObject({
      apiVersion: "tiercast/v1",
      kind: "CapacityPlan",
      service: "shop",
      cutoff: new Date(END_MS).toISOString(),
      until: new Date(END_MS + 60 * 86_400_000).toISOString(),
      reach: { period: "week", periods: 20, horizonMs: 60 * 86_400_000 },
      commitment: { usdPerUnitHour: 0.03, termMs: 90 * 86_400_000 },
    });
    expect(plan.reached.map(({ setting }: { setting: string }) => setting)).toContain("limits.maxTotalUnits");
    expect(plan.commitment.units).toBeGreaterThan(plan.baseline.units.median - 1);
  });

  test("--write: a part of a configuration that validates; written again, but never over another file", async () => {
    const write = ["plan", "--capacity", "90d", "--write", "capacity.yaml"];
    expect((await place.run(write)).stderr).toBe("settings written to capacity.yaml\n");
    const text = await readFile(join(place.folder, "capacity.yaml"), "utf8");
    expect(text).toMatch(/^# Capacity plan of tiercast: 90 days from /);
    const whole = `service: shop\ndemand: { source: csv, path: demand.csv, step: 1h }\n${text}`;
    const { settings, warnings } = settingsFromText(whole, "tiercast.yaml", {});
    expect(warnings).toEqual([]);
    expect(settings.limits.maxTotalUnits).toBeGreaterThan(settings.tiers.baseline.minUnits);
    expect((await place.run(write)).code).toBe(0);
    const over = await place.run(["plan", "--capacity", "90d", "--write", "tiercast.yaml"]);
    expect(over.code).toBe(2);
    expect(over.stderr).toContain(
      "--write: tiercast.yaml exists and is no capacity plan (name another file)",
    );
    expect(await readFile(join(place.folder, "tiercast.yaml"), "utf8")).toBe(CONFIG);
  });

  test("the configured units size --file too; --unit-rps goes before them", async () => {
    const flags = ["plan", "--capacity", "90d", "--file", "demand.csv", "-o", "json"];
    const own = JSON.parse((await place.run(flags)).stdout);
    const source = JSON.parse((await place.run(["plan", "--capacity", "90d", "-o", "json"])).stdout);
    expect(own.limits).toEqual(source.limits);
    const fine = JSON.parse((await place.run([...flags, "--unit-rps", "1"])).stdout);
    expect(fine.peakUnits.median).toBe(Math.ceil(fine.peakRps.median));
  });
});

describe("a file without a configuration", () => {
  test("a unit as in the simulator, no limits to reach, both said", async () => {
    const { code, stdout, stderr } = await bare.run(["plan", "--capacity", "90d", "--file", "demand.csv"]);
    expect(code).toBe(0);
    expect(stderr).toMatch(
      /^warning: no configuration: a unit is taken to carry [\d.]+ requests\/s \(--unit-rps\)$/m,
    );
    expect(stdout).toMatch(/^csv demand\.csv: capacity for 90 days/);
    expect(stdout).toMatch(/^limits\.maxTotalUnits +- +\d+ /m);
    expect(stdout).not.toContain("is reached in");
  });

  test("standard input", async () => {
    const flags = ["plan", "--capacity", "90d", "--file", "-", "--unit-rps", "5"];
    const { code, stdout } = await bare.run(flags, {}, csv(40));
    expect(code).toBe(0);
    expect(stdout).toContain("history     40 days in 5 whole weeks");
  });

  test("three days: three days ahead, no commitment, plainly", async () => {
    const { code, stdout } = await bare.run(["plan", "--capacity", "90d", "--file", "short.csv"]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^csv short\.csv: capacity for 3 days/);
    expect(stdout).toContain("!  3 days of history carry no plan for 90 days: it goes 3 days ahead");
    expect(stdout).toContain("commitment  none at $0.06/h for 365 days: less than four weeks of history");
  });

  test("an old history counts from its own end; one that is still to come is said", async () => {
    await bare.write("old.csv", csv(40, END_MS - 30 * 86_400_000));
    await bare.write("ahead.csv", csv(40, END_MS + 10 * 86_400_000));
    const old = await bare.run(["plan", "--capacity", "90d", "--file", "old.csv"]);
    expect(old.stderr).toContain("warning: history ends 30 days ago: the plan counts from there");
    const ahead = await bare.run(["plan", "--capacity", "90d", "--file", "ahead.csv"]);
    expect(ahead.stderr).toMatch(/warning: history goes on (9|10) days beyond this machine's clock/);
  });

  test("--events: a sale ahead raises the total", async () => {
    const atMs = END_MS + 20 * 86_400_000;
    const iso = (ms: number): string => new Date(ms).toISOString();
    // Three days: one of them is no weekend, whatever today is.
    await bare.write(
      "events.csv",
      `kind,start,end,lift\nsale,${iso(atMs)},${iso(atMs + 3 * 86_400_000)},3\n`,
    );
    const flags = ["plan", "--capacity", "90d", "--file", "demand.csv", "--unit-rps", "5", "-o", "json"];
    const plain = JSON.parse((await bare.run(flags)).stdout);
    const sale = JSON.parse((await bare.run([...flags, "--events", "events.csv"])).stdout);
    expect(sale.events).toEqual({ counted: 1, withoutLift: 0 });
    expect(sale.limits.maxTotalUnits).toBeGreaterThan(1.5 * plain.limits.maxTotalUnits);
  });
});

describe("mistakes are one line and exit 2", () => {
  test.each([
    [["--capacity", "10d"], "--capacity: 10d is not between 30d and 365d (write 90d)"],
    [["--capacity", "90"], "--capacity: must be a duration with a unit (write 90m or 90s, not 90)"],
    [["--file", "demand.csv"], "--file: is for capacity planning (add --capacity 90d)"],
    [["--write", "x.yaml"], "--write: is for capacity planning (add --capacity 90d)"],
    [["--capacity", "90d", "--commit-price", "cheap"], '--commit-price: "cheap" is no number above 0'],
    [["--capacity", "90d", "--commit-price", "0"], '--commit-price: "0" is no number above 0'],
    [
      ["--capacity", "90d", "--commit-term", "3w"],
      "--commit-term: 21d is not between 30d and 365d (write 90d)",
    ],
    [
      ["--capacity", "90d", "--require-engine"],
      "--require-engine: is not for --capacity, which runs no engine",
    ],
  ])("%j", async (flags, words) => {
    const { code, stderr, stdout } = await bare.run(["plan", ...flags]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toBe(`tiercast: ${words}\n`);
  });

  test("with --detailed-exitcode 2 means changes: a mistake is 1", async () => {
    const { code } = await bare.run(["plan", "--capacity", "90d", "--detailed-exitcode"]);
    expect(code).toBe(1);
  });

  test("hours of history, named", async () => {
    await bare.write("hours.csv", csv(1));
    const { code, stderr } = await bare.run(["plan", "--capacity", "90d", "--file", "hours.csv"]);
    expect(code).toBe(2);
    expect(stderr).toContain(
      "tiercast: csv hours.csv: capacity: history is 1d at steps of 1h: a plan takes two days",
    );
  });
});
