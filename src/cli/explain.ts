import type { CycleRecord } from "../model/cycle.ts";
import type { Journal } from "../model/journal-port.ts";
import { UserError } from "../model/user-error.ts";
import { paintWith, wantsColour } from "./colour.ts";
import type { CommandCall } from "./command-spec.ts";
import { cycleLines } from "./cycle-text.ts";
import { EXIT } from "./exit-codes.ts";
import { cycleArgument, wantsJson } from "./options.ts";
import { print, printJson } from "./output.ts";
import { withJournal } from "./with-journal.ts";

/** A cycle's whole record, for people or as it is. */
export async function runExplain(call: CommandCall): Promise<number> {
  const number = cycleArgument(call);
  return withJournal(call, "read", (journal, { settings, environment }) => {
    const record = recordOf(journal, number);
    if (wantsJson(call)) {
      printJson("Cycle", { record });
      return EXIT.done;
    }
    const paint = paintWith(wantsColour(call, environment, process.stdout));
    print(cycleLines(record, settings.demand.timeZone, paint).join("\n"));
    return EXIT.done;
  });
}

/** The cycle with this number, or the last one. Throws a `UserError` that says what there is. */
export function recordOf(journal: Journal, number: number | undefined): CycleRecord {
  const last = journal.lastCycle();
  const record = number === undefined ? last : journal.cycle(number);
  if (record !== null) return record;
  if (last === null) throw new UserError("no cycle is recorded yet: run `tiercast once`", EXIT.error);
  throw new UserError(
    `no cycle ${number} in the journal (it holds ${journal.cycleCount()}, the last is ${last.cycle})`,
  );
}
