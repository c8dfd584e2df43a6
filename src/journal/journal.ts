import { statSync } from "node:fs";
import type { Journal } from "../model/journal-port.ts";
import { DAY_MS } from "../model/time.ts";
import { approvalJournal } from "./approvals.ts";
import { cycleJournal } from "./cycles.ts";
import { demandJournal, leadTimeJournal } from "./demand.ts";
import { intentJournal } from "./intents.ts";
import { openStore } from "./open-store.ts";
import { planJournal } from "./plans.ts";
import { JOURNAL_LIMITS, type JournalLimits, prune } from "./prune.ts";
import { stateJournal } from "./state.ts";

export interface JournalOptions {
  readonly folder: string;
  /** Age beyond which cycles and closed intents are dropped by `prune`. */
  readonly retentionMs: number;
  /** The same for demand; a year with holidays is worth learning from, so 400 days unless said otherwise. */
  readonly demandRetentionMs?: number;
  /** For a second process that only looks; needs no lease. */
  readonly readOnly?: boolean;
  readonly limits?: Partial<JournalLimits>;
}

/**
 * Opens the journal in `options.folder`, made when missing (not with `readOnly`). Throws `UserError`, one
 * line, for a damaged or foreign file, one of a newer version, or a folder that cannot be written; nothing is
 * overwritten.
 */
export function openJournal(options: JournalOptions): Journal {
  const limits = { ...JOURNAL_LIMITS, ...options.limits };
  const demandRetentionMs = options.demandRetentionMs ?? Math.max(options.retentionMs, 400 * DAY_MS);
  const store = openStore(options.folder, options.readOnly ?? false, limits.maxFileBytes);
  return {
    ...cycleJournal(store),
    ...intentJournal(store, limits.reserveBytes),
    ...planJournal(store),
    ...stateJournal(store),
    ...approvalJournal(store),
    ...demandJournal(store),
    ...leadTimeJournal(store),
    prune: (nowMs) => prune(store, limits, options.retentionMs, demandRetentionMs, nowMs),
    sizeBytes: () => fileBytes(store.file) + fileBytes(`${store.file}-wal`),
    close: store.close,
  };
}

function fileBytes(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}
