import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { moduleFile } from "../model/module-file.ts";
import type { LoadBatch, LoadOrder, LoadReport, LoadSecond, LoadSettings } from "./load-messages.ts";

export interface LoadOptions extends Partial<LoadSettings> {
  readonly routerUrl: string;
  /** Called once a second with what the second before brought. */
  readonly onSecond: (second: LoadSecond) => void;
}

export interface LoadRun {
  readonly pid: number;
  /** Adds requests; a batch in the past is sent at once where it is less than 5 s late. */
  schedule(batch: LoadBatch): void;
  redirect(routerUrl: string): void;
  /** Sends nothing more, waits for answers at most `withinMs`, ends the process. */
  stop(withinMs?: number): Promise<void>;
  /** Resolves when the process is gone, by itself or not. */
  readonly ended: Promise<void>;
}

/** Starts the load generator in a process of its own, which ends with its parent. Rejects when it can't start. */
export async function startLoad(options: LoadOptions): Promise<LoadRun> {
  const { routerUrl, onSecond, maxOutstanding = 1_000, requestTimeoutMs = 35_000, seed = 1 } = options;
  const settings: LoadSettings = { routerUrl, maxOutstanding, requestTimeoutMs, seed };
  const main = fileURLToPath(moduleFile(import.meta.url, "./load-main"));
  const child = spawn(process.execPath, ["--no-warnings", main, JSON.stringify(settings)], {
    stdio: ["ignore", "inherit", "inherit", "ipc"],
    env: {},
  });
  const ended = new Promise<void>((resolve) => {
    child.once("exit", () => resolve());
    child.once("error", () => resolve());
  });
  const ready = new Promise<void>((resolve) => {
    child.on("message", (report: LoadReport) => {
      if (report.kind === "second") onSecond(report.second);
      else if (report.kind === "ready") resolve();
    });
  });
  const started = await Promise.race([ready.then(() => true), ended.then(() => false)]);
  if (!started || child.pid === undefined) throw new Error("the load generator ended before it was ready");
  const order = (message: LoadOrder): void => {
    if (child.connected) child.send(message, () => undefined);
  };
  return {
    pid: child.pid,
    schedule: (batch) => order({ kind: "batch", batch }),
    redirect: (next) => order({ kind: "router", routerUrl: next }),
    stop: async (withinMs = 10_000) => {
      order({ kind: "stop" });
      const killer = setTimeout(() => child.kill("SIGKILL"), withinMs);
      await ended;
      clearTimeout(killer);
    },
    ended,
  };
}
