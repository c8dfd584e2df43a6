import { closeSync, existsSync, openSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { ProfileEntry, ProfileStore } from "../model/activity.ts";
import { makeStateFolder } from "./make-state-folder.ts";
import { createStore, inJournalWords, number, type Row, type Store, text } from "./store.ts";

export const PROFILES_FILE = "profiles.sqlite";
const BUSY_TIMEOUT_MS = 5_000;
/** Half of a pseudonym: what all agents of one address share. */
const HALF_CHARACTERS = 11;
const PSEUDONYM = /^[\w-]{11}(?:[\w-]{11})?$/;

export interface OpenProfiles extends ProfileStore {
  close(): void;
}

/**
 * Profiles in `folder`, in a file of their own, so that they can be deleted without the journal. Made with
 * 0600 when missing. What is deleted is overwritten (secure_delete). Throws a `UserError` when the file
 * cannot be used.
 */
export function openProfiles(folder: string): OpenProfiles {
  makeStateFolder(folder);
  const file = join(folder, PROFILES_FILE);
  const store = open(file);
  return { ...profileStore(store), close: store.close };
}

export function profilesExist(folder: string): boolean {
  return existsSync(join(folder, PROFILES_FILE));
}

function open(file: string): Store {
  try {
    // Sqlite gives the log files the mode of the main file.
    closeSync(openSync(file, "a", 0o600));
    const db = new DatabaseSync(file, { timeout: BUSY_TIMEOUT_MS });
    const store = createStore(db, file);
    store.exec("PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA secure_delete=ON");
    store.exec("PRAGMA journal_size_limit=4194304; PRAGMA trusted_schema=OFF");
    store.exec(SCHEMA);
    return store;
  } catch (error) {
    throw inJournalWords(error, file);
  }
}

function profileStore(store: Store): ProfileStore {
  return {
    get: (user) => {
      const row = store.get("SELECT * FROM profiles WHERE user = ?", user);
      return row === undefined ? undefined : entryOf(row);
    },
    all: (limit, offset = 0) =>
      store
        .all("SELECT * FROM profiles ORDER BY last_seen_ms DESC, user LIMIT ? OFFSET ?", limit, offset)
        .map(entryOf),
    count: () => number(store.get("SELECT count(*) AS n FROM profiles") ?? {}, "n"),
    put: (entries, forgottenSeen) => put(store, entries, forgottenSeen),
    rename: (from, to) =>
      store.transaction(() => {
        store.run("UPDATE OR IGNORE profiles SET user = ? WHERE user = ?", to, from);
        store.run("DELETE FROM profiles WHERE user = ?", from);
      }),
    forget: (users, atMs) => forget(store, users, atMs),
    forgottenAfter: (mark) => {
      const rows = store.all("SELECT id, user FROM forgotten WHERE id > ? ORDER BY id", mark);
      return { users: rows.map((row) => text(row, "user")), mark: number(rows.at(-1) ?? { id: mark }, "id") };
    },
    expire: (beforeMs) =>
      store.transaction(() => {
        store.run("DELETE FROM forgotten WHERE at_ms < ?", beforeMs);
        return store.run("DELETE FROM profiles WHERE last_seen_ms < ?", beforeMs);
      }),
    getShared: (key) => {
      const row = store.get("SELECT state FROM shared WHERE key = ?", key);
      return row === undefined ? undefined : text(row, "state");
    },
    putShared: (key, state) => {
      store.run("INSERT OR REPLACE INTO shared (key, state) VALUES (?, ?)", key, state);
    },
  };
}

function entryOf(row: Row): ProfileEntry {
  return { user: text(row, "user"), lastSeenMs: number(row, "last_seen_ms"), state: text(row, "state") };
}

/** What was forgotten since the caller last looked is not written back. */
function put(store: Store, entries: readonly ProfileEntry[], forgottenSeen: number): number {
  return store.transaction(() => {
    let written = 0;
    for (const { user, lastSeenMs, state } of entries) {
      checkPseudonym(user);
      written += store.run(
        `INSERT INTO profiles (user, last_seen_ms, state)
         SELECT ?, ?, ? WHERE NOT EXISTS (SELECT 1 FROM forgotten WHERE id > ? AND user IN (?, ?))
         ON CONFLICT (user) DO UPDATE SET last_seen_ms = excluded.last_seen_ms, state = excluded.state`,
        user,
        lastSeenMs,
        state,
        forgottenSeen,
        user,
        user.slice(0, HALF_CHARACTERS),
      );
    }
    return written;
  });
}

function forget(store: Store, users: readonly string[], atMs: number): number {
  for (const user of users) checkPseudonym(user);
  const count = store.transaction(() => {
    let deleted = 0;
    for (const user of users) {
      store.run("INSERT INTO forgotten (user, at_ms) VALUES (?, ?)", user, atMs);
      deleted +=
        user.length === HALF_CHARACTERS
          ? store.run("DELETE FROM profiles WHERE substr(user, 1, 11) = ?", user)
          : store.run("DELETE FROM profiles WHERE user = ?", user);
    }
    return deleted;
  });
  // The log would hold what was deleted until it is next emptied.
  store.all("PRAGMA wal_checkpoint(TRUNCATE)");
  return count;
}

/** The last bar before the disk: what is no pseudonym is never written as a user. */
function checkPseudonym(user: string): void {
  if (!PSEUDONYM.test(user)) throw new RangeError("profiles: a user is not a pseudonym");
}

const SCHEMA = `
CREATE TABLE IF NOT EXISTS profiles (
  user TEXT PRIMARY KEY, last_seen_ms REAL NOT NULL, state TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS profiles_by_age ON profiles (last_seen_ms);
CREATE TABLE IF NOT EXISTS forgotten (
  id INTEGER PRIMARY KEY AUTOINCREMENT, user TEXT NOT NULL, at_ms REAL NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS forgotten_by_user ON forgotten (user, id);
CREATE TABLE IF NOT EXISTS shared (key TEXT PRIMARY KEY, state TEXT NOT NULL) STRICT;
`;
