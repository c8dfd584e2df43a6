import { type ChildProcess, execFile, spawn } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { lockFolder } from "../../src/apply/locks.ts";
import { groupMembers } from "../../src/apply/process-group.ts";
import { listRunFolders, readOwner, readPids } from "../../src/apply/run-folder.ts";
import { openJournal } from "../../src/journal/journal.ts";
import { callControl } from "../../src/local/control-client.ts";
import { readEndpoint } from "../../src/local/endpoint-file.ts";
import { stopSupervisor } from "../../src/local/stop-supervisor.ts";
import type { Intent, Journal } from "../../src/model/journal-port.ts";
import type { PlatformState } from "../../src/model/platform.ts";
import type { DaemonStatus } from "../../src/model/status.ts";
import { TIERS } from "../../src/model/tier.ts";
import { DAY_MS } from "../../src/model/time.ts";

export const PULUMI = process.env["TIERCAST_TEST_PULUMI"];
export const NO_ENGINE =
  "needs the Pulumi engine: set TIERCAST_TEST_PULUMI to a pulumi binary (npm run ci-test does)";

const ROOT = join(import.meta.dirname, "..", "..");
const NODE = join(ROOT, "node_modules", ".bin", "node");
const MAIN = join(ROOT, "src", "main.ts");
const STEP_MS = 1_000;
const PROJECT = "tiercast";

/** A service on this machine: configuration, demand, state and cache in one folder, the engine on PATH. */
export interface RealNight {
  readonly folder: string;
  readonly stateFolder: string;
  readonly endpointFile: string;
  /** Demand from now on, requests/s; 10 of them need a unit. */
  demand(rps: number): void;
  /** Demand is not written any more from here on. */
  config(lines: readonly string[]): void;
  /** Starts the daemon; `environment` overrides settings. */
  start(environment?: Readonly<Record<string, string>>): Daemon;
  cli(args: readonly string[], environment?: Readonly<Record<string, string>>): Promise<Ended>;
  /** What `tiercast status` answers. */
  status(): Promise<StatusAnswer>;
  /** What it is made of, read without a process of its own: for waiting. */
  kept(): DaemonStatus | null;
  intents(): readonly Intent[];
  platform(): Promise<PlatformState>;
  wantedTotal(): Promise<number>;
  /** Folder of the engine run in hand with that verb, once its pulumi runs and, for an update, holds the lock. */
  runInHand(verb: "preview" | "update", stack?: "tiers" | "base"): Promise<EngineRunInHand>;
  lockFiles(stack?: "tiers" | "base"): readonly string[];
  lockFolder(): string;
  runFolders(): Promise<readonly string[]>;
  /** Everything is over: daemons, platform, folder. */
  close(): Promise<void>;
}

export interface Daemon {
  readonly child: ChildProcess;
  readonly pid: number;
  output(): string;
  /** Waits for its end after `signal`. */
  end(signal: NodeJS.Signals): Promise<number | null>;
}

export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface StatusAnswer {
  readonly daemon: { readonly kind: string; readonly reason?: string };
  readonly stale: boolean;
  readonly status: DaemonStatus | null;
}

export interface EngineRunInHand {
  readonly folder: string;
  readonly group: number;
  readonly pulumiPids: readonly number[];
}

