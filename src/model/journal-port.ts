import type { CycleRecord } from "./cycle.ts";
import type { GateEvent, GateState, ModeState } from "./gate.ts";
import type { ScheduledEvent } from "./known-ahead.ts";
import type { LatencyState } from "./latency.ts";
import type { PrewarmState } from "./prewarm.ts";
import type { DemandSeries } from "./series.ts";
import type { ServingEvidence } from "./serving-model.ts";
import type { BaseInputs, StackInputs } from "./stack-inputs.ts";
import type { DaemonStatus, PauseStatus } from "./status.ts";
import type { AccountShare } from "./tenancy.ts";

/**
 * Everything the daemon must not forget. Each write is on disk when the call returns; a write that finds no
 * space throws `JournalFull`, has written nothing, and may be repeated later. A damaged file throws
 * `UserError`. All calls are synchronous and all instants are given by the caller.
 */
export interface Journal
  extends CycleJournal,
    IntentJournal,
    PlanJournal,
    StateJournal,
    ApprovalJournal,
    DemandJournal,
    LeadTimeJournal {
  /** Drops what is older than the retention or beyond a cap, and gives the space back to the disk. */
  prune(nowMs: number): PruneReport;
  /** Bytes on disk, write-ahead log included. */
  sizeBytes(): number;
  close(): void;
}

export interface CycleJournal {
  /** Throws when the number is not above every number before: order is by number, never by clock. */
  appendCycle(record: CycleRecord): void;
  lastCycle(): CycleRecord | null;
  cycle(number: number): CycleRecord | null;
  /** Newest first, at most 1,000; `before` leaves out that cycle and all after it. */
  cycles(range: { readonly limit: number; readonly before?: number }): readonly CycleRecord[];
  cycleCount(): number;
  /** Above every cycle that was recorded and every cycle that opened an intent. */
  nextCycleNumber(): number;
  verifyChain(): ChainReport;
}

/** Every row holds SHA-256 of the hash before it and its own bytes. */
export type ChainReport =
  | { readonly kind: "whole"; readonly cycles: number; readonly headHash: string }
  | { readonly kind: "broken"; readonly cycle: number; readonly reason: string };

/** Written before an effect, so that after a crash it is known what may have happened. */
export interface IntentJournal {
  openIntent(intent: NewIntent): number;
  /** Names the processes that carry the effect out; may be called again as more of them start. */
  attachRun(id: number, run: RunProcesses): void;
  closeIntent(id: number, outcome: IntentOutcome): void;
  /** Oldest first. After a start, all of these were cut off by a crash. */
  openIntents(): readonly Intent[];
  /** Newest first. */
  intents(limit: number): readonly Intent[];
}

export interface NewIntent {
  readonly cycle: number;
  readonly planGeneration: number;
  readonly kind: "update" | "destroy" | "base";
  readonly stackInputs: StackInputs | BaseInputs | null;
  /** Folder of the engine run: work dir, temp dir, events. */
  readonly runFolder: string;
  /** The daemon itself. */
  readonly pid: number;
  readonly processStart: string;
  readonly atMs: number;
}

/** The engine run's processes. A pid counts only with its start time: pids are reused. */
export interface RunProcesses {
  readonly pid: number;
  readonly processStart: string;
  readonly processGroup: number;
  readonly pulumiPids: readonly number[];
}

export interface IntentOutcome {
  readonly atMs: number;
  readonly kind: "done" | "failed" | "aborted" | "not-started";
  readonly note: string;
}

export interface Intent extends NewIntent {
  readonly id: number;
  readonly run: RunProcesses | null;
  readonly outcome: IntentOutcome | null;
}

export interface PlanJournal {
  /** Strictly rising and on disk before it is returned; a number lost in a crash is never given again. */
  nextPlanGeneration(): number;
  planGeneration(): number;
  /**
   * Makes the next number larger than `seen`, found on a stack or a platform that is ahead of this journal.
   */
  raisePlanGeneration(seen: number): void;
  /** The inputs of the last update that went through. */
  appliedInputs(): AppliedInputs | null;
  setAppliedInputs(inputs: StackInputs, atMs: number, generation: number): void;
  /** The inputs before those, that verify kept: where a roll back goes. */
  lastGoodInputs(): AppliedInputs | null;
  /** Says that the applied inputs proved good. */
  markAppliedGood(): void;
}

