import { openJournal } from "../journal/journal.ts";
import type { Journal } from "../model/journal-port.ts";
import type { CommandCall } from "./command-spec.ts";
import { type OpenedSettings, openSettings } from "./open-settings.ts";

/**
 * Opens the service's journal, runs `use` and closes it. It is never made here: without one there is no daemon to
 * speak of, and a `UserError` says so.
 */
export async function withJournal(
  call: CommandCall,
  access: "read" | "write",
  use: (journal: Journal, opened: OpenedSettings) => number,
): Promise<number> {
  const opened = await openSettings(call);
  const { folder, retention } = opened.settings.state;
  const options = { folder, retentionMs: retention };
  const reading = openJournal({ ...options, readOnly: true });
  if (access === "read") return usingOf(reading, (journal) => use(journal, opened));
  reading.close();
  return usingOf(openJournal(options), (journal) => use(journal, opened));
}

function usingOf(journal: Journal, use: (journal: Journal) => number): number {
  try {
    return use(journal);
  } finally {
    journal.close();
  }
}
