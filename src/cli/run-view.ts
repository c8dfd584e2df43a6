import type { ControllerParts } from "../controller/parts.ts";
import type { CycleRecord, ForecastRecord } from "../model/cycle.ts";
import { demandAt } from "../model/outlook.ts";
import type { PlatformState, TrafficSample } from "../model/platform.ts";
import { sliceSeries } from "../model/series.ts";
import { type Sizes, TIERS } from "../model/tier.ts";
import { HOUR_MS } from "../model/time.ts";
import { cycleOutcome } from "../model/totals.ts";
import { tierCapacity } from "./tier-capacity.ts";
import type { ViewAhead, ViewPolicy, ViewState, ViewStep } from "./view/view-state.ts";

export interface RunView {
  /** Takes a cycle in, and what the router measured since the one before. */
  add(record: CycleRecord): Promise<void>;
  state(phase: string): ViewState;
}

const KEPT_STEPS = 400;
const STEPS_BEFORE = 48;
const AHEAD_STEPS = 200;

interface Seen {
  steps: ViewStep[];
  record: CycleRecord | undefined;
  applied: CycleRecord | undefined;
  traffic: readonly TrafficSample[];
  trafficFromWallMs: number;
  engineRuns: number;
  engineMs: number;
  requests: number;
  violations: number;
  unitHours: number;
  costUsd: number;
}

/** The view of a daemon, made of its cycles: each is a step of the chart. */
export function createRunView(parts: ControllerParts): RunView {
  const seen: Seen = {
    steps: [],
    record: undefined,
    applied: undefined,
    traffic: [],
    trafficFromWallMs: parts.wallMs(),
    engineRuns: 0,
    engineMs: 0,
    requests: 0,
    violations: 0,
    unitHours: 0,
    costUsd: 0,
  };
  return {
    add: async (record) => {
      if (seen.record === undefined) seen.steps = await stepsBefore(parts, record);
      const traffic = await parts.platform.traffic(seen.trafficFromWallMs).catch(() => []);
      addTraffic(seen, traffic);
      addUnits(seen, record);
      addStep(parts, seen, record);
    },
    state: (phase) => viewState(parts, seen, phase),
  };
}

/** Demand before the daemon's first cycle, so that the chart does not start empty; nothing held capacity then. */
async function stepsBefore(parts: ControllerParts, { observation }: CycleRecord): Promise<ViewStep[]> {
  const { stepMs } = parts.settings.demand;
  if (parts.settings.schedule.intervalMs !== stepMs) return [];
  const series = await parts.demand.read(parts.clock.nowMs(), STEPS_BEFORE * stepMs).catch(() => undefined);
  if (series === undefined) return [];
  const known = sliceSeries(
    series,
    observation.cutoffMs - STEPS_BEFORE * stepMs,
    observation.cutoffMs - stepMs,
  );
  return Array.from(known.values, (value) => ({
    demandRps: Number.isNaN(value) ? null : value,
    capacityRps: null,
  }));
}

function addTraffic(seen: Seen, traffic: readonly TrafficSample[]): void {
  seen.traffic = traffic;
  for (const sample of traffic) {
    seen.requests += sample.arrived;
    seen.violations += sample.failed + sample.late;
    seen.trafficFromWallMs = Math.max(seen.trafficFromWallMs, sample.toWallMs);
  }
}

/** Units held since the last cycle, at what they cost then. */
function addUnits(seen: Seen, record: CycleRecord): void {
  const { record: last } = seen;
  if (last === undefined) return;
  const hours = Math.max(0, record.startedMs - last.startedMs) / HOUR_MS;
  const { tiers } = last.platform ?? {};
  if (tiers !== undefined)
    seen.unitHours += TIERS.reduce((sum, tier) => sum + tiers[tier].readyUnits, 0) * hours;
  seen.costUsd += (last.decision?.costUsdPerHour.before ?? 0) * hours;
}

