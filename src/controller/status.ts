import { quantileAt } from "../model/forecast.ts";
import type { DaemonStatus, EngineStatus, HorizonForecast, PauseStatus } from "../model/status.ts";
import type { Sizes } from "../model/tier.ts";
import { cycleOutcome } from "../model/totals.ts";
import type { ControllerParts } from "./parts.ts";
import { appliedSizes, type ControllerState } from "./state.ts";

/** What only the shell knows. */
export interface StatusContext {
  readonly version: string;
  readonly startedMs: number;
  readonly engine: EngineStatus;
  readonly leaseHolder: string | null;
  readonly nextCycleMs: number | null;
  readonly eventLoopDelayP99Ms: number;
  readonly residentBytes: number;
}

/** Changes of gate and mode in the status; the journal has more. */
const EVENTS_SHOWN = 10;

const SHOWN_LEVELS = [0.05, 0.5, 0.95] as const;

/** The daemon's status as of its last cycle: the one value that `status`, the HTTP surface and metrics show. */
export function daemonStatus(
  parts: ControllerParts,
  state: ControllerState,
  context: StatusContext,
): DaemonStatus {
  const { settings, clock, journal } = parts;
  const record = state.lastRecord;
  const nowMs = clock.nowMs();
  return {
    schema: 1,
    version: context.version,
    service: settings.service,
    stack: `${settings.pulumi.project}/${settings.pulumi.tierStack}`,
    stateFolder: settings.state.folder,
    pid: parts.self.pid,
    speed: clock.speed,
    startedMs: context.startedMs,
    atMs: nowMs,
    mode: state.mode?.mode ?? settings.mode,
    gate: {
      askedMode: settings.mode,
      mode: state.mode,
      forecast: state.gate,
      events: state.gateEvents.slice(-EVENTS_SHOWN),
    },
    ...(state.share === null ? {} : { share: { ...state.share, ledgerFailures: state.ledgerFailures } }),
    paused: pauseAt(journal.getState("pause"), nowMs),
    progress: {
      lastMonotonicMs: state.progress.monotonicMs,
      lastWallMs: state.progress.wallMs,
      intervalWallMs: settings.schedule.intervalMs / clock.speed,
    },
    ready: { forecast: state.forecast !== null, journal: true, lease: context.leaseHolder !== null },
    lastCycle: lastCycle(state),
    nextCycleMs: context.nextCycleMs,
    sizes: { wanted: state.applied === null ? null : appliedSizes(state), ready: readySizes(state) },
    engine: context.engine,
    leaseHolder: context.leaseHolder,
    lockHolder: record?.apply?.kind === "locked" ? record.apply.by : null,
    lastError: state.lastError,
    demand: demandStatus(state, nowMs),
    forecast: horizonForecasts(parts, state),
    trust: record?.decision?.risk.trust ?? null,
    strategy: record?.decision?.risk.strategy ?? null,
    leadTimeMs: journal.leadTimes(1)[0]?.leadTimeMs ?? null,
    planGeneration: journal.planGeneration(),
    pendingApproval: pendingApproval(parts, nowMs),
    costUsdPerHour: record?.decision?.costUsdPerHour.after ?? null,
    ...(record?.platform?.warmKinds === undefined ? {} : { warmKinds: record.platform.warmKinds }),
    ...(record?.prewarm === undefined ? {} : { prewarm: record.prewarm }),
    journal: { bytes: journal.sizeBytes(), cycles: journal.cycleCount() },
    process: { eventLoopDelayP99Ms: context.eventLoopDelayP99Ms, residentBytes: context.residentBytes },
    totals: state.totals,
  };
}

function pauseAt(pause: PauseStatus | null, nowMs: number): PauseStatus | null {
  return pause !== null && pause.untilMs > nowMs ? pause : null;
}

function lastCycle(state: ControllerState): DaemonStatus["lastCycle"] {
  const record = state.lastRecord;
  if (record === null) return null;
  return {
    cycle: record.cycle,
    startedMs: record.startedMs,
    outcome: cycleOutcome(record),
    why: record.error ?? record.decision?.why ?? record.observation.note,
  };
}

function readySizes(state: ControllerState): Sizes | null {
  const platform = state.lastRecord?.platform ?? null;
  if (platform === null) return null;
  const { baseline, predictive, burst } = platform.tiers;
  return {
    units: { baseline: baseline.readyUnits, predictive: predictive.readyUnits, burst: burst.readyUnits },
    warmUnits: platform.warm.idleUnits,
  };
}

function demandStatus(state: ControllerState, nowMs: number): DaemonStatus["demand"] {
  const observation = state.lastRecord?.observation;
  if (observation === undefined)
    return { rps: null, freshness: "missing", ageMs: null, note: "no cycle yet" };
  const { demandRps, freshness, cutoffMs, note } = observation;
  return {
    rps: demandRps,
    freshness,
    ageMs: demandRps === null ? null : Math.max(0, nowMs - cutoffMs),
    note,
  };
}

function horizonForecasts(parts: ControllerParts, state: ControllerState): readonly HorizonForecast[] {
  if (state.forecast === null) return [];
  const { forecast, evidence } = state.forecast;
  return parts.settings.horizons.map((horizonMs, index) => {
    const step = Math.max(0, Math.ceil(horizonMs / forecast.stepMs) - 1);
    return {
      horizonMs,
      quantiles: SHOWN_LEVELS.map((level) => ({ level, rps: quantileAt(forecast, level, step) })),
      coverage90: evidence.coverage90[index] ?? null,
    };
  });
}

function pendingApproval(parts: ControllerParts, nowMs: number): DaemonStatus["pendingApproval"] {
  const plan = parts.journal.pendingPlan(nowMs);
  if (plan === null) return null;
  const why = (plan.decision as { readonly why?: unknown }).why;
  return { planHash: plan.planHash, expiresMs: plan.expiresMs, why: typeof why === "string" ? why : "" };
}
