import { leaseHolder } from "../journal/lease.ts";
import type { DaemonStatus } from "../model/status.ts";
import { UserError } from "../model/user-error.ts";
import { paintWith, wantsColour } from "./colour.ts";
import type { CommandCall } from "./command-spec.ts";
import { type DaemonLife, daemonLife } from "./daemon-life.ts";
import { EXIT } from "./exit-codes.ts";
import { wantsJson } from "./options.ts";
import { print, printJson } from "./output.ts";
import { statusLines } from "./status-text.ts";
import { wallTimeMs } from "./wall-time.ts";
import { withJournal } from "./with-journal.ts";

/** What the daemon last said of itself, and whether it lives: a dead daemon's words are shown as old words. */
export async function runStatus(call: CommandCall): Promise<number> {
  return withJournal(call, "read", (journal, { settings, environment }) => {
    const status: DaemonStatus | null = journal.getState("status");
    const holder = leaseHolder(settings.state.folder, settings.pulumi.tierStack);
    const life: DaemonLife = daemonLife(status, holder, wallTimeMs());
    const paused = journal.getState("pause");
    const lastCycle = journal.lastCycle()?.cycle ?? null;
    if (wantsJson(call)) {
      printJson("Status", { daemon: life, stale: life.kind !== "running", status, paused, lastCycle });
      return EXIT.done;
    }
    if (status === null && lastCycle === null)
      throw new UserError(`no cycle ran yet in ${settings.state.folder}: start \`tiercast run\``, EXIT.error);
    const paint = paintWith(wantsColour(call, environment, process.stdout));
    print(statusLines({ status, life, paused, lastCycle, settings }, paint).join("\n"));
    return EXIT.done;
  });
}
