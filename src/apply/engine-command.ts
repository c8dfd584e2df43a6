import { type ChildProcess, spawn } from "node:child_process";
import { setPriority } from "node:os";
import { createInterface } from "node:readline";
import { signalGroup } from "./process-group.ts";

export interface CommandOptions {
  readonly file: string;
  readonly args: readonly string[];
  readonly folder?: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly signal?: AbortSignal | undefined;
  /** Each line of both outputs, without its end. */
  readonly onLine?: (line: string) => void;
  /** Wall time after which the command is ended. */
  readonly deadlineMs?: number;
  /** Give way to everything else on the machine (nice 5). */
  readonly background?: boolean;
}

/** How a command ended. Nothing of its process group lives on, whichever way that was. */
export type CommandEnd =
  | {
      readonly kind: "exited";
      readonly code: number;
      readonly stdout: string;
      readonly tail: readonly string[];
    }
  | { readonly kind: "not-started"; readonly reason: string }
  | { readonly kind: "aborted" }
  | { readonly kind: "timeout" };

const INTERRUPT_GRACE_MS = 3_000;
const TAIL_LINES = 40;
const STDOUT_CHARACTERS = 65_536;
const LINE_CHARACTERS = 2_000;

/** Runs a command in a process group of its own, so that an interrupt reaches everything that it started. */
export function runCommand(options: CommandOptions): Promise<CommandEnd> {
  if (options.signal?.aborted) return Promise.resolve({ kind: "aborted" });
  return new Promise((resolve) => {
    const child = spawn(options.file, [...options.args], {
      cwd: options.folder,
      env: definedOnly(options.environment),
      stdio: ["ignore", "pipe", "pipe"],
      detached: true,
    });
    if (options.background) giveWay(child);
    const output = collectOutput(child, options.onLine);
    const stopper = stopWhenAsked(child, options);
    child.once("error", (error) => {
      stopper.clear();
      resolve({ kind: "not-started", reason: error.message });
    });
    child.once("close", (code, signal) => {
      const stopped = stopper.clear();
      if (stopped !== undefined) resolve({ kind: stopped });
      else resolve({ kind: "exited", code: code ?? 128, ...output(signal) });
    });
  });
}

/** The line that says most about why a command failed. */
export function lastWords(end: CommandEnd): string {
  if (end.kind === "not-started") return end.reason;
  if (end.kind === "timeout") return "took too long";
  if (end.kind === "aborted") return "interrupted";
  const lines = end.tail.map((line) => line.trim()).filter((line) => line !== "");
  const telling = lines.findLast((line) =>
    /error|cannot|fail|no space|denied|requires|not found/i.test(line),
  );
  return (telling ?? lines.at(-1) ?? `exit code ${end.code}`).slice(0, 300);
}

function collectOutput(child: ChildProcess, onLine: ((line: string) => void) | undefined) {
  const tail: string[] = [];
  let stdout = "";
  for (const stream of [child.stdout, child.stderr]) {
    if (stream === null) continue;
    createInterface({ input: stream }).on("line", (raw) => {
      const line = raw.slice(0, LINE_CHARACTERS);
      if (stream === child.stdout && stdout.length < STDOUT_CHARACTERS) stdout += `${line}\n`;
      tail.push(line);
      if (tail.length > TAIL_LINES) tail.shift();
      onLine?.(line);
    });
  }
  return (signal: NodeJS.Signals | null) => ({
    stdout,
    tail: signal === null ? tail : [...tail, `ended by ${signal}`],
  });
}

function stopWhenAsked(child: ChildProcess, options: CommandOptions) {
  let stopped: "aborted" | "timeout" | undefined;
  let killTimer: NodeJS.Timeout | undefined;
  const stop = (reason: "aborted" | "timeout") => {
    if (stopped !== undefined || child.pid === undefined) return;
    const group = child.pid;
    stopped = reason;
    signalGroup(group, "SIGINT");
    killTimer = setTimeout(() => signalGroup(group, "SIGKILL"), INTERRUPT_GRACE_MS);
  };
  const abort = () => stop("aborted");
  options.signal?.addEventListener("abort", abort, { once: true });
  const deadline =
    options.deadlineMs === undefined ? undefined : setTimeout(() => stop("timeout"), options.deadlineMs);
  return {
    clear: () => {
      clearTimeout(deadline);
      clearTimeout(killTimer);
      options.signal?.removeEventListener("abort", abort);
      // The leader is gone; whatever of its group still runs would have nobody to wait for it.
      if (stopped !== undefined && child.pid !== undefined) signalGroup(child.pid, "SIGKILL");
      return stopped;
    },
  };
}

function giveWay(child: ChildProcess): void {
  try {
    if (child.pid !== undefined) setPriority(child.pid, 5);
  } catch {
    // Only politeness: some systems forbid it.
  }
}

function definedOnly(environment: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(environment).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}
