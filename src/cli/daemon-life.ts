import { type DaemonStatus, healthAt } from "../model/status.ts";

export type DaemonLife =
  | { readonly kind: "running"; readonly pid: number; readonly what: string }
  /** It holds the lease but got nowhere for too long. */
  | { readonly kind: "stalled"; readonly pid: number; readonly what: string; readonly reason: string }
  /** Nobody holds the lease, or its process is gone. */
  | { readonly kind: "not-running"; readonly reason: string }
  /** The lease is another machine's, or cannot be read. */
  | { readonly kind: "unknown"; readonly reason: string };

export interface LeaseView {
  readonly pid: number;
  readonly host: string;
  readonly what: string;
  readonly alive: boolean | "unknown";
}

/** Life as the lease says it, never as the last status claims it: a status outlives its daemon. */
export function daemonLife(
  status: DaemonStatus | null,
  holder: LeaseView | null,
  wallMs: number,
): DaemonLife {
  if (holder === null) return { kind: "not-running", reason: "nobody holds the lease" };
  const { pid, what } = holder;
  if (holder.alive === false) return { kind: "not-running", reason: `process ${pid} (${what}) is gone` };
  if (holder.alive === "unknown")
    return {
      kind: "unknown",
      reason: `the lease is held by ${what} on ${holder.host}, seen from another machine`,
    };
  if (status === null || status.pid !== pid) return { kind: "running", pid, what };
  const { lastWallMs, intervalWallMs } = status.progress;
  const health = healthAt(lastWallMs, intervalWallMs, wallMs);
  return health.kind === "healthy"
    ? { kind: "running", pid, what }
    : { kind: "stalled", pid, what, reason: health.reason };
}