function addStep(parts: ControllerParts, seen: Seen, record: CycleRecord): void {
  const { platform, observation, apply } = record;
  seen.record = record;
  if (apply?.kind === "applied") {
    seen.applied = record;
    seen.engineRuns += ENGINE_RUNS_PER_UPDATE;
    seen.engineMs += apply.engineMs;
  }
  const units = platform === null ? null : readySizes(platform).units;
  const capacityRps = units === null ? null : tierCapacity(units, parts.settings.resources);
  seen.steps = [...seen.steps, { demandRps: observation.demandRps, capacityRps }].slice(-KEPT_STEPS);
}

/** Preview and update. */
const ENGINE_RUNS_PER_UPDATE = 2;

function viewState(parts: ControllerParts, seen: Seen, phase: string): ViewState {
  const { settings, clock } = parts;
  const { record, applied } = seen;
  const platform = record?.platform ?? null;
  const decision = record?.decision ?? null;
  const cutoffMs = record?.observation.cutoffMs ?? clock.nowMs();
  return {
    service: settings.service,
    mode: settings.mode,
    time: {
      atMs: clock.nowMs(),
      timeZone: settings.demand.timeZone,
      wallMs: parts.wallMs(),
      speed: clock.speed,
      remainingWallMs: null,
    },
    phase,
    chart: {
      stepMs: settings.schedule.intervalMs,
      history: seen.steps,
      ahead: record?.forecast ? aheadOf(record.forecast, settings.schedule.intervalMs) : [],
      cutoffMs,
    },
    ready: platform === null ? null : readySizes(platform),
    demandRps: record?.observation.demandRps ?? null,
    leadTimeMs: parts.journal.leadTimes(1)[0]?.leadTimeMs ?? null,
    decision:
      record === undefined || decision === null
        ? null
        : {
            cycle: record.cycle,
            why: decision.why,
            strategy: decision.risk.strategy,
            trust: decision.risk.trust,
            outcome: cycleOutcome(record),
          },
    diff: applied?.apply?.kind === "applied" ? applied.apply.diff : [],
    policy: policyOf(record, applied),
    engine: { runs: seen.engineRuns, totalMs: seen.engineMs },
    latency: latencyOf(seen.traffic),
    outcome: {
      requests: seen.requests,
      violations: seen.violations,
      unitHours: seen.unitHours,
      costUsd: seen.costUsd,
    },
    reactive: null,
  };
}

/** A step of the chart is a cycle, which may hold several steps of the forecast: the one it begins with. */
function aheadOf(forecast: ForecastRecord, intervalMs: number): readonly ViewAhead[] {
  const stride = Math.max(1, Math.round(intervalMs / forecast.stepMs));
  const count = Math.floor((forecast.quantiles[0]?.length ?? 0) / stride);
  return Array.from({ length: Math.min(AHEAD_STEPS, count) }, (_, index) => {
    const at = (level: number): number => demandAt(forecast, level, index * stride);
    return { medianRps: at(0.5), lowerRps: at(0.05), upperRps: at(0.95) };
  });
}

function policyOf(record: CycleRecord | undefined, applied: CycleRecord | undefined): ViewPolicy | null {
  const outcome = record?.apply ?? null;
  if (outcome?.kind === "policy-violation") return { kind: "violated", violations: outcome.violations };
  if (outcome?.kind === "no-policy-evidence") return { kind: "not-checked", reason: outcome.reason };
  if (outcome?.kind === "engine-missing") return { kind: "not-checked", reason: "engine missing" };
  if (applied?.apply?.kind === "applied") return { kind: "passed", checks: applied.apply.policiesPassed };
  return null;
}

function latencyOf(traffic: readonly TrafficSample[]): ViewState["latency"] {
  const served = traffic.filter((sample) => sample.served > 0);
  const last = served.at(-1);
  return last === undefined ? null : { p50Ms: last.p50Ms, p95Ms: last.p95Ms, p99Ms: last.p99Ms };
}

function readySizes({ tiers, warm }: PlatformState): Sizes {
  const { baseline, predictive, burst } = tiers;
  return {
    units: {
      baseline: baseline.readyUnits,
      predictive: predictive.readyUnits,
      burst: burst.readyUnits,
    },
    warmUnits: warm.idleUnits,
  };
}
