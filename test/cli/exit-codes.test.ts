import { spawnSync } from "node:child_process";
import { closeSync, existsSync, openSync } from "node:fs";
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type CliPlace, openPlace, writeDemandAndConfig } from "./run-cli.ts";

let empty: CliPlace;
let service: CliPlace;

beforeAll(async () => {
  empty = await openPlace();
  service = await openPlace();
  await writeDemandAndConfig(service);
  await service.write(
    "bad.yaml",
    "service: shop\nlimts: {}\ntiers: { burst: { minUnits: 9, maxUnits: 2 } }\n",
  );
  await service.write("text.csv", "timestamp,value\n2026-01-01T00:00:00Z,12\n2026-01-01T00:05:00Z,many\n");
  await service.write("empty.csv", "");
});

afterAll(async () => {
  await empty.remove();
  await service.remove();
});

describe("bad input is exit 2 and one line", () => {
  test.each([
    [["frobnicate"], "unknown command 'frobnicate'"],
    [["statsu"], "Did you mean status?"],
    [["plan", "--detailed-exitcod"], "Did you mean --detailed-exitcode?"],
    [["status", "-o", "xml"], "Allowed choices are table, json"],
    [["once", "--stop-after", "never"], "Allowed choices are observe"],
    [["completion", "tcsh"], "Allowed choices are bash, zsh, fish"],
    [["pause"], "--until"],
    [["pause", "--until", "2h"], "--reason"],
    [["validate", "nope.yaml"], "no such file"],
    [["-c", "nope.yaml", "plan"], "no such file"],
    [["replay", "x"], "no cycle number"],
    [["backtest", "nope.csv"], "nope.csv"],
    [["backtest", "empty.csv"], "empty"],
    [["backtest", "text.csv"], "many"],
    [["backtest", "demand.csv", "--origins", "0"], "between 1 and"],
    [["backtest", "demand.csv", "--origins", "nope.txt"], "neither a number nor a file"],
    [["backtest", "demand.csv", "--horizons", "60"], "write 60m or 60s"],
    [["backtest", "demand.csv", "--members", "oracle"], "none of naive"],
    [["backtest", "demand.csv", "--threads", "many"], "no number above 0"],
    [["backtest", "demand.csv", "--time-zone", "Mars/Olympus"], "no IANA time zone"],
    [["demo", "--for", "3"], "write 3m or 3s"],
    [["demo", "--speed", "-1"], "speed"],
    [["demo", "--plain", "--speed", "1e9"], "--speed: 1000000000 is over"],
  ])("%s", async (args, words) => {
    const { code, stdout, stderr } = await service.run(args);
    expect(code).toBe(2);
    expect(stdout).toBe("");
    expect(stderr.trim().split("\n")).toHaveLength(1);
    expect(stderr).toMatch(/^tiercast: /);
    expect(stderr).toContain(words);
  });

  test("a bad configuration: every problem, each with its place", async () => {
    const { code, stderr } = await service.run(["validate", "bad.yaml"]);
    expect(code).toBe(2);
    expect(stderr).toMatch(/bad\.yaml:2:1: .*limits/);
    expect(stderr).toMatch(/bad\.yaml:3:\d+: /);
  });

  test.each([["plan"], ["once"]])(
    "%s with a policy pack that is not there: nothing written",
    async (command) => {
      const fresh = await openPlace();
      await writeDemandAndConfig(fresh);
      await fresh.write(
        "nopack.yaml",
        "service: shop\ndemand: { source: csv, path: demand.csv }\npolicies: { pack: ./nope }\n",
      );
      const { code, stderr } = await fresh.run(["-c", "nopack.yaml", command]);
      expect(code).toBe(2);
      expect(stderr.trim()).toMatch(/^tiercast: policies\.pack: no policy pack in .*nope.*$/);
      expect(existsSync(join(fresh.folder, "..", "state"))).toBe(false);
      await fresh.remove();
    },
  );

  test.each([
    [["plan"], "nope.csv", 2, "no such file"],
    [["plan"], "empty.csv", 2, "is empty"],
    [["plan"], "text.csv", 2, "many"],
    [["plan", "--detailed-exitcode"], "nope.csv", 1, "no such file"],
    [["once", "--stop-after", "decide"], "nope.csv", 2, "no such file"],
    [["run"], "nope.csv", 2, "no such file"],
    [["forecast"], "nope.csv", 2, "no such file"],
  ])(
    "%s: %s was never readable: a mistake, exit %i, nothing written",
    async (args, path, exitCode, words) => {
      const fresh = await openPlace();
      await fresh.write("empty.csv", "");
      await fresh.write("text.csv", "timestamp,value\n2026-01-01T00:00:00Z,12\n2026-01-01T00:05:00Z,many\n");
      await fresh.write("tiercast.yaml", `service: shop\ndemand: { source: csv, path: ${path} }\n`);
      const { code, stdout, stderr } = await fresh.run(args);
      expect({ code, stdout }).toEqual({ code: exitCode, stdout: "" });
      expect(stderr.trim().split("\n")).toHaveLength(1);
      expect(stderr).toContain(words);
      expect(existsSync(join(fresh.folder, "..", "state"))).toBe(false);
      await fresh.remove();
    },
  );

  test("a demand file that is gone after the first cycle is an outage: held, exit 0", async () => {
    const fresh = await openPlace();
    await writeDemandAndConfig(fresh);
    expect((await fresh.run(["once", "--stop-after", "decide"])).code).toBe(0);
    await rm(join(fresh.folder, "demand.csv"));
    const { code, stdout } = await fresh.run(["once", "--stop-after", "decide"]);
    expect(code).toBe(0);
    expect(stdout).toContain("need       not known: demand is missing or stale");
    expect(stdout).toMatch(/never lowered$/m);
    await fresh.remove();
  });

  test("a state folder that cannot be: exit 1, one line that names it", async () => {
    const state = await service.write("a-file", "");
    for (const args of [["plan"], ["once"], ["forecast"], ["demo", "--plain", "--for", "1s"]]) {
      const { code, stderr } = await service.run(args, { XDG_STATE_HOME: state });
      expect({ args, code }).toEqual({ args, code: 1 });
      expect(stderr).toMatch(/^tiercast: state folder .*a-file\/tiercast\S* cannot be made \(ENOTDIR\): /m);
    }
  });

  test("standard output that cannot be written: exit 1, one line, no stack trace", () => {
    const main = join(import.meta.dirname, "../../src/main.ts");
    const full = openSync("/dev/full", "w");
    const { status, stderr } = spawnSync(process.execPath, [main, "schema"], {
      stdio: ["ignore", full, "pipe"],
      encoding: "utf8",
    });
    closeSync(full);
    expect(status).toBe(1);
    expect(stderr).toBe(
      "tiercast: standard output cannot be written (ENOSPC): what it should carry is lost\n",
    );
  });

  test("no journal yet: exit 1, one line, nothing made", async () => {
    const fresh = await openPlace();
    await writeDemandAndConfig(fresh);
    for (const args of [["status"], ["explain"], ["replay", "1"], ["resume"], ["approve"]]) {
      const { code, stderr } = await fresh.run(args);
      expect({ args, code, lines: stderr.trim().split("\n").length }).toEqual({ args, code: 1, lines: 1 });
    }
    expect(existsSync(join(fresh.folder, "..", "state"))).toBe(false);
    await fresh.remove();
  });
});

