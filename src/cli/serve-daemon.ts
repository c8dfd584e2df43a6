import { runDaemon } from "../controller/daemon.ts";
import { type ControllerState, loadState } from "../controller/state.ts";
import type { CycleRecord } from "../model/cycle.ts";
import { UserError } from "../model/user-error.ts";
import { watchProcess } from "../process-watch.ts";
import type { CliContext, WiredParts } from "./context.ts";
import { EXIT } from "./exit-codes.ts";
import { keepStatus, statusOf } from "./keep-status.ts";

export interface ServeRequest {
  readonly wired: WiredParts;
  readonly signal: AbortSignal;
  readonly serveHttp: CliContext["serveHttp"];
  readonly onReady?: (url: string) => void;
  readonly onCycle?: (record: CycleRecord, state: ControllerState) => void | Promise<void>;
}

/**
 * The daemon with its surfaces: after each cycle, and before each wait, its status is kept in the journal for
 * `tiercast status` and served over HTTP. Ends when `signal` aborts, or with a `UserError` when the lease is lost.
 */
export async function serveDaemon(request: ServeRequest): Promise<void> {
  const { wired, signal, serveHttp } = request;
  const { parts, lease } = wired;
  const startedMs = parts.clock.nowMs();
  const watch = watchProcess();
  const lost = new AbortController();
  let current = statusOf(wired, loadState(parts), { startedMs, nextCycleMs: null, process: watch.read() });
  const publish = (state: ControllerState, nextCycleMs: number | null): void => {
    current = statusOf(wired, state, { startedMs, nextCycleMs, process: watch.read() });
    keepStatus(wired, current);
    if (lease !== null && !lease.stillHeld()) lost.abort();
  };
  keepStatus(wired, current);
  const { host, port } = parts.settings.http;
  const sources = {
    status: () => current,
    monotonicMs: () => parts.clock.monotonicMs(),
    journal: parts.journal,
    events: { journal: parts.journal, nowMs: () => parts.clock.nowMs() },
    ...(parts.tenancy === undefined ? {} : { tenants: parts.tenancy.view }),
  };
  const http = await serveHttp({ host, port, log: parts.log, sources });
  request.onReady?.(http.url);
  try {
    await runDaemon(parts, {
      signal: AbortSignal.any([signal, lost.signal]),
      hardSignal: lost.signal,
      onCycle: async (record, state) => {
        publish(state, null);
        await request.onCycle?.(record, state);
      },
      onWait: (nextMs, state) => publish(state, nextMs),
    });
  } finally {
    watch.close();
    await http.close();
  }
  if (lost.signal.aborted)
    throw new UserError("the lease was taken away: stopped, nothing further was applied", EXIT.error);
}
