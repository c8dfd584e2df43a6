import type { ControllerParts } from "../controller/parts.ts";
import type { Journal } from "../model/journal-port.ts";
import { startMedianMs } from "../model/platform-settings.ts";
import type { Log } from "../model/ports.ts";
import type { Settings } from "../model/settings.ts";
import type { StackInputs } from "../model/stack-inputs.ts";
import type { Tier } from "../model/tier.ts";
import { DAY_MS, HOUR_MS } from "../model/time.ts";
import { type CrashPoint, crashingJournal, createCrashPoint } from "./crash-point.ts";
import { seededRandom } from "./seeded-random.ts";
import { type SimulatedClock, simulatedClock } from "./simulated-clock.ts";
import { createSimulatedDemand, type SimulatedDemand } from "./simulated-demand.ts";
import { createSimulatedPlatform, type SimulatedPlatform } from "./simulated-platform.ts";
import { createSimulatedStack, type EngineCaller, type SimulatedStack } from "./simulated-stack.ts";
import { createStubForecaster, type StubForecaster } from "./stub-forecaster.ts";

/** Everything around the real controller, in memory, under one clock and one seed. */
export interface SimulatedWorld {
  readonly parts: ControllerParts;
  readonly clock: SimulatedClock;
  readonly platform: SimulatedPlatform;
  readonly stack: SimulatedStack;
  readonly demand: SimulatedDemand;
  readonly forecaster: StubForecaster;
  readonly crash: CrashPoint;
  readonly random: () => number;
  /** Warnings and errors of the log, newest last. */
  readonly said: string[];
  /** Promises that an engine run broke. */
  readonly broken: string[];
  /** Somebody resizes a tier past the stack; counted. */
  disturb(tier: Tier, byUnits: number): void;
  disturbances(): number;
  /** Demand is this many times what it would be. */
  surge(factor: number): void;
  /** Demand stays as it is now. */
  freezeDemand(): void;
  /** Demand moves on again. */
  thawDemand(): void;
  fillJournal(isFull: boolean): void;
}

export interface WorldOptions {
  readonly seed: number;
  /** The real journal. */
  readonly journal: Journal;
  readonly settings: Settings;
  /** Demand by milliseconds since the start; a day's curve when left out. */
  readonly demandRps?: (elapsedMs: number) => number;
  /** `sleep` when a daemon's own sleeps move the clock; `advance` when cycles are run one by one. */
  readonly time?: "advance" | "sleep";
  /** What a unit really carries, requests/s; 10 as the settings say when left out. */
  readonly unitRps?: number;
}

/** Monday 2026-03-02, 00:00 UTC. */
const ORIGIN_MS = Date.UTC(2026, 2, 2);
const HISTORY_STEPS = 24;
/** A little less than a day, so that the baseline is reviewed. */
const FORECAST_STEPS = 88;
const UNIT_RPS = 10;