describe("plan without an engine", () => {
  test("prints decision, stack inputs and the exact line; exit 0", async () => {
    const { code, stdout } = await service.run(["plan"]);
    expect(code).toBe(0);
    expect(stdout.trimEnd().split("\n").at(-1)).toBe("diff and policies not checked: engine missing");
    expect(stdout).toMatch(/^decision shop-1: change/);
    expect(stdout).toContain('"service": "shop"');
    expect(stdout).not.toContain("\u001b");
  });

  test("--require-engine: exit 1", async () => {
    expect((await service.run(["plan", "--require-engine"])).code).toBe(1);
  });

  test("--detailed-exitcode: 2 for changes, 1 for every error", async () => {
    expect((await service.run(["plan", "--detailed-exitcode"])).code).toBe(2);
    expect((await service.run(["plan", "--detailed-exitcode", "--require-engine"])).code).toBe(1);
    expect((await service.run(["plan", "--detailed-exitcode", "-c", "nope.yaml"])).code).toBe(1);
    expect((await service.run(["plan", "--detailed-exitcode", "--bogus"])).code).toBe(1);
  });

  test("-o json: one document on stdout, the rest on stderr", async () => {
    const { code, stdout, stderr } = await service.run(["plan", "-o", "json"]);
    expect(code).toBe(0);
    const plan = JSON.parse(stdout);
    expect(plan).toMatchObject({ apiVersion: "tiercast/v1", kind: "Plan", changes: true });
    expect(plan.preview.kind).toBe("engine-missing");
    expect(plan.stackInputs.tiers.baseline.units).toBe(plan.decision.after.units.baseline);
    expect(stderr).toContain("diff and policies not checked: engine missing");
  });

  test("changes nothing: no cycle is recorded", async () => {
    expect((await service.run(["explain"])).code).toBe(1);
  });
});

describe("init", () => {
  test("writes what validate takes, and never over a file", async () => {
    const { code } = await empty.run(["init", "--service", "corner-shop", "--time-zone", "Europe/Berlin"]);
    expect(code).toBe(0);
    const text = await readFile(join(empty.folder, "tiercast.yaml"), "utf8");
    expect(text).toContain("service: corner-shop");
    expect((await empty.run(["validate"])).code).toBe(0);
    expect(await empty.run(["init"])).toMatchObject({ code: 2, stdout: "" });
    expect(await readFile(join(empty.folder, "tiercast.yaml"), "utf8")).toBe(text);
    expect((await empty.run(["init", "--force", "--service", "other"])).code).toBe(0);
  });
});

describe("an engine that is not there", () => {
  test.each([[["engine", "status"]], [["engine", "env"]], [["doctor"]]])("%s is exit 1", async (args) => {
    expect((await empty.run(args)).code).toBe(1);
  });
});
