import type { ApplyOutcome } from "../model/cycle.ts";
import { totalUnits } from "../model/tier.ts";
import { HOUR_MS } from "../model/time.ts";
import { inputsKey } from "../render/inputs-key.ts";
import { act } from "./act.ts";
import { hasDrifted, modeInForce, type Pass } from "./pass.ts";
import { isSamePlan } from "./same-plan.ts";
import { sizesOf } from "./state.ts";

/** Updates whose duration says how long the next one may keep the daemon from deciding. */
const CYCLES_TIMED = 5;

/** Mends first what an earlier run left undone, then acts. */
export async function applyStage(pass: Pass): Promise<void> {
  const { parts, state, record, options } = pass;
  const { decision, stackInputs } = record;
  if (decision === null || stackInputs === null) return;
  record.apply = await act(
    parts,
    {
      cycle: record.cycle,
      beganMonotonicMs: pass.beganMonotonicMs,
      mode: modeInForce(pass),
      decision,
      inputs: stackInputs,
      inputsKey: inputsKey(stackInputs),
      isApplied: isSamePlan(state.applied, stackInputs),
      seen: record.platform,
      drifted: hasDrifted(pass),
      needsRecovery: state.needsRecovery,
    },
    options.signal,
  );
  noteOutcome(pass, record.apply);
  const reviewed =
    pass.baselineReviewed && (record.apply.kind === "applied" || record.apply.kind === "no-change");
  if (reviewed) state.baselineReviewMs = decision.atMs;
}

function noteOutcome(pass: Pass, outcome: ApplyOutcome): void {
  const { parts, state, record } = pass;
  const nowMs = parts.clock.nowMs();
  switch (outcome.kind) {
    case "applied":
      state.needsRecovery = false;
      state.previous = state.applied;
      state.applied = record.stackInputs;
      state.trafficBefore = pass.traffic;
      state.appliedWallMs = parts.wallMs();
      state.updateTimes = [...state.updateTimes.filter((atMs) => atMs > nowMs - HOUR_MS), nowMs];
      state.lastApplyMs = nowMs;
      state.updatingCyclesMs = [...state.updatingCyclesMs, nowMs - record.startedMs].slice(-CYCLES_TIMED);
      state.failedUpdates = 0;
      parts.log.info("apply", record.decision?.why ?? "applied", { diff: outcome.diff });
      return;
    case "no-change":
    case "not-acting":
    case "awaiting-approval":
      return;
    case "interrupted":
    case "timeout":
    case "failed":
      state.needsRecovery = true;
      state.failedUpdates += 1;
      break;
    case "stale-plan":
      // The stack or the platform is ahead of the journal: look again before the next plan gets its number.
      state.needsRecovery = true;
      break;
    case "locked":
    case "policy-violation":
    case "no-policy-evidence":
    case "engine-missing":
      break;
  }
  const message = outcomeText(outcome);
  state.lastError = { atMs: nowMs, stage: "apply", message };
  parts.log.error("apply", message, { cycle: record.cycle });
}

/** One line for people. */
export function outcomeText(outcome: ApplyOutcome): string {
  switch (outcome.kind) {
    case "no-change":
      return "nothing to change";
    case "applied":
      return outcome.diff.join("; ");
    case "awaiting-approval":
      return `waits for approval of plan ${outcome.planHash}`;
    case "policy-violation":
      return `the policy pack refused the plan: ${outcome.violations.join("; ")}`;
    case "no-policy-evidence":
      return `refused without the policy pack's verdict: ${outcome.reason}`;
    case "locked":
      return `the stack is locked by ${outcome.by}: nothing was touched`;
    case "not-acting":
    case "stale-plan":
    case "interrupted":
    case "timeout":
    case "failed":
    case "engine-missing":
      return `${outcome.kind}: ${outcome.reason}`;
  }
}

/**
 * Back to the inputs before the last update, under a new plan number. What they held counts as needed from now on,
 * so that the stabilisation window keeps the next cycles from shrinking to the same bad sizes again.
 */
export async function rollBack(pass: Pass, note: string): Promise<void> {
  const { parts, state, record, options } = pass;
  const { previous, applied } = state;
  const { decision } = record;
  if (previous === null || applied === null || decision === null) return;
  const { units: sizes, warmUnits } = sizesOf(previous);
  const units = totalUnits(sizes);
  const needed = totalUnits(decision.after.units);
  // Growth is not taken back while demand asks for it: units that are late cost little, and the step down would
  // either break the promise of never below reactive or be refused by the pack in every cycle.
  const granted = record.stackInputs?.accountShareUnits;
  const isBeyondShare = granted !== undefined && units + warmUnits > granted;
  if (units < needed || isBeyondShare) {
    const why = isBeyondShare ? `only ${granted} are granted by the account` : `${needed} are asked for`;
    record.verdict = { kind: "waiting", note: `${note}, but ${why}: kept` };
    parts.log.warn("verify", record.verdict.note);
    return;
  }
  parts.log.warn("verify", `rolling back: ${note}`);
  const inputs = {
    ...previous,
    planGeneration: parts.journal.nextPlanGeneration(),
    decisionId: `${decision.id}-back`,
    ...(granted === undefined ? {} : { accountShareUnits: granted }),
  };
  state.needHistory = [...state.needHistory, { atMs: parts.clock.nowMs(), units }];
  const outcome = await act(
    parts,
    {
      cycle: record.cycle,
      beganMonotonicMs: parts.clock.monotonicMs(),
      mode: modeInForce(pass),
      decision: { ...decision, atMs: parts.clock.nowMs() },
      inputs,
      inputsKey: inputsKey(inputs),
      isApplied: isSamePlan(applied, inputs),
      seen: record.platform,
      drifted: false,
      needsRecovery: false,
    },
    options.signal,
  );
  record.stackInputs = inputs;
  record.planGeneration = inputs.planGeneration;
  record.apply = outcome;
  noteOutcome(pass, outcome);
}
