import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { callControl } from "../../src/local/control-client.ts";
import type { Endpoint } from "../../src/local/endpoint-file.ts";
import { isSameProcess } from "../../src/local/process-identity.ts";
import { startSupervisor } from "../../src/local/start-supervisor.ts";
import { stopSupervisor } from "../../src/local/stop-supervisor.ts";
import type { SupervisorSettings } from "../../src/local/supervisor-settings.ts";
import type { PlatformState } from "../../src/model/platform.ts";
import type { Tier } from "../../src/model/tier.ts";

/** A platform of its own in a temporary folder. */
export interface TestPlatform {
  readonly endpointFile: string;
  start(changes?: Partial<SupervisorSettings>): Promise<Endpoint>;
  plan(planGeneration: number): Promise<unknown>;
  tier(tier: Tier, units: number, planGeneration?: number): Promise<unknown>;
  warm(units: number, ttlWallMs?: number | null): Promise<unknown>;
  state(): Promise<PlatformState>;
  close(): Promise<void>;
}

export const TEST_SETTINGS: SupervisorSettings = {
  service: "demo",
  routerPort: 0,
  slotsPerUnit: 2,
  serviceTimeMs: 20,
  latencyObjectiveMs: 100,
  startMedianMs: 40,
  startSigma: 0.1,
  drainMs: 2_000,
  queueLimit: 50,
  maxUnits: 12,
};

export function createTestPlatform(): TestPlatform {
  const folder = mkdtempSync(join(tmpdir(), "tiercast-local-"));
  const endpointFile = join(folder, "endpoint.json");
  let generation = 1;
  const put = (path: string, body: unknown) => callControl(endpointFile, "PUT", path, body);
  return {
    endpointFile,
    start: (changes) =>
      startSupervisor({
        endpointFile,
        logFile: join(folder, "supervisor.log"),
        settings: { ...TEST_SETTINGS, ...changes },
      }),
    plan: (planGeneration) => {
      generation = planGeneration;
      return put("/plan", {
        planGeneration,
        decisionId: `d${planGeneration}`,
        cutoffMs: 0,
        observedUnits: 1,
      });
    },
    tier: (tier, units, planGeneration = generation) => put(`/tiers/${tier}`, { units, planGeneration }),
    warm: (units, ttlWallMs = null) =>
      put("/warm", { units, ttlWallMs, expiresMs: null, reason: "test", planGeneration: generation }),
    state: async () => (await callControl(endpointFile, "GET", "/state")) as PlatformState,
    close: async () => {
      await stopSupervisor(endpointFile, 5_000);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Processes that `pid` started and that still run. */
export function childrenOf(pid: number): readonly number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((child) => {
      try {
        const fields = readFileSync(`/proc/${child}/stat`, "utf8").split(") ")[1]?.split(" ");
        return Number(fields?.[1]) === pid && fields?.[0] !== "Z";
      } catch {
        return false;
      }
    });
}

export function isRunning({ pid, startTime }: Pick<Endpoint, "pid" | "startTime">): boolean {
  return isSameProcess(pid, startTime);
}
