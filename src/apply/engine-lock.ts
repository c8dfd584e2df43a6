import { link, readFile, rename, rm, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { setTimeout as pause } from "node:timers/promises";
import { pidAlive, readProcess } from "./process-group.ts";

/** Held by the one process that installs into a cache folder. */
export interface InstallLock {
  release(): Promise<void>;
}

export type LockAnswer =
  | { readonly kind: "held"; readonly lock: InstallLock }
  /** Somebody else held it and let go: what was wanted may be there now. */
  | { readonly kind: "waited" };

interface Holder {
  readonly pid: number;
  readonly host: string;
  /** Start of the process in clock ticks since boot; null where the system does not say. */
  readonly startTicks: number | null;
}

const POLL_MS = 300;

/**
 * Takes the lock, or waits for the process that has it and answers "waited". A lock of a dead process is taken
 * over. A cache on a shared disk may be locked from another machine: that one cannot be proved dead and is waited
 * for, until `signal` aborts.
 */
export async function takeInstallLock(
  file: string,
  onWait: (holder: string) => void,
  signal: AbortSignal | undefined,
): Promise<LockAnswer> {
  let told = false;
  for (;;) {
    if (await createLock(file)) return { kind: "held", lock: { release: () => rm(file, { force: true }) } };
    const text = await readFile(file, "utf8").catch(() => undefined);
    if (text === undefined) return { kind: "waited" };
    const holder = parseHolder(text);
    if (await isDead(holder)) {
      await breakLock(file, text);
      continue;
    }
    if (!told) onWait(holder === undefined ? "an unreadable lock" : `pid ${holder.pid} on ${holder.host}`);
    told = true;
    await pause(POLL_MS, undefined, { signal });
  }
}

/** Written elsewhere and linked into place: whoever sees the lock sees it whole. */
async function createLock(file: string): Promise<boolean> {
  const own = await readProcess(process.pid);
  const holder: Holder = { pid: process.pid, host: hostname(), startTicks: own?.startTicks ?? null };
  const draft = `${file}.${process.pid}.${Math.trunc(performance.now() * 1_000)}`;
  await writeFile(draft, JSON.stringify(holder));
  try {
    await link(draft, file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  } finally {
    await rm(draft, { force: true });
  }
}

/**
 * Moves the dead lock away. Between reading and moving, another waiter may have broken it and taken the lock: then
 * what was moved is a live lock, and goes back.
 */
async function breakLock(file: string, deadText: string): Promise<void> {
  const aside = `${file}.dead.${process.pid}`;
  await rename(file, aside).catch(() => undefined);
  const moved = await readFile(aside, "utf8").catch(() => undefined);
  if (moved !== undefined && moved !== deadText) await link(aside, file).catch(() => undefined);
  await rm(aside, { force: true });
}

function parseHolder(text: string): Holder | undefined {
  try {
    const value = JSON.parse(text) as Partial<Holder> | null;
    if (!Number.isInteger(value?.pid) || typeof value?.host !== "string") return undefined;
    return { pid: value.pid as number, host: value.host, startTicks: value.startTicks ?? null };
  } catch {
    return undefined;
  }
}

async function isDead(holder: Holder | undefined): Promise<boolean> {
  // Locks come into being whole, so one that cannot be read is debris of a full disk.
  if (holder === undefined) return true;
  if (holder.host !== hostname()) return false;
  if (!pidAlive(holder.pid)) return true;
  const live = await readProcess(holder.pid);
  return live !== undefined && holder.startTicks !== null && live.startTicks !== holder.startTicks;
}
