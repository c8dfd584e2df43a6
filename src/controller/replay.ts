import { canonicalJson } from "../model/canonical-json.ts";
import type { CycleRecord } from "../model/cycle.ts";
import type { DecideInput } from "../model/decide-input.ts";
import type { Decision } from "../model/decision.ts";
import { UserError } from "../model/user-error.ts";
import { replayDecision } from "./think.ts";

export interface ReplayOutcome {
  /** The recomputed decision has the same bytes as the recorded one. */
  readonly same: boolean;
  readonly decision: Decision;
  readonly recordedText: string;
  readonly recomputedText: string;
}

/** Decides once more from what a cycle recorded that it was given. */
export function replayCycle(record: CycleRecord): ReplayOutcome {
  if (record.decision === null || record.decideInput === null) {
    throw new UserError(
      `cycle ${record.cycle} holds no decision: ${record.error ?? "it ended before `decide`"}`,
      1,
    );
  }
  const { decision } = replayDecision(record.decideInput as DecideInput);
  const recordedText = canonicalJson(record.decision);
  const recomputedText = canonicalJson(decision);
  return { same: recordedText === recomputedText, decision, recordedText, recomputedText };
}
