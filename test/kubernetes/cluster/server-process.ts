import { type ChildProcess, spawn } from "node:child_process";
import { appendFileSync, closeSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";

/** How one server is started. */
export interface ServerCommand {
  readonly name: string;
  readonly file: string;
  readonly args: readonly string[];
}

/** A server of the cluster that tests can take away and give back. */
export interface ServerProcess {
  readonly name: string;
  readonly pid: number;
  /** How it ended; undefined while it runs. */
  readonly ended: () => string | undefined;
  /** SIGSTOP and SIGCONT: it keeps its connections and answers nobody. */
  pause(): void;
  resume(): void;
  /** SIGTERM, after a grace SIGKILL; resolves when it is gone. */
  stop(graceMs?: number): Promise<void>;
}

const GRACE_MS = 2_000;
const TAIL_CHARACTERS = 1_500;

/**
 * Starts a server in a process group of its own, its output in `<folder>/<name>.log`. The group is noted in
 * `<folder>/pids`, for the watch that ends what a dead test run left (`startWatch`).
 */
export function startServer(command: ServerCommand, folder: string): ServerProcess {
  const log = openSync(logFile(folder, command.name), "a");
  const child = spawn(command.file, [...command.args], {
    argv0: command.name,
    cwd: folder,
    detached: true,
    stdio: ["ignore", log, log],
    env: { PATH: "/usr/bin:/bin", HOME: folder, TMPDIR: folder },
  });
  closeSync(log);
  let ended: string | undefined;
  child.once("error", (error) => {
    ended = error.message;
  });
  const gone = new Promise<void>((resolve) => {
    child.once("close", (code, signal) => {
      ended ??= signal === null ? `ended with ${code}` : `ended by ${signal}`;
      resolve();
    });
  });
  if (child.pid !== undefined) appendFileSync(join(folder, PIDS), `${child.pid}\n`);
  return {
    name: command.name,
    pid: child.pid ?? -1,
    ended: () =>
      ended === undefined ? undefined : `${command.name} ${ended}: ${logTail(folder, command.name)}`,
    pause: () => signalServer(child, "SIGSTOP"),
    resume: () => signalServer(child, "SIGCONT"),
    stop: async (graceMs = GRACE_MS) => {
      if (ended !== undefined) return;
      signalServer(child, "SIGTERM");
      // A paused process gets the other signal only when it goes on.
      signalServer(child, "SIGCONT");
      const over = new AbortController();
      await Promise.race([gone, pause(graceMs, undefined, { signal: over.signal }).catch(() => undefined)]);
      over.abort();
      if (ended === undefined) signalServer(child, "SIGKILL");
      await gone;
    },
  };
}

/** The end of what a server said: for error messages. */
export function logTail(folder: string, name: string): string {
  try {
    return readFileSync(logFile(folder, name), "utf8").trim().slice(-TAIL_CHARACTERS);
  } catch {
    return "(no log)";
  }
}

/**
 * Ends all servers and removes the folder when this process is gone, however that came about: its end closes the
 * pipe that the watch reads. The watch has a session of its own, so that Ctrl-C in the terminal does not reach it.
 */
export function startWatch(folder: string): { readonly end: () => Promise<void> } {
  const script = [
    "while read -r line; do :; done",
    'for pid in $(cat "$1/pids" 2>/dev/null); do kill -9 "-$pid" 2>/dev/null; done',
    'rm -rf "$1"',
    // A server in its last breath may have written once more.
    'if [ -e "$1" ]; then sleep 1; rm -rf "$1"; fi',
  ].join("\n");
  const child = spawn("/bin/sh", ["-c", script, "tiercast-cluster-watch", folder], {
    detached: true,
    stdio: ["pipe", "ignore", "ignore"],
    env: { PATH: "/usr/bin:/bin" },
  });
  const gone = new Promise<void>((resolve) => child.once("close", () => resolve()));
  child.stdin?.on("error", () => undefined);
  return {
    end: async () => {
      child.stdin?.end();
      await gone;
    },
  };
}

const PIDS = "pids";

function logFile(folder: string, name: string): string {
  return join(folder, `${name}.log`);
}

/** To the whole group; a server that is gone already is what was wanted. */
function signalServer(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  try {
    process.kill(-child.pid, signal);
  } catch {
    // Gone between the look and the signal.
  }
}
