import { describe, expect, test } from "vitest";
import { nextStartMs, runDaemon } from "../../src/controller/daemon.ts";
import type { CycleRecord } from "../../src/model/cycle.ts";
import { HOUR_MS, MINUTE_MS } from "../../src/model/time.ts";
import type { Simulation } from "../../src/simulate/simulate-daemon.ts";
import { openNight } from "../simulation/open-night.ts";

/** The daemon itself, asleep between its cycles, woken by simulated time. */
function startDaemon(night: Simulation) {
  const stop = new AbortController();
  const records: CycleRecord[] = [];
  const ended = runDaemon(night.world.parts, {
    signal: stop.signal,
    onCycle: (record) => void records.push(record),
  });
  return {
    records,
    stop: async () => {
      stop.abort();
      await ended;
    },
  };
}

describe("the daemon", () => {
  test("runs a cycle per interval, measures its lead time, stops when asked", async () => {
    const night = openNight({ demandRps: () => 84, time: "sleep" });
    const { clock, parts } = night.world;
    const daemon = startDaemon(night);
    await clock.advance(2 * HOUR_MS + MINUTE_MS);
    expect(daemon.records).toHaveLength(9);
    const [leadTime] = parts.journal.leadTimes(1);
    // Preview 3 s, update 5 s, then the slowest of eleven units: 1 to 3 minutes.
    expect(leadTime?.leadTimeMs).toBeGreaterThan(MINUTE_MS);
    expect(leadTime?.leadTimeMs).toBeLessThan(4 * MINUTE_MS);
    await daemon.stop();
    expect(clock.sleeperCount()).toBe(0);
  });

  test.each([
    ["back", -HOUR_MS],
    ["forward", HOUR_MS],
  ])(
    "a clock put %s an hour while units start is no lead time, and no later cycle fails of it",
    async (_way, jumpMs) => {
      const night = openNight({ demandRps: () => 84, time: "sleep" });
      const { clock, parts } = night.world;
      const daemon = startDaemon(night);
      await clock.advance(30_000);
      clock.jump(jumpMs);
      await clock.advance(2 * HOUR_MS);
      for (const { leadTimeMs } of parts.journal.leadTimes(10)) {
        expect(leadTimeMs).toBeGreaterThan(0);
        expect(leadTimeMs).toBeLessThan(4 * MINUTE_MS);
      }
      expect(daemon.records.length).toBeGreaterThan(6);
      expect(daemon.records.map((record) => record.error)).toEqual(daemon.records.map(() => null));
      await daemon.stop();
    },
  );

  test("a stop lets the update in hand end", async () => {
    const night = openNight({ demandRps: () => 84, time: "sleep" });
    const daemon = startDaemon(night);
    await night.world.clock.advance(4_000);
    expect(night.world.parts.journal.openIntents()).toHaveLength(1);
    const stopped = daemon.stop();
    await night.world.clock.advance(10_000);
    await stopped;
    expect(night.world.parts.journal.openIntents()).toEqual([]);
    expect(daemon.records.map((record) => record.apply?.kind)).toEqual(["applied"]);
  });
});

describe("the next cycle starts", () => {
  const minute = (count: number) => count * MINUTE_MS;

  /** Minutes after the start of the simulation, which is on the grid of a quarter of an hour. */
  test.each([
    ["at the next boundary", 0, 1, 15],
    ["at the next boundary also when a cycle took long", 0, 16, 30],
    ["after the last start when the clock was put back a little", 15, 14, 30],
    ["an interval from now when the clock was put back an hour", 120, 60, 75],
  ])("%s", async (_what, startedMinute, nowMinute, expectedMinute) => {
    const night = openNight();
    const { clock, parts } = night.world;
    const originMs = clock.nowMs();
    await clock.advance(minute(nowMinute));
    expect((nextStartMs(parts, originMs + minute(startedMinute)) - originMs) / MINUTE_MS).toBe(
      expectedMinute,
    );
  });
});
