import { expect, test } from "vitest";
import type { StatusFacts } from "../../src/cli/status-text.ts";
import { statusLines } from "../../src/cli/status-text.ts";
import type { DaemonStatus } from "../../src/model/status.ts";
import { NO_TOTALS } from "../../src/model/totals.ts";

const EVIL = "\u001b[2J\u009b31m\u202e\r\nlast cycle  1: applied";

const STATUS: DaemonStatus = {
  schema: 1,
  version: "0.1.0",
  service: "shop",
  stack: "tiercast/shop-tiers",
  stateFolder: "/state",
  pid: 7,
  speed: 60,
  startedMs: 0,
  atMs: 1_000_000,
  mode: "suggest",
  paused: null,
  progress: { lastMonotonicMs: 0, lastWallMs: 0, intervalWallMs: 1_000 },
  ready: { forecast: true, journal: true, lease: true },
  lastCycle: { cycle: 3, startedMs: 0, outcome: "failed", why: EVIL },
  nextCycleMs: null,
  sizes: { wanted: null, ready: null },
  engine: { kind: "missing", reason: EVIL },
  leaseHolder: EVIL,
  lockHolder: EVIL,
  lastError: { atMs: 0, stage: EVIL, message: EVIL },
  demand: { rps: null, freshness: "stale", ageMs: null, note: EVIL },
  forecast: [{ horizonMs: 300_000, quantiles: [{ level: 0.5, rps: 12 }], coverage90: null }],
  trust: 0.5,
  strategy: "conservative",
  leadTimeMs: null,
  planGeneration: 3,
  pendingApproval: { planHash: EVIL, expiresMs: 0, why: EVIL },
  costUsdPerHour: 1.2,
  journal: { bytes: 2_000_000, cycles: 3 },
  process: { eventLoopDelayP99Ms: 0, residentBytes: 0 },
  totals: NO_TOTALS,
};

const SETTINGS = {
  service: "shop",
  demand: { timeZone: "UTC" },
  pulumi: { project: "tiercast", tierStack: "shop-tiers" },
  state: { folder: "/state" },
} as StatusFacts["settings"];

test("whatever the journal and the lease say, a fact stays one harmless line", () => {
  const facts: StatusFacts = {
    status: STATUS,
    life: { kind: "stalled", pid: 7, what: EVIL, reason: EVIL },
    paused: { untilMs: 2_000_000, reason: EVIL, by: EVIL },
    lastCycle: 3,
    settings: SETTINGS,
  };
  const lines = statusLines(facts, (_style, text) => text);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
  for (const line of lines) expect(line).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202e]/);
  expect(lines.filter((line) => line.startsWith("last cycle"))).toHaveLength(1);
  expect(lines.join("\n")).toContain("\\x1b[2J\\x9b31m\\u{202e}\\r\\nlast cycle");
});
