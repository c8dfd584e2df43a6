import { readFileSync } from "node:fs";

/** A process that is told apart from a later one with the same pid. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Clock ticks after boot at which it started, `/proc/PID/stat` field 22; empty where there is no /proc. */
  readonly processStart: string;
}

/** Changes with each boot, shared by all containers of a kernel; empty where there is no /proc. */
export function bootId(): string {
  return readOrEmpty("/proc/sys/kernel/random/boot_id").trim();
}

export function ownIdentity(): ProcessIdentity {
  return { pid: process.pid, processStart: processStart(process.pid) };
}

/** Start time of `pid`; empty when there is no such process or no /proc. A zombie counts as gone. */
export function processStart(pid: number): string {
  const stat = readOrEmpty(`/proc/${pid}/stat`);
  // The second field is the command in parentheses and may hold spaces and parentheses itself.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return fields[0] === "Z" || fields[0] === "X" ? "" : (fields[19] ?? "");
}

/** Whether that very process still runs on this machine: its pid is in use, by a process as old as it. */
export function isAlive(identity: ProcessIdentity): boolean {
  if (!Number.isSafeInteger(identity.pid) || identity.pid <= 0) return false;
  if (bootId() !== "") return processStart(identity.pid) !== "" && sameStart(identity);
  return answersSignal(identity.pid);
}

function sameStart({ pid, processStart: recorded }: ProcessIdentity): boolean {
  return recorded === "" || processStart(pid) === recorded;
}

function answersSignal(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: somebody else's, but alive.
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}

function readOrEmpty(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}
