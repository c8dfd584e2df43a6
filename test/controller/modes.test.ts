import { describe, expect, test } from "vitest";
import { daemonStatus } from "../../src/controller/status.ts";
import type { DaemonStatus } from "../../src/model/status.ts";
import { HOUR_MS } from "../../src/model/time.ts";
import type { Simulation } from "../../src/simulate/simulate-daemon.ts";
import { wantedTotal } from "../../src/simulate/simulated-platform.ts";
import { openNight } from "../simulation/open-night.ts";

/** 84 requests/s: 9 units now, 11 at the stub's q0.9. */
const STEADY = () => 84;

function total({ world }: Simulation): number {
  return wantedTotal(world.platform.wanted());
}

function statusOf({ world, state }: Simulation): DaemonStatus {
  return daemonStatus(world.parts, state(), {
    version: "0.0.0",
    startedMs: 0,
    engine: { kind: "ready", version: "0" },
    leaseHolder: "pid 1",
    nextCycleMs: null,
    eventLoopDelayP99Ms: 0,
    residentBytes: 0,
  });
}

describe.each(["observe", "shadow"] as const)("mode %s", (mode) => {
  test("decides and records, but runs no engine, whatever happens", async () => {
    const night = openNight({ demandRps: STEADY, settings: { mode } });
    await night.cycles(3);
    night.world.disturb("burst", 4);
    night.world.platform.takePlan(7, "another");
    await night.cycles(3);
    expect(night.engineRuns()).toBe(0);
    expect(night.state().lastRecord?.apply).toMatchObject({ kind: "not-acting" });
    expect(night.state().lastRecord?.decision?.after.units.baseline).toBe(2);
    expect(night.broken()).toEqual([]);
  });

  test("leaves alone what an active daemon applied before, also when it drifts", async () => {
    const night = openNight({ demandRps: STEADY });
    await night.cycles(4);
    const runs = night.engineRuns();
    Object.assign(night.world.parts.settings, { mode });
    night.world.disturb("predictive", 3);
    await night.cycles(3);
    expect(night.engineRuns()).toBe(runs);
    expect(total(night)).toBe(14);
  });
});

describe("mode suggest", () => {
  const SUGGEST = { mode: "suggest" } as const;

  function pendingHash(night: Simulation): string {
    const hash = statusOf(night).pendingApproval?.planHash;
    if (hash === undefined) throw new Error("no plan waits");
    return hash;
  }

  /** A person is shown what the engine would do: one preview per plan, and nothing else. */
  function expectOnlyPreviews(night: Simulation, previews: number): void {
    expect(night.world.stack.runs).toEqual({ previews, updates: 0, recoveries: 0 });
    expect(total(night)).toBe(0);
    expect(night.broken()).toEqual([]);
  }

  test("a plan waits, shown by the status; approved, it is applied once", async () => {
    const night = openNight({ demandRps: STEADY, settings: SUGGEST });
    const { journal } = night.world.parts;
    const record = await night.cycle();
    const hash = pendingHash(night);
    expect(record?.apply).toEqual({ kind: "awaiting-approval", planHash: hash });
    await night.cycles(2);
    expect(pendingHash(night)).toBe(hash);
    expectOnlyPreviews(night, 1);
    expect(journal.approvePlan(hash, "ann", night.world.clock.nowMs()).kind).toBe("accepted");
    await night.cycle();
    expect(total(night)).toBe(11);
    expect(journal.planApproval(hash)?.state).toBe("used");
    expect(statusOf(night).pendingApproval).toBeNull();
    await night.cycles(3);
    expect(night.world.stack.runs.updates).toBe(1);
    expect(night.broken()).toEqual([]);
  });

  test("rejected: sizes stay, and the same plan does not come back at once", async () => {
    const night = openNight({ demandRps: STEADY, settings: SUGGEST });
    const { journal } = night.world.parts;
    await night.cycle();
    expect(journal.rejectPlan(pendingHash(night), "ann", night.world.clock.nowMs()).kind).toBe("accepted");
    const [record] = await night.cycles(2);
    expect(record?.apply).toMatchObject({ kind: "not-acting", reason: /rejected by ann/ });
    expect(statusOf(night).pendingApproval).toBeNull();
    expectOnlyPreviews(night, 1);
  });

  test("expired: an old yes is worth nothing, the plan is put forward anew", async () => {
    const night = openNight({ demandRps: STEADY, settings: SUGGEST });
    const { journal } = night.world.parts;
    await night.cycle();
    const hash = pendingHash(night);
    expect(journal.approvePlan(hash, "ann", night.world.clock.nowMs()).kind).toBe("accepted");
    await night.world.clock.advance(2 * HOUR_MS);
    await night.cycle();
    expectOnlyPreviews(night, 2);
    expect(journal.planApproval(hash)?.state).toBe("pending");
  });

  test("changed: a yes to one plan is no yes to another", async () => {
    let rps = 84;
    const night = openNight({ demandRps: () => rps, settings: SUGGEST });
    const { journal } = night.world.parts;
    await night.cycle();
    const hash = pendingHash(night);
    expect(journal.approvePlan(hash, "ann", night.world.clock.nowMs()).kind).toBe("accepted");
    rps = 140;
    await night.cycle();
    expectOnlyPreviews(night, 2);
    expect(pendingHash(night)).not.toBe(hash);
    expect(journal.planApproval(hash)?.state).toBe("superseded");
  });

  test("refused by the policy pack: nobody is asked", async () => {
    const night = openNight({ demandRps: STEADY, settings: SUGGEST });
    night.world.stack.troubles.policyMaxTotalUnits = 3;
    const record = await night.cycle();
    expect(record?.apply?.kind).toBe("policy-violation");
    expect(statusOf(night).pendingApproval).toBeNull();
  });

  test("drift waits for approval like anything else: nothing is mended or put back before", async () => {
    const night = openNight({ demandRps: STEADY, settings: SUGGEST });
    await night.cycle();
    night.world.parts.journal.approvePlan(pendingHash(night), "ann", night.world.clock.nowMs());
    await night.cycle();
    const { updates, recoveries } = night.world.stack.runs;
    night.world.disturb("burst", 5);
    await night.cycles(3);
    expect(night.world.stack.runs).toMatchObject({ updates, recoveries });
    expect(total(night)).toBe(16);
    expect(night.broken()).toEqual([]);
  });
});

