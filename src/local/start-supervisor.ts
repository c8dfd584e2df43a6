import { spawn } from "node:child_process";
import { closeSync, mkdirSync, openSync, readFileSync, renameSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { moduleFile } from "../model/module-file.ts";
import { UserError } from "../model/user-error.ts";
import { callControl } from "./control-client.ts";
import { type Endpoint, mayBeAlive, readEndpoint } from "./endpoint-file.ts";
import type { SupervisorSettings } from "./supervisor-settings.ts";

export interface StartOptions {
  readonly endpointFile: string;
  /** Takes stdout and stderr of supervisor and units; set aside as `.old` past 4 MiB. */
  readonly logFile: string;
  readonly settings: SupervisorSettings;
  /** Of the start and service times; 1 unless given. */
  readonly seed?: number;
  readonly deadlineMs?: number;
}

const LARGEST_LOG_BYTES = 4_194_304;
const POLL_MS = 25;

/**
 * Starts the supervisor in a session of its own and waits until it answers; one that already runs for this
 * endpoint file is adopted and given the settings. Nothing of the caller's environment is handed on: it holds the
 * stack's passphrase. Rejects with the log's last line when it does not come up by the deadline.
 */
export async function startSupervisor(options: StartOptions): Promise<Endpoint> {
  const { settings, seed = 1, deadlineMs = 15_000 } = options;
  const endpointFile = resolve(options.endpointFile);
  const logFile = resolve(options.logFile);
  if (mayBeAlive(endpointFile)) {
    await callControl(endpointFile, "PUT", "/settings", settings);
    return runningEndpoint(endpointFile);
  }
  const log = openLog(logFile, endpointFile);
  const main = fileURLToPath(moduleFile(import.meta.url, "./supervisor-main"));
  const flags = ["--disable-warning=ExperimentalWarning", "--max-old-space-size=256"];
  const child = spawn(
    process.execPath,
    [...flags, main, endpointFile, JSON.stringify(settings), String(seed)],
    {
      detached: true,
      stdio: ["ignore", log, log],
      env: {},
      cwd: "/",
    },
  );
  closeSync(log);
  let ended = false;
  child.once("exit", () => {
    ended = true;
  });
  child.once("error", () => {
    ended = true;
  });
  child.unref();
  const untilMs = performance.now() + deadlineMs;
  while (!ended && performance.now() < untilMs) {
    if (readEndpoint(endpointFile)?.pid === child.pid && (await isHealthy(endpointFile))) {
      return runningEndpoint(endpointFile);
    }
    await sleep(POLL_MS);
  }
  if (!ended) child.kill("SIGKILL");
  const how = ended ? "ended at once" : `did not answer within ${deadlineMs} ms`;
  throw new UserError(`the supervisor ${how}: ${lastLine(logFile)} (log: ${logFile})`, 1);
}

async function isHealthy(endpointFile: string): Promise<boolean> {
  return callControl(endpointFile, "GET", "/healthz", undefined, 1_000).then(
    () => true,
    () => false,
  );
}

function runningEndpoint(endpointFile: string): Endpoint {
  const endpoint = readEndpoint(endpointFile);
  if (!endpoint)
    throw new UserError(`${endpointFile} vanished while the supervisor started: start it again`, 1);
  return endpoint;
}

function openLog(logFile: string, endpointFile: string): number {
  mkdirSync(dirname(endpointFile), { recursive: true, mode: 0o700 });
  mkdirSync(dirname(logFile), { recursive: true, mode: 0o700 });
  const size = statSync(logFile, { throwIfNoEntry: false })?.size ?? 0;
  if (size > LARGEST_LOG_BYTES) renameSync(logFile, `${logFile}.old`);
  return openSync(logFile, "a", 0o600);
}

function lastLine(file: string): string {
  try {
    return readFileSync(file, "utf8").trimEnd().split("\n").at(-1) ?? "no log";
  } catch {
    return "no log";
  }
}
