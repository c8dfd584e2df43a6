import type { ControllerParts } from "../controller/parts.ts";
import type { Stage } from "../model/cycle.ts";
import type { Journal } from "../model/journal-port.ts";
import type { Log, PlatformReader, StackDriver } from "../model/ports.ts";
import type { Settings } from "../model/settings.ts";
import type { StackInputs } from "../model/stack-inputs.ts";
import { type CrashPoint, crashingJournal, createCrashPoint, SimulatedCrash } from "./crash-point.ts";
import { seededRandom } from "./seeded-random.ts";
import type { SimulatedClock } from "./simulated-clock.ts";
import type { Delivered, SimulatedDemand } from "./simulated-demand.ts";
import type { SimulatedPlatform } from "./simulated-platform.ts";
import { beginReading, heardRead, LATE_MS, noReading, takeReading } from "./simulated-reading.ts";
import type { EngineCaller, EngineRuns, SimulatedStack } from "./simulated-stack.ts";
import type { StubForecaster } from "./stub-forecaster.ts";

/** Where of a pipeline something is about to happen; `wait` is the sleep between two cycles. */
export const PLACES = ["wait", "observe", "forecast", "decide", "render", "apply", "verify"] as const;
export type Place = (typeof PLACES)[number];

/** One daemon's process: it can be killed, stopped for a while, and outlived by its engine. */
export interface SimulatedProcess {
  /** Its state folder. */
  readonly home: string;
  readonly parts: ControllerParts;
  readonly runs: EngineRuns;
  readonly crash: CrashPoint;
  /** What its last read of demand gave away. */
  delivered(): Delivered;
  /** That read took so long that a cycle may have gone on without it. */
  isReadingLate(): boolean;
  /** Each look at the platform in this cycle showed what was there. */
  sawPlatform(): boolean;
  /** Dies now; `engineToo`: its engine run dies with it, else that lives on as an orphan. */
  kill(engineToo: boolean): void;
  /** Resolves once it is dead. */
  readonly died: Promise<"died">;
  /** Nothing of it goes on for so long, as under SIGSTOP. */
  stopFor(durationMs: number): void;
  stoppedUntilMs(): number;
}

/** A port that answers late, or never. */
export interface PortTroubles {
  delayMs: number;
  hangs: boolean;
  /** What hangs ends as an error after so long: some adapters keep deadlines of their own. */
  readonly deadlineMs?: number;
}

export interface ProcessWorld {
  readonly clock: SimulatedClock;
  readonly platform: SimulatedPlatform;
  readonly stack: SimulatedStack;
  readonly demand: SimulatedDemand;
  readonly forecaster: StubForecaster;
  readonly ports: Readonly<Record<"demand" | "forecast" | "platform", PortTroubles>>;
  isJournalFull(): boolean;
}

/** What is told of a process while it runs. */
export interface ProcessEars {
  reached(place: Place): void;
  cycleBegins(): void;
  onUpdate(inputs: StackInputs, wasPreviewed: boolean, journal: Journal): void;
  log(level: "info" | "warn" | "error", stage: string, message: string): void;
}

export interface ProcessOptions {
  readonly home: string;
  readonly seed: number;
  readonly settings: Settings;
  readonly journal: Journal;
  /** Counts its engine runs. */
  readonly runs: EngineRuns;
  readonly ears: ProcessEars;
}

export function startProcess(world: ProcessWorld, options: ProcessOptions): SimulatedProcess {
  const { clock, demand } = world;
  const { ears } = options;
  const life = createLife(clock);
  const { runs } = options;
  const look = { isTruthful: false };
  const reading = noReading();
  const through = <T>(port: PortTroubles, work: () => Promise<T>): Promise<T> =>
    life.guarded(() => throughPort(clock, port, work));
  const journal = eared(crashingJournal(options.journal, life.crash, world.isJournalFull), {
    ...ears,
    reached: (place) => {
      if (place === "forecast" || place === "decide") takeReading(reading);
      ears.reached(place);
    },
    cycleBegins: () => {
      beginReading(reading, clock.nowMs());
      look.isTruthful = true;
      ears.cycleBegins();
    },
  });
  const caller: EngineCaller = {
    home: options.home,
    runs,
    isDead: life.crash.crashed,
    step: life.engineStep,
    onUpdate: (inputs, wasPreviewed) => ears.onUpdate(inputs, wasPreviewed, journal),
    rules: () => options.settings.policies.limits,
  };
  const parts: ControllerParts = {
    settings: options.settings,
    clock: { ...clock, sleep: (ms, signal) => life.guarded(() => clock.sleep(ms, signal)) },
    demand: {
      name: demand.name,
      read: (nowMs, historyMs) => {
        ears.reached("observe");
        return heardRead(reading, clock.monotonicMs, () =>
          through(world.ports.demand, () => demand.read(nowMs, historyMs)),
        );
      },
      close: async () => undefined,
    },
    forecaster: {
      forecast: (key, series) => {
        ears.reached("forecast");
        return through(world.ports.forecast, () => world.forecaster.forecast(key, series));
      },
      close: async () => undefined,
    },
    platform: readerOf(world, through, look),
    driver: driverOf(world.stack.driverOf(caller), life, ears),
    journal,
    log: logOf(life.crash, ears),
    endpointFile: "simulated",
    random: seededRandom(options.seed),
    wallMs: () => clock.nowMs(),
    self: { pid: 1, processStart: options.home },
  };
  return {
    home: options.home,
    parts,
    runs,
    crash: life.crash,
    delivered: () => demand.judge(reading.taken, reading.nowMs),
    sawPlatform: () => look.isTruthful,
    isReadingLate: () =>
      reading.isLate || (reading.isOpen && clock.monotonicMs() - reading.askedMs > LATE_MS),
    ...life.handles,
  };
}

