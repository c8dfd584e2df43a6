import type { ControllerState } from "../controller/state.ts";
import { daemonStatus } from "../controller/status.ts";
import type { DaemonStatus } from "../model/status.ts";
import type { WiredParts } from "./context.ts";
import { ownVersion } from "./own-version.ts";

/** What every surface shows, as of now. */
export function statusOf(
  { parts, engineStatus, lease }: WiredParts,
  state: ControllerState,
  shell: {
    readonly startedMs: number;
    readonly nextCycleMs: number | null;
    readonly process: DaemonStatus["process"];
  },
): DaemonStatus {
  return daemonStatus(parts, state, {
    version: ownVersion(),
    startedMs: shell.startedMs,
    engine: engineStatus(),
    leaseHolder: lease?.stillHeld() ? `pid ${parts.self.pid}` : null,
    nextCycleMs: shell.nextCycleMs,
    ...shell.process,
  });
}

/** A full disk must not end the daemon over its own words. */
export function keepStatus({ parts }: WiredParts, status: DaemonStatus): void {
  try {
    parts.journal.setState("status", status);
  } catch (error) {
    parts.log.warn("verify", `status not kept: ${error instanceof Error ? error.message : String(error)}`);
  }
}
