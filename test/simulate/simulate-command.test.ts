import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type CliPlace, openPlace } from "../cli/run-cli.ts";

const STEP_MS = 3_600_000;
/** Off the hour, on purpose: timelines stay on the trace's own stamps. */
const START_MS = Date.parse("2026-01-05T00:04:00Z");
const STEPS = 24 * 16;
const FAST = "--policies tiercast,hpa,crane --lead 2h -o json";

let place: CliPlace;

beforeAll(async () => {
  place = await openPlace();
  const rows = Array.from({ length: STEPS }, (_, index) => {
    const value = 100 + 40 * Math.sin((index / 24) * 2 * Math.PI) + ((index * 7) % 13);
    return `${new Date(START_MS + index * STEP_MS).toISOString()},${value.toFixed(3)}`;
  });
  await place.write("demand.csv", ["timestamp,value", ...rows, ""].join("\n"));
});

afterAll(() => place.remove());

async function digest(folder: string): Promise<string> {
  const hash = createHash("sha256");
  for (const name of (await readdir(join(place.folder, folder))).sort()) {
    hash.update(name).update(await readFile(join(place.folder, folder, name)));
  }
  return hash.digest("hex");
}

test("timelines, JSON and a page without script; the same bytes with two threads", async () => {
  const first = `simulate demand.csv ${FAST} --emit one --html page.html`;
  const { code, stdout, stderr } = await place.run(first.split(" "));
  expect({ code, stderr }).toMatchObject({ code: 0 });
  const report = JSON.parse(stdout);
  expect(report).toMatchObject({ apiVersion: "tiercast/v1", kind: "Simulation" });
  expect(Object.keys(report.policies).sort()).toEqual(["crane", "hpa", "oracle", "tiercast"]);
  expect(report.world).toMatchObject({ stepMs: STEP_MS, leadMs: 2 * STEP_MS, steps: STEPS });

  const names = await readdir(join(place.folder, "one"));
  expect(names).toContain("tiercast@0.9.csv");
  expect(names).toContain("hpa@0.7.csv");
  const rows = (await readFile(join(place.folder, "one", "hpa@0.7.csv"), "utf8")).trimEnd().split("\n");
  expect(rows[1]).toMatch(/^2026-01-\d\dT\d\d:04:00Z,\d+,\d+,0$/);
  expect(rows.at(-1)?.startsWith("2026-01-20T23:04:00Z,")).toBe(true);

  const page = await readFile(join(place.folder, "page.html"), "utf8");
  expect(page).not.toMatch(/<script|<link|<img|https?:|url\(/i);
  expect(page.match(/<svg /g)?.length).toBe(5);
  expect(page).not.toMatch(/NaN|undefined|Infinity/);

  const again = await place.run(`simulate demand.csv ${FAST} --emit two --threads 2`.split(" "));
  expect(again.code).toBe(0);
  expect(await digest("two")).toBe(await digest("one"));
}, 120_000);

test("a table for people", async () => {
  const { code, stdout } = await place.run("simulate demand.csv --policies hpa,crane --lead 2h".split(" "));
  expect(code).toBe(0);
  expect(stdout).toMatch(/^POLICY +V +V RATIO +UNIT-HOURS RATIO +UPDATES\/H$/m);
  expect(stdout).toContain("scored are the last 40 %");
});

test("the bound, a world less ideal and a gate: each is said, and a seed gives the same bytes", async () => {
  const worse = "--lead-sigma 0.5 --fail-updates 0.02 --metric-delay 90m --metric-loss 0.01 --seed 3";
  const call = `simulate demand.csv --policies perfect,hpa --lead 2h ${worse}`;
  const { code, stdout } = await place.run(`${call} --emit worse`.split(" "));
  expect(code).toBe(0);
  expect(stdout).toContain(
    "; lead times spread by sigma 0.5, 2 % of updates fail, demand seen 2h late, 1 % of samples lost (seed 3)",
  );
  expect(stdout).toMatch(/^POLICY .* V GAP CLOSED +UNIT-HOURS GAP CLOSED$/m);
  expect(stdout).toMatch(/^perfect .* 100 % +100 %$/m);
  const json = JSON.parse((await place.run(`${call} --emit again -o json`.split(" "))).stdout);
  expect(json.world.disturbances).toEqual({
    seed: 3,
    leadSigma: 0.5,
    failedUpdateShare: 0.02,
    metricDelaySteps: 2,
    lostSampleShare: 0.01,
  });
  expect(await digest("again")).toBe(await digest("worse"));
  const ideal = "simulate demand.csv --policies perfect,hpa --lead 2h --seed 3 --emit ideal".split(" ");
  await place.run(ideal);
  expect(await digest("ideal")).not.toBe(await digest("worse"));
}, 60_000);

test("what cannot be simulated says why", async () => {
  const unknown = await place.run("simulate demand.csv --policies hpa,keda".split(" "));
  expect(unknown).toMatchObject({ code: 2 });
  const luck = await place.run("simulate demand.csv --fail-updates 1.5".split(" "));
  expect(luck).toMatchObject({ code: 2 });
  expect(luck.stderr).toContain("--fail-updates 1.5: give a number from 0 to 0.9");
  expect(unknown.stderr).toContain('--policies: "keda" is none of tiercast, perfect, hpa');
  await place.write("short.csv", "timestamp,value\n2026-01-05T00:00:00Z,1\n2026-01-05T00:05:00Z,2\n");
  const short = await place.run("simulate short.csv".split(" "));
  expect(short).toMatchObject({ code: 2 });
  expect(short.stderr).toContain("too few");
});
