import { randomUUID } from "node:crypto";
import { mkdirSync, rmSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { UserError } from "../model/user-error.ts";
import {
  fileSystemNowMs,
  type LeaseContent,
  type LeaseFile,
  placeLeaseFile,
  readLeaseFile,
} from "./lease-file.ts";
import { bootId, isAlive, ownIdentity } from "./process-identity.ts";

export interface LeaseOptions {
  /** The state folder. */
  readonly folder: string;
  /** What is written to by one only: the tier stack's name. */
  readonly name: string;
  /** In words, for the one who is refused: `tiercast run, service shop`. */
  readonly describe: string;
}

/** The right to write. */
export interface Lease {
  readonly kind: "acquired";
  /** Whom it was taken over from, dead; null when it was free. */
  readonly takenOver: LeaseHolder | null;
  /** False once somebody removed or replaced the file: stop acting. */
  stillHeld(): boolean;
  /** Gives up one's own lease, never another's. May be called again. */
  release(): void;
}

export interface LeaseHeld {
  readonly kind: "held";
  readonly by: LeaseHolder;
}

export interface LeaseHolder {
  /** 0 when the file does not say. */
  readonly pid: number;
  readonly host: string;
  /** Instant of the file system's clock. */
  readonly since: number;
  readonly what: string;
}

/** A file that cannot be read may be a writer's of another machine; at this age it no longer is. */
const TORN_AFTER_MS = 10_000;

/**
 * Takes the single writer's right for `name` in `folder`, or says who has it.
 *
 * Two parts. The kernel's lock on `NAME.lock` is held as long as the process lives and goes with it, however
 * it dies; it settles every race on one machine, containers that share the folder included. The file
 * `NAME.lease` says who it is, to people and to other machines:
 *
 *     kernel lock   lease file                              then
 *     taken         any                                     held
 *     free          none                                    acquired
 *     free          this boot, process alive and as old     held (a disk without locks)
 *     free          this boot, process gone or pid reused   taken over
 *     free          this host, another boot                 taken over
 *     free          another host                            held, for ever: a person has to decide
 *     free          torn, younger than 10 s                 held
 *     free          torn, older                             taken over
 */
export function acquireLease(options: LeaseOptions): Promise<Lease | LeaseHeld> {
  return Promise.try(acquire, options);
}

/** Who holds the lease as far as the file says, and whether that process lives; null when nobody does. */
export function leaseHolder(
  folder: string,
  name: string,
): (LeaseHolder & { readonly alive: boolean | "unknown" }) | null {
  const found = readLeaseFile(leaseFile(folder, name));
  if (found.kind === "none") return null;
  const holder = holderOf(found);
  if (found.kind === "torn") return { ...holder, alive: "unknown" };
  if (found.content.bootId === bootId()) return { ...holder, alive: isAlive(found.content) };
  return { ...holder, alive: found.content.host === hostname() ? false : "unknown" };
}

function acquire({ folder, name, describe }: LeaseOptions): Lease | LeaseHeld {
  const file = leaseFile(folder, name);
  const lock = openLock(folder, name);
  try {
    if (!lockNow(lock)) return heldBy(lock, readLeaseFile(file));
    const found = readLeaseFile(file);
    if (found.kind !== "none" && !isStale(found, file)) return heldBy(lock, found);
    const content: LeaseContent = {
      ...ownIdentity(),
      bootId: bootId(),
      host: hostname(),
      what: describe.slice(0, 500),
      token: randomUUID(),
    };
    // Another machine may have come first: then it is there, and it stays.
    if (!placeLeaseFile(file, content, found.kind !== "none")) return heldBy(lock, readLeaseFile(file));
    return leaseOf(lock, file, content, found.kind === "none" ? null : holderOf(found));
  } catch (error) {
    close(lock);
    throw error;
  }
}

function leaseOf(lock: DatabaseSync, file: string, own: LeaseContent, takenOver: LeaseHolder | null): Lease {
  const stillHeld = (): boolean => {
    const found = readLeaseFile(file);
    return lock.isOpen && found.kind === "written" && found.content.token === own.token;
  };
  return {
    kind: "acquired",
    takenOver,
    stillHeld,
    release: () => {
      if (stillHeld()) rmSync(file, { force: true });
      close(lock);
    },
  };
}

function heldBy(lock: DatabaseSync, found: LeaseFile): LeaseHeld {
  close(lock);
  return { kind: "held", by: holderOf(found) };
}

function holderOf(found: LeaseFile): LeaseHolder {
  switch (found.kind) {
    case "none":
      return { pid: 0, host: hostname(), since: 0, what: "a process that is just starting or ending" };
    case "torn":
      return { pid: 0, host: "unknown", since: found.modifiedMs, what: "a lease file that cannot be read" };
    case "written": {
      const { pid, host, what } = found.content;
      return { pid, host, since: found.modifiedMs, what };
    }
  }
}

function isStale(found: Exclude<LeaseFile, { kind: "none" }>, file: string): boolean {
  if (found.kind === "torn") return fileSystemNowMs(file) - found.modifiedMs > TORN_AFTER_MS;
  const { content } = found;
  if (content.bootId !== "" && content.bootId === bootId()) return isOwn(content) || !isAlive(content);
  if (content.host !== hostname()) return false;
  return content.bootId !== "" || isOwn(content) || !isAlive(content);
}

/** Left over by this very process, whose lock was free: released without its file, or by a failed start. */
function isOwn(content: LeaseContent): boolean {
  const own = ownIdentity();
  return content.pid === own.pid && content.processStart === own.processStart;
}

function openLock(folder: string, name: string): DatabaseSync {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    return new DatabaseSync(join(folder, `${fileName(name)}.lock`), { timeout: 0 });
  } catch (error) {
    throw new UserError(
      `state folder ${folder} cannot be written (${error instanceof Error ? error.message : error}): ` +
        "fix its permissions or set state.folder",
      1,
    );
  }
}

/** An empty database whose exclusive transaction is the kernel's lock: never written, so it stays empty. */
function lockNow(lock: DatabaseSync): boolean {
  try {
    lock.exec("PRAGMA journal_mode=MEMORY; BEGIN EXCLUSIVE");
    return true;
  } catch (error) {
    if (error instanceof Error && "errcode" in error && (Number(error.errcode) & 0xff) === SQLITE_BUSY)
      return false;
    throw error;
  }
}

const SQLITE_BUSY = 5;

function close(lock: DatabaseSync): void {
  if (lock.isOpen) lock.close();
}

function leaseFile(folder: string, name: string): string {
  return join(folder, `${fileName(name)}.lease`);
}

/** Stack names may hold slashes; two names never share a file. */
function fileName(name: string): string {
  const safe = encodeURIComponent(name).replaceAll("*", "%2A").replace(/^\./, "%2E");
  if (safe === "" || safe.length > 200) throw new UserError(`stack name "${name}" is empty or too long`);
  return safe;
}
