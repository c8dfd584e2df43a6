import { rm } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { callControl } from "./control-client.ts";
import { mayBeAlive, plainUnitFileOf, readEndpoint, stateFileOf } from "./endpoint-file.ts";
import { isSameProcess } from "./process-identity.ts";

export type StopResult =
  /** It was not running; left-over files are gone. */
  | "not-running"
  /** It drained its units and ended. */
  | "stopped"
  /** It did not end in time and was killed; its units end by themselves. */
  | "killed";

/**
 * Asks the supervisor to drain and end, waits, and kills it past the deadline, but only if the recorded pid is
 * still the recorded process. Its sizes are forgotten: this is the end of the platform, not a restart.
 */
export async function stopSupervisor(endpointFile: string, deadlineMs = 30_000): Promise<StopResult> {
  const endpoint = readEndpoint(endpointFile);
  let result: StopResult = "not-running";
  if (endpoint && mayBeAlive(endpointFile)) {
    await callControl(endpointFile, "DELETE", "/", undefined, 5_000).catch(() => undefined);
    const { pid, startTime } = endpoint;
    result = (await hasEnded(pid, startTime, deadlineMs)) ? "stopped" : "killed";
    if (result === "killed" && isSameProcess(pid, startTime)) {
      process.kill(pid, "SIGKILL");
      await hasEnded(pid, startTime, 5_000);
    }
  }
  for (const file of [endpointFile, stateFileOf(endpointFile), plainUnitFileOf(endpointFile)]) {
    await rm(file, { force: true });
  }
  return result;
}

async function hasEnded(pid: number, startTime: string, withinMs: number): Promise<boolean> {
  const untilMs = performance.now() + withinMs;
  while (performance.now() < untilMs) {
    if (!isSameProcess(pid, startTime)) return true;
    await sleep(20);
  }
  return !isSameProcess(pid, startTime);
}
