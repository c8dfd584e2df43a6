import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { ControlUnreachable, callControl } from "../../src/local/control-client.ts";
import { type Endpoint, stateFileOf } from "../../src/local/endpoint-file.ts";
import { createPlatformReader } from "../../src/local/platform-reader.ts";
import { processStartTime } from "../../src/local/process-identity.ts";
import { stopSupervisor } from "../../src/local/stop-supervisor.ts";
import {
  childrenOf,
  createTestPlatform,
  isRunning,
  TEST_SETTINGS,
  type TestPlatform,
} from "./platform.fixture.ts";

let platform: TestPlatform;
let endpoint: Endpoint;

beforeEach(async () => {
  platform = createTestPlatform();
  endpoint = await platform.start();
  await platform.plan(1);
});

afterEach(() => platform.close());

const patience = { interval: 20, timeout: 8_000 };

async function readyUnits() {
  const { tiers } = await platform.state();
  return [tiers.baseline.readyUnits, tiers.predictive.readyUnits, tiers.burst.readyUnits];
}

async function ask(path = "/JFK"): Promise<number> {
  const response = await fetch(`${endpoint.routerUrl}${path}`);
  await response.text();
  return response.status;
}

describe("units", () => {
  test("scale up and down to what is asked, as processes", async () => {
    await platform.tier("baseline", 2);
    await platform.tier("burst", 1);
    await expect.poll(readyUnits, patience).toEqual([2, 0, 1]);
    expect(childrenOf(endpoint.pid)).toHaveLength(3);
    const { startTimesMs } = await platform.state();
    expect(startTimesMs).toHaveLength(3);
    for (const startTimeMs of startTimesMs) expect(startTimeMs).toBeGreaterThan(25);
    await platform.tier("baseline", 1);
    await platform.tier("burst", 0);
    await expect.poll(() => childrenOf(endpoint.pid).length, patience).toBe(1);
    expect(await readyUnits()).toEqual([1, 0, 0]);
  });

  test("serve through the router with an answer of their own", async () => {
    await platform.tier("baseline", 1);
    const response = await fetch(`${endpoint.routerUrl}/JFK`);
    // CRC-32 of "/JFK"
    expect([response.headers.get("x-tiercast-tier"), await response.text()]).toEqual([
      "baseline",
      "e33518f9",
    ]);
  });

  test("drain before they stop: what they serve is served", async () => {
    await callControl(platform.endpointFile, "PUT", "/settings", { ...TEST_SETTINGS, serviceTimeMs: 400 });
    await platform.tier("baseline", 1);
    await expect.poll(readyUnits, patience).toEqual([1, 0, 0]);
    const answers = [ask(), ask()];
    await new Promise((done) => setTimeout(done, 60));
    await platform.tier("baseline", 0);
    expect((await platform.state()).tiers.baseline).toMatchObject({ readyUnits: 0, drainingUnits: 1 });
    expect(await Promise.all(answers)).toEqual([200, 200]);
    await expect.poll(() => childrenOf(endpoint.pid).length, patience).toBe(0);
  });

  test("that do not drain in time are stopped", async () => {
    await callControl(platform.endpointFile, "PUT", "/settings", {
      ...TEST_SETTINGS,
      serviceTimeMs: 20_000,
      drainMs: 100,
    });
    await platform.tier("baseline", 1);
    const answer = ask();
    await expect.poll(readyUnits, patience).toEqual([1, 0, 0]);
    await new Promise((done) => setTimeout(done, 50));
    await platform.tier("baseline", 0);
    expect(await answer).toBe(502);
  });

  test("that crash are replaced", async () => {
    await platform.tier("baseline", 2);
    await expect.poll(readyUnits, patience).toEqual([2, 0, 0]);
    const [victim = 0] = childrenOf(endpoint.pid);
    process.kill(victim, "SIGKILL");
    await expect.poll(readyUnits, patience).toEqual([1, 0, 0]);
    expect(await ask()).toBe(200);
    await expect.poll(readyUnits, patience).toEqual([2, 0, 0]);
    expect(childrenOf(endpoint.pid)).not.toContain(victim);
  });
});

