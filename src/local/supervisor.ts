import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { rm, writeFile } from "node:fs/promises";
import { stripTypeScriptTypes } from "node:module";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { moduleFile } from "../model/module-file.ts";
import type { PlatformState } from "../model/platform.ts";
import { TIERS, type Tier } from "../model/tier.ts";
import { BadRequest, createControlServer } from "./control-api.ts";
import { type ControlPort, createControlRoutes } from "./control-routes.ts";
import { type Endpoint, plainUnitFileOf, stateFileOf, writeEndpoint } from "./endpoint-file.ts";
import { processStartTime } from "./process-identity.ts";
import { drawServiceMs, seededRandom } from "./random.ts";
import { createRouter, type Router } from "./router.ts";
import { readState, writeState } from "./state-file.ts";
import type { SupervisorSettings } from "./supervisor-settings.ts";
import { createTrafficRing, type TrafficRing } from "./traffic-ring.ts";
import { createUnitPool, type UnitPool } from "./unit-pool.ts";
import { type Wanted, warmUnitsNow } from "./wanted.ts";
import { createWarmKinds, type WarmKinds } from "./warm-kinds.ts";

export interface SupervisorOptions {
  readonly endpointFile: string;
  readonly settings: SupervisorSettings;
  readonly seed: number;
  readonly wallMs: () => number;
  /** Monotonic milliseconds. */
  readonly nowMs: () => number;
  readonly log: (message: string) => void;
}

export interface Supervisor {
  readonly endpoint: Endpoint;
  /** Pids of the units, for tests and health. */
  pids(): readonly number[];
  /** Drains, ends every unit, removes the endpoint file. Sizes stay in the state file unless `forget`. */
  stop(forget: boolean): Promise<void>;
  /** Resolves when stopped, by whomever. */
  readonly stopped: Promise<void>;
}

interface Running {
  readonly options: SupervisorOptions;
  readonly stateFile: string;
  readonly traffic: TrafficRing;
  readonly router: Router;
  readonly pool: UnitPool;
  readonly kinds: WarmKinds;
  settings: SupervisorSettings;
  wanted: Wanted;
  routerPort: number;
  /** undefined until the control API listens. */
  endpoint: Endpoint | undefined;
}

const TICK_MS = 250;

/**
 * Starts router, units and control API of one platform, with the sizes its state file remembers. Rejects when a
 * port is taken or the state is damaged.
 */
export async function startSupervisorHere(options: SupervisorOptions): Promise<Supervisor> {
  const running = await assemble(options);
  const token = randomBytes(32).toString("base64url");
  let stopping: Promise<void> | undefined;
  let markStopped: () => void = () => undefined;
  const stopped = new Promise<void>((resolve) => {
    markStopped = resolve;
  });
  const port = controlPort(
    running,
    () => void stop(true),
    () => stopping !== undefined,
  );
  const control = createControlServer(token, createControlRoutes(port));
  const ticker = setInterval(() => tick(running), TICK_MS);

  function stop(forget: boolean): Promise<void> {
    stopping ??= endAll(running, forget).then(() => {
      clearInterval(ticker);
      control.close();
      control.closeAllConnections();
      markStopped();
    });
    return stopping;
  }

  await new Promise<void>((resolve, reject) => {
    control.once("error", reject);
    control.listen(0, "127.0.0.1", resolve);
  });
  const endpoint: Endpoint = {
    schema: 1,
    service: options.settings.service,
    pid: process.pid,
    startTime: processStartTime(process.pid) ?? "unknown",
    controlUrl: `http://127.0.0.1:${(control.address() as AddressInfo).port}`,
    routerUrl: routerUrl(running),
    token,
  };
  await publish(running, endpoint);
  act(running);
  return { endpoint, pids: running.pool.pids, stop, stopped };
}

async function assemble(options: SupervisorOptions): Promise<Running> {
  const stateFile = stateFileOf(options.endpointFile);
  const state = readState(stateFile);
  const unitFile = await plainUnitFile(options.endpointFile);
  const traffic = createTrafficRing();
  const { wallMs, nowMs, log } = options;
  const serviceRandom = seededRandom(options.seed + 1);
  const settings = () => running.settings;
  const pool = createUnitPool({
    unitFile,
    random: seededRandom(options.seed),
    settings,
    nowMs,
    onChange: () => running.router.pump(),
    log,
  });
  const router = createRouter({
    serving: pool.serving,
    settings,
    drawServiceMs: () => drawServiceMs(serviceRandom, settings().serviceTimeMs),
    traffic,
    wallMs,
    nowMs,
  });
  const running: Running = {
    options,
    stateFile,
    traffic,
    router,
    pool,
    kinds: createWarmKinds({ endpointFile: options.endpointFile, wallMs, nowMs, log }),
    settings: options.settings,
    wanted: state.wanted,
    routerPort: 0,
    endpoint: undefined,
  };
  running.routerPort = await listenAgain(router, options.settings.routerPort, state.routerPort);
  await writeState(stateFile, { wanted: running.wanted, routerPort: running.routerPort });
  return running;
}

