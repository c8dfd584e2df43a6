import { outcomeText } from "../controller/apply-stage.ts";
import type { ApplyOutcome, CycleRecord } from "../model/cycle.ts";
import { shortDuration } from "../model/time.ts";
import { escapeText } from "./escape-text.ts";
import { EXIT } from "./exit-codes.ts";

/** How a cycle ended, in one line. */
export function outcomeLine(record: Pick<CycleRecord, "apply" | "error">): string {
  if (record.error !== null) return `ended by an error: ${escapeText(record.error)}`;
  return record.apply === null ? "not reached" : escapeText(lineOf(record.apply));
}

/** Exit code of a cycle: what it was kept from doing, numbered as Pulumi does. */
export function outcomeCode(record: Pick<CycleRecord, "apply" | "error">, requireEngine: boolean): number {
  if (record.error !== null) return EXIT.error;
  switch (record.apply?.kind) {
    case undefined:
    case "no-change":
    case "not-acting":
    case "awaiting-approval":
    case "applied":
      return EXIT.done;
    case "engine-missing":
      return requireEngine ? EXIT.error : EXIT.done;
    case "policy-violation":
    case "no-policy-evidence":
      return EXIT.policy;
    case "locked":
    case "stale-plan":
      return EXIT.error;
    case "interrupted":
      return EXIT.cancelled;
    case "timeout":
      return EXIT.timeout;
    case "failed":
      return EXIT.resource;
  }
}

/** The controller's words, with what a person at a terminal wants to know besides. */
function lineOf(outcome: ApplyOutcome): string {
  if (outcome.kind === "no-change") return "nothing to change, no engine run";
  if (outcome.kind === "applied") {
    return `applied in ${shortDuration(outcome.engineMs)}: ${changesText(outcome.changes)}`;
  }
  if (outcome.kind === "awaiting-approval") return `${outcomeText(outcome)}: tiercast approve (or reject)`;
  if (outcome.kind === "policy-violation") return `policy violation: ${outcome.violations.join("; ")}`;
  return outcomeText(outcome);
}

/** `2 update, 1 create`; what stays the same is not worth a word. */
export function changesText(changes: Readonly<Record<string, number>>): string {
  const parts = Object.entries(changes)
    .filter(([op, count]) => op !== "same" && count > 0)
    .map(([op, count]) => `${count} ${op}`);
  return parts.length === 0 ? "no resource changed" : parts.join(", ");
}
