import { readdir, readFile, rm, stat } from "node:fs/promises";
import { hostname, userInfo } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { readProcess } from "./process-group.ts";

/**
 * A lock of Pulumi's self-managed backend: a file with pid, user, host and time, without heartbeat or expiry.
 * A daemon that was killed strands it. `pulumi cancel` would delete every lock, a person's too, so it is never used.
 */
export interface StackLock {
  readonly file: string;
  readonly holder: string;
  /** Ours, and its process is provably gone. */
  readonly ownDead: boolean;
}

/** What proves a lock to be ours: the pid was written by our shim, in a run folder of ours, after this instant. */
export interface OwnPid {
  readonly pid: number;
  readonly sinceMs: number;
}

/** Clock of the lock file against ours: the engine stamps it within this of the start of its process. */
const CLOCK_SLACK_MS = 2_000;

export async function readLocks(
  backendUrl: string,
  project: string,
  stack: string,
  own: readonly OwnPid[],
): Promise<readonly StackLock[]> {
  const folder = lockFolder(backendUrl, project, stack);
  if (folder === undefined) return [];
  const names = (await readdir(folder).catch(() => [] as string[])).filter(
    (name) => !name.endsWith(".attrs"),
  );
  return Promise.all(names.sort().map((name) => readLock(join(folder, name), own)));
}

/** Deletes locks that are ours and dead; says which. */
export async function releaseOwnLocks(locks: readonly StackLock[]): Promise<readonly string[]> {
  const released: string[] = [];
  for (const lock of locks) {
    if (!lock.ownDead) continue;
    await rm(lock.file, { force: true });
    await rm(`${lock.file}.attrs`, { force: true });
    released.push(`released own lock of a dead engine run (${lock.holder})`);
  }
  return released;
}

/** `file://` backends keep locks as files here; others tell by failing. */
export function lockFolder(backendUrl: string, project: string, stack: string): string | undefined {
  if (!backendUrl.startsWith("file://")) return undefined;
  return join(fileURLToPath(backendUrl), ".pulumi", "locks", "organization", project, stack);
}

async function readLock(file: string, own: readonly OwnPid[]): Promise<StackLock> {
  const content = await parseLock(file);
  if (content === undefined) return { file, holder: `an unreadable lock file ${file}`, ownDead: false };
  const holder = `${content.username}@${content.hostname} (pid ${content.pid}) since ${content.timestamp}`;
  return { file, holder, ownDead: await provenOwnDead(content, own) };
}

interface LockContent {
  readonly pid: number;
  readonly username: string;
  readonly hostname: string;
  readonly timestamp: string;
}

async function parseLock(file: string): Promise<LockContent | undefined> {
  try {
    const size = (await stat(file)).size;
    if (size > 65_536) return undefined;
    const value = JSON.parse(await readFile(file, "utf8")) as LockContent;
    const whole = Number.isInteger(value.pid) && !Number.isNaN(Date.parse(value.timestamp));
    return whole && typeof value.hostname === "string" && typeof value.username === "string"
      ? value
      : undefined;
  } catch {
    return undefined;
  }
}

async function provenOwnDead(lock: LockContent, own: readonly OwnPid[]): Promise<boolean> {
  const mine = own.find((candidate) => candidate.pid === lock.pid);
  if (mine === undefined) return false;
  if (lock.hostname !== hostname() || lock.username !== userInfo().username) return false;
  // The same pid in an older lock is another process that happened to have our number.
  if (Date.parse(lock.timestamp) < mine.sinceMs - CLOCK_SLACK_MS) return false;
  // A run's group is swept before its locks are looked at, so a live process with this pid is a stranger's: then
  // nothing is proved about the lock's own process but that it is gone if the stranger is not pulumi.
  const live = await readProcess(lock.pid);
  return live === undefined || !(await isPulumi(lock.pid));
}

async function isPulumi(pid: number): Promise<boolean> {
  const command = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "pulumi");
  return command.split("\0")[0]?.includes("pulumi") ?? true;
}
