import { type ChildProcess, spawn } from "node:child_process";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { moduleFile } from "../model/module-file.ts";
import type { EngineJob, EngineMessage, EngineResult } from "./engine-job.ts";
import {
  groupAlive,
  groupMembers,
  killMembers,
  pidAlive,
  readProcess,
  signalGroup,
} from "./process-group.ts";
import { type RunOwner, readPids, writeOwner } from "./run-folder.ts";

export interface EngineRunOptions {
  readonly job: EngineJob;
  readonly nodePath: string;
  /** Environment of the engine; secrets only by file, see `driver.ts`. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly deadlineMs: number;
  readonly memoryMib: number;
  readonly owner: RunOwner;
  readonly signal: AbortSignal | undefined;
  /** Between the first and the second interrupt, and between that and the kill. */
  readonly graceMs: number;
}

const TAIL_BYTES = 16_384;
const MEMORY_CHECK_MS = 1_000;

/**
 * One engine run in a child of its own: own process group, folders, memory limit and deadline. When time is up or
 * `signal` aborts, pulumi is interrupted, interrupted again after `graceMs`, and the whole group killed after
 * `graceMs` more. Resolves only when no process of the group lives.
 */
export async function runEngine(options: EngineRunOptions): Promise<EngineResult> {
  if (options.signal?.aborted)
    return { kind: "interrupted", reason: "stopped before the engine was started" };
  const run = startChild(options);
  await noteOwner(run.child, options);
  const ending = new AbortController();
  let cut: EngineResult | undefined;
  const stop = (result: EngineResult) => {
    if (cut !== undefined) return;
    cut = result;
    void interruptThenKill(run, options, ending.signal);
  };
  const timer = setTimeout(
    () => stop({ kind: "timeout", reason: `no end within ${Math.round(options.deadlineMs / 1000)} s` }),
    options.deadlineMs,
  );
  const onAbort = () => stop({ kind: "interrupted", reason: "asked to stop" });
  options.signal?.addEventListener("abort", onAbort, { once: true });
  const watch = watchMemory(run, options.memoryMib, stop);
  try {
    await run.exited;
  } finally {
    clearTimeout(timer);
    clearInterval(watch);
    options.signal?.removeEventListener("abort", onAbort);
    ending.abort();
  }
  await sweepGroup(run.group);
  return conclude(run, cut);
}

interface ChildRun {
  readonly child: ChildProcess;
  readonly group: number;
  readonly exited: Promise<void>;
  result: EngineResult | undefined;
  tail: string;
  exit: string;
}

function startChild(options: EngineRunOptions): ChildRun {
  const { job } = options;
  const file = fileURLToPath(moduleFile(import.meta.url, "./engine-child"));
  const child = spawn(
    options.nodePath,
    [`--max-old-space-size=${options.memoryMib}`, "--no-warnings", file],
    {
      cwd: `${job.runFolder}/work`,
      detached: true,
      stdio: ["ignore", "pipe", "pipe", "ipc"],
      env: {
        ...options.environment,
        TMPDIR: `${job.runFolder}/tmp`,
        TIERCAST_RUN_FOLDER: job.runFolder,
      },
    },
  );
  const { promise, resolve } = Promise.withResolvers<void>();
  const run: ChildRun = {
    child,
    group: child.pid ?? -1,
    exited: promise,
    result: undefined,
    tail: "",
    exit: "",
  };
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on("data", (data: Buffer) => {
      run.tail = (run.tail + data.toString("utf8")).slice(-TAIL_BYTES);
    });
  }
  child.on("message", (message: EngineMessage) => {
    run.result = message.result;
  });
  child.on("error", (error) => {
    run.exit = error.message;
    resolve();
  });
  child.on("exit", (code, signal) => {
    run.exit = signal === null ? `exit code ${code}` : `signal ${signal}`;
    resolve();
  });
  child.send(job, () => undefined);
  return run;
}

/** The folder says who runs in it before any pulumi can, so that a later daemon can prove what was ours. */
async function noteOwner(child: ChildProcess, options: EngineRunOptions): Promise<void> {
  if (child.pid === undefined) return;
  const info = await readProcess(child.pid);
  const owner = { ...options.owner, group: child.pid, startTicks: info?.startTicks ?? 0 };
  await writeOwner(options.job.runFolder, owner);
}

async function interruptThenKill(run: ChildRun, options: EngineRunOptions, over: AbortSignal): Promise<void> {
  for (let attempt = 0; attempt < 2; attempt++) {
    await interruptPulumi(options.job.runFolder);
    await delay(options.graceMs, undefined, { signal: over }).catch(() => undefined);
    if (over.aborted) return;
  }
  signalGroup(run.group, "SIGKILL");
}

/** Only pulumi itself: a provider that is interrupted with it would drop the operation it is in the middle of. */
export async function interruptPulumi(runFolder: string): Promise<void> {
  for (const pid of await readPids(runFolder)) {
    if (pidAlive(pid)) process.kill(pid, "SIGINT");
  }
}

function watchMemory(run: ChildRun, memoryMib: number, stop: (result: EngineResult) => void): NodeJS.Timeout {
  return setInterval(() => {
    void groupMembers(run.group).then((members) => {
      const mib = members.reduce((sum, member) => sum + member.residentBytes, 0) / 2 ** 20;
      if (mib <= memoryMib) return;
      stop({
        kind: "failed",
        reason: `engine run used ${Math.round(mib)} MiB, over its limit of ${memoryMib} MiB`,
      });
      signalGroup(run.group, "SIGKILL");
    });
  }, MEMORY_CHECK_MS).unref();
}

/** Plugins that outlived their engine go with the group. */
async function sweepGroup(group: number): Promise<void> {
  if (group <= 1) return;
  const isAlive = async () => groupAlive(group) || (await groupMembers(group)).length > 0;
  for (let attempt = 0; attempt < 100 && (await isAlive()); attempt++) {
    // Plugins get a moment to end by themselves: they do when the engine closes their connection.
    if (attempt >= 5) {
      signalGroup(group, "SIGKILL");
      await killMembers(group, () => true);
    }
    await delay(20);
  }
}

function conclude(run: ChildRun, cut: EngineResult | undefined): EngineResult {
  if (run.result !== undefined) {
    // A run that was told to stop but had already finished did finish.
    if (cut === undefined || run.result.kind === "done") return run.result;
    return cut;
  }
  if (cut !== undefined) return cut;
  const lastLine = run.tail.trim().split("\n").at(-1) ?? "";
  return {
    kind: "interrupted",
    reason: `engine run ended without a result (${run.exit})${lastLine === "" ? "" : `: ${lastLine}`}`,
  };
}