/** The asked port; with 0 the port it had before, where that is still free. */
async function listenAgain(router: Router, asked: number, previous: number): Promise<number> {
  if (asked !== 0 || previous === 0) return router.listen(asked);
  return router.listen(previous).catch(() => router.listen(0));
}

/**
 * Units run plain JavaScript: stripping the types in each costs 40 ms of CPU and 18 MB a process, so it is done
 * once here, into a file beside the endpoint file.
 */
async function plainUnitFile(endpointFile: string): Promise<string> {
  const file = fileURLToPath(moduleFile(import.meta.url, "./unit-main"));
  if (!file.endsWith(".ts")) return file;
  const plain = plainUnitFileOf(endpointFile);
  await writeFile(plain, stripTypeScriptTypes(readFileSync(file, "utf8")), { mode: 0o600 });
  return plain;
}

function controlPort(running: Running, shutDown: () => void, isStopping: () => boolean): ControlPort {
  const { options, traffic } = running;
  return {
    settings: () => running.settings,
    wanted: () => running.wanted,
    wallMs: options.wallMs,
    health: () => ({
      healthy: true,
      service: running.settings.service,
      pid: process.pid,
      routerUrl: routerUrl(running),
      queued: running.router.queued(),
    }),
    state: () => platformState(running),
    traffic: (fromWallMs) => traffic.samples(fromWallMs, options.wallMs()),
    store: async (wanted) => {
      await writeState(running.stateFile, { wanted, routerPort: running.routerPort }).catch(
        (error: Error) => {
          throw new BadRequest(507, `cannot store what is wanted, so nothing was changed: ${error.message}`);
        },
      );
      running.wanted = wanted;
      act(running);
    },
    changeSettings: (settings) => changeSettings(running, settings),
    shutDown,
    isStopping,
  };
}

async function changeSettings(running: Running, settings: SupervisorSettings): Promise<void> {
  const { routerPort } = settings;
  if (routerPort !== 0 && routerPort !== running.routerPort) {
    running.routerPort = await running.router.listen(routerPort);
    await writeState(running.stateFile, { wanted: running.wanted, routerPort });
    if (running.endpoint) await publish(running, { ...running.endpoint, routerUrl: routerUrl(running) });
  }
  running.settings = settings;
  act(running);
  running.router.pump();
}

async function publish(running: Running, endpoint: Endpoint): Promise<void> {
  running.endpoint = endpoint;
  await writeEndpoint(running.options.endpointFile, endpoint);
}

function routerUrl(running: Running): string {
  return `http://127.0.0.1:${running.routerPort}`;
}

function act(running: Running): void {
  const { wanted, settings, pool, options } = running;
  const warm = warmUnitsNow(wanted, settings.maxUnits, options.wallMs());
  const units = Object.fromEntries(TIERS.map((tier) => [tier, wanted.tiers[tier] ?? 0])) as Record<
    Tier,
    number
  >;
  pool.want({ ...units, warm });
  running.kinds.want(wanted.kinds ?? {});
}

function tick(running: Running): void {
  const { wallMs } = running.options;
  running.traffic.tick(wallMs(), running.pool.ready());
  act(running);
}

function platformState(running: Running): PlatformState {
  const { wanted, pool, settings, options } = running;
  const states = pool.tierStates();
  const tiers = TIERS.map((tier) => [tier, { wantedUnits: wanted.tiers[tier] ?? 0, ...states[tier] }]);
  return {
    tiers: Object.fromEntries(tiers) as PlatformState["tiers"],
    warm: { wantedUnits: warmUnitsNow(wanted, settings.maxUnits, options.wallMs()), ...pool.warmState() },
    ...(wanted.kinds === undefined ? {} : { warmKinds: running.kinds.states() }),
    planGeneration: wanted.planGeneration,
    startTimesMs: pool.startTimesMs(),
  };
}

async function endAll(running: Running, forget: boolean): Promise<void> {
  running.options.log("stopping");
  const { endpointFile } = running.options;
  const { drainMs } = running.settings;
  await Promise.all([running.router.close(drainMs), running.pool.close(), running.kinds.close(drainMs)]);
  if (forget) await rm(running.stateFile, { force: true });
  await rm(plainUnitFileOf(endpointFile), { force: true });
  await rm(endpointFile, { force: true });
}
