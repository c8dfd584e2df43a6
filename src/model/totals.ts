import { type CycleRecord, STAGES, type Stage } from "./cycle.ts";

/** Upper bounds of the stage-duration buckets, seconds; what is longer counts only in `count`. */
export const STAGE_BUCKETS_S: readonly number[] = [0.005, 0.025, 0.1, 0.25, 1, 2.5, 5, 10, 30, 60, 300];

/** Durations counted the way Prometheus does: `buckets[i]` counts those at or below `STAGE_BUCKETS_S[i]`. */
export interface DurationTotals {
  readonly buckets: readonly number[];
  readonly count: number;
  readonly sumSeconds: number;
}

/** What only ever grows while a daemon runs; the counters of `/metrics`. */
export interface Totals {
  /** Cycles by how they ended: an `ApplyOutcome` kind, `error`, or `stopped` (ended before `apply`). */
  readonly cycles: Readonly<Record<string, number>>;
  /** Decisions by `change` or the reason to hold. */
  readonly decisions: Readonly<Record<string, number>>;
  /** Updates that the engine ran, by how they ended. */
  readonly engineRuns: Readonly<Record<string, number>>;
  /** Engine time of applied updates. */
  readonly engineSeconds: number;
  readonly policyViolations: number;
  readonly stages: Readonly<Partial<Record<Stage, DurationTotals>>>;
}

export const NO_TOTALS: Totals = {
  cycles: {},
  decisions: {},
  engineRuns: {},
  engineSeconds: 0,
  policyViolations: 0,
  stages: {},
};

/** `totals` with one more cycle in it. */
export function addCycle(totals: Totals, record: CycleRecord): Totals {
  const { apply, decision } = record;
  const decided = decision === null ? undefined : decisionKey(decision.outcome);
  return {
    cycles: plusOne(totals.cycles, cycleOutcome(record)),
    decisions: decided === undefined ? totals.decisions : plusOne(totals.decisions, decided),
    engineRuns:
      apply !== null && ENGINE_ENDINGS.has(apply.kind)
        ? plusOne(totals.engineRuns, apply.kind)
        : totals.engineRuns,
    engineSeconds: totals.engineSeconds + (apply?.kind === "applied" ? apply.engineMs / 1000 : 0),
    policyViolations:
      totals.policyViolations + (apply?.kind === "policy-violation" ? apply.violations.length : 0),
    stages: addStages(totals.stages, record.stageMs),
  };
}

/** One word for how a cycle ended. */
export function cycleOutcome(record: Pick<CycleRecord, "error" | "apply">): string {
  if (record.error !== null) return "error";
  return record.apply?.kind ?? "stopped";
}

const ENGINE_ENDINGS: ReadonlySet<string> = new Set([
  "applied",
  "policy-violation",
  "no-policy-evidence",
  "locked",
  "interrupted",
  "timeout",
  "failed",
]);

function decisionKey(outcome: NonNullable<CycleRecord["decision"]>["outcome"]): string {
  return outcome.kind === "change" ? "change" : outcome.reason;
}

function plusOne(counts: Readonly<Record<string, number>>, key: string): Readonly<Record<string, number>> {
  return { ...counts, [key]: (counts[key] ?? 0) + 1 };
}

function addStages(totals: Totals["stages"], stageMs: CycleRecord["stageMs"]): Totals["stages"] {
  const next: Partial<Record<Stage, DurationTotals>> = { ...totals };
  for (const stage of STAGES) {
    const ms = stageMs[stage];
    if (ms !== undefined) next[stage] = addDuration(totals[stage], ms / 1000);
  }
  return next;
}

function addDuration(totals: DurationTotals | undefined, seconds: number): DurationTotals {
  const old = totals ?? { buckets: STAGE_BUCKETS_S.map(() => 0), count: 0, sumSeconds: 0 };
  return {
    buckets: STAGE_BUCKETS_S.map((bound, i) => (old.buckets[i] ?? 0) + (seconds <= bound ? 1 : 0)),
    count: old.count + 1,
    sumSeconds: old.sumSeconds + seconds,
  };
}
