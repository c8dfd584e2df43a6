import { describe, expect, test } from "vitest";
import { runCycle } from "../../src/controller/cycle.ts";
import { withLatency } from "../../src/controller/observe-latency.ts";
import type { ControllerParts } from "../../src/controller/parts.ts";
import { replayCycle } from "../../src/controller/replay.ts";
import { loadState } from "../../src/controller/state.ts";
import { mergeTraffic } from "../../src/controller/traffic-summary.ts";
import type { CycleRecord } from "../../src/model/cycle.ts";
import type { DecideInput } from "../../src/model/decide-input.ts";
import { bucketOf } from "../../src/model/latency-histogram.ts";
import type { TrafficSample } from "../../src/model/platform.ts";
import { totalUnits } from "../../src/model/tier.ts";
import { durationMs, epochMs, MINUTE_MS, SECOND_MS } from "../../src/model/time.ts";
import { openNight } from "../simulation/open-night.ts";

const NOW_MS = Date.UTC(2026, 2, 2);

/** One router second: so many requests, all of them this slow. */
function second(fromWallMs: number, served: number, latencyMs: number): TrafficSample {
  const times = { meanServiceMs: 20, p50Ms: latencyMs, p95Ms: latencyMs, p99Ms: latencyMs };
  const counts = { arrived: served, served, failed: 0, late: 0, readyUnits: 2 };
  const latencyCounts = served === 0 ? [] : [bucketOf(latencyMs), served];
  return { fromWallMs, toWallMs: fromWallMs + SECOND_MS, ...counts, ...times, latencyCounts };
}

/** The last minute: 54 seconds at 50 ms, then 6 at 900 ms, ten requests each. */
const MINUTE = Array.from({ length: 60 }, (_, at) =>
  second(NOW_MS - (60 - at) * SECOND_MS, 10, at < 54 ? 50 : 900),
);

describe("traffic of seconds as one", () => {
  test("percentiles are of all requests, not the largest of the seconds", () => {
    const merged = mergeTraffic(MINUTE);
    expect(merged?.p50Ms).toBeGreaterThan(45);
    expect(merged?.p50Ms).toBeLessThan(55);
    expect(merged?.p95Ms).toBeGreaterThan(800);
    // One slow request in 600.
    const calm = mergeTraffic([second(NOW_MS - 61 * SECOND_MS, 1, 900), ...MINUTE.slice(0, 54)]);
    expect(calm?.p99Ms).toBeLessThan(60);
  });

  test("a second without a histogram leaves the largest percentiles", () => {
    const { latencyCounts: _counts, ...plain } = second(NOW_MS - SECOND_MS, 10, 400);
    const merged = mergeTraffic([...MINUTE.slice(0, 5), plain]);
    expect(merged?.p95Ms).toBe(400);
    expect(merged).not.toHaveProperty("latencyCounts");
  });
});

describe("what a cycle sees of response times", () => {
  const observation: CycleRecord["observation"] = {
    atMs: NOW_MS,
    cutoffMs: NOW_MS,
    demandRps: 10,
    recentRps: [10],
    freshness: "fresh",
    note: "",
  };
  const seen = (
    seconds: readonly TrafficSample[],
    speed: number,
    over: Partial<ControllerParts["demand"]> = {},
  ) => {
    const { parts } = openNight({ demandRps: () => 10 }).world;
    const settings = { ...parts.settings, latency: POLICY };
    const demand = { ...parts.demand, ...over };
    // The daemon's clock reads midnight when the wall's does, and runs `speed` times as fast.
    const clock = { ...parts.clock, speed, nowMs: () => epochMs(NOW_MS) };
    return withLatency(observation, seconds, { settings, demand, clock, wallMs: () => NOW_MS }).latency;
  };

  test("the router's last minute, in the daemon's time", () => {
    expect(seen(MINUTE, 1)).toMatchObject({ fromMs: NOW_MS - MINUTE_MS, toMs: NOW_MS, requests: 600 });
    // At 60 times the speed `for` of 2 m passes in 2 s: the last 3 s count, slow ones all.
    const fast = seen(MINUTE, 60);
    expect(fast?.fromMs).toBe(NOW_MS - 4 * MINUTE_MS);
    expect(fast?.p50Ms).toBeGreaterThan(800);
  });

  test("the source's own come first; without any there are none", () => {
    const own = { fromMs: 1, toMs: 2, requests: 3, p50Ms: 4, p90Ms: 5, p95Ms: 6, p99Ms: 7 };
    expect(seen(MINUTE, 1, { latency: () => own })).toBe(own);
    expect(seen([second(NOW_MS - SECOND_MS, 0, 50)], 1)).toBeUndefined();
    expect(seen([], 1)).toBeUndefined();
  });
});

const POLICY = {
  percentile: 0.95,
  thresholdMs: durationMs(250),
  forMs: durationMs(2 * MINUTE_MS),
  maxStepFraction: 1,
  releaseBelowFraction: 0.7,
  minRequests: 200,
} as const;

test("a daemon grows while its router is slow, records why, and replays to the same bytes", async () => {
  const { world } = openNight({ demandRps: () => 84, settings: { latency: POLICY } });
  const slow = (): Promise<readonly TrafficSample[]> => {
    const now = world.parts.wallMs();
    return Promise.resolve(
      Array.from({ length: 60 }, (_, at) => second(now - (60 - at) * SECOND_MS, 10, 400)),
    );
  };
  const parts: ControllerParts = { ...world.parts, platform: { ...world.platform, traffic: slow } };
  let state = loadState(parts);
  const signal = new AbortController().signal;
  const raises: CycleRecord[] = [];
  for (let cycle = 0; cycle < 6; cycle++) {
    const record = await runCycle(parts, state, { signal });
    expect(record.error).toBe(null);
    expect(record.observation.latency?.requests).toBe(600);
    // A restart in the midst of it forgets nothing.
    state = loadState(parts);
    if (record.decision?.steps.some(({ name, why }) => name === "latency" && why.includes("ask for"))) {
      raises.push(record);
    }
    await world.clock.advance(parts.settings.schedule.intervalMs);
  }
  const [first] = raises;
  if (first?.decision === null || first === undefined) throw new Error("nothing was raised");
  expect(totalUnits(first.decision.after.units)).toBeGreaterThan(totalUnits(first.decision.before.units));
  expect((first.decideInput as DecideInput).latency?.aboveSinceMs).toBeLessThan(first.startedMs);
  const stored = JSON.parse(JSON.stringify(first)) as CycleRecord;
  expect(replayCycle(stored).same).toBe(true);
});
