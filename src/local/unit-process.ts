import { type ChildProcess, spawn } from "node:child_process";

/** A running worker process, seen from the supervisor. */
export interface UnitProcess {
  readonly pid: number | undefined;
  /** Requests sent and not answered. */
  outstanding(): number;
  /** `done` is called exactly once: with the answer, or with undefined when the process ended first. */
  request(path: string, waitMs: number, done: (body: string | undefined) => void): void;
  /** Breaks the channel, on which the process ends; kills it if it has not after a second. */
  stop(): void;
}

export interface UnitEvents {
  onReady(): void;
  /** Once, when the process is gone or could not be started. */
  onExit(): void;
}

/** A unit waits and answers: 24 MiB of heap is ample, and a pool of V8 threads per unit would only cost. */
const NODE_FLAGS = [
  "--no-warnings",
  "--max-old-space-size=24",
  "--max-semi-space-size=1",
  "--v8-pool-size=0",
];

const KILL_AFTER_MS = 1_000;

export function startUnitProcess(file: string, readyAfterMs: number, events: UnitEvents): UnitProcess {
  const waiting = new Map<number, (body: string | undefined) => void>();
  let lastRequest = 0;
  let ended = false;
  const child = spawn(process.execPath, [...NODE_FLAGS, file, String(Math.round(readyAfterMs))], {
    stdio: ["ignore", "inherit", "inherit", "ipc"],
    env: {},
  });

  function end(): void {
    if (ended) return;
    ended = true;
    for (const done of waiting.values()) done(undefined);
    waiting.clear();
    events.onExit();
  }

  child.on("message", (message: unknown) => {
    if (message === "ready") events.onReady();
    else if (Array.isArray(message)) settle(waiting, Number(message[0]), String(message[1]));
  });
  child.on("exit", end);
  // A process that could not be started emits "error" and never "exit".
  child.on("error", () => (child.pid === undefined ? end() : stop()));

  let stopping = false;
  function stop(): void {
    if (!stopping) stopChild(child);
    stopping = true;
  }

  return {
    pid: child.pid,
    outstanding: () => waiting.size,
    request: (path, waitMs, done) => {
      const request = ++lastRequest;
      waiting.set(request, done);
      if (ended || !child.connected) settle(waiting, request, undefined);
      else child.send([request, waitMs, path], (error) => error && settle(waiting, request, undefined));
    },
    stop,
  };
}

function settle(
  waiting: Map<number, (body: string | undefined) => void>,
  request: number,
  body: string | undefined,
): void {
  const done = waiting.get(request);
  waiting.delete(request);
  done?.(body);
}

function stopChild(child: ChildProcess): void {
  if (child.connected) child.disconnect();
  setTimeout(() => {
    if (child.exitCode === null && child.signalCode === null) child.kill("SIGKILL");
  }, KILL_AFTER_MS).unref();
}
