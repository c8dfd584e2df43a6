import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { randomStream } from "../forecast/fixtures.ts";
import { type CliPlace, openPlace } from "./run-cli.ts";

const START_MS = Date.parse("2026-01-05T00:00:00Z");
const HOUR_MS = 3_600_000;

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

function walk(): (index: number) => number {
  const random = randomStream(8);
  let level = 100;
  return () => {
    level = Math.max(20, level * Math.exp(0.16 * (random() - 0.5)));
    return level;
  };
}

beforeAll(async () => {
  place = await openPlace();
  await place.write("clean.csv", csv(24 * 16, clean()));
  await place.write("walk.csv", csv(24 * 16, walk()));
  await place.write("short.csv", csv(48, clean()));
  await place.write(
    "constant.csv",
    csv(24 * 14, () => 7),
  );
  await place.write(
    "gaps.csv",
    csv(24 * 14, () => Number.NaN),
  );
  await place.write(
    "spike.csv",
    csv(24 * 14, (index) => (index === 300 ? 900 : 5)),
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

describe("verdicts", () => {
  test("a clean daily rhythm: predictive, with settings that validate and a page without script", async () => {
    const line = "clean.csv --quick --cost baseline=0.06,predictive=0.10 --html page.html --write made.yaml";
    const advice = await advised(line);
    expect(advice).toMatchObject({ apiVersion: "tiercast/v1", kind: "Advice", verdict: "predictive" });
    expect(advice.leads).toHaveLength(2);
    for (const lead of advice.leads) {
      expect(lead.violationRatio.high).toBeLessThan(1);
      expect(lead.addedRatio.high).toBeLessThan(1);
      const cost = Object.fromEntries(
        lead.bills.map((bill: { way: string; costUsd: number }) => [bill.way, bill.costUsd]),
      );
      expect(cost["tiercast-equal-hours"]).toBeLessThan(cost["fixed"]);
    }
    expect(advice.proposal.mode).toBe("suggest");

    expect(await place.run(["validate", "made.yaml"])).toMatchObject({ code: 0, stderr: "" });
    const again = await place.run("advise short.csv --quick --write made.yaml".split(" "));
    expect(again).toMatchObject({ code: 2 });
    expect(again.stderr).toContain("--write made.yaml: is there already (--force replaces it)");

    const page = await readFile(join(place.folder, "page.html"), "utf8");
    expect(page).not.toMatch(/<script|<link|<img|https?:|url\(/i);
    expect(page).not.toMatch(/NaN|undefined|Infinity/);
    expect(page.match(/<svg /g)?.length).toBe(8);
  }, 120_000);

  test("a random walk: stay reactive", async () => {
    const { verdict, leads, proposal } = await advised("walk.csv --quick --lead 2h");
    expect(verdict).toBe("stay-reactive");
    expect(leads.map((lead: { verdict: string }) => lead.verdict)).toEqual([
      "stay-reactive",
      "stay-reactive",
    ]);
    expect(proposal.mode).toBe("observe");
  }, 120_000);

  test("two days: never predictive, and it says why", async () => {
    const { verdict, leads } = await advised("short.csv --quick --lead 1h");
    expect(verdict).not.toBe("predictive");
    const codes = leads[0].reasons.map(({ code }: { code: string }) => code);
    expect(codes).toContain("short-history");
    expect(leads[0].changes.join(" ")).toContain("13 days or more");
  }, 60_000);

  test.each([
    ["constant.csv", "flat"],
    ["zeros.csv", "no-demand"],
  ])("%s: stay reactive, %s", async (file, code) => {
    const { verdict, reasons, leads } = await advised(`${file} --quick --lead 1h`);
    expect(verdict).toBe("stay-reactive");
    const all = [...reasons, ...leads.flatMap((lead: { reasons: unknown[] }) => lead.reasons)];
    expect(all.map((reason: { code: string }) => reason.code)).toContain(code);
  });

  test("one spike in calm demand is no reason for a forecast", async () => {
    expect((await advised("spike.csv --quick --lead 1h")).verdict).toBe("stay-reactive");
  });
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
  }, 60_000);

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
