import type { PruneReport } from "../model/journal-port.ts";
import { bytes, number, type Store } from "./store.ts";

/** Caps beside the retention: whatever the clock says, the file stays below them. */
export interface JournalLimits {
  readonly maxCycles: number;
  /** Deflated bytes of all cycle records. */
  readonly maxCycleBytes: number;
  /** Newest cycles that stay whatever their age: a clock set forward must not empty the journal. */
  readonly keepCycles: number;
  readonly maxIntents: number;
  readonly maxApprovals: number;
  readonly maxDemandSteps: number;
  /** The file itself, the last resort: a write beyond it throws `JournalFull`. */
  readonly maxFileBytes: number;
  /** Free disk space without which no intent is opened. */
  readonly reserveBytes: number;
}

const MIB = 1024 * 1024;

export const JOURNAL_LIMITS: JournalLimits = {
  maxCycles: 20_000,
  maxCycleBytes: 256 * MIB,
  keepCycles: 200,
  maxIntents: 2_000,
  maxApprovals: 200,
  maxDemandSteps: 1_000_000,
  maxFileBytes: 1024 * MIB,
  reserveBytes: 32 * MIB,
};

/** Rows per transaction, so that another process waits milliseconds, not seconds. */
const BATCH = 500;
/** Pages given back per call, 16 MiB: the rest is reused, or goes with the next call. */
const VACUUM_PAGES = 4_096;

export function prune(
  store: Store,
  limits: JournalLimits,
  retentionMs: number,
  demandRetentionMs: number,
  nowMs: number,
): PruneReport {
  const report = {
    cycles: pruneCycles(store, limits, nowMs - retentionMs),
    intents: store.run(
      `DELETE FROM intents WHERE outcome IS NOT NULL
       AND (id <= (SELECT max(id) FROM intents) - ? OR at_ms < ?)`,
      limits.maxIntents,
      nowMs - retentionMs,
    ),
    approvals: store.run(
      "DELETE FROM approvals WHERE id <= (SELECT max(id) FROM approvals) - ?",
      limits.maxApprovals,
    ),
    demandSteps: pruneDemand(store, limits.maxDemandSteps, nowMs - demandRetentionMs),
  };
  store.exec(`PRAGMA incremental_vacuum(${VACUUM_PAGES})`);
  store.get("PRAGMA wal_checkpoint(TRUNCATE)");
  return report;
}

/**
 * Cycles go from the front only, so that the chain stays one piece: everything before the first cycle that is
 * young enough. With a clock that went back, an old cycle with a late stamp may keep others alive up to the
 * caps.
 */
function pruneCycles(store: Store, limits: JournalLimits, oldestMs: number): number {
  const upTo = Math.min(lastToDrop(store, limits, oldestMs), cycleFromEnd(store, limits.keepCycles) ?? 0);
  let dropped = 0;
  for (;;) {
    const count = store.transaction(() => dropBatch(store, upTo));
    dropped += count;
    if (count < BATCH) return dropped;
  }
}

function lastToDrop(store: Store, limits: JournalLimits, oldestMs: number): number {
  const young = store.get("SELECT min(cycle) AS cycle FROM cycles WHERE started_ms >= ?", oldestMs);
  const firstYoung = young?.["cycle"];
  const byAge = typeof firstYoung === "number" ? firstYoung - 1 : Number.MAX_SAFE_INTEGER;
  return Math.max(byAge, cycleFromEnd(store, limits.maxCycles) ?? 0, lastBeyondBytes(store, limits));
}

/** The cycle that has `count` newer ones. */
function cycleFromEnd(store: Store, count: number): number | undefined {
  const row = store.get("SELECT cycle FROM cycles ORDER BY cycle DESC LIMIT 1 OFFSET ?", count);
  return row === undefined ? undefined : number(row, "cycle");
}

function lastBeyondBytes(store: Store, limits: JournalLimits): number {
  const row = store.get(
    `SELECT max(cycle) AS cycle FROM (
       SELECT cycle, sum(stored_bytes) OVER (ORDER BY cycle DESC) AS behind FROM cycles
     ) WHERE behind > ?`,
    limits.maxCycleBytes,
  );
  const cycle = row?.["cycle"];
  return typeof cycle === "number" ? cycle : 0;
}

function dropBatch(store: Store, upTo: number): number {
  const last = store.get(
    `SELECT cycle, hash FROM cycles WHERE cycle =
       (SELECT max(cycle) FROM (SELECT cycle FROM cycles WHERE cycle <= ? ORDER BY cycle LIMIT ?))`,
    upTo,
    BATCH,
  );
  if (last === undefined) return 0;
  store.run(
    "INSERT OR REPLACE INTO chain (name, cycle, hash) VALUES ('anchor', ?, ?)",
    number(last, "cycle"),
    bytes(last, "hash"),
  );
  return store.run("DELETE FROM cycles WHERE cycle <= ?", number(last, "cycle"));
}

function pruneDemand(store: Store, maxSteps: number, oldestMs: number): number {
  let dropped = 0;
  for (const row of store.all("SELECT id FROM series")) {
    const id = number(row, "id");
    const beyond = store.get(
      "SELECT at_ms FROM demand WHERE series = ? ORDER BY at_ms DESC LIMIT 1 OFFSET ?",
      id,
      maxSteps,
    );
    const upTo = Math.max(oldestMs - 1, beyond === undefined ? oldestMs - 1 : number(beyond, "at_ms"));
    dropped += store.run("DELETE FROM demand WHERE series = ? AND at_ms <= ?", id, upTo);
  }
  store.run("DELETE FROM series WHERE NOT EXISTS (SELECT 1 FROM demand WHERE demand.series = series.id)");
  return dropped;
}
