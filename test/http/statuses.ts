import type { DaemonStatus } from "../../src/model/status.ts";
import { addCycle, NO_TOTALS } from "../../src/model/totals.ts";
import { recordOf } from "../journal/records.ts";

export function statusOf(over: Partial<DaemonStatus> = {}): DaemonStatus {
  const violation = { kind: "policy-violation", violations: ["too large", "too dear"] } as const;
  return {
    schema: 1,
    version: "0.1.0",
    service: "shop",
    stack: "shop/tiers",
    stateFolder: "state",
    pid: 12,
    speed: 60,
    startedMs: 0,
    atMs: 1_000,
    mode: "active",
    paused: null,
    progress: { lastMonotonicMs: 0, lastWallMs: 0, intervalWallMs: 1_000 },
    ready: { forecast: true, journal: true, lease: true },
    lastCycle: { cycle: 7, startedMs: 900, outcome: "applied", why: "rise ahead" },
    nextCycleMs: 2_000,
    sizes: {
      wanted: { units: { baseline: 2, predictive: 3, burst: 0 }, warmUnits: 1 },
      ready: { units: { baseline: 2, predictive: 1, burst: 0 }, warmUnits: 0 },
    },
    engine: { kind: "ready", version: "3.250.0" },
    leaseHolder: "pid 12",
    lockHolder: null,
    lastError: null,
    demand: { rps: 41.5, freshness: "fresh", ageMs: 30_000, note: "" },
    forecast: [{ horizonMs: 300_000, quantiles: [{ level: 0.95, rps: 60 }], coverage90: 0.91 }],
    trust: 0.8,
    strategy: "conservative",
    leadTimeMs: 4_200,
    planGeneration: 9,
    pendingApproval: null,
    costUsdPerHour: 0.5,
    journal: { bytes: 4_096, cycles: 7 },
    process: { eventLoopDelayP99Ms: 12, residentBytes: 80_000_000 },
    totals: [recordOf(1), recordOf(2), recordOf(3, { apply: violation })].reduce(addCycle, NO_TOTALS),
    ...over,
  };
}
