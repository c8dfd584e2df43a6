import type { CycleRecord } from "../model/cycle.ts";
import type { ForecastEvidence, QuantileForecast } from "../model/forecast.ts";
import type { GateEvent, GateState, ModeState } from "../model/gate.ts";
import type { LatencyState } from "../model/latency.ts";
import type { TrafficSample } from "../model/platform.ts";
import type { DemandSeries } from "../model/series.ts";
import type { ServingEvidence } from "../model/serving-model.ts";
import type { StackInputs } from "../model/stack-inputs.ts";
import type { AccountShare } from "../model/tenancy.ts";
import { NO_UNITS, type Sizes } from "../model/tier.ts";
import { NO_TOTALS, type Totals } from "../model/totals.ts";
import { type Asked, nothingAsked } from "./in-time.ts";
import type { ControllerParts } from "./parts.ts";

/** What one cycle leaves for the next. All of it but the forecast comes back from the journal after a restart. */
export interface ControllerState {
  applied: StackInputs | null;
  /** What was applied before that; where a roll back goes. */
  previous: StackInputs | null;
  /** Traffic of the minute before the last update, and the wall instant from which it counts as after. */
  trafficBefore: TrafficSample | null;
  appliedWallMs: number;
  needHistory: readonly { readonly atMs: number; readonly units: number | null }[];
  /** What the last look at response times left; null: no latency policy, or no look yet. */
  latency: LatencyState | null;
  /** What was measured of service times; null before anything was. */
  service: ServingEvidence | null;
  updateTimes: readonly number[];
  baselineReviewMs: number | null;
  missingSinceMs: number | null;
  /** Whole steps by which the last cycles saw demand late. */
  lateSteps: readonly number[];
  /** The last forecast: good until a new grid step is known. */
  forecast: { readonly forecast: QuantileForecast; readonly evidence: ForecastEvidence } | null;
  /** What was asked for and may come after its cycle. */
  readonly asked: {
    readonly demand: Asked<DemandSeries>;
    readonly forecast: Asked<NonNullable<ControllerState["forecast"]>>;
  };
  /** Whether the forecast may act; null before the first look. */
  gate: GateState | null;
  /** The mode in force; null before the first look. */
  mode: ModeState | null;
  /** Changes of both, oldest first. */
  gateEvents: readonly GateEvent[];
  /** The last engine run ended badly: mend before the next one. */
  needsRecovery: boolean;
  /** Failed updates in a row, for verify's bounded retry. */
  failedUpdates: number;
  lastApplyMs: number | null;
  /** How long the last cycles that updated took, daemon time, oldest first. */
  updatingCyclesMs: readonly number[];
  /** Share of the account in the last cycle; null before the first one, or without an account. */
  share: AccountShare | null;
  /** Cycles since the start in which the account's ledger could not be used. */
  ledgerFailures: number;
  lastRecord: CycleRecord | null;
  lastError: { readonly atMs: number; readonly stage: string; readonly message: string } | null;
  totals: Totals;
  /** When the loop last got somewhere: a stage done, or a sleep that was meant. */
  progress: { readonly monotonicMs: number; readonly wallMs: number };
}

export function loadState(parts: ControllerParts): ControllerState {
  const { journal } = parts;
  const applied = journal.appliedInputs();
  return {
    applied: applied?.inputs ?? null,
    previous: journal.lastGoodInputs()?.inputs ?? null,
    trafficBefore: null,
    appliedWallMs: 0,
    needHistory: journal.getState("need-history") ?? [],
    latency: journal.getState("latency"),
    service: journal.getState("service-times"),
    updateTimes: journal.getState("update-times") ?? [],
    baselineReviewMs: journal.getState("baseline-review")?.atMs ?? null,
    missingSinceMs: journal.getState("missing-since")?.atMs ?? null,
    lateSteps: [],
    forecast: null,
    asked: { demand: nothingAsked(), forecast: nothingAsked() },
    gate: journal.getState("gate"),
    mode: journal.getState("mode"),
    gateEvents: journal.getState("gate-events") ?? [],
    needsRecovery: false,
    failedUpdates: 0,
    lastApplyMs: applied?.atMs ?? null,
    updatingCyclesMs: [],
    share: null,
    ledgerFailures: 0,
    lastRecord: journal.lastCycle(),
    lastError: null,
    totals: NO_TOTALS,
    progress: { monotonicMs: parts.clock.monotonicMs(), wallMs: parts.wallMs() },
  };
}

/** Writes back what must survive a restart. */
export function saveState(parts: ControllerParts, state: ControllerState): void {
  const { journal } = parts;
  journal.setState("need-history", state.needHistory);
  if (state.latency !== null) journal.setState("latency", state.latency);
  if (state.service !== null) journal.setState("service-times", state.service);
  journal.setState("update-times", state.updateTimes);
  const units = state.applied?.tiers.baseline.units ?? 0;
  if (state.baselineReviewMs !== null)
    journal.setState("baseline-review", { atMs: state.baselineReviewMs, units });
  saveGate(journal, state);
  journal.setState("missing-since", state.missingSinceMs === null ? null : { atMs: state.missingSinceMs });
}

/** Each write waits for the disk, and the gate seldom moves: written only where it does. */
function saveGate(journal: ControllerParts["journal"], { gate, mode, gateEvents }: ControllerState): void {
  const known = journal.getState("gate");
  const moved = known?.sinceMs !== gate?.sinceMs || known?.goodSinceMs !== gate?.goodSinceMs;
  if (gate !== null && (moved || known?.cause !== gate.cause)) journal.setState("gate", gate);
  const before = journal.getState("mode");
  if (mode !== null && (before?.mode !== mode.mode || before.sinceMs !== mode.sinceMs))
    journal.setState("mode", mode);
  const newestMs = journal.getState("gate-events")?.at(-1)?.atMs;
  if (gateEvents.length > 0 && newestMs !== gateEvents.at(-1)?.atMs)
    journal.setState("gate-events", gateEvents);
}

export function appliedSizes(state: ControllerState): Sizes {
  return sizesOf(state.applied);
}

export function sizesOf(applied: StackInputs | null): Sizes {
  if (applied === null) return { units: NO_UNITS, warmUnits: 0 };
  const { baseline, predictive, burst } = applied.tiers;
  return {
    units: { baseline: baseline.units, predictive: predictive.units, burst: burst.units },
    warmUnits: applied.warm.units,
  };
}
