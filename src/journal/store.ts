import { statfsSync } from "node:fs";
import { dirname } from "node:path";
import type { DatabaseSync, SQLInputValue, SQLOutputValue, StatementSync } from "node:sqlite";
import { JournalFull } from "../model/journal-full.ts";
import { UserError } from "../model/user-error.ts";

export type Row = Record<string, SQLOutputValue>;

/** The database, with errors in the journal's words and statements prepared once. */
export interface Store {
  readonly file: string;
  all(sql: string, ...values: SQLInputValue[]): readonly Row[];
  get(sql: string, ...values: SQLInputValue[]): Row | undefined;
  /** Returns the number of rows changed. */
  run(sql: string, ...values: SQLInputValue[]): number;
  exec(sql: string): void;
  /**
   * All or nothing, and on disk when it returns. Takes the write lock first, so what `work` reads stays true.
   */
  transaction<T>(work: () => T): T;
  close(): void;
}

export function createStore(db: DatabaseSync, file: string): Store {
  const statements = new Map<string, StatementSync>();
  const guarded = <T>(work: () => T): T => {
    try {
      return work();
    } catch (error) {
      throw inJournalWords(error, file);
    }
  };
  const prepared = (sql: string): StatementSync => {
    const known = statements.get(sql) ?? db.prepare(sql);
    statements.set(sql, known);
    return known;
  };
  return {
    file,
    all: (sql, ...values) => guarded(() => prepared(sql).all(...values)),
    get: (sql, ...values) => guarded(() => prepared(sql).get(...values)),
    run: (sql, ...values) => guarded(() => Number(prepared(sql).run(...values).changes)),
    exec: (sql) => guarded(() => db.exec(sql)),
    transaction: (work) => guarded(() => inTransaction(db, work)),
    close: () => {
      if (db.isOpen) guarded(() => db.close());
    },
  };
}

/** Sqlite's errors as `JournalFull` or `UserError`; anything else as it came. */
export function inJournalWords(error: unknown, file: string): unknown {
  if (!(error instanceof Error) || !("errcode" in error) || typeof error.errcode !== "number") return error;
  const primary = error.errcode & 0xff;
  if (primary === SQLITE.full || (primary === SQLITE.ioError && diskIsFull(file)))
    return new JournalFull(file, error.message);
  const advice = ADVICE[primary];
  return advice === undefined ? error : new UserError(`journal ${file} ${advice(error.message)}`, 1);
}

export function number(row: Row, column: string): number {
  const value = row[column];
  if (typeof value === "number") return value;
  throw new Error(`journal: column ${column} holds no number`);
}

export function text(row: Row, column: string): string {
  const value = row[column];
  if (typeof value === "string") return value;
  throw new Error(`journal: column ${column} holds no text`);
}

export function textOrNull(row: Row, column: string): string | null {
  return row[column] === null ? null : text(row, column);
}

export function numberOrNull(row: Row, column: string): number | null {
  return row[column] === null ? null : number(row, column);
}

export function bytes(row: Row, column: string): Uint8Array {
  const value = row[column];
  if (value instanceof Uint8Array) return value;
  throw new Error(`journal: column ${column} holds no bytes`);
}

/** Result codes, sqlite.org/rescode.html. */
const SQLITE = { busy: 5, readOnly: 8, ioError: 10, corrupt: 11, full: 13, cannotOpen: 14, notADatabase: 26 };

const ADVICE: Readonly<Record<number, (message: string) => string>> = {
  [SQLITE.busy]: () => "is locked by another process: wait for it to finish, or stop it, and try again",
  [SQLITE.readOnly]: () => "cannot be written: give this user write permission to the file and its folder",
  [SQLITE.ioError]: (message) => `cannot be read or written (${message}): check the disk it is on`,
  [SQLITE.cannotOpen]: () => "cannot be opened: check the permissions of the file and its folder",
  [SQLITE.corrupt]: damaged,
  [SQLITE.notADatabase]: damaged,
};

/**
 * Free space below this, together with a write error, is a full disk: some file systems answer EIO, not
 * ENOSPC.
 */
const FULL_BELOW_BYTES = 64 * 1024;

export function damaged(message: string): string {
  return (
    `is damaged (${message}): nothing was overwritten; restore it from a backup, ` +
    "or move it away to begin with an empty one"
  );
}

function diskIsFull(file: string): boolean {
  return freeBytes(dirname(file)) < FULL_BELOW_BYTES;
}

/** Space left for this user on the disk of `folder`; unlimited where the system does not say. */
export function freeBytes(folder: string): number {
  try {
    const { bavail, bsize } = statfsSync(folder);
    return bavail * bsize;
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}

function inTransaction<T>(db: DatabaseSync, work: () => T): T {
  db.exec("BEGIN IMMEDIATE");
  try {
    const result = work();
    db.exec("COMMIT");
    return result;
  } catch (error) {
    // A full disk makes sqlite roll back by itself; a second ROLLBACK would hide the first error.
    if (db.isTransaction) db.exec("ROLLBACK");
    throw error;
  }
}
