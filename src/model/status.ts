import type { Observation } from "./cycle.ts";
import type { Strategy } from "./decision.ts";
import type { GateEvent, GateState, ModeState } from "./gate.ts";
import type { PlatformState } from "./platform.ts";
import type { PrewarmState } from "./prewarm.ts";
import type { Mode } from "./settings.ts";
import type { AccountShare } from "./tenancy.ts";
import type { Sizes } from "./tier.ts";
import type { Totals } from "./totals.ts";

/**
 * What `tiercast status`, `/api/status` and `/metrics` show, one plain JSON value: made by the controller,
 * kept in the journal after each cycle, never computed a second time by a surface. Instants without "wall"
 * are the daemon's time; null is "not known".
 */
export interface DaemonStatus {
  readonly schema: 1;
  readonly version: string;
  readonly service: string;
  readonly stack: string;
  readonly stateFolder: string;
  readonly pid: number;
  readonly speed: number;
  readonly startedMs: number;
  readonly atMs: number;
  /** The mode in force. */
  readonly mode: Mode;
  /** Absent in a status of before there was one. */
  readonly gate?: GateStatus;
  /** Share of the account as of the last cycle; absent where the service shares none. */
  readonly share?: ShareStatus;
  readonly paused: PauseStatus | null;
  readonly progress: Progress;
  readonly ready: Readiness;
  readonly lastCycle: LastCycle | null;
  readonly nextCycleMs: number | null;
  readonly sizes: {
    /** Of the plan applied last. */
    readonly wanted: Sizes | null;
    /** Ready now; `warmUnits` are the idle warm ones. */
    readonly ready: Sizes | null;
  };
  readonly engine: EngineStatus;
  /** Who holds the right to write to this stack, in words; null when nobody does. */
  readonly leaseHolder: string | null;
  /** Who holds the engine's own lock on the stack, in words; null when nobody does. */
  readonly lockHolder: string | null;
  readonly lastError: { readonly atMs: number; readonly stage: string; readonly message: string } | null;
  readonly demand: DemandStatus;
  readonly forecast: readonly HorizonForecast[];
  /** Trust in the forecast, 0 to 1, and what it made of the sizing. */
  readonly trust: number | null;
  readonly strategy: Strategy | null;
  readonly leadTimeMs: number | null;
  readonly planGeneration: number;
  readonly pendingApproval: {
    readonly planHash: string;
    readonly expiresMs: number;
    readonly why: string;
  } | null;
  readonly costUsdPerHour: number | null;
  /** Warm pieces of other kinds, by name; absent: none. */
  readonly warmKinds?: PlatformState["warmKinds"];
  /** What is prepared for the next peak; absent: nothing. */
  readonly prewarm?: PrewarmState;
  readonly journal: { readonly bytes: number; readonly cycles: number };
  readonly process: { readonly eventLoopDelayP99Ms: number; readonly residentBytes: number };
  readonly totals: Totals;
}

/** Mode asked for and in force, whether the forecast acts, and the last changes of both, oldest first. */
export interface GateStatus {
  readonly askedMode: Mode;
  /** Null before the first cycle. */
  readonly mode: ModeState | null;
  readonly forecast: GateState | null;
  readonly events: readonly GateEvent[];
}

export interface ShareStatus extends AccountShare {
  /** Cycles since the start in which the ledger could not be used. */
  readonly ledgerFailures: number;
}

export interface PauseStatus {
  readonly untilMs: number;
  readonly reason: string;
  readonly by: string;
}

/** When the daemon's loop last got somewhere: a stage done, or a sleep that was meant. */
export interface Progress {
  /** On the daemon's own monotonic clock; means nothing in another process. */
  readonly lastMonotonicMs: number;
  /** The same instant on the wall clock, for other processes. */
  readonly lastWallMs: number;
  /** Wall milliseconds between cycles. */
  readonly intervalWallMs: number;
}

/** What has to be there before the daemon can act. */
export interface Readiness {
  readonly forecast: boolean;
  readonly journal: boolean;
  readonly lease: boolean;
}

export interface LastCycle {
  readonly cycle: number;
  readonly startedMs: number;
  /** An `ApplyOutcome` kind, `error` or `stopped`. */
  readonly outcome: string;
  readonly why: string;
}

export type EngineStatus =
  | { readonly kind: "ready"; readonly version: string }
  | { readonly kind: "installing"; readonly note: string }
  | { readonly kind: "missing"; readonly reason: string };

export interface DemandStatus {
  readonly rps: number | null;
  readonly freshness: Observation["freshness"];
  /** Age of the last present step. */
  readonly ageMs: number | null;
  readonly note: string;
}

/** The forecast at one configured horizon. */
export interface HorizonForecast {
  readonly horizonMs: number;
  readonly quantiles: readonly { readonly level: number; readonly rps: number }[];
  /** Measured coverage of the 90 % prediction interval at this horizon, 0 to 1. */
  readonly coverage90: number | null;
}

export type Health =
  | { readonly kind: "healthy" }
  /** The loop has not got anywhere for three intervals: alive, but not working. */
  | { readonly kind: "stalled"; readonly reason: string };

/** Intervals without progress after which a daemon counts as stalled. */
export const STALLED_AFTER_INTERVALS = 3;

/**
 * Health from progress alone, as asked at `nowMs` of the clock that `lastMs` was read from.
 *
 *     interval 60 s, last progress 170 s ago   healthy
 *     interval 60 s, last progress 190 s ago   stalled
 */
export function healthAt(lastMs: number, intervalWallMs: number, nowMs: number): Health {
  const silentMs = nowMs - lastMs;
  if (silentMs <= STALLED_AFTER_INTERVALS * intervalWallMs) return { kind: "healthy" };
  return {
    kind: "stalled",
    reason:
      `no progress for ${Math.round(silentMs / 1000)} s, ` +
      `more than ${STALLED_AFTER_INTERVALS} intervals of ${Math.round(intervalWallMs / 1000)} s`,
  };
}

/** What `ready` still lacks, in words; empty when the daemon can act. */
export function missingParts(ready: Readiness): readonly string[] {
  return [
    ...(ready.journal ? [] : ["journal"]),
    ...(ready.lease ? [] : ["lease"]),
    ...(ready.forecast ? [] : ["first forecast"]),
  ];
}