export function openRealNight(
  options: { readonly stateFolder?: string; readonly withEngine?: boolean } = {},
): RealNight {
  const folder = mkdtempSync(join(tmpdir(), "tiercast-night-"));
  const stateFolder = options.stateFolder ?? join(folder, "state");
  const bin = join(folder, "bin");
  mkdirSync(bin);
  if (PULUMI !== undefined && options.withEngine !== false) symlinkSync(PULUMI, join(bin, "pulumi"));
  const endpointFile = join(stateFolder, "platform", "endpoint.json");
  const environment = {
    PATH: `${bin}:${dirname(process.execPath)}:/usr/bin:/bin`,
    HOME: folder,
    XDG_STATE_HOME: join(folder, "home-state"),
    XDG_CACHE_HOME: join(folder, "cache"),
    LANG: "C.UTF-8",
  };
  const daemons: Daemon[] = [];
  const configFile = join(folder, "tiercast.yaml");
  const backend = pathToFileURL(join(stateFolder, "backend")).href;
  const stackName = (stack: "tiers" | "base") => `night-${stack}`;
  writeFileSync(configFile, configText(stateFolder, []));
  const curve = demandCurve(join(folder, "demand.csv"));
  const platform = async () => (await callControl(endpointFile, "GET", "/state")) as PlatformState;
  const cli: RealNight["cli"] = (args, more) =>
    runCli(["-c", configFile, ...args], { ...environment, ...more });
  const locks = (stack: "tiers" | "base") => lockFolder(backend, PROJECT, stackName(stack)) ?? "";
  return {
    folder,
    stateFolder,
    endpointFile,
    demand: curve,
    config: (lines) => writeFileSync(configFile, configText(stateFolder, lines)),
    start: (more) => {
      const daemon = startDaemon(configFile, { ...environment, ...more });
      daemons.push(daemon);
      return daemon;
    },
    cli,
    status: async () => JSON.parse((await cli(["status", "-o", "json"])).stdout) as StatusAnswer,
    kept: () => reading(stateFolder, (journal) => journal.getState("status")),
    intents: () => reading(stateFolder, (journal) => journal.intents(50)),
    platform,
    wantedTotal: async () => {
      const { tiers } = await platform();
      return TIERS.reduce((sum, tier) => sum + tiers[tier].wantedUnits, 0);
    },
    runInHand: (verb, stack = "tiers") =>
      eventually(
        `a ${verb} of ${stack} is in hand`,
        () => findRun(stateFolder, verb, stackName(stack), locks(stack)),
        60_000,
        5,
      ),
    lockFiles: (stack = "tiers") => lockNames(locks(stack)),
    lockFolder: () => locks("tiers"),
    runFolders: () => listRunFolders(join(stateFolder, "runs")),
    close: async () => {
      for (const { child } of daemons) if (child.exitCode === null) child.kill("SIGKILL");
      await stopSupervisor(endpointFile, 10_000);
      await sleep(200);
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

/** Polls until `check` gives something that is neither false, undefined nor null; an error counts as "not yet". */
export async function eventually<T>(
  what: string,
  check: () => Promise<T> | T,
  withinMs = 60_000,
  everyMs = 100,
): Promise<NonNullable<T>> {
  const untilMs = performance.now() + withinMs;
  let last: unknown;
  do {
    try {
      const found = await check();
      if (found !== undefined && found !== null && found !== false) return found as NonNullable<T>;
      last = undefined;
    } catch (error) {
      last = error;
    }
    await sleep(everyMs);
  } while (performance.now() < untilMs);
  throw new Error(`not within ${withinMs} ms: ${what}${last === undefined ? "" : ` (${String(last)})`}`);
}

function reading<T>(folder: string, read: (journal: Journal) => T): T {
  const journal = openJournal({ folder, retentionMs: DAY_MS, readOnly: true });
  try {
    return read(journal);
  } finally {
    journal.close();
  }
}

async function findRun(
  stateFolder: string,
  verb: string,
  stack: string,
  locks: string,
): Promise<EngineRunInHand | undefined> {
  for (const folder of await listRunFolders(join(stateFolder, "runs"))) {
    const owner = await readOwner(folder);
    if (owner === undefined || owner.verb !== verb || owner.stack !== stack || owner.group === 0) continue;
    const pulumiPids = await readPids(folder);
    const isFar = verb !== "update" || lockNames(locks).length > 0;
    if (pulumiPids.length > 0 && isFar) return { folder, group: owner.group, pulumiPids };
  }
  return undefined;
}

/** The provider of a run: the member of its group that runs our provider's program. */
export async function providerPid(run: EngineRunInHand): Promise<number | undefined> {
  // A plugin stands in a group of its own, in the session of the run.
  for (const { pid } of await groupMembers(run.group)) {
    try {
      if (readFileSync(`/proc/${pid}/cmdline`, "utf8").includes("provider-main")) return pid;
    } catch {
      // Gone meanwhile.
    }
  }
  return undefined;
}

function lockNames(folder: string): readonly string[] {
  return existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith(".json")) : [];
}

/** Samples up to ten minutes ahead: what lies after now is not shown to the daemon. A new value begins now. */
function demandCurve(file: string): (rps: number) => void {
  let known: readonly (readonly [number, number])[] = [];
  return (rps) => {
    const nowMs = Math.floor(Date.now() / STEP_MS) * STEP_MS;
    const past = known.filter(([atMs]) => atMs < nowMs);
    const firstMs = past.length === 0 ? nowMs - 60 * STEP_MS : nowMs;
    const count = (nowMs - firstMs) / STEP_MS + 600;
    known = [...past, ...Array.from({ length: count }, (_, i) => [firstMs + i * STEP_MS, rps] as const)];
    const rows = known.map(([atMs, value]) => `${new Date(atMs).toISOString()},${value}`);
    writeFileSync(`${file}.new`, ["timestamp,value", ...rows, ""].join("\n"));
    renameSync(`${file}.new`, file);
  };
}

function configText(stateFolder: string, more: readonly string[]): string {
  return [
    "service: night",
    "mode: active",
    "demand: { source: csv, path: demand.csv, timeColumn: timestamp, valueColumn: value, step: 1s, staleAfter: 20s, history: 1h }",
    "resources: [{ kind: amount, name: cpu, perRps: 0.1, perUnit: 1, targetUtilization: 1 }]",
    "horizons: [20s]",
    "forecast: { members: [naive] }",
    "tiers: { baseline: { minUnits: 1 } }",
    "warm: { maxUnits: 0 }",
    "limits: { maxTotalUnits: 12, maxStepUpUnits: 6, maxStepDownUnits: 6, burstReserveUnits: 1, maxUpdatesPerHour: 3600 }",
    "sizing: { stabilization: 5s, releaseBand: 0.2, minSavingUsdPerHour: 0 }",
    "leadTime: { prior: 2s }",
    "schedule: { interval: 2s, jitterFraction: 0, maxDecisionAge: 1m }",
    "platform: { slotsPerUnit: 8, serviceTime: 20ms, startMedian: 300ms, drain: 500ms }",
    "pulumi: { deadline: 90s }",
    `state: { folder: ${JSON.stringify(stateFolder)} }`,
    "http: { port: 0 }",
    ...more,
    "",
  ].join("\n");
}

function startDaemon(configFile: string, environment: Readonly<Record<string, string>>): Daemon {
  const child = spawn(NODE, [MAIN, "-c", configFile, "run", "--plain"], {
    cwd: dirname(configFile),
    env: environment,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream?.on("data", (data: Buffer) => {
      output += data.toString();
    });
  const exited = new Promise<number | null>((resolve) => {
    child.on("close", resolve);
  });
  return {
    child,
    pid: child.pid ?? -1,
    output: () => output,
    end: async (signal) => {
      child.kill(signal);
      return exited;
    },
  };
}

function runCli(args: readonly string[], env: Readonly<Record<string, string>>): Promise<Ended> {
  return new Promise((resolve) => {
    const child = execFile(
      NODE,
      [MAIN, ...args],
      { env, timeout: 90_000, maxBuffer: 2 ** 25 },
      (error, stdout, stderr) =>
        resolve({ code: error === null ? 0 : (child.exitCode ?? -1), stdout, stderr }),
    );
    child.stdin?.end();
  });
}

/** Asks the router every 50 ms, and counts what was not served. */
export interface Visitor {
  readonly asked: () => number;
  readonly failures: readonly string[];
  stop(): Promise<void>;
}

export function visit(endpointFile: string): Visitor {
  const failures: string[] = [];
  let asked = 0;
  let isOver = false;
  const routerUrl = readEndpoint(endpointFile)?.routerUrl;
  if (routerUrl === undefined) throw new Error("the platform has no router yet");
  const ask = async (): Promise<void> => {
    asked += 1;
    const beganMs = Date.now();
    try {
      const answer = await fetch(routerUrl, { signal: AbortSignal.timeout(10_000) });
      await answer.arrayBuffer();
      if (answer.status !== 200) failures.push(`${beganMs}: status ${answer.status}`);
    } catch (error) {
      failures.push(`${beganMs}: ${String(error)}`);
    }
  };
  const asking = (async () => {
    const open = new Set<Promise<void>>();
    while (!isOver) {
      const one: Promise<void> = ask().finally(() => open.delete(one));
      open.add(one);
      await sleep(50);
    }
    await Promise.all(open);
  })();
  return {
    asked: () => asked,
    failures,
    stop: async () => {
      isOver = true;
      await asking;
    },
  };
}
