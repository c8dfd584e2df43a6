import type { JournalState, StateJournal } from "../model/journal-port.ts";
import { type Store, text } from "./store.ts";

/** A value larger than this is a leak, not state. */
const MAX_VALUE_CHARS = 1_000_000;

export function stateJournal(store: Store): StateJournal {
  return {
    getState: <K extends keyof JournalState>(key: K) => {
      const row = store.get("SELECT value FROM state WHERE key = ?", key);
      return row === undefined ? null : (JSON.parse(text(row, "value")) as JournalState[K]);
    },
    setState: (key, value) => {
      if (value === null) {
        store.run("DELETE FROM state WHERE key = ?", key);
        return;
      }
      const json = JSON.stringify(value);
      if (json.length > MAX_VALUE_CHARS)
        throw new RangeError(
          `journal: state ${key} has ${json.length} characters, at most ${MAX_VALUE_CHARS}`,
        );
      store.run("INSERT OR REPLACE INTO state (key, value) VALUES (?, ?)", key, json);
    },
  };
}
