import { rm } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { DemoRequest } from "../cli/context.ts";
import { openLiveScreen, wantsAscii } from "../cli/view/live-screen.ts";
import { plainLine } from "../cli/view/plain-line.ts";
import { scaledClock } from "../clock.ts";
import { cacheFolder, loadSettings, stateFolder } from "../config.ts";
import type { ControllerParts } from "../controller/parts.ts";
import { servedRps } from "../decide/served.ts";
import { acquireLease } from "../journal/lease.ts";
import { makeStateFolder } from "../journal/make-state-folder.ts";
import { stopSupervisor } from "../local/stop-supervisor.ts";
import type { CycleRecord } from "../model/cycle.ts";
import { startMedianMs } from "../model/platform-settings.ts";
import type { Clock } from "../model/ports.ts";
import { type DemandSeries, sliceSeries } from "../model/series.ts";
import type { Settings } from "../model/settings.ts";
import { UserError } from "../model/user-error.ts";
import { openDemandSource } from "../observe/open-source.ts";
import { type StateFiles, stateFiles, type Wired, wire } from "../wire.ts";
import { openTrace } from "./open-trace.ts";
import { compareWithReactive } from "./reactive.ts";
import type { ReplayTrace } from "./replay-trace.ts";
import { type DemoScene, viewOf } from "./view-of.ts";

/** All that a demo run holds open. */
export interface Stage {
  readonly request: DemoRequest;
  readonly settings: Settings;
  readonly trace: ReplayTrace;
  readonly speed: number;
  readonly files: StateFiles;
  readonly wired: Wired;
  readonly scene: { -readonly [Key in keyof DemoScene]: DemoScene[Key] };
  readonly records: CycleRecord[];
  routerUrl: string;
  endedMs: number;
  /** Monotonic wall time at which the run ends; counted from the moment the engine is ready. */
  endAtMs: number;
  /** The rest of an install that still goes on. */
  background: Promise<void>;
  /** The history a fit may see before `untilMs`. */
  learnable(untilMs: number): DemandSeries;
  /** From here on trace time runs: the daemon's parts with that clock. */
  startClock(clock: Clock): Promise<ControllerParts>;
  compare(): void;
  draw(): void;
  drawCycle(): void;
  /** One line for people who have no live screen. */
  say(text: string): void;
  keptText(): string;
  close(): void;
  release(): Promise<void>;
}

/** Six wall seconds to a grid step: an update fits. */
const STEP_WALL_MS = 6_000;
/** Faster, and whole days would pass during an update. */
const LEAST_STEP_WALL_MS = 1_000;

export async function openStage(request: DemoRequest): Promise<Stage> {
  const { environment } = request;
  const home = join(stateFolder(environment), "demo");
  const settings = await demoSettings(environment, join(home, "run"));
  const release = await takeDemo(home, settings);
  const speed = fittingSpeed(request.speed, settings.demand.stepMs);
  const cache = cacheFolder(environment);
  const trace = await openTrace({ settings, file: request.traceFile, cacheFolder: cache, speed });
  const learnable = (untilMs: number) =>
    sliceSeries(trace.series, Math.max(trace.series.startMs, untilMs - settings.demand.historyMs), untilMs);
  const clock = scaledClock({ originMs: trace.startMs, speed });
  const wired = await wire({
    settings,
    environment,
    cacheFolder: cache,
    log: request.log,
    clock,
    history: learnable(trace.startMs),
    lease: "take",
  });
  const scene: Stage["scene"] = {
    parts: wired.parts,
    history: trace.series,
    meter: undefined,
    phase: "looking for the Pulumi engine",
    record: undefined,
    forecast: undefined,
    lastApplied: undefined,
    engine: { runs: 0, totalMs: 0 },
    comparison: undefined,
    remainingWallMs: null,
  };
  const screen = request.plain
    ? undefined
    : openLiveScreen(process.stdout, { colour: request.colour, ascii: wantsAscii(environment) });
  return {
    request,
    settings,
    trace,
    speed,
    files: wired.files,
    wired,
    scene,
    records: [],
    routerUrl: "",
    endedMs: trace.startMs,
    endAtMs: Number.POSITIVE_INFINITY,
    background: Promise.resolve(),
    learnable,
    startClock: (running) => restartParts(wired, running, learnable(trace.startMs)),
    compare: () => compareScene(scene, settings, speed),
    draw: () => screen?.draw(viewOf(scene)),
    drawCycle: () => {
      if (screen === undefined) process.stdout.write(`${plainLine(viewOf(scene))}\n`);
      else screen.draw(viewOf(scene));
    },
    say: (text) => {
      if (screen === undefined) process.stdout.write(`${text}\n`);
    },
    keptText: () => keptText(settings, environment),
    close: () => screen?.close(),
    release: async () => {
      await wired.close();
      release();
    },
  };
}

