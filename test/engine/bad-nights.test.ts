import { readFileSync, unlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { readEndpoint } from "../../src/local/endpoint-file.ts";
import type { DaemonStatus } from "../../src/model/status.ts";
import { processesOf } from "./processes-of.ts";
import {
  type Daemon,
  eventually,
  NO_ENGINE,
  openRealNight,
  PULUMI,
  providerPid,
  type RealNight,
  type Visitor,
  visit,
} from "./real-night.ts";

const LOW_RPS = 18;
const HIGH_RPS = 48;

/** One service and one platform for all of them, each night ending where the next can begin. */
describe.skipIf(PULUMI === undefined)(`bad nights (${PULUMI ?? NO_ENGINE})`, { timeout: 120_000 }, () => {
  let night: RealNight;
  let daemon: Daemon;
  let visitor: Visitor | undefined;
  let isHigh = false;

  beforeAll(async () => {
    night = openRealNight();
    night.demand(LOW_RPS);
    daemon = night.start();
    await settled();
    await eventually("units are ready", async () => (await readyUnits()) >= 2);
    visitor = visit(night.endpointFile);
  }, 120_000);

  afterEach(() => {
    // Whatever happened to those who plan: the service served every request.
    expect(visitor?.failures).toEqual([]);
  });

  afterAll(async () => {
    await visitor?.stop();
    if (daemon?.child.exitCode === null) await daemon.end("SIGTERM");
    await night?.close();
  }, 60_000);

  /** Demand rises or falls so far that sizes have to change. */
  function turn(): number {
    isHigh = !isHigh;
    const rps = isHigh ? HIGH_RPS : LOW_RPS;
    night.demand(rps);
    return rps;
  }

  /** Sizes fit the demand, the last cycle found nothing to do, the status says so, nothing is left behind. */
  function settled(rps = isHigh ? HIGH_RPS : LOW_RPS): Promise<DaemonStatus> {
    const needed = Math.ceil(rps / 10);
    return eventually(
      `sizes settled on ${rps} requests/s`,
      async () => {
        const status = night.kept();
        const total = await night.wantedTotal();
        // Right after a jump the forecast asks for more; the low size must not be more than half the high one.
        const fits = total >= needed && (rps === HIGH_RPS || total <= 4);
        const isOwn = status?.pid === daemon.pid && (status.lastCycle?.startedMs ?? 0) > status.startedMs;
        const rests = isOwn && status.lastCycle?.outcome === "no-change";
        if (!fits || !rests || (await night.runFolders()).length > 0) return undefined;
        const supervisor = readEndpoint(night.endpointFile)?.pid;
        const left = (await processesOf(night.folder, supervisor)).filter(
          (line) => !line.includes("src/main.ts"),
        );
        expect(left).toEqual([]);
        expect(sum(status.sizes.wanted)).toBe(total);
        expect([...night.lockFiles("tiers"), ...night.lockFiles("base")]).toEqual([]);
        return status;
      },
      100_000,
      300,
    );
  }

  function sum(sizes: DaemonStatus["sizes"]["wanted"]): number {
    return Object.values(sizes?.units ?? {}).reduce((total, units) => total + units, 0);
  }

  async function readyUnits(): Promise<number> {
    const { tiers } = await night.platform();
    return tiers.baseline.readyUnits + tiers.predictive.readyUnits + tiers.burst.readyUnits;
  }

  test("a second daemon on the same stack is refused, with the name of the first", async () => {
    const second = await night.cli(["run", "--plain"]);
    expect(second.code).toBe(1);
    expect(second.stderr).toMatch(
      new RegExp(
        `^tiercast: night-tiers is already run by pid ${daemon.pid} on \\S+ \\(tiercast, service night\\)`,
      ),
    );
    expect(second.stderr.trim().split("\n")).toHaveLength(1);
    expect(await night.status()).toMatchObject({
      daemon: { kind: "running", pid: daemon.pid },
      stale: false,
    });
  });

  test("the provider is killed in the middle of an update", async () => {
    turn();
    const run = await night.runInHand("update");
    const pid = await eventually("the provider runs", () => providerPid(run), 30_000, 5);
    process.kill(pid, "SIGKILL");
    await settled();
    expect(daemon.output()).toMatch(/"stage":"apply".*"msg":"(?:failed|interrupted): /);
    expect(daemon.child.exitCode).toBeNull();
  });

  test("pulumi is killed in the middle of an update", async () => {
    turn();
    const run = await night.runInHand("update");
    process.kill(run.pulumiPids.at(-1) ?? 0, "SIGKILL");
    await settled();
    expect(daemon.output()).toContain("released own lock of a dead engine run");
    expect(daemon.child.exitCode).toBeNull();
  });

  test.each(["as soon as it holds the lock", "while the provider works"])(
    "the daemon is killed in the middle of an update, %s: the next one clears up and goes on",
    async (moment) => {
      turn();
      const run = await night.runInHand("update");
      if (moment.includes("provider"))
        await eventually("the provider runs", () => providerPid(run), 30_000, 5);
      await daemon.end("SIGKILL");
      expect((await night.status()).daemon).toMatchObject({ kind: "not-running" });
      const cutOff = night.intents().filter((intent) => intent.outcome === null);
      expect(cutOff).toHaveLength(1);
      daemon = night.start();
      await settled();
      expect(daemon.output()).toMatch(/update \d+ was cut off: recognised as aborted/);
      expect(night.intents().find(({ id }) => id === cutOff[0]?.id)?.outcome).toMatchObject({
        kind: "aborted",
      });
      expect(night.intents().every((intent) => intent.outcome !== null)).toBe(true);
    },
  );

  test("the daemon is killed in the middle of a preview: nothing of it stays", async () => {
    turn();
    await night.runInHand("preview");
    await daemon.end("SIGKILL");
    daemon = night.start();
    await settled();
  });

  test("somebody else's lock: untouched, named by the status, and on it goes when it is gone", async () => {
    const lock = join(night.lockFolder(), "0f0f0f0f-1111-4222-8333-444455556666.json");
    const text = JSON.stringify({
      pid: 4242,
      username: "ann",
      hostname: "laptop-of-ann",
      timestamp: "2026-01-05T10:00:00Z",
    });
    writeFileSync(lock, text);
    const before = await night.wantedTotal();
    turn();
    const status = await eventually("the status names the holder", async () => {
      const kept = night.kept();
      return kept?.lockHolder === null ? undefined : kept;
    });
    expect((await night.status()).status?.lockHolder).toBe(status.lockHolder);
    expect(status.lockHolder).toContain("ann@laptop-of-ann");
    expect(status.lastError?.message).toContain("the stack is locked by");
    expect(await night.wantedTotal()).toBe(before);
    expect(readFileSync(lock, "utf8")).toBe(text);
    unlinkSync(lock);
    expect((await settled()).lockHolder).toBeNull();
  });

  test("a policy violation: the service serves on, everybody is told why, and it ends by itself", async () => {
    if (isHigh) {
      turn();
      await settled();
    }
    await daemon.end("SIGTERM");
    const strict = { TIERCAST_POLICIES__LIMITS__MAX_TOTAL_UNITS: "3" };
    turn();
    const before = await night.wantedTotal();
    // Until two whole steps of the new demand are known.
    await sleep(2_500);
    const plan = await night.cli(["plan"], strict);
    expect(plan.code).toBe(5);
    expect(plan.stdout).toMatch(/policy violation: total-units-max: .*at most 3 are allowed/);
    const once = await night.cli(["once", "-o", "json"], strict);
    expect(once.code).toBe(5);
    expect(JSON.parse(once.stdout)).toMatchObject({ record: { apply: { kind: "policy-violation" } } });
    daemon = night.start(strict);
    const status = await eventually("the status says why", async () => {
      const answer = await night.status();
      return answer.status?.pid === daemon.pid && answer.status.lastError !== null
        ? answer.status
        : undefined;
    });
    expect(status.lastCycle?.outcome).toBe("policy-violation");
    expect(status.lastError?.message).toMatch(
      /the policy pack refused the plan: total-units-max: .*at most 3/,
    );
    expect(await night.wantedTotal()).toBe(before);
    turn();
    await settled();
    await daemon.end("SIGTERM");
    daemon = night.start();
    await settled();
  });

  test("the supervisor is killed, then the daemon while it brings the base stack back: the same sizes serve again", async () => {
    const before = await night.wantedTotal();
    await visitor?.stop();
    expect(visitor?.failures).toEqual([]);
    process.kill(readEndpoint(night.endpointFile)?.pid ?? 0, "SIGKILL");
    const gone = await eventually("the status says that the platform is gone", async () => {
      const kept = night.kept();
      return kept?.sizes.ready === null ? kept : undefined;
    });
    expect(gone.lastError?.message).toMatch(/cannot reach the supervisor.*update the base stack to start it/);
    await daemon.end("SIGTERM");
    daemon = night.start();
    await night.runInHand("update", "base");
    await daemon.end("SIGKILL");
    daemon = night.start();
    await settled();
    expect(await night.wantedTotal()).toBe(before);
    await eventually("units are ready", async () => (await readyUnits()) >= before);
    visitor = visit(night.endpointFile);
  });

  test("afterwards: stopped at once, nothing runs, nothing lies about, `down` takes all of it", async () => {
    expect(await daemon.end("SIGTERM")).toBe(0);
    await visitor?.stop();
    expect((await night.status()).daemon.kind).toBe("not-running");
    expect(await night.runFolders()).toEqual([]);
    const supervisor = readEndpoint(night.endpointFile)?.pid;
    expect(await processesOf(night.folder, supervisor)).toEqual([]);
    const down = await night.cli(["down"]);
    expect(down).toMatchObject({ code: 0 });
    expect(await processesOf(night.folder)).toEqual([]);
  });
});
