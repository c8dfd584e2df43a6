import type { ViewState } from "../../../src/cli/view/view-state.ts";

const STEP_MS = 300_000;

/** A morning's rise on the day after the DST change, 36 steps into a demo. */
export function runningState(): ViewState {
  const cutoffMs = Date.parse("2001-04-02T12:00:00Z");
  const demandAt = (step: number): number =>
    8 + 34 / (1 + Math.exp(-(step - 30) / 5)) + 1.6 * Math.sin(step * 2.1);
  const history = Array.from({ length: 40 }, (_, step) => {
    const live = step >= 8;
    const predictive = step >= 34 ? 20 : step >= 26 ? 10 : 0;
    return {
      demandRps: step === 15 ? null : demandAt(step),
      capacityRps: live ? { baseline: 16, predictive, burst: step >= 31 ? 4 : 0 } : null,
    };
  });
  const ahead = Array.from({ length: 48 }, (_, step) => {
    const medianRps = 8 + 34 / (1 + Math.exp(-(step + 10) / 5));
    const spread = 3 + step * 0.25;
    return { medianRps, lowerRps: Math.max(0, medianRps - spread), upperRps: medianRps + spread };
  });
  return {
    service: "departures",
    mode: "active",
    time: {
      atMs: cutoffMs + 30_000,
      timeZone: "America/New_York",
      wallMs: Date.parse("2026-11-22T10:00:00Z"),
      speed: 60,
      remainingWallMs: 72_000,
    },
    phase: "",
    chart: { stepMs: STEP_MS, history, ahead, cutoffMs },
    ready: { units: { baseline: 4, predictive: 5, burst: 1 }, warmUnits: 1 },
    demandRps: 38.2,
    leadTimeMs: 605_000,
    decision: {
      cycle: 41,
      why:
        "predictive 3 -> 5: demand is expected to reach 44.9 rps (0.95 quantile) within lead time 10m and " +
        "one cycle of 5m; baseline stays 4 until its review at 04:00",
      strategy: "conservative",
      trust: 0.82,
      outcome: "applied",
    },
    diff: ["~ predictive units 3 -> 5", "~ warm units 2 -> 1"],
    policy: { kind: "passed", checks: 44 },
    engine: { runs: 6, totalMs: 24_310 },
    latency: { p50Ms: 203, p95Ms: 318, p99Ms: 472 },
    outcome: { requests: 12_345, violations: 21, unitHours: 24.31, costUsd: 1.99 },
    reactive: { requests: 12_345, violations: 388, unitHours: 22.07, costUsd: 2.2 },
  };
}

/** The first seconds on a new machine: no platform, the engine is being built. */
export function startingState(): ViewState {
  const state = runningState();
  return {
    ...state,
    phase: "building the Pulumi engine 3.250.0 from Go modules 43 % (about 2m left)",
    time: { ...state.time, remainingWallMs: null },
    chart: {
      ...state.chart,
      history: state.chart.history.map((step) => ({ ...step, capacityRps: null })),
    },
    ready: null,
    leadTimeMs: null,
    diff: [],
    policy: { kind: "not-checked", reason: "engine missing" },
    engine: { runs: 0, totalMs: 0 },
    latency: null,
    outcome: { requests: 0, violations: 0, unitHours: 0, costUsd: 0 },
    reactive: null,
  };
}

/** Nothing known at all. */
export function emptyState(): ViewState {
  const state = startingState();
  return {
    ...state,
    phase: "reading the trace",
    chart: { ...state.chart, history: [], ahead: [] },
    demandRps: null,
    decision: null,
    policy: null,
  };
}

/** Everything that came from outside tries to steer the terminal. */
export function hostileState(): ViewState {
  const evil = "\u001b]0;owned\u0007\u001b[31m\u202egnp.exe\r\n\u009b2J";
  const state = runningState();
  return {
    ...state,
    phase: evil,
    decision: state.decision === null ? null : { ...state.decision, why: evil, outcome: evil },
    diff: [evil],
    policy: { kind: "violated", violations: [evil] },
  };
}
