import { readdirSync, readFileSync } from "node:fs";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** What a process holds. */
export interface Holdings {
  /** Resident memory that is the process's own. */
  readonly ownMib: number;
  /** With the pages of programs and files that are mapped: the kernel drops and reads those as it likes. */
  readonly residentMib: number;
  /** Live JavaScript objects of the main thread, after a full collection. */
  readonly heapMib: number;
  readonly openFiles: number;
  /** Timers, sockets, watchers and whatever else keeps the event loop alive. */
  readonly handles: number;
  readonly children: number;
}

/** Of this process. A full collection comes first: what is left is held, not merely not yet collected. */
export function readHoldings(): Holdings {
  collectGarbage();
  const { rss, heapUsed } = process.memoryUsage();
  return {
    ownMib: anonymousKib() / 2 ** 10,
    residentMib: rss / 2 ** 20,
    heapMib: heapUsed / 2 ** 20,
    openFiles: readdirSync("/proc/self/fd").length,
    handles: process.getActiveResourcesInfo().length,
    children: childrenOf(process.pid).length,
  };
}

function anonymousKib(): number {
  const status = readFileSync("/proc/self/status", "utf8");
  const kib = Number(/^RssAnon:\s+(\d+) kB/m.exec(status)?.[1]);
  if (Number.isNaN(kib)) throw new Error("/proc/self/status says no RssAnon: this bench needs Linux");
  return kib;
}

/** Processes that `pid` started and that still run. */
export function childrenOf(pid: number): readonly number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((child) => parentOf(child) === pid);
}

/** undefined when it is gone or only waits to be buried. */
function parentOf(pid: number): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const [state, parent] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return state === "Z" ? undefined : Number(parent);
  } catch {
    return undefined;
  }
}

let collect: (() => void) | undefined;

function collectGarbage(): void {
  if (collect === undefined) {
    setFlagsFromString("--expose-gc");
    collect = runInNewContext("gc") as () => void;
  }
  collect();
}