describe("pause", () => {
  function pause(night: Simulation, forMs: number): void {
    const untilMs = night.world.clock.nowMs() + forMs;
    night.world.parts.journal.setState("pause", { untilMs, reason: "release", by: "ann" });
  }

  test("nothing is done until it ends, then all goes on by itself", async () => {
    let rps = 84;
    const night = openNight({ demandRps: () => rps });
    await night.cycles(4);
    const runs = night.engineRuns();
    pause(night, HOUR_MS);
    rps = 160;
    const record = await night.cycle();
    expect(record?.decision?.outcome).toEqual({ kind: "hold", reason: "paused" });
    expect(statusOf(night).paused).toMatchObject({ reason: "release", by: "ann" });
    // Whoever paused may be at work on the sizes: they are not put back meanwhile.
    night.world.disturb("burst", 3);
    await night.cycles(2);
    expect(night.engineRuns()).toBe(runs);
    expect(total(night)).toBe(14);
    await night.cycles(4);
    expect(statusOf(night).paused).toBeNull();
    expect(total(night)).toBeGreaterThanOrEqual(16);
    expect(night.broken()).toEqual([]);
  });

  test("resumed early, the next cycle acts", async () => {
    let rps = 84;
    const night = openNight({ demandRps: () => rps });
    await night.cycles(4);
    pause(night, 10 * HOUR_MS);
    rps = 120;
    await night.cycles(2);
    expect(total(night)).toBe(11);
    night.world.parts.journal.setState("pause", null);
    await night.cycle();
    expect(total(night)).toBe(15);
  });

  test("no roll back and no mending while paused", async () => {
    const night = openNight({ demandRps: STEADY });
    await night.cycles(4);
    night.world.stack.troubles.update = { ending: "failed", effect: "partly" };
    night.world.surge(1.5);
    await night.cycle();
    const runs = night.engineRuns();
    pause(night, HOUR_MS);
    await night.cycles(3);
    expect(night.engineRuns()).toBe(runs);
    await night.cycles(4);
    expect(night.state().needsRecovery).toBe(false);
    expect(night.broken()).toEqual([]);
  });
});

test("a warm pool that is still asked for is renewed before it expires", async () => {
  const night = openNight({ demandRps: () => 100 });
  // Sized by the median, so that a warm unit is needed often enough to pay.
  const { sizing } = night.world.parts.settings;
  Object.assign(night.world.parts.settings, { sizing: { ...sizing, rule: "magnitude" } });
  await night.cycles(3);
  expect(night.world.platform.wanted().warmUnits).toBe(2);
  const seen: number[] = [];
  for (let done = 0; done < 12; done++) {
    await night.cycle();
    seen.push(night.world.platform.wanted().warmUnits);
  }
  expect(Math.min(...seen)).toBeGreaterThan(0);
});
