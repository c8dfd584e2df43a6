import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openJournal } from "../../src/journal/journal.ts";
import { inputsOf } from "../journal/records.ts";
import { type CliPlace, openPlace, writeDemandAndConfig } from "./run-cli.ts";

let place: CliPlace;

beforeAll(async () => {
  place = await openPlace();
  await writeDemandAndConfig(place);
  const { code, stdout } = await place.run(["once", "-o", "json"]);
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ apiVersion: "tiercast/v1", kind: "Cycle" });
});

afterAll(() => place.remove());

const HOSTILE = "\u001b]0;owned\u0007\u001b[31mred\u202egnp.exe\r\nsecond: line";

describe("one cycle, looked at", () => {
  test("status tells that no daemon runs and that its words are old", async () => {
    const { code, stdout } = await place.run(["status"]);
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /^daemon {6}not running: nobody holds the lease; what follows is its last word, of /m,
    );
    expect(stdout).toMatch(/^last cycle {2}1, /m);
    const json = JSON.parse((await place.run(["status", "-o", "json"])).stdout);
    expect(json).toMatchObject({
      kind: "Status",
      stale: true,
      lastCycle: 1,
      daemon: { kind: "not-running" },
    });
    expect(json.status.service).toBe("shop");
  });

  test("explain shows each stage and the reason", async () => {
    const { stdout } = await place.run(["explain", "1"]);
    for (const stage of ["observe", "forecast", "decide", "apply", "verify"])
      expect(stdout).toMatch(new RegExp(`^${stage}$`, "m"));
    expect(stdout).toMatch(/need-now +\d+ /);
    expect(JSON.parse((await place.run(["explain", "-o", "json"])).stdout).record.cycle).toBe(1);
  });

  test("replay: the same bytes", async () => {
    const { code, stdout } = await place.run(["replay", "1"]);
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: expect.stringMatching(/^cycle 1: the same decision, \d+ bytes\n$/),
    });
    expect((await place.run(["replay", "7"])).code).toBe(2);
  });

  test("why-not: what spoke against another number, and its price", async () => {
    const { code, stdout } = await place.run(["why-not", "--units", "100000"]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^cycle 1 decided for \d+ units, not 100000:\n {2}- at most \d+ units in total/);
    expect(stdout).toContain("(limits.maxTotalUnits)");
    expect(stdout).toMatch(/cost and expected shortage together are .*\/h higher\n$/);
    const json = JSON.parse((await place.run(["why-not", "1", "--units", "1", "-o", "json"])).stdout);
    expect(json).toMatchObject({ kind: "WhyNot", cycle: 1, askedUnits: 1 });
    expect(json.obstacles.length).toBeGreaterThan(0);
    expect(await place.run(["why-not"])).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/--units N is missing/),
    });
  });

  test("models: who is in the ensemble, with which weight, and who is out and why", async () => {
    const { code, stdout } = await place.run(["models"]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^shop: \d+ members in, \d+ out$/m);
    expect(stdout).toMatch(/^naive +\d+ %/m);
    const { members } = JSON.parse((await place.run(["models", "-o", "json"])).stdout);
    const shares = members.map((member: { weights: number[] }) => member.weights[0]);
    expect(shares.reduce((sum: number, share: number) => sum + share, 0)).toBeCloseTo(1, 9);
    for (const { outReason, current } of members) expect(outReason === undefined).toBe(current.version > 0);
  });

  test("forecast: every horizon, intervals in order", async () => {
    const { code, stdout } = await place.run(["forecast", "-o", "json"]);
    expect(code).toBe(0);
    const { horizons } = JSON.parse(stdout);
    expect(horizons.map((row: { horizonMs: number }) => row.horizonMs)).toEqual([300_000, 3_600_000]);
    for (const { medianRps, intervals } of horizons) {
      for (const { lower, upper } of intervals) {
        expect(lower).toBeLessThanOrEqual(medianRps);
        expect(upper).toBeGreaterThanOrEqual(medianRps);
      }
    }
    expect((await place.run(["forecast"])).stdout).toMatch(/^HORIZON .*90 % INTERVAL/);
  });
});

describe("suggest: a person decides", () => {
  test("the plan waits, is approved once, and not twice", async () => {
    // Without an engine nothing is put forward: here, as the daemon does it after a preview.
    const planHash = "3f9c0a1b2c3d4e5f";
    const folder = join(place.folder, "../state/tiercast/shop");
    const journal = openJournal({ folder, retentionMs: 86_400_000 });
    const atMs = Date.now();
    journal.proposePlan({
      planHash,
      stackInputs: inputsOf(1),
      decision: {},
      atMs,
      expiresMs: atMs + 3_600_000,
    });
    journal.close();
    expect((await place.run(["approve", "0000"])).code).toBe(1);
    const approved = await place.run(["approve"]);
    expect(approved).toMatchObject({ code: 0 });
    expect(approved.stdout).toContain(`approved plan ${planHash}`);
    expect((await place.run(["approve", planHash])).code).toBe(1);
    expect((await place.run(["reject"])).code).toBe(1);
  });
});

describe("pause", () => {
  test("is shown with its reason, made harmless, and ends", async () => {
    expect((await place.run(["pause", "--until", "2h", "--reason", HOSTILE])).code).toBe(0);
    const { stdout } = await place.run(["status"]);
    expect(stdout).toMatch(/^mode {8}suggest, paused until 20\S+Z by .*owned/m);
    expect(stdout).toContain("\\x1b]0;owned\\x07\\x1b[31mred\\u{202e}gnp.exe\\r\\nsecond: line");
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
    expect(stdout).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
    expect((await place.run(["resume"])).stdout).toContain("resumed");
    expect((await place.run(["resume"])).stdout).toContain("nothing was paused");
  });

  test.each([
    ["2020-01-01T00:00:00Z", "over already"],
    ["2099-01-01T00:00:00", "no ISO time with zone"],
    ["soon", "duration with a unit"],
  ])("--until %s", async (until, words) => {
    const { code, stderr } = await place.run(["pause", "--until", until, "--reason", "x"]);
    expect(code).toBe(2);
    expect(stderr).toContain(words);
  });
});

describe("hostile input on stderr", () => {
  test("a row of a trace", async () => {
    await place.write("hostile.csv", "timestamp,value\n2026-01-01T00:00:00Z,1\n\u001b[31m\u202e,2\n");
    const { code, stderr } = await place.run(["backtest", "hostile.csv"]);
    expect(code).toBe(2);
    expect(stderr).not.toContain("\u001b");
    expect(stderr).not.toContain("\u202e");
  });

  test("an argument", async () => {
    const { code, stderr } = await place.run(["\u001b[31mplan"]);
    expect(code).toBe(2);
    expect(stderr).toContain("\\x1b[31mplan");
  });
});

describe("down", () => {
  test("without an engine says so and is an error", async () => {
    const { code, stdout } = await place.run(["down"]);
    expect(code).toBe(1);
    expect(stdout).toMatch(/tier stack shop-tiers: engine-missing/);
    expect(stdout).toMatch(/local platform: was not running/);
  });
});
