import { randomUUID } from "node:crypto";
import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { LedgerEntry } from "../model/tenancy.ts";

/** A word is some dozen rows: whoever has the file for longer than this is stuck, and the last grant holds. */
const BUSY_TIMEOUT_MS = 1_000;

/** "tled" in ASCII: tells this file from another program's database. */
const APPLICATION_ID = 0x746c6564;
const SCHEMA_VERSION = 1;
/** A full disk shows at the write; a ledger that grows beyond this is no ledger. */
const MAX_PAGES = 16_384;

/** An open ledger inside of one transaction. */
export interface LedgerRows {
  /** Changes when the ledger is made anew or goes back in time. */
  readonly id: string;
  readonly settled: boolean;
  entries(account: string): readonly StoredEntry[];
  write(account: string, entry: StoredEntry): void;
  remove(account: string, service: string): void;
  /** All members are known again: from here on units may be granted. */
  settle(): void;
  /** What is in it may be old: everybody has to say again what it holds. Gives the new identity. */
  distrust(): string;
}

export interface StoredEntry extends LedgerEntry {
  /** Identity of the ledger when this was written. */
  readonly ledgerId: string;
}

/**
 * Runs `work` alone against all other processes and commits what it wrote, or nothing. The file is opened for each
 * transaction: one that was deleted or replaced is noticed at once, and nobody writes on into a file that is gone.
 * Throws sqlite's errors, and its own for a foreign, newer or damaged file.
 */
export function inLedger<T>(file: string, work: (rows: LedgerRows) => T): T {
  mkdirSync(dirname(file), { recursive: true });
  const db = new DatabaseSync(file, { timeout: BUSY_TIMEOUT_MS });
  try {
    // A rollback journal, not a write-ahead log: one file at rest, and a killed writer is undone by the next reader.
    db.exec(`PRAGMA synchronous=FULL; PRAGMA trusted_schema=OFF; PRAGMA max_page_count=${MAX_PAGES}`);
    db.exec("BEGIN IMMEDIATE");
    try {
      prepare(db);
      const result = work(rowsOf(db));
      db.exec("COMMIT");
      return result;
    } catch (error) {
      // A full disk makes sqlite roll back by itself; a second ROLLBACK would hide the first error.
      if (db.isTransaction) db.exec("ROLLBACK");
      throw error;
    }
  } finally {
    db.close();
  }
}

function prepare(db: DatabaseSync): void {
  const pragma = (name: string) => db.prepare(`PRAGMA ${name}`).get()?.[name];
  const version = Number(pragma("user_version"));
  const tables = Number(db.prepare("SELECT count(*) AS n FROM sqlite_schema").get()?.["n"]);
  if (tables === 0 && version === 0) {
    db.exec(SCHEMA);
    db.prepare("INSERT INTO ledger VALUES (1, ?, 0)").run(randomUUID());
    return;
  }
  if (Number(pragma("application_id")) !== APPLICATION_ID)
    throw new Error("it is another program's database");
  if (version > SCHEMA_VERSION) throw new Error(`it was written by a newer tiercast (schema ${version})`);
  const found = String(pragma("quick_check"));
  if (found !== "ok") throw new Error(`it is damaged: ${found.replaceAll(/\s+/g, " ")}`);
}

const SCHEMA = `
CREATE TABLE ledger (one INTEGER PRIMARY KEY CHECK (one = 1), id TEXT NOT NULL, settled INTEGER NOT NULL) STRICT;
CREATE TABLE entries (
  account TEXT NOT NULL, service TEXT NOT NULL, ledger_id TEXT NOT NULL,
  needed INTEGER NOT NULL CHECK (needed >= 0), asked INTEGER NOT NULL CHECK (asked >= 0),
  granted INTEGER NOT NULL CHECK (granted >= 0), held INTEGER NOT NULL CHECK (held >= granted),
  in_use INTEGER NOT NULL CHECK (in_use >= 0), lapsed INTEGER NOT NULL,
  since_ms INTEGER NOT NULL, heard_ms INTEGER NOT NULL, beat INTEGER NOT NULL,
  PRIMARY KEY (account, service)
) STRICT, WITHOUT ROWID;
PRAGMA application_id=${APPLICATION_ID};
PRAGMA user_version=${SCHEMA_VERSION};
`;

function rowsOf(db: DatabaseSync): LedgerRows {
  const head = db.prepare("SELECT id, settled FROM ledger").get();
  if (head === undefined) throw new Error("it is damaged: it has no identity");
  return {
    id: String(head["id"]),
    settled: head["settled"] === 1,
    entries: (account) => {
      const rows = db.prepare("SELECT * FROM entries WHERE account = ? ORDER BY service").all(account);
      return rows.map((row) => ({
        service: String(row["service"]),
        ledgerId: String(row["ledger_id"]),
        neededUnits: Number(row["needed"]),
        askedUnits: Number(row["asked"]),
        grantedUnits: Number(row["granted"]),
        heldUnits: Number(row["held"]),
        inUseUnits: Number(row["in_use"]),
        lapsed: row["lapsed"] === 1,
        sinceMs: Number(row["since_ms"]),
        heardMs: Number(row["heard_ms"]),
        beat: Number(row["beat"]),
      }));
    },
    write: (account, entry) => {
      db.prepare("INSERT OR REPLACE INTO entries VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)").run(
        account,
        entry.service,
        entry.ledgerId,
        entry.neededUnits,
        entry.askedUnits,
        entry.grantedUnits,
        entry.heldUnits,
        entry.inUseUnits,
        entry.lapsed ? 1 : 0,
        Math.round(entry.sinceMs),
        Math.round(entry.heardMs),
        entry.beat,
      );
    },
    remove: (account, service) => {
      db.prepare("DELETE FROM entries WHERE account = ? AND service = ?").run(account, service);
    },
    settle: () => db.exec("UPDATE ledger SET settled = 1"),
    distrust: () => {
      const id = randomUUID();
      db.prepare("UPDATE ledger SET id = ?, settled = 0").run(id);
      return id;
    },
  };
}

/** Why the ledger cannot be used, in words and with a way out. */
export function ledgerTrouble(error: unknown, file: string): string {
  const message = error instanceof Error ? error.message : String(error);
  const code = error instanceof Error && "errcode" in error ? Number(error.errcode) & 0xff : undefined;
  return `ledger ${file} ${TROUBLE[code ?? 0] ?? `cannot be used: ${message}`}`;
}

/** Result codes, sqlite.org/rescode.html. */
const TROUBLE: Readonly<Record<number, string>> = {
  5: "is locked by another process",
  8: "cannot be written (give this user the right to write it and its folder)",
  10: "cannot be read or written (check the disk it is on)",
  11: "is damaged (move it away: members make a new one and say again what they hold)",
  13: "cannot be written: the disk is full",
  14: "cannot be opened (check its folder)",
  26: "is no database (move it away: members make a new one and say again what they hold)",
};
