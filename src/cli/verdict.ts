import { UserError } from "../model/user-error.ts";
import type { CommandCall } from "./command-spec.ts";
import { daemonNowMs } from "./daemon-time.ts";
import { escapeText } from "./escape-text.ts";
import { EXIT } from "./exit-codes.ts";
import { wantsJson } from "./options.ts";
import { print, printJson } from "./output.ts";
import { userName } from "./pause.ts";
import { wallTimeMs } from "./wall-time.ts";
import { withJournal } from "./with-journal.ts";

export function runApprove(call: CommandCall): Promise<number> {
  return giveVerdict(call, "approved");
}

export function runReject(call: CommandCall): Promise<number> {
  return giveVerdict(call, "rejected");
}

/** Without a hash the plan that waits is meant; the hash is printed, so that it is known what was approved. */
async function giveVerdict(call: CommandCall, state: "approved" | "rejected"): Promise<number> {
  return withJournal(call, "write", (journal) => {
    const nowMs = daemonNowMs(journal.getState("status"), wallTimeMs());
    const planHash = call.args[0] ?? journal.pendingPlan(nowMs)?.planHash;
    if (planHash === undefined)
      throw new UserError("no plan waits for a verdict (mode suggest makes them wait)", EXIT.error);
    const give = state === "approved" ? journal.approvePlan : journal.rejectPlan;
    const verdict = give(planHash, userName(), nowMs);
    if (verdict.kind === "refused") throw new UserError(verdict.reason, EXIT.error);
    if (wantsJson(call)) printJson("Verdict", { planHash, state });
    else print(`${state} plan ${escapeText(planHash)}: ${WHAT_NEXT[state]}`);
    return EXIT.done;
  });
}

const WHAT_NEXT = { approved: "it is applied in the next cycle, if it still fits", rejected: "sizes stay" };
