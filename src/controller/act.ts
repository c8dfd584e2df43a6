import type { ApplyOutcome } from "../model/cycle.ts";
import type { Decision } from "../model/decision.ts";
import type { PlatformState } from "../model/platform.ts";
import type { EngineFailure, PreviewResult, ResourceChange, UpdateResult } from "../model/ports.ts";
import type { Mode } from "../model/settings.ts";
import type { StackInputs } from "../model/stack-inputs.ts";
import { TIERS } from "../model/tier.ts";
import { shortDuration } from "../model/time.ts";
import { diffLines } from "./diff-lines.ts";
import type { ControllerParts } from "./parts.ts";
import { hashText } from "./plan-hash.ts";
import { recoverNow } from "./recover.ts";

/** What `apply` is asked to do, and what of the world it was decided on. */
export interface Act {
  readonly cycle: number;
  /** When the cycle began to look at the world, on the monotonic clock. */
  readonly beganMonotonicMs: number;
  readonly mode: Mode;
  readonly decision: Decision;
  readonly inputs: StackInputs;
  /** Same for equal plans, whatever their number: what an approval is bound to. */
  readonly inputsKey: string;
  /** These inputs are what was applied last. */
  readonly isApplied: boolean;
  readonly seen: PlatformState | null;
  /** The platform has other sizes than were applied: somebody else changed them. */
  readonly drifted: boolean;
  /** The last engine run ended badly: mend before this one. */
  readonly needsRecovery: boolean;
}

const APPROVAL_LIFE_MS = 3_600_000;

/**
 * Preview with policies, approval where asked, a second look at the world, update with policies. No engine run at
 * all when nothing differs. The intent is on disk before the update begins.
 */
export async function act(parts: ControllerParts, request: Act, signal: AbortSignal): Promise<ApplyOutcome> {
  const settled = !(request.drifted || request.needsRecovery);
  if (settled && request.isApplied) return { kind: "no-change" };
  const barred = barrier(request);
  if (barred !== undefined) return barred;
  const asked = request.mode === "suggest" ? await consent(parts, request, signal) : undefined;
  if (asked !== undefined) return asked;
  const unmended = settled ? undefined : await mend(parts, signal);
  if (unmended !== undefined) return unmended;
  const preview = await parts.driver.preview(request.inputs, signal);
  if (preview.kind !== "previewed") return failed(preview);
  const moved = await worldMoved(parts, request);
  if (moved !== undefined) return { kind: "stale-plan", reason: moved };
  return update(parts, request, preview, signal);
}

/** What an earlier run left undone, and what others changed: cleared and read back. Undefined when all is well. */
async function mend(parts: ControllerParts, signal: AbortSignal): Promise<ApplyOutcome | undefined> {
  const outcome = await recoverNow(parts, parts.journal.openIntents(), signal);
  return outcome.kind === "clean" || outcome.kind === "recovered" ? undefined : failed(outcome);
}

/** Modes that do not act. */
function barrier(request: Act): ApplyOutcome | undefined {
  const { outcome } = request.decision;
  // Whoever paused may be at work on the sizes: nothing is mended, put back or rolled back meanwhile.
  if (outcome.kind === "hold" && outcome.reason === "paused")
    return { kind: "not-acting", reason: "paused: nothing is applied" };
  switch (request.mode) {
    case "active":
      return undefined;
    case "observe":
      return { kind: "not-acting", reason: "mode observe: nothing is applied" };
    case "shadow":
      return { kind: "not-acting", reason: "mode shadow: decided, recorded, not applied" };
    case "suggest":
      return undefined;
  }
}

/**
 * In mode `suggest` a person decides on what the engine would do and the policies say: previewed once, then proposed,
 * then waited for without another engine run. Undefined once the plan is approved; an approval is good for one try.
 */
