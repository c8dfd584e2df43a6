import { replayCycle } from "../controller/replay.ts";
import type { CommandCall } from "./command-spec.ts";
import { EXIT } from "./exit-codes.ts";
import { recordOf } from "./explain.ts";
import { cycleArgument, wantsJson } from "./options.ts";
import { print, printJson } from "./output.ts";
import { withJournal } from "./with-journal.ts";

/** Exit 0: the decision recomputed from the record has the same bytes; 1: it has not, and where is shown. */
export async function runReplay(call: CommandCall): Promise<number> {
  const number = cycleArgument(call);
  return withJournal(call, "read", (journal) => {
    const record = recordOf(journal, number);
    const { same, recordedText, recomputedText } = replayCycle(record);
    const differsAt = same ? null : firstDifference(recordedText, recomputedText);
    if (wantsJson(call)) printJson("Replay", { cycle: record.cycle, same, differsAt });
    else if (same) print(`cycle ${record.cycle}: the same decision, ${recordedText.length} bytes`);
    else {
      const at = differsAt ?? 0;
      print(`cycle ${record.cycle}: the recomputed decision DIFFERS at character ${at}`);
      print(`  recorded    ${JSON.stringify(around(recordedText, at))}`);
      print(`  recomputed  ${JSON.stringify(around(recomputedText, at))}`);
    }
    return same ? EXIT.done : EXIT.error;
  });
}

function firstDifference(a: string, b: string): number {
  let at = 0;
  while (at < a.length && a[at] === b[at]) at++;
  return at;
}

function around(text: string, at: number): string {
  return text.slice(Math.max(0, at - 40), at + 40);
}
