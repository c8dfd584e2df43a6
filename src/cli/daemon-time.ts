import type { DaemonStatus } from "../model/status.ts";

/**
 * The daemon's own now, seen from this process: a daemon that replays a trace lives in trace time. Without a
 * status, or when it said nothing of its speed, that is the wall clock.
 *
 *     status at 2001-03-27T05:00Z (wall 10:00:00), speed 60; wall 10:00:30   2001-03-27T05:30Z
 */
export function daemonNowMs(status: DaemonStatus | null, wallMs: number): number {
  if (status === null || status.speed === 1) return wallMs;
  return status.atMs + Math.max(0, wallMs - status.progress.lastWallMs) * status.speed;
}
