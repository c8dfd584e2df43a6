import { closeSync, existsSync, mkdirSync, openSync, statSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { UserError } from "../model/user-error.ts";
import { createStore, damaged, inJournalWords, type Store } from "./store.ts";

export const JOURNAL_FILE = "journal.sqlite";

/** Wait for another process' write. The longest write is a prune of 2,000 cycles, well below a second. */
const BUSY_TIMEOUT_MS = 5_000;

/** "tier" in ASCII: tells this file from another program's database. */
const APPLICATION_ID = 0x74696572;
const SCHEMA_VERSION = 1;
const PAGE_BYTES = 4_096;

/**
 * Opens `folder`'s database, made when it is missing. A file that is there is checked through a read-only
 * connection first: a write connection would already move the log of a damaged file into it.
 */
export function openStore(folder: string, readOnly: boolean, maxFileBytes: number): Store {
  const file = join(folder, JOURNAL_FILE);
  const size = fileSize(file);
  if (readOnly && size === 0)
    throw new UserError(`no journal in ${folder} yet: start the daemon first, or check state.folder`, 1);
  try {
    if (size > 0) check(file);
    if (readOnly) return createStore(new DatabaseSync(file, { readOnly, timeout: BUSY_TIMEOUT_MS }), file);
    return openForWriting(folder, file, maxFileBytes);
  } catch (error) {
    throw inJournalWords(error, file);
  }
}

function check(file: string): void {
  const db = new DatabaseSync(file, { readOnly: true, timeout: BUSY_TIMEOUT_MS });
  try {
    const application = Number(db.prepare("PRAGMA application_id").get()?.["application_id"]);
    const version = Number(db.prepare("PRAGMA user_version").get()?.["user_version"]);
    const tables = Number(db.prepare("SELECT count(*) AS n FROM sqlite_schema").get()?.["n"]);
    if (tables > 0 && application !== APPLICATION_ID)
      throw new UserError(
        `journal ${file} is another program's database: set state.folder to another folder`,
      );
    if (version > SCHEMA_VERSION)
      throw new UserError(
        `journal ${file} was written by a newer tiercast (schema ${version}, this one knows ` +
          `${SCHEMA_VERSION}): use that version, or set state.folder to another folder`,
      );
    const found = String(db.prepare("PRAGMA quick_check(1)").get()?.["quick_check"]);
    if (found !== "ok") throw new UserError(`journal ${file} ${damaged(found.replaceAll(/\s+/g, " "))}`, 1);
  } finally {
    db.close();
  }
}

function openForWriting(folder: string, file: string, maxFileBytes: number): Store {
  makePrivate(folder, file);
  const db = new DatabaseSync(file, { timeout: BUSY_TIMEOUT_MS });
  const store = createStore(db, file);
  try {
    db.exec(`PRAGMA page_size=${PAGE_BYTES}; PRAGMA auto_vacuum=INCREMENTAL; PRAGMA journal_mode=WAL`);
    // FULL: in WAL mode, NORMAL would lose the last commits in a power cut, and an intent must not be lost.
    db.exec("PRAGMA synchronous=FULL; PRAGMA journal_size_limit=4194304; PRAGMA trusted_schema=OFF");
    db.exec(`PRAGMA max_page_count=${Math.ceil(maxFileBytes / PAGE_BYTES)}`);
    store.transaction(() => {
      if (Number(db.prepare("PRAGMA user_version").get()?.["user_version"]) === 0) db.exec(SCHEMA);
    });
  } catch (error) {
    db.close();
    throw error;
  }
  return store;
}

function makePrivate(folder: string, file: string): void {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    // Sqlite gives the log files the mode of the main file.
    if (!existsSync(file)) closeSync(openSync(file, "a", 0o600));
  } catch (error) {
    throw new UserError(
      `state folder ${folder} cannot be written (${error instanceof Error ? error.message : error}): ` +
        "fix its permissions or set state.folder",
      1,
    );
  }
}

function fileSize(file: string): number {
  try {
    return statSync(file).size;
  } catch {
    return 0;
  }
}

const SCHEMA = `
CREATE TABLE cycles (
  cycle INTEGER PRIMARY KEY, started_ms REAL NOT NULL, stored_bytes INTEGER NOT NULL,
  previous BLOB NOT NULL, hash BLOB NOT NULL, record BLOB NOT NULL
) STRICT;
CREATE INDEX cycles_by_age ON cycles (cycle, started_ms, stored_bytes);
CREATE TABLE chain (name TEXT PRIMARY KEY, cycle INTEGER NOT NULL, hash BLOB NOT NULL) STRICT;
CREATE TABLE intents (
  id INTEGER PRIMARY KEY AUTOINCREMENT, cycle INTEGER NOT NULL, generation INTEGER NOT NULL,
  kind TEXT NOT NULL, inputs TEXT NOT NULL, run_folder TEXT NOT NULL, pid INTEGER NOT NULL,
  process_start TEXT NOT NULL, at_ms REAL NOT NULL, run TEXT, outcome TEXT
) STRICT;
CREATE INDEX intents_open ON intents (id) WHERE outcome IS NULL;
CREATE TABLE counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT;
CREATE TABLE plans (
  slot TEXT PRIMARY KEY, inputs TEXT NOT NULL, at_ms REAL NOT NULL, generation INTEGER NOT NULL
) STRICT;
CREATE TABLE state (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
CREATE TABLE approvals (
  id INTEGER PRIMARY KEY AUTOINCREMENT, plan_hash TEXT NOT NULL, inputs TEXT NOT NULL,
  decision TEXT NOT NULL, at_ms REAL NOT NULL, expires_ms REAL NOT NULL, state TEXT NOT NULL,
  by_whom TEXT, verdict_ms REAL
) STRICT;
CREATE INDEX approvals_by_hash ON approvals (plan_hash, id);
CREATE TABLE series (
  id INTEGER PRIMARY KEY, key TEXT NOT NULL, step_ms INTEGER NOT NULL, phase_ms INTEGER NOT NULL,
  written INTEGER NOT NULL, UNIQUE (key, step_ms, phase_ms)
) STRICT;
CREATE TABLE demand (
  series INTEGER NOT NULL, at_ms INTEGER NOT NULL, value REAL, PRIMARY KEY (series, at_ms)
) STRICT, WITHOUT ROWID;
CREATE TABLE lead_times (
  id INTEGER PRIMARY KEY AUTOINCREMENT, at_ms REAL NOT NULL, lead_time_ms REAL NOT NULL,
  cycle INTEGER NOT NULL
) STRICT;
PRAGMA application_id=${APPLICATION_ID};
PRAGMA user_version=${SCHEMA_VERSION};
`;
