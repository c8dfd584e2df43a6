import { existsSync } from "node:fs";
import { join } from "node:path";
import { JOURNAL_FILE } from "../journal/open-store.ts";
import type { Settings } from "../model/settings.ts";
import { epochMs } from "../model/time.ts";
import { createFileSource } from "../observe/file-source.ts";

/**
 * A demand file that cannot be read before the first cycle is a mistake of the configuration: a `UserError` says so
 * before anything is written. Once there is a journal it is an outage, which the daemon lives through: capacity is
 * held, then goes to the fallback.
 */
export async function checkFirstDemand({ demand, state }: Settings): Promise<void> {
  if (demand.source === "platform" || demand.path === undefined) return;
  if (existsSync(join(state.folder, JOURNAL_FILE))) return;
  const source = createFileSource({ ...demand, kind: demand.source, path: demand.path });
  await source.read(epochMs(0), 0);
  await source.close();
}