/** A dead process never hears of anything again; a stopped one not before it goes on. */
function createLife(clock: SimulatedClock) {
  const point = createCrashPoint();
  const { promise: died, resolve } = Promise.withResolvers<"died">();
  let stoppedUntilMs = 0;
  let engineDies = true;
  const awake = async (): Promise<void> => {
    while (stoppedUntilMs > clock.monotonicMs()) await clock.sleep(stoppedUntilMs - clock.monotonicMs());
    if (point.crashed()) await new Promise(() => undefined);
  };
  const crash: CrashPoint = {
    ...point,
    effect: (name) => {
      try {
        point.effect(name);
      } catch (error) {
        resolve("died");
        throw error;
      }
    },
  };
  return {
    crash,
    guarded: async <T>(work: () => Promise<T>): Promise<T> => {
      await awake();
      try {
        return await work();
      } finally {
        await awake();
      }
    },
    engineStep: (name: string): void => {
      // An orphan goes on; what kills the process by counting effects kills its engine with it.
      if (point.crashed() && !engineDies) return;
      if (point.crashed()) throw new SimulatedCrash(name);
      crash.effect(name);
    },
    handles: {
      died,
      kill: (engineToo: boolean): void => {
        engineDies = engineToo;
        point.kill();
        resolve("died");
      },
      stopFor: (durationMs: number): void => {
        stoppedUntilMs = clock.monotonicMs() + durationMs;
      },
      stoppedUntilMs: () => stoppedUntilMs,
    },
  };
}

async function throughPort<T>(
  clock: SimulatedClock,
  { delayMs, hangs, deadlineMs }: PortTroubles,
  work: () => Promise<T>,
): Promise<T> {
  if (hangs && deadlineMs === undefined) await new Promise(() => undefined);
  if (deadlineMs !== undefined && (hangs || delayMs > deadlineMs)) {
    await clock.sleep(deadlineMs);
    throw new Error(`no answer within ${deadlineMs} ms`);
  }
  const answer = work();
  if (delayMs === 0) return answer;
  // Whatever it says, it says it late.
  answer.catch(() => undefined);
  await clock.sleep(delayMs);
  return answer;
}

function readerOf(
  { platform, ports }: ProcessWorld,
  through: <T>(port: PortTroubles, work: () => Promise<T>) => Promise<T>,
  look: { isTruthful: boolean },
): PlatformReader {
  return {
    state: async () => {
      const { reads } = platform.troubles;
      const wasTruthful = look.isTruthful && reads === "fine";
      look.isTruthful = false;
      const state = await through(ports.platform, () => platform.state());
      look.isTruthful = wasTruthful;
      return state;
    },
    traffic: (fromWallMs) => through(ports.platform, () => platform.traffic(fromWallMs)),
  };
}

function driverOf(
  driver: StackDriver,
  life: { guarded<T>(work: () => Promise<T>): Promise<T> },
  ears: ProcessEars,
): StackDriver {
  return {
    ...driver,
    preview: (inputs) => {
      ears.reached("apply");
      return life.guarded(() => driver.preview(inputs));
    },
    update: (inputs) => {
      ears.reached("apply");
      return life.guarded(() => driver.update(inputs));
    },
    recover: (inputs) => life.guarded(() => driver.recover(inputs)),
  };
}

/** What the controller asks of its journal tells where in the pipeline it is. */
function eared(journal: Journal, ears: ProcessEars): Journal {
  const heard = <Given extends readonly unknown[], Answer>(
    place: Place,
    call: (...given: Given) => Answer,
  ): ((...given: Given) => Answer) => {
    return (...given) => {
      ears.reached(place);
      return call(...given);
    };
  };
  return {
    ...journal,
    nextCycleNumber: () => {
      ears.cycleBegins();
      return journal.nextCycleNumber();
    },
    planGeneration: heard("render", journal.planGeneration),
    leadTimes: (limit) => {
      ears.reached(limit === 1 ? "verify" : "decide");
      return journal.leadTimes(limit);
    },
  };
}

function logOf(crash: CrashPoint, ears: ProcessEars): Log {
  const at =
    (level: "info" | "warn" | "error") =>
    (stage: Stage | string, message: string): void => {
      if (!crash.crashed()) ears.log(level, stage, message);
    };
  return { info: at("info"), warn: at("warn"), error: at("error") };
}
