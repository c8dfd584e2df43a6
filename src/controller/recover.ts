import type { Intent } from "../model/journal-port.ts";
import type { EngineFailure, RecoveryReport } from "../model/ports.ts";
import type { ControllerParts } from "./parts.ts";

export type RecoverOutcome =
  /** No update was cut off: nothing to do. */
  | { readonly kind: "clean" }
  | { readonly kind: "recovered"; readonly mended: readonly string[] }
  | EngineFailure;

/**
 * What a start does before its first decision: an intent without an outcome is an update that was cut off. It
 * counts as aborted, is never retried blindly; own dead locks and pending operations are cleared, the state is read
 * afresh from the platform, and the next cycle decides on what is there.
 */
export async function recoverAtStart(parts: ControllerParts, signal: AbortSignal): Promise<RecoverOutcome> {
  const open = parts.journal.openIntents();
  // An update that ended badly was noted, but perhaps not mended before the daemon was stopped.
  if (open.length === 0 && parts.journal.intents(1)[0]?.outcome?.kind !== "failed") return { kind: "clean" };
  for (const intent of open) {
    parts.log.warn("apply", `update ${intent.planGeneration} was cut off: recognised as aborted`, {
      cycle: intent.cycle,
    });
  }
  return recoverNow(parts, open, signal);
}

/** The same in a running daemon, after an engine run that ended badly. */
export async function recoverNow(
  parts: ControllerParts,
  open: readonly Intent[],
  signal: AbortSignal,
): Promise<RecoverOutcome> {
  const { journal, clock, log } = parts;
  const report: RecoveryReport | EngineFailure = await parts.driver.recover(null, signal);
  if (report.kind !== "recovered") return report;
  for (const line of report.mended) log.warn("apply", line);
  for (const intent of open)
    journal.closeIntent(intent.id, { atMs: clock.nowMs(), kind: "aborted", note: "cut off" });
  const seen = await parts.platform.state().catch(() => undefined);
  journal.raisePlanGeneration(Math.max(report.planGeneration, seen?.planGeneration ?? 0));
  return { kind: "recovered", mended: report.mended };
}