describe("warm pool", () => {
  test("a tier that grows takes idle units at once, and the pool is refilled later", async () => {
    await platform.warm(2);
    await expect.poll(async () => (await platform.state()).warm.idleUnits, patience).toBe(2);
    const warmPids = childrenOf(endpoint.pid);
    await callControl(platform.endpointFile, "PUT", "/settings", { ...TEST_SETTINGS, startMedianMs: 60_000 });
    await platform.tier("burst", 2);
    expect(await readyUnits()).toEqual([0, 0, 2]);
    expect((await platform.state()).warm).toMatchObject({ wantedUnits: 2, idleUnits: 0, preparingUnits: 0 });
    expect(childrenOf(endpoint.pid)).toEqual(warmPids);
  });

  test("released units do not become warm", async () => {
    await platform.tier("burst", 2);
    await expect.poll(readyUnits, patience).toEqual([0, 0, 2]);
    const before = childrenOf(endpoint.pid);
    await platform.tier("burst", 0);
    await platform.warm(1);
    await expect.poll(async () => (await platform.state()).warm.idleUnits, patience).toBe(1);
    expect(before).not.toContain(childrenOf(endpoint.pid)[0]);
  });

  test("expires by itself, and still reads as it was declared", async () => {
    await platform.warm(1, 400);
    await expect.poll(async () => (await platform.state()).warm.idleUnits, patience).toBe(1);
    await expect.poll(() => childrenOf(endpoint.pid).length, patience).toBe(0);
    expect((await platform.state()).warm.wantedUnits).toBe(0);
    expect(await callControl(platform.endpointFile, "GET", "/warm")).toMatchObject({
      units: 1,
      expired: true,
    });
  });
});

describe("control API", () => {
  const put = (path: string, body: unknown) => callControl(platform.endpointFile, "PUT", path, body);

  test("fences: a stale plan and its sizes are refused, what is there stays", async () => {
    await platform.plan(7);
    await platform.tier("baseline", 2);
    await expect(platform.plan(6)).rejects.toThrow(
      "generation 6 is refused, the platform's plan is generation 7",
    );
    await expect(platform.tier("baseline", 0, 6)).rejects.toThrow("stale plan");
    expect((await platform.state()).tiers.baseline.wantedUnits).toBe(2);
    expect((await platform.state()).planGeneration).toBe(7);
  });

  test.each<[string, string, unknown, RegExp | string]>([
    [
      "more than the limit",
      "/tiers/burst",
      { units: 13, planGeneration: 1 },
      /13 units.*platform.maxUnits \(12\)/,
    ],
    [
      "a fraction",
      "/tiers/burst",
      { units: 1.5, planGeneration: 1 },
      "tiers/burst units: give a whole number",
    ],
    ["an unknown key", "/tiers/burst", { units: 1, planGeneration: 1, speed: 2 }, /speed/],
    ["an unknown tier", "/tiers/gold", { units: 1, planGeneration: 1 }, /no tier gold/],
    ["another service", "/settings", { ...TEST_SETTINGS, service: "other" }, /serves demo/],
    ["a huge body", "/plan", { decisionId: "x".repeat(100_000) }, /larger than 65536 bytes|ECONNRESET|EPIPE/],
  ])("refuses %s", async (_name, path, body, message) => {
    await expect(put(path, body)).rejects.toThrow(message);
  });

  test("a limit below what is wanted now is refused", async () => {
    await platform.tier("baseline", 3);
    await expect(put("/settings", { ...TEST_SETTINGS, maxUnits: 2 })).rejects.toThrow(
      "shrink the tiers first",
    );
  });

  test("what cannot be stored is not done", async () => {
    await platform.tier("baseline", 1);
    rmSync(stateFileOf(platform.endpointFile));
    mkdirSync(stateFileOf(platform.endpointFile));
    await expect(platform.tier("baseline", 3)).rejects.toThrow("cannot store what is wanted");
    expect((await platform.state()).tiers.baseline.wantedUnits).toBe(1);
    rmSync(stateFileOf(platform.endpointFile), { recursive: true });
    await platform.tier("baseline", 3);
    expect((await platform.state()).tiers.baseline.wantedUnits).toBe(3);
  });

  test("answers nobody without the token, and keeps the token to its owner", async () => {
    for (const headers of [{}, { authorization: "Bearer wrong" }] as Record<string, string>[]) {
      expect((await fetch(`${endpoint.controlUrl}/state`, { headers })).status).toBe(401);
    }
    expect(statSync(platform.endpointFile).mode & 0o777).toBe(0o600);
  });
});

