import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { randomStream } from "../forecast/fixtures.ts";
import { type CliPlace, openPlace } from "./run-cli.ts";

const START_MS = Date.parse("2026-01-05T00:00:00Z");
const HOUR_MS = 3_600_000;

/** Each run is a process of its own, with fits. */
vi.setConfig({ testTimeout: 120_000 });

let place: CliPlace;

function csv(steps: number, value: (index: number) => number): string {
  const rows = Array.from({ length: steps }, (_, index) => {
    const demand = value(index);
    const text = Number.isNaN(demand) ? "" : demand.toFixed(3);
    return `${new Date(START_MS + index * HOUR_MS).toISOString()},${text}`;
  });
  return ["timestamp,value", ...rows, ""].join("\n");
}

function clean(): (index: number) => number {
  const random = randomStream(3);
  return (index) => 100 - 70 * Math.cos((index / 24) * 2 * Math.PI) + 6 * (random() - 0.5);
}

beforeAll(async () => {
  place = await openPlace();
  await place.write("short.csv", csv(48, clean()));
  await place.write(
    "gaps.csv",
    csv(24 * 14, () => Number.NaN),
  );
  await place.write(
    "zeros.csv",
    csv(24 * 14, (index) => (index === 100 ? 9 : 0)),
  );
  await place.write("nan.csv", csv(24 * 14, clean()).replace(/,[\d.]+\n/, ",NaN\n"));
  await place.write("empty.csv", "");
});

afterAll(() => place.remove());

const advised = async (line: string) => {
  const { code, stdout, stderr } = await place.run(`advise ${line} -o json`.split(" "));
  expect({ code, stderr }).toMatchObject({ code: 0 });
  return JSON.parse(stdout);
};

test("settings that validate, never over a file; a page without script; no state folder", async () => {
  const line = "short.csv --quick --cost baseline=0.06,predictive=0.10 --html page.html --write made.yaml";
  const advice = await advised(line);
  expect(advice).toMatchObject({ apiVersion: "tiercast/v1", kind: "Advice" });
  expect(advice.verdict).not.toBe("predictive");
  expect(advice.leads).toHaveLength(2);
  expect(advice.leads[0].bills.every(({ costUsd }: { costUsd: number }) => costUsd > 0)).toBe(true);
  expect(advice.settings).toBe(await readFile(join(place.folder, "made.yaml"), "utf8"));
  expect(await readdir(join(place.folder, ".."))).toEqual(["work"]);

  expect(await place.run(["validate", "made.yaml"])).toMatchObject({ code: 0, stderr: "" });
  const again = await place.run("advise short.csv --quick --lead 1h --write made.yaml".split(" "));
  expect(again).toMatchObject({ code: 2 });
  expect(again.stderr).toContain("--write made.yaml: is there already (--force replaces it)");

  const page = await readFile(join(place.folder, "page.html"), "utf8");
  expect(page).not.toMatch(/<script|<link|<img|https?:|url\(/i);
  expect(page).not.toMatch(/NaN|undefined|Infinity/);
  expect(page).toContain("<svg ");
});

test("no demand is an answer, not an error", async () => {
  const { verdict, reasons, leads, settings } = await advised("zeros.csv --quick");
  expect({ verdict, leads, settings }).toEqual({ verdict: "stay-reactive", leads: [], settings: null });
  expect(reasons.map(({ code }: { code: string }) => code)).toEqual(["no-demand"]);
});

describe("reading", () => {
  test.each(["gaps.csv", "empty.csv", "nan.csv", "nowhere.csv"])("%s is told in a line", async (file) => {
    const { code, stdout, stderr } = await place.run(["advise", file, "--quick"]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr.trim().split("\n")).toHaveLength(1);
    expect(stderr).toMatch(/^tiercast: /);
  });

  test("a table for people, and progress on stderr", async () => {
    const { code, stdout, stderr } = await place.run("advise short.csv --quick --lead 1h".split(" "));
    expect(code).toBe(0);
    expect(stdout).toMatch(/^(SHADOW|STAY REACTIVE): /m);
    expect(stdout).toMatch(/^ +30 DAYS, .+UNIT-HOURS +MISSED +REQUESTS MISSED$/m);
    expect(stdout).toContain("service: my-service");
    expect(stderr).toContain("forecasts [");
  });

  test.each([
    ["--cost 0", '--cost: "0" names no price above 0'],
    ["--cost gold=1", '--cost: "gold" is none of baseline, predictive, burst'],
    ["--unit-rps -3", '--unit-rps: "-3" is no number above 0'],
    ["--lead soon", "--lead"],
  ])("%s is refused", async (flags, words) => {
    const { code, stderr } = await place.run(`advise short.csv ${flags}`.split(" "));
    expect(code).toBe(2);
    expect(stderr).toContain(words);
  });
});