function fittingSpeed(asked: number | undefined, stepMs: number): number {
  const most = stepMs / LEAST_STEP_WALL_MS;
  if (asked !== undefined && asked > most)
    throw new UserError(`--speed: ${asked} is over ${most}, where a step of the trace lasts a second`);
  return asked ?? stepMs / STEP_WALL_MS;
}

/** The shipped example with a state folder of its own; the environment may override any of it. */
async function demoSettings(environment: DemoRequest["environment"], folder: string): Promise<Settings> {
  const path = fileURLToPath(new URL(packageRoot("examples/demo.yaml"), import.meta.url));
  const { settings } = await loadSettings({
    path,
    environment: { ...environment, TIERCAST_STATE__FOLDER: folder },
  });
  return settings;
}

/** From `src/demo` in a clone, from `dist/src/demo` once built. */
function packageRoot(file: string): string {
  return import.meta.url.endsWith(".ts") ? `../../${file}` : `../../../${file}`;
}

/** One demo at a time; what a killed one left behind goes first. */
async function takeDemo(home: string, settings: Settings): Promise<() => void> {
  makeStateFolder(home);
  const lease = await acquireLease({ folder: home, name: "demo", describe: "npm start" });
  if (lease.kind === "held") {
    throw new UserError(
      `another demo runs (pid ${lease.by.pid}): stop it first, it cleans up after itself`,
      1,
    );
  }
  await stopSupervisor(stateFiles(settings).endpointFile);
  await rm(settings.state.folder, { recursive: true, force: true });
  return lease.release;
}

/** The same parts in the replay's time, with a source that joins live counts to history from now on. */
async function restartParts(wired: Wired, clock: Clock, history: DemandSeries): Promise<ControllerParts> {
  const { parts } = wired;
  const demand = await openDemandSource({
    demand: parts.settings.demand,
    clock,
    wallNowMs: parts.wallMs,
    reader: parts.platform,
    history,
    onWarning: (line) => parts.log.warn("observe", line),
  });
  return { ...parts, clock, demand };
}

function compareScene(scene: Stage["scene"], settings: Settings, speed: number): void {
  if (scene.meter === undefined) return;
  const peakUnits = settings.limits.maxTotalUnits / 2;
  scene.comparison = compareWithReactive(scene.meter.seconds, {
    unitRps: servedRps(peakUnits, settings.resources) / peakUnits,
    secondMinutes: speed / 60,
    startSeconds: startMedianMs(settings) / 1000,
  });
}

function keptText(settings: Settings, environment: DemoRequest["environment"]): string {
  const variable = `TIERCAST_STATE__FOLDER='${settings.state.folder.replaceAll("'", "'\\''")}'`;
  const command = environment["npm_lifecycle_event"] === undefined ? "tiercast" : "npm -s run tiercast --";
  return `kept: the service still runs. End it with\n  ${variable} ${command} -c examples/demo.yaml down`;
}