describe("life of the supervisor", () => {
  test("killed, it leaves no unit; started again, it has the same sizes, port and fence", async () => {
    await platform.plan(3);
    await platform.tier("baseline", 2);
    await platform.warm(1);
    await expect.poll(() => childrenOf(endpoint.pid).length, patience).toBe(3);
    // One more that is in the middle of a long start.
    await callControl(platform.endpointFile, "PUT", "/settings", { ...TEST_SETTINGS, startMedianMs: 60_000 });
    await platform.tier("burst", 2);
    await expect.poll(() => childrenOf(endpoint.pid).length, patience).toBeGreaterThan(3);
    const units = childrenOf(endpoint.pid).map((pid) => ({ pid, startTime: processStartTime(pid) ?? "" }));
    process.kill(endpoint.pid, "SIGKILL");
    await expect.poll(() => units.filter(isRunning).length, patience).toBe(0);
    const reader = createPlatformReader(platform.endpointFile);
    await expect(reader.state()).rejects.toThrow(ControlUnreachable);

    const again = await platform.start();
    expect(again.routerUrl).toBe(endpoint.routerUrl);
    expect(again.pid).not.toBe(endpoint.pid);
    await expect.poll(readyUnits, patience).toEqual([2, 0, 2]);
    await expect(platform.plan(2)).rejects.toThrow("stale plan");
    expect(await ask()).toBe(200);
  });

  test("a second start adopts the one that runs and gives it the settings", async () => {
    const again = await platform.start({ maxUnits: 5 });
    expect(again).toEqual(endpoint);
    expect(await callControl(platform.endpointFile, "GET", "/settings")).toMatchObject({ maxUnits: 5 });
  });

  test("SIGTERM ends it cleanly and keeps the sizes", async () => {
    await platform.tier("baseline", 1);
    process.kill(endpoint.pid, "SIGTERM");
    await expect.poll(() => isRunning(endpoint), patience).toBe(false);
    await platform.start();
    expect((await platform.state()).tiers.baseline.wantedUnits).toBe(1);
  });

  test("stop drains, ends everything and forgets; a second stop finds nothing", async () => {
    await platform.tier("baseline", 2);
    await expect.poll(readyUnits, patience).toEqual([2, 0, 0]);
    const units = childrenOf(endpoint.pid).map((pid) => ({ pid, startTime: processStartTime(pid) ?? "" }));
    expect(await stopSupervisor(platform.endpointFile)).toBe("stopped");
    expect([...units, endpoint].filter(isRunning)).toEqual([]);
    expect(await stopSupervisor(platform.endpointFile)).toBe("not-running");
    await platform.start();
    expect((await platform.state()).tiers.baseline.wantedUnits).toBe(0);
  });

  test("stop does not touch a process that only has the same pid", async () => {
    const text = readFileSync(platform.endpointFile, "utf8");
    const mine = { ...JSON.parse(text), pid: process.pid, startTime: "1" };
    writeFileSync(platform.endpointFile, JSON.stringify(mine));
    expect(await stopSupervisor(platform.endpointFile)).toBe("not-running");
    writeFileSync(platform.endpointFile, text);
  });

  test("a taken port is one clear line", async () => {
    const other = createTestPlatform();
    const routerPort = Number(new URL(endpoint.routerUrl).port);
    await expect(other.start({ routerPort })).rejects.toThrow(/ended at once:.*EADDRINUSE/);
    await other.close();
  });

  test("reads state and traffic through the port", async () => {
    await platform.tier("baseline", 1);
    const reader = createPlatformReader(platform.endpointFile);
    expect((await reader.state()).tiers.baseline.wantedUnits).toBe(1);
    const served = async () => {
      expect(await ask()).toBe(200);
      return (await reader.traffic(0)).reduce((sum, sample) => sum + sample.served, 0);
    };
    await expect.poll(served, patience).toBeGreaterThan(0);
  });
});
