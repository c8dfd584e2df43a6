import { readFileSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { setImmediate as nextTurn } from "node:timers/promises";

/** A live process, as `/proc` shows it. */
export interface ProcessInfo {
  readonly pid: number;
  readonly group: number;
  readonly session: number;
  /** Start time in clock ticks since boot: a reused pid has another one. */
  readonly startTicks: number;
  readonly residentBytes: number;
}

const PAGE_BYTES = 4096;
const READ_AT_ONCE = 50;

/**
 * Reads one process; undefined when it is gone, a zombie, or the system has no `/proc`. Synchronous under the
 * promise: 20 us from the kernel's memory, while the asynchronous read of a file of unknown size takes a buffer of
 * 64 KiB for each process of the machine, and a watch that does that every second made the daemon grow by a third.
 */
export async function readProcess(pid: number): Promise<ProcessInfo | undefined> {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    if (fields[0] === "Z" || fields[0] === "X") return undefined;
    return {
      pid,
      group: Number(fields[2]),
      session: Number(fields[3]),
      startTicks: Number(fields[19]),
      residentBytes: Number(fields[21]) * PAGE_BYTES,
    };
  } catch {
    return undefined;
  }
}

/**
 * Live members of a run that `group` leads; empty when all are gone. Pulumi gives each plugin a process group of its
 * own, and one that it was killed beside (the policy pack's) lives on for ever: the session, which the leader began,
 * is what they all share.
 */
export async function groupMembers(group: number): Promise<readonly ProcessInfo[]> {
  const names = await readdir("/proc").catch(() => [] as string[]);
  const pids = names.filter((name) => /^\d+$/.test(name)).map(Number);
  const members: ProcessInfo[] = [];
  for (const [index, pid] of pids.entries()) {
    const info = await readProcess(pid);
    if (info?.group === group || info?.session === group) members.push(info);
    // Some hosts run ten thousand processes: the daemon's loop gets its turn in between.
    if (index % READ_AT_ONCE === READ_AT_ONCE - 1) await nextTurn();
  }
  return members;
}

/** True while any member of the group lives; works without `/proc` too. */
export function groupAlive(group: number): boolean {
  try {
    process.kill(-group, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** Ends every member, those in groups of their own too; `isOurs` guards against a number used anew. */
export async function killMembers(group: number, isOurs: (member: ProcessInfo) => boolean): Promise<void> {
  for (const member of await groupMembers(group)) {
    if (member.pid !== process.pid && isOurs(member)) killNow(member.pid);
  }
}

export function signalGroup(group: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-group, signal);
  } catch {
    // Gone already: what was wanted.
  }
}

function killNow(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // Gone already: what was wanted.
  }
}

export function pidAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
