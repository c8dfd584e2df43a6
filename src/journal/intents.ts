import { dirname } from "node:path";
import { JournalFull } from "../model/journal-full.ts";
import type { Intent, IntentJournal, IntentOutcome, NewIntent, RunProcesses } from "../model/journal-port.ts";
import { freeBytes, number, type Row, type Store, text, textOrNull } from "./store.ts";

const COLUMNS = "id, cycle, generation, kind, inputs, run_folder, pid, process_start, at_ms, run, outcome";
const MAX_LISTED = 1_000;

/**
 * Intents: written before an effect, closed after it. `reserveBytes` have to be free to open one: the engine
 * itself fails halfway, after the resource changed, when its checkpoint finds no space.
 */
export function intentJournal(store: Store, reserveBytes: number): IntentJournal {
  return {
    openIntent: (intent) => open(store, intent, reserveBytes),
    attachRun: (id, run) => changeOpen(store, id, "run", JSON.stringify(run)),
    closeIntent: (id, outcome) => changeOpen(store, id, "outcome", JSON.stringify(outcome)),
    openIntents: () =>
      store.all(`SELECT ${COLUMNS} FROM intents WHERE outcome IS NULL ORDER BY id`).map(toIntent),
    intents: (limit) =>
      store
        .all(
          `SELECT ${COLUMNS} FROM intents ORDER BY id DESC LIMIT ?`,
          Math.max(0, Math.min(limit, MAX_LISTED)),
        )
        .map(toIntent),
  };
}

function open(store: Store, intent: NewIntent, reserveBytes: number): number {
  const free = freeBytes(dirname(store.file));
  if (free < reserveBytes)
    throw new JournalFull(store.file, `${free} bytes free, an update needs ${reserveBytes} in reserve`);
  const row = store.transaction(() =>
    store.get(
      `INSERT INTO intents (cycle, generation, kind, inputs, run_folder, pid, process_start, at_ms)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?) RETURNING id`,
      intent.cycle,
      intent.planGeneration,
      intent.kind,
      JSON.stringify(intent.stackInputs),
      intent.runFolder,
      intent.pid,
      intent.processStart,
      intent.atMs,
    ),
  );
  return number(row ?? {}, "id");
}

function changeOpen(store: Store, id: number, column: "run" | "outcome", value: string): void {
  const changed = store.transaction(() =>
    store.run(`UPDATE intents SET ${column} = ? WHERE id = ? AND outcome IS NULL`, value, id),
  );
  if (changed !== 1) throw new Error(`journal: intent ${id} is not open`);
}

function toIntent(row: Row): Intent {
  const run = textOrNull(row, "run");
  const outcome = textOrNull(row, "outcome");
  return {
    id: number(row, "id"),
    cycle: number(row, "cycle"),
    planGeneration: number(row, "generation"),
    kind: text(row, "kind") as Intent["kind"],
    stackInputs: JSON.parse(text(row, "inputs")) as Intent["stackInputs"],
    runFolder: text(row, "run_folder"),
    pid: number(row, "pid"),
    processStart: text(row, "process_start"),
    atMs: number(row, "at_ms"),
    run: run === null ? null : (JSON.parse(run) as RunProcesses),
    outcome: outcome === null ? null : (JSON.parse(outcome) as IntentOutcome),
  };
}
