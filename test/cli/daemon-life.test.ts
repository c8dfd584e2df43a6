import { describe, expect, test } from "vitest";
import { daemonLife } from "../../src/cli/daemon-life.ts";
import { daemonNowMs } from "../../src/cli/daemon-time.ts";
import type { DaemonStatus } from "../../src/model/status.ts";

const WALL_MS = 1_000_000_000;

function statusWith(change: Partial<DaemonStatus>): DaemonStatus {
  const progress = { lastMonotonicMs: 0, lastWallMs: WALL_MS - 5_000, intervalWallMs: 10_000 };
  return { pid: 7, atMs: 5_000_000, speed: 1, progress, ...change } as DaemonStatus;
}

const HOLDER = { pid: 7, host: "here", what: "tiercast run", alive: true } as const;

describe("life is what the lease says, not what the last status claims", () => {
  test.each([
    ["nobody holds the lease", statusWith({}), null, "not-running"],
    ["its process is gone", statusWith({}), { ...HOLDER, alive: false }, "not-running"],
    ["another machine's lease", statusWith({}), { ...HOLDER, alive: "unknown" as const }, "unknown"],
    ["it works", statusWith({}), HOLDER, "running"],
    ["it has just started, the status is an older one's", statusWith({ pid: 6 }), HOLDER, "running"],
    [
      "no progress for four intervals",
      statusWith({ progress: { lastMonotonicMs: 0, lastWallMs: WALL_MS - 40_000, intervalWallMs: 10_000 } }),
      HOLDER,
      "stalled",
    ],
    ["no status at all", null, HOLDER, "running"],
  ])("%s", (_name, status, holder, kind) => {
    expect(daemonLife(status, holder, WALL_MS).kind).toBe(kind);
  });
});

describe("the daemon's now", () => {
  test("is the wall clock for a daemon in real time", () => {
    expect(daemonNowMs(statusWith({}), WALL_MS)).toBe(WALL_MS);
    expect(daemonNowMs(null, WALL_MS)).toBe(WALL_MS);
  });

  test("runs on at the trace's speed", () => {
    expect(daemonNowMs(statusWith({ speed: 60 }), WALL_MS)).toBe(5_000_000 + 5_000 * 60);
  });
});