async function consent(
  parts: ControllerParts,
  request: Act,
  signal: AbortSignal,
): Promise<ApplyOutcome | undefined> {
  const { journal, clock } = parts;
  const planHash = hashText(request.inputsKey);
  if (journal.takeApproval(planHash, clock.nowMs()).kind === "taken") return undefined;
  const known = journal.planApproval(planHash);
  if (known !== null && known.expiresMs > clock.nowMs()) {
    if (known.state === "pending") return { kind: "awaiting-approval", planHash };
    if (known.state === "rejected") {
      return { kind: "not-acting", reason: `plan ${planHash} was rejected by ${known.by ?? "somebody"}` };
    }
  }
  const preview = await parts.driver.preview(request.inputs, signal);
  if (preview.kind !== "previewed") return failed(preview);
  const atMs = clock.nowMs();
  journal.proposePlan({
    planHash,
    stackInputs: request.inputs,
    decision: {
      ...request.decision,
      diff: diffLines(preview.changes),
      policiesPassed: preview.policy.passed,
    },
    atMs,
    expiresMs: atMs + APPROVAL_LIFE_MS * clock.speed,
  });
  return { kind: "awaiting-approval", planHash };
}

/** Decided on a snapshot, checked again before acting. */
async function worldMoved(parts: ControllerParts, request: Act): Promise<string | undefined> {
  // A process that was stopped between its look at demand and its decision decides on what was long ago.
  const sinceLookMs = (parts.clock.monotonicMs() - request.beganMonotonicMs) * parts.clock.speed;
  const ageMs = Math.max(parts.clock.nowMs() - request.decision.atMs, sinceLookMs);
  const limitMs = parts.settings.schedule.maxDecisionAgeMs;
  if (ageMs > limitMs)
    return `decided ${shortDuration(ageMs)} ago, at most ${shortDuration(limitMs)} is acted on`;
  const granted = request.inputs.accountShareUnits;
  const lost = granted === undefined ? undefined : parts.tenancy?.lost(granted);
  if (lost !== undefined) return lost;
  if (request.seen === null) return undefined;
  const now = await parts.platform.state().catch(() => undefined);
  if (now === undefined) return "the platform cannot be reached any more";
  if (now.planGeneration >= request.inputs.planGeneration) {
    return `plan ${now.planGeneration} was applied meanwhile, this one is ${request.inputs.planGeneration}`;
  }
  const changed = TIERS.find((tier) => now.tiers[tier].wantedUnits !== request.seen?.tiers[tier].wantedUnits);
  return changed === undefined ? undefined : `${changed} was resized by somebody else meanwhile`;
}

async function update(
  parts: ControllerParts,
  request: Act,
  preview: PreviewResult,
  signal: AbortSignal,
): Promise<ApplyOutcome> {
  const { journal, driver, clock, self } = parts;
  const intent = journal.openIntent({
    cycle: request.cycle,
    planGeneration: request.inputs.planGeneration,
    kind: "update",
    stackInputs: request.inputs,
    runFolder: "",
    pid: self.pid,
    processStart: self.processStart,
    atMs: clock.nowMs(),
  });
  const result = await driver.update(request.inputs, signal);
  if (result.kind !== "updated") {
    const outcome = failed(result);
    journal.closeIntent(intent, { atMs: clock.nowMs(), kind: "failed", note: JSON.stringify(outcome) });
    return outcome;
  }
  journal.setAppliedInputs(request.inputs, clock.nowMs(), request.inputs.planGeneration);
  journal.closeIntent(intent, { atMs: clock.nowMs(), kind: "done", note: "" });
  for (const line of surprises(preview, result)) parts.log.warn("apply", line);
  return {
    kind: "applied",
    changes: result.summary,
    diff: diffLines(result.changes),
    policiesPassed: preview.policy.passed + result.policy.passed,
    engineMs: preview.engineMs + result.engineMs,
  };
}

/** Operations of the update that the preview did not show: the plan/apply gap, said aloud. */
function surprises(preview: PreviewResult, result: UpdateResult): readonly string[] {
  const expected = new Set(preview.changes.map(operation));
  return result.changes
    .filter((change) => !expected.has(operation(change)))
    .map((change) => `the update did what its preview did not show: ${change.op} ${change.name}`);
}

function operation(change: ResourceChange): string {
  return `${change.op} ${change.type} ${change.name}`;
}

function failed(failure: EngineFailure): ApplyOutcome {
  switch (failure.kind) {
    case "locked":
      return { kind: "locked", by: failure.by };
    case "policy-violation":
    case "no-policy-evidence":
    case "engine-missing":
    case "stale-plan":
    case "interrupted":
    case "timeout":
    case "failed":
      return failure;
  }
}
