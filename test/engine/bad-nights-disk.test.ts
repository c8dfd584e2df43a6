import { execFileSync } from "node:child_process";
import { appendFileSync, mkdtempSync, rmSync, statfsSync, statSync, truncateSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { DaemonStatus } from "../../src/model/status.ts";
import {
  type Daemon,
  eventually,
  NO_ENGINE,
  openRealNight,
  PULUMI,
  type RealNight,
  type Visitor,
  visit,
} from "./real-night.ts";

const MIB = 2 ** 20;
const LOW_RPS = 18;
const HIGH_RPS = 48;

/** A small disk of its own for the state; undefined with the reason where this user may not mount one. */
function mountDisk(): { readonly folder: string } | { readonly reason: string } {
  if (PULUMI === undefined) return { reason: NO_ENGINE };
  if (process.getuid?.() !== 0) return { reason: "needs root to mount a small disk" };
  const folder = mkdtempSync(join(tmpdir(), "tiercast-disk-"));
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=200m", "tmpfs", folder], { stdio: "pipe" });
    return { folder };
  } catch (error) {
    rmSync(folder, { recursive: true });
    return {
      reason: `mount does not work: ${error instanceof Error ? error.message.split("\n").at(-1) : error}`,
    };
  }
}

const disk = mountDisk();

describe.skipIf("reason" in disk)(
  `a full disk (${"reason" in disk ? disk.reason : "200 MiB"})`,
  { timeout: 240_000 },
  () => {
    const folder = "folder" in disk ? disk.folder : "";
    const filler = join(folder, "filler");
    let night: RealNight;
    let daemon: Daemon;
    let visitor: Visitor;

    beforeAll(async () => {
      night = openRealNight({ stateFolder: join(folder, "state") });
      night.demand(LOW_RPS);
      daemon = night.start();
      await settle(LOW_RPS);
      visitor = visit(night.endpointFile);
    }, 120_000);

    afterAll(async () => {
      await visitor?.stop();
      if (daemon?.child.exitCode === null) await daemon.end("SIGTERM");
      await night?.close();
      execFileSync("umount", [folder]);
      rmSync(folder, { recursive: true });
    }, 60_000);

    /** Fills or frees the disk up to `freeMib`, never through a moment with more room than that. */
    function leave(freeMib: number): void {
      const surplus = freeBytes() - freeMib * MIB;
      if (surplus > 0) appendFileSync(filler, Buffer.alloc(surplus));
      else truncateSync(filler, Math.max(0, statSync(filler).size + surplus));
    }

    function freeBytes(): number {
      const { bavail, bsize } = statfsSync(folder);
      return bavail * bsize;
    }

    /** Polls until the last cycle ended so; what a run in hand gives back meanwhile is filled again. */
    async function lastCycleEnded(outcome: "failed" | "error", freeMib: number): Promise<DaemonStatus> {
      return eventually(
        `the status says ${outcome}`,
        () => {
          const status = night.kept();
          if (status?.lastCycle?.outcome === outcome) return status;
          if (freeBytes() > (freeMib + 4) * MIB) leave(freeMib);
          const seen = JSON.stringify([status?.lastCycle, status?.lastError]);
          throw new Error(`${Math.round(freeBytes() / MIB)} MiB free, ${seen}`);
        },
        100_000,
      );
    }

    async function settle(rps: number): Promise<void> {
      await eventually(
        `sizes settled on ${rps} requests/s`,
        async () => {
          const total = await night.wantedTotal();
          const fits = total >= rps / 10 && (rps === HIGH_RPS || total <= 4);
          return fits && night.kept()?.lastCycle?.outcome === "no-change";
        },
        100_000,
        300,
      );
    }

    test("too little for the engine's state: refused before anything is touched, and it says what to do", async () => {
      const before = await night.wantedTotal();
      leave(45);
      night.demand(HIGH_RPS);
      const kept = await lastCycleEnded("failed", 45);
      expect(kept.lastError?.message).toMatch(
        /only \d+ MiB free under .*, 64 MiB are kept for state: free some/,
      );
      expect(await night.wantedTotal()).toBe(before);
      leave(120);
      await settle(HIGH_RPS);
    });

    test("too little for an intent: no update without it", async () => {
      const before = await night.wantedTotal();
      leave(20);
      night.demand(LOW_RPS);
      const kept = await lastCycleEnded("error", 20);
      expect(kept.lastError?.message).toMatch(/has no space left .* needs \d+ in reserve.*: free disk space/);
      expect(night.intents().every((intent) => intent.outcome !== null)).toBe(true);
      expect(await night.wantedTotal()).toBe(before);
      leave(120);
      await settle(LOW_RPS);
    });

    test("not a byte left: the daemon lives, the service serves, status answers; space back, on it goes", async () => {
      const before = await night.wantedTotal();
      leave(0);
      night.demand(HIGH_RPS);
      await eventually("the daemon says so", () => daemon.output().includes("has no space left"), 60_000);
      expect(daemon.child.exitCode).toBeNull();
      expect(await night.wantedTotal()).toBe(before);
      const status = await night.cli(["status"]);
      expect(status.code).toBe(0);
      expect(status.stdout).toMatch(/^daemon +(?:running|stalled)/m);
      truncateSync(filler, 0);
      await settle(HIGH_RPS);
      expect(visitor.failures).toEqual([]);
    });
  },
);
