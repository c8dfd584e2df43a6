import { createHash } from "node:crypto";
import { deflateRawSync, inflateRawSync } from "node:zlib";
import type { CycleRecord } from "../model/cycle.ts";
import type { ChainReport, CycleJournal } from "../model/journal-port.ts";
import { bytes, number, type Row, type Store } from "./store.ts";

const MAX_LISTED = 1_000;
const NO_HASH = new Uint8Array(32);
/** A record inflates to at most this; the largest made in practice is below 1 MiB. */
const MAX_RECORD_BYTES = 64 * 1024 * 1024;

/** Cycle records, deflated (a day's quantiles of 90 KiB become 35 KiB), in a hash chain. */
export function cycleJournal(store: Store): CycleJournal {
  return {
    appendCycle: (record) => append(store, record),
    lastCycle: () => decoded(store.get("SELECT record FROM cycles ORDER BY cycle DESC LIMIT 1")),
    cycle: (wanted) => decoded(store.get("SELECT record FROM cycles WHERE cycle = ?", wanted)),
    cycles: ({ limit, before }) =>
      store
        .all(
          "SELECT record FROM cycles WHERE cycle < ? ORDER BY cycle DESC LIMIT ?",
          before ?? Number.MAX_SAFE_INTEGER,
          Math.max(0, Math.min(limit, MAX_LISTED)),
        )
        .flatMap((row) => decoded(row) ?? []),
    cycleCount: () => number(store.get("SELECT count(*) AS n FROM cycles") ?? {}, "n"),
    nextCycleNumber: () => nextCycleNumber(store),
    verifyChain: () => verifyChain(store),
  };
}

function append(store: Store, record: CycleRecord): void {
  const raw = Buffer.from(JSON.stringify(record));
  const stored = deflateRawSync(raw, { level: 3 });
  store.transaction(() => {
    const head = store.get("SELECT cycle, hash FROM chain WHERE name = 'head'");
    const last = head === undefined ? 0 : number(head, "cycle");
    if (!Number.isSafeInteger(record.cycle) || record.cycle <= last)
      throw new Error(`journal: cycle ${record.cycle} is not above the last one, ${last}`);
    const previous = head === undefined ? NO_HASH : bytes(head, "hash");
    const hash = chained(previous, raw);
    store.run(
      `INSERT INTO cycles (cycle, started_ms, stored_bytes, previous, hash, record)
       VALUES (?, ?, ?, ?, ?, ?)`,
      record.cycle,
      record.startedMs,
      stored.byteLength,
      previous,
      hash,
      stored,
    );
    store.run("INSERT OR REPLACE INTO chain (name, cycle, hash) VALUES ('head', ?, ?)", record.cycle, hash);
  });
}

function chained(previous: Uint8Array, raw: Uint8Array): Uint8Array {
  return createHash("sha256").update(previous).update(raw).digest();
}

function decoded(row: Row | undefined): CycleRecord | null {
  if (row === undefined) return null;
  return JSON.parse(inflated(row).toString("utf8")) as CycleRecord;
}

function inflated(row: Row): Buffer {
  return inflateRawSync(bytes(row, "record"), { maxOutputLength: MAX_RECORD_BYTES });
}

function nextCycleNumber(store: Store): number {
  const row = store.get(
    `SELECT max(coalesce((SELECT cycle FROM chain WHERE name = 'head'), 0),
                coalesce((SELECT max(cycle) FROM intents), 0)) AS last`,
  );
  return number(row ?? {}, "last") + 1;
}

/**
 * Walks the chain from the last pruned cycle (the anchor) to the head. An edited, removed, inserted or
 * cut-off row breaks it. It does not stop somebody who rewrites every hash after an edit: it finds damage and
 * careless hands.
 */
function verifyChain(store: Store): ChainReport {
  const anchor = store.get("SELECT cycle, hash FROM chain WHERE name = 'anchor'");
  let previous = anchor === undefined ? NO_HASH : bytes(anchor, "hash");
  let last = anchor === undefined ? 0 : number(anchor, "cycle");
  let count = 0;
  for (;;) {
    const row = store.get("SELECT * FROM cycles WHERE cycle > ? ORDER BY cycle LIMIT 1", last);
    if (row === undefined) break;
    const reason = brokenBecause(row, previous);
    last = number(row, "cycle");
    if (reason !== undefined) return { kind: "broken", cycle: last, reason };
    previous = bytes(row, "hash");
    count++;
  }
  const head = store.get("SELECT cycle, hash FROM chain WHERE name = 'head'");
  if (head !== undefined && number(head, "cycle") !== last)
    return { kind: "broken", cycle: last, reason: `cycles up to ${number(head, "cycle")} are gone` };
  return { kind: "whole", cycles: count, headHash: Buffer.from(previous).toString("hex") };
}

function brokenBecause(row: Row, previous: Uint8Array): string | undefined {
  if (!same(bytes(row, "previous"), previous)) return "a cycle before it is missing or was inserted";
  const raw = inflatedOrNull(row);
  if (raw === null) return "its bytes cannot be read";
  if (!same(chained(previous, raw), bytes(row, "hash"))) return "its bytes were changed";
  const record = JSON.parse(raw.toString("utf8")) as CycleRecord;
  return record.cycle === number(row, "cycle") ? undefined : "it was moved to another number";
}

function inflatedOrNull(row: Row): Buffer | null {
  try {
    return inflated(row);
  } catch {
    return null;
  }
}

function same(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}