export interface AppliedInputs {
  readonly inputs: StackInputs;
  readonly atMs: number;
  readonly generation: number;
}

export interface StateJournal {
  getState<K extends keyof JournalState>(key: K): JournalState[K] | null;
  /** null forgets. */
  setState<K extends keyof JournalState>(key: K, value: JournalState[K] | null): void;
}

/**
 * Small values that outlive the process, by key. Read afresh at each cycle: another process may write
 * `pause`.
 */
export interface JournalState {
  readonly mode: ModeState;
  readonly gate: GateState;
  /** Changes of gate and mode, oldest first; the newest are kept. */
  readonly "gate-events": readonly GateEvent[];
  readonly pause: PauseStatus;
  readonly "baseline-review": { readonly atMs: number; readonly units: number };
  readonly "missing-since": { readonly atMs: number };
  /** Units needed lately, oldest first, null for a gap: what a scale-down looks back on. */
  readonly "service-times": ServingEvidence;
  readonly "need-history": readonly { readonly atMs: number; readonly units: number | null }[];
  readonly "update-times": readonly number[];
  readonly latency: LatencyState;
  readonly warm: { readonly expiresMs: number; readonly reason: string };
  readonly prewarm: PrewarmState;
  readonly status: DaemonStatus;
  /** The last share that the ledger granted. */
  readonly share: AccountShare;
  /** Scheduled events that came over HTTP, by start; at most 2,000. */
  readonly events: readonly ScheduledEvent[];
}

export interface ApprovalJournal {
  /**
   * Puts a plan before a person. A pending plan with another hash is superseded; the same hash, proposed
   * again, keeps its first expiry and its verdict.
   */
  proposePlan(plan: ProposedPlan): PlanApproval;
  /** The plan that waits for a verdict, unless it expired. */
  pendingPlan(nowMs: number): PlanApproval | null;
  planApproval(planHash: string): PlanApproval | null;
  approvePlan(planHash: string, by: string, nowMs: number): PlanVerdict;
  rejectPlan(planHash: string, by: string, nowMs: number): PlanVerdict;
  /** Uses an approval up: given once, for this very hash, before it expires. */
  takeApproval(planHash: string, nowMs: number): TakenApproval;
}

export interface ProposedPlan {
  readonly planHash: string;
  readonly stackInputs: StackInputs;
  /** The decision or what else a person should see; plain JSON. */
  readonly decision: unknown;
  readonly atMs: number;
  readonly expiresMs: number;
}

export interface PlanApproval extends ProposedPlan {
  readonly state: "pending" | "approved" | "rejected" | "used" | "expired" | "superseded";
  /** Who approved or rejected, and when; null before. */
  readonly by: string | null;
  readonly verdictMs: number | null;
}

export type PlanVerdict =
  | { readonly kind: "accepted"; readonly plan: PlanApproval }
  | { readonly kind: "refused"; readonly reason: string };

export type TakenApproval =
  | { readonly kind: "taken"; readonly plan: PlanApproval }
  | { readonly kind: "refused"; readonly reason: string };

export interface DemandJournal {
  /**
   * Stores steps from `fromMs` on. NaN (or anything not finite) is a gap: kept as such, and filled when the
   * value comes late; a known value is replaced by a newer one, never by a gap.
   */
  appendDemand(key: string, fromMs: number, stepMs: number, values: ArrayLike<number>): void;
  /**
   * Whole steps in `[fromMs, toMs)`, from the first one that is known at all; gaps after that up to `toMs`.
   * null when the key was never stored. With several grids under one key, the one written last.
   */
  readDemand(key: string, fromMs: number, toMs: number): DemandSeries | null;
}

export interface LeadTimeJournal {
  /** Measured, decision to ready unit; the newest 500 are kept. */
  appendLeadTime(sample: LeadTimeSample): void;
  /** Oldest first, the newest `limit`. */
  leadTimes(limit: number): readonly LeadTimeSample[];
}

export interface LeadTimeSample {
  readonly atMs: number;
  readonly leadTimeMs: number;
  readonly cycle: number;
}

export interface PruneReport {
  readonly cycles: number;
  readonly intents: number;
  readonly approvals: number;
  readonly demandSteps: number;
}
