// Appends cycles, intents and generations until it is killed; says after each what it was told is on disk.
import { openJournal } from "../../src/journal/journal.ts";
import { bigRecordOf } from "./records.ts";

const folder = process.argv[2] ?? "";
const journal = openJournal({ folder, retentionMs: 1e12 });
for (;;) {
  const cycle = journal.nextCycleNumber();
  const generation = journal.nextPlanGeneration();
  const intent = journal.openIntent({
    cycle,
    planGeneration: generation,
    kind: "update",
    stackInputs: null,
    runFolder: folder,
    pid: process.pid,
    processStart: "",
    atMs: cycle,
  });
  journal.appendCycle(bigRecordOf(cycle));
  journal.closeIntent(intent, { atMs: cycle, kind: "done", note: "" });
  process.stdout.write(`${cycle} ${generation} ${intent}\n`);
}
