import { spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import type {
  PrewarmAction,
  PrewarmEnding,
  PrewarmRequest,
  PrewarmRunner,
  PrewarmTaskSettings,
} from "../model/prewarm.ts";

export interface PrewarmRunnerOptions {
  /** Only PATH, HOME and the locale of it reach a command: a daemon's environment holds secrets. */
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** Webhooks and local commands behind the `PrewarmRunner` port. What a task answers is not kept, only how it ended. */
export function createPrewarmRunner(options: PrewarmRunnerOptions): PrewarmRunner {
  return {
    run: async (task, request, signal) => {
      const limit = AbortSignal.any([signal, AbortSignal.timeout(task.timeoutMs)]);
      try {
        return task.action.kind === "webhook"
          ? await callWebhook(task.action, request, limit)
          : await runCommand(task.action.argv, task, request, options, limit);
      } catch (error) {
        return failed(signal.aborted ? "stopped" : limit.aborted ? lateNote(task) : reasonOf(error));
      }
    },
  };
}

function failed(note: string): PrewarmEnding {
  return { kind: "failed", note };
}

function lateNote(task: PrewarmTaskSettings): string {
  return `no end within ${task.timeoutMs} ms`;
}

/** A code where there is one: messages of requests quote the address, and addresses hold secrets. */
function reasonOf(error: unknown): string {
  const { code, cause } = error as { readonly code?: unknown; readonly cause?: { readonly code?: unknown } };
  const known = [cause?.code, code].find((each) => typeof each === "string");
  return known === undefined ? "failed" : String(known);
}

async function callWebhook(
  { url, tokenFile }: PrewarmAction & { readonly kind: "webhook" },
  request: PrewarmRequest,
  signal: AbortSignal,
): Promise<PrewarmEnding> {
  const headers: Record<string, string> = { "content-type": "application/json" };
  if (tokenFile !== undefined) {
    const token = await readFile(tokenFile, "utf8").catch(() => undefined);
    if (token === undefined) return failed("its tokenFile cannot be read");
    headers["authorization"] = `Bearer ${token.trim()}`;
  }
  // The same plan and task give the same key: a server may take a repeated call for what it is.
  headers["idempotency-key"] = `${request.service}/${request.planId}/${request.task}`;
  const body = JSON.stringify(request);
  const response = await fetch(url, { method: "POST", headers, body, redirect: "manual", signal });
  await response.body?.cancel();
  return response.ok
    ? { kind: "done", note: `status ${response.status}` }
    : failed(`status ${response.status}`);
}

/** Output beyond this ends the command: it is not read, so it would fill a pipe or the memory. */
const MOST_OUTPUT_BYTES = 1_048_576;

const KILL_AFTER_MS = 1_000;

const PASSED_ON = ["PATH", "HOME", "LANG", "LC_ALL", "TZ"] as const;

function runCommand(
  argv: readonly string[],
  task: PrewarmTaskSettings,
  request: PrewarmRequest,
  options: PrewarmRunnerOptions,
  signal: AbortSignal,
): Promise<PrewarmEnding> {
  const [program = "", ...args] = argv;
  const env = Object.fromEntries(PASSED_ON.map((name) => [name, options.environment[name]]));
  return new Promise((resolve) => {
    // A group of its own, so that what it started ends with it.
    const child = spawn(program, args, {
      env,
      detached: true,
      stdio: ["pipe", "pipe", "pipe"],
      shell: false,
    });
    let why: string | undefined;
    let bytes = 0;
    const end = (reason: string): void => {
      why ??= reason;
      killGroup(child.pid, "SIGTERM");
      setTimeout(() => killGroup(child.pid, "SIGKILL"), KILL_AFTER_MS).unref();
    };
    const onAbort = (): void => end(lateNote(task));
    signal.addEventListener("abort", onAbort, { once: true });
    if (signal.aborted) onAbort();
    const count = (chunk: Buffer): void => {
      bytes += chunk.length;
      if (bytes > MOST_OUTPUT_BYTES) end(`said more than ${MOST_OUTPUT_BYTES} bytes`);
    };
    child.stdout.on("data", count);
    child.stderr.on("data", count);
    child.stdin.on("error", () => undefined);
    child.stdin.end(`${JSON.stringify(request)}\n`);
    const settle = (ending: PrewarmEnding): void => {
      signal.removeEventListener("abort", onAbort);
      // What the command left running may hold them open for ever.
      child.stdout.destroy();
      child.stderr.destroy();
      resolve(ending);
    };
    child.once("error", (error: NodeJS.ErrnoException) => settle(failed(error.code ?? "not started")));
    child.once("exit", (code, killedBy) => {
      if (why !== undefined) settle(failed(why));
      else if (code === 0) settle({ kind: "done", note: "exit 0" });
      else settle(failed(code === null ? `ended by ${killedBy}` : `exit ${code}`));
    });
  });
}

function killGroup(pid: number | undefined, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch {
    // It ended by itself.
  }
}
