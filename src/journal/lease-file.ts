import { randomUUID } from "node:crypto";
import {
  closeSync,
  fsyncSync,
  linkSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";
import { dirname } from "node:path";

/** What a lease file says. */
export interface LeaseContent {
  readonly pid: number;
  readonly processStart: string;
  readonly bootId: string;
  readonly host: string;
  /** In words, for the one who is refused: `tiercast run, service shop`. */
  readonly what: string;
  /** Tells one's own file from any other, a restart of the same pid included. */
  readonly token: string;
}

export type LeaseFile =
  | { readonly kind: "none" }
  /** Not written by this code to its end: a crash of the machine, or another hand. */
  | { readonly kind: "torn"; readonly modifiedMs: number }
  | { readonly kind: "written"; readonly content: LeaseContent; readonly modifiedMs: number };

const MAX_BYTES = 4_096;

export function readLeaseFile(file: string): LeaseFile {
  try {
    const { mtimeMs, size } = statSync(file);
    const content = size > MAX_BYTES ? undefined : parse(readFileSync(file, "utf8"));
    return content === undefined
      ? { kind: "torn", modifiedMs: mtimeMs }
      : { kind: "written", content, modifiedMs: mtimeMs };
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return { kind: "none" };
    throw error;
  }
}

/**
 * Puts `content` in place in one step, on disk before it is seen: a reader never meets half of it. With
 * `replace` unset a file that is there stays, and false is returned.
 */
export function placeLeaseFile(file: string, content: LeaseContent, replace: boolean): boolean {
  const made = `${file}.${randomUUID()}`;
  try {
    const fd = openSync(made, "wx", 0o600);
    try {
      writeSync(fd, `${JSON.stringify(content)}\n`);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    if (replace) renameSync(made, file);
    else linkSync(made, file);
    syncFolder(dirname(file));
    return true;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EEXIST") return false;
    throw error;
  } finally {
    rmSync(made, { force: true });
  }
}

/** The file system's own "now": on a shared disk its stamps and this machine's clock need not agree. */
export function fileSystemNowMs(file: string): number {
  const probe = `${file}.${randomUUID()}`;
  closeSync(openSync(probe, "wx", 0o600));
  try {
    return statSync(probe).mtimeMs;
  } finally {
    rmSync(probe, { force: true });
  }
}

function parse(text: string): LeaseContent | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isContent(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isContent(value: unknown): value is LeaseContent {
  if (typeof value !== "object" || value === null) return false;
  const fields = value as Partial<Record<keyof LeaseContent, unknown>>;
  const texts = [fields.processStart, fields.bootId, fields.host, fields.what, fields.token];
  return Number.isSafeInteger(fields.pid) && texts.every((field) => typeof field === "string");
}

function syncFolder(folder: string): void {
  const fd = openSync(folder, "r");
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