export function createSimulatedWorld(options: WorldOptions): SimulatedWorld {
  const { settings, seed } = options;
  const random = seededRandom(seed);
  const clock = simulatedClock({ originMs: ORIGIN_MS });
  const crash = createCrashPoint();
  const curve = options.demandRps ?? dayCurve(seed);
  const mood: Mood = { factor: 1, frozenMs: undefined, isFull: false, disturbances: 0 };
  const demandAt = (elapsedMs: number) => mood.factor * curve(mood.frozenMs ?? elapsedMs);
  const platform = createSimulatedPlatform({
    elapsedMs: () => clock.monotonicMs(),
    wallMs: () => clock.nowMs(),
    random: seededRandom(seed + 1),
    demandRps: () => demandAt(clock.monotonicMs()),
    unitRps: options.unitRps ?? UNIT_RPS,
    startMedianMs: startMedianMs(settings),
  });
  const demand = createSimulatedDemand({
    stepMs: settings.demand.stepMs,
    staleAfterMs: settings.demand.staleAfterMs,
    windowMs: settings.sizing.stabilizationMs,
    elapsedMs: () => clock.monotonicMs(),
    demandRps: demandAt,
    historySteps: HISTORY_STEPS,
  });
  const journal = crashingJournal(options.journal, crash, () => mood.isFull);
  const broken: string[] = [];
  const stack = createSimulatedStack({
    platform,
    random: seededRandom(seed + 2),
    passTime: (durationMs) =>
      options.time === "sleep" ? clock.sleep(durationMs) : clock.advance(durationMs),
    deadlineMs: settings.pulumi.deadlineMs,
    caller: callerOf(settings, crash, updateWatch(journal, broken)),
  });
  const forecaster = createStubForecaster(FORECAST_STEPS);
  const said: string[] = [];
  const parts: ControllerParts = {
    settings,
    clock,
    demand,
    forecaster,
    platform,
    driver: stack,
    journal,
    log: listeningLog(said),
    endpointFile: "simulated",
    random: seededRandom(seed + 3),
    wallMs: () => clock.nowMs(),
    self: { pid: 1, processStart: "simulated" },
  };
  return {
    parts,
    clock,
    platform,
    stack,
    demand,
    forecaster,
    crash,
    random,
    said,
    broken,
    ...moodSwings(mood, clock, platform),
  };
}

function callerOf(settings: Settings, crash: CrashPoint, onUpdate: EngineCaller["onUpdate"]): EngineCaller {
  return {
    home: "simulated",
    runs: { previews: 0, updates: 0, recoveries: 0 },
    isDead: crash.crashed,
    step: crash.effect,
    onUpdate,
    rules: () => settings.policies.limits,
  };
}

/** What the world does by itself. */
export interface Mood {
  factor: number;
  frozenMs: number | undefined;
  isFull: boolean;
  disturbances: number;
}

export function moodSwings(mood: Mood, clock: SimulatedClock, platform: SimulatedPlatform) {
  return {
    disturb: (tier: Tier, byUnits: number): void => {
      mood.disturbances += 1;
      platform.setTier(tier, Math.max(0, platform.wanted().units[tier] + byUnits));
    },
    disturbances: () => mood.disturbances,
    surge: (factor: number): void => {
      mood.factor = factor;
    },
    freezeDemand: (): void => {
      mood.frozenMs = clock.monotonicMs();
    },
    thawDemand: (): void => {
      mood.frozenMs = undefined;
    },
    fillJournal: (isFull: boolean): void => {
      mood.isFull = isFull;
    },
  };
}

/** Before an update begins: its intent is on disk, its plan is newer than any before, a preview passed the pack. */
export function updateWatch(journal: Journal, broken: string[]) {
  let lastGeneration = 0;
  return ({ planGeneration }: StackInputs, wasPreviewed: boolean): void => {
    const intent = journal.openIntents().find((open) => open.planGeneration === planGeneration);
    if (intent === undefined) broken.push(`update ${planGeneration} began without a durable intent`);
    if (planGeneration <= lastGeneration)
      broken.push(`plan generation ${planGeneration} came after ${lastGeneration}`);
    if (!wasPreviewed) broken.push(`update ${planGeneration} began without policy evidence`);
    lastGeneration = Math.max(lastGeneration, planGeneration);
  };
}

/** Low in the small hours, high in the evening, some noise, all of it a function of time. */
export function dayCurve(seed: number): (elapsedMs: number) => number {
  return (elapsedMs) => {
    const wave = Math.sin((2 * Math.PI * elapsedMs) / DAY_MS + seed);
    const ripple = Math.sin((2 * Math.PI * elapsedMs) / (1.7 * HOUR_MS) + 2 * seed);
    return Math.max(0, 120 + 90 * wave + 15 * ripple);
  };
}

const MAX_SAID = 500;

function listeningLog(said: string[]): Log {
  const hear = (_stage: string, message: string): void => {
    said.push(message);
    if (said.length > MAX_SAID) said.shift();
  };
  return { info: () => undefined, warn: hear, error: hear };
}
