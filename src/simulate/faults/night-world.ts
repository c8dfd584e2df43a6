import { startMedianMs } from "../../model/platform-settings.ts";
import type { Settings } from "../../model/settings.ts";
import { durationMs, HOUR_MS, MINUTE_MS, SECOND_MS } from "../../model/time.ts";
import { seededRandom } from "../seeded-random.ts";
import { type SimulatedClock, simulatedClock } from "../simulated-clock.ts";
import { createSimulatedDemand } from "../simulated-demand.ts";
import { createSimulatedPlatform } from "../simulated-platform.ts";
import type { Place, PortTroubles, ProcessWorld, SimulatedProcess } from "../simulated-process.ts";
import { simulatedSettings } from "../simulated-settings.ts";
import { createSimulatedStack, type EngineCaller } from "../simulated-stack.ts";
import { dayCurve, type Mood, moodSwings } from "../simulated-world.ts";
import { createStubForecaster } from "../stub-forecaster.ts";
import type { FaultWorld } from "./fault-world.ts";
import { type JournalHome, type NightDaemon, runNightDaemon } from "./night-daemon.ts";
import { peopleAct } from "./night-people.ts";
import { type NightWatch, watchNight } from "./night-watch.ts";

/** Everything around the daemon, the daemon itself, and what a night does with them. */
export interface NightWorld {
  readonly settings: Settings;
  readonly clock: SimulatedClock;
  readonly watch: NightWatch;
  readonly daemon: NightDaemon;
  readonly faultWorld: FaultWorld;
  /** Lets time pass until `count` cycles that began from now on have ended. */
  cyclesEnded(count: number): Promise<void>;
  engineRuns(): number;
  /** Calls `strike` when the daemon gets there, or at its next wait. */
  waitFor(place: Place, strike: (place: Place) => void): void;
  waitForNothing(): void;
  /** A person answers what waits; units crash again. */
  peopleAct(): void;
  /** Is the daemon getting anywhere? */
  lookAfter(): void;
  calm(): void;
  disturbPeace(): void;
  close(): void;
}

export interface NightWorldOptions {
  readonly seed: number;
  readonly settings: Settings;
  readonly openDisk: () => JournalHome;
  readonly onLine?: (line: string) => void;
}

/** Monday 2026-03-02, 00:00 UTC. */
const ORIGIN_MS = Date.UTC(2026, 2, 2);
const HISTORY_STEPS = 24;
const FORECAST_STEP_MS = durationMs(30 * MINUTE_MS);
/** 22 hours: a baseline review needs nearly a day. */
const FORECAST_STEPS = 44;
const SHORTEST_SLEEP_MS = 5 * SECOND_MS;
const EFFECT_STEP_MS = 5 * SECOND_MS;
const UNIT_RPS = 10;
/** The control client's own deadline. */
const CONTROL_DEADLINE_MS = 5 * SECOND_MS;
/** A stopped process, a slow engine, a restart: a cycle takes no longer in peace. */
const LONGEST_WAIT_MS = HOUR_MS;

export function openNightWorld(options: NightWorldOptions): NightWorld {
  const { seed, settings } = options;
  const physics = openPhysics(options);
  const { clock, watch, world, mood } = physics;
  const disk = options.openDisk();
  const waits: Wait[] = [];
  let acts = 0;
  const daemon = runNightDaemon({
    home: "first",
    seed: seed + 100,
    world,
    watch,
    settings,
    disk,
    random: seededRandom(seed + 5),
    reached: (place) => strikeWaiting(waits, place),
    isWatched: true,
  });
  physics.processOf = (home) => (home === "first" ? daemon.process() : undefined);
  const rival = rivalOf(options, physics);
  const faultWorld = faultWorldOf(physics, settings, seededRandom(seed + 4), daemon, rival);
  return {
    settings,
    clock,
    watch,
    daemon,
    faultWorld,
    cyclesEnded: async (count) => {
      const { counts } = daemon;
      const target = counts.ended + (counts.isOpen ? 1 : 0) + count;
      const limitMs = (count + 1) * LONGEST_WAIT_MS;
      if (!(await clock.advanceUntil(() => counts.ended >= target, limitMs)))
        watch.broke(`B5-28: ${count} cycles did not end in ${count + 1} hours`);
    },
    engineRuns: () => daemon.runs.previews + daemon.runs.updates + daemon.runs.recoveries,
    waitFor: (place, strike) => void waits.push({ place, strike, waitsLeft: PATIENCE_WAITS }),
    waitForNothing: () => void waits.splice(0),
    peopleAct: () => {
      acts += 1;
      // A copy with a pause in it would bring the pause back: a person's word, not a fault.
      const isPaused = daemon.journal().getState("pause") !== null;
      if (acts % COPY_EVERY_CYCLES === 0 && !isPaused) disk.keepCopy();
      peopleAct(faultWorld, daemon, watch);
    },
    lookAfter: () => {
      const process = daemon.process();
      if (process !== undefined) watch.progress(process, daemon.state());
    },
    calm: () => {
      rival.end();
      faultWorld.resume();
      daemon.process()?.crash.arm(undefined);
      physics.swings.freezeDemand();
    },
    disturbPeace: () => physics.swings.thawDemand(),
    close: () => {
      mood.isFull = false;
      daemon.end();
      disk.remove();
      rival.remove();
    },
  };
}

/** How often somebody backs the journal up. */
const COPY_EVERY_CYCLES = 18;

interface Wait {
  readonly place: Place;
  readonly strike: (place: Place) => void;
  /** Waits between cycles until it strikes wherever the daemon is. */
  waitsLeft: number;
}

/** Most places are reached in each cycle; engine runs are not. */
const PATIENCE_WAITS = 6;

function strikeWaiting(waits: Wait[], place: Place): void {
  for (const wait of [...waits]) {
    if (place === "wait") wait.waitsLeft -= 1;
    if (wait.place !== place && wait.waitsLeft > 0) continue;
    waits.splice(waits.indexOf(wait), 1);
    wait.strike(place);
  }
}

interface Physics {
  readonly clock: SimulatedClock;
  readonly mood: Mood;
  readonly swings: ReturnType<typeof moodSwings>;
  readonly world: ProcessWorld;
  readonly watch: NightWatch;
  processOf: (home: string) => SimulatedProcess | undefined;
}

function openPhysics({ seed, settings, onLine = () => undefined }: NightWorldOptions): Physics {
  const clock = simulatedClock({ originMs: ORIGIN_MS, shortestSleepMs: SHORTEST_SLEEP_MS });
  const mood: Mood = { factor: 1, frozenMs: undefined, isFull: false, disturbances: 0 };
  const curve = dayCurve(seed);
  const demandAt = (elapsedMs: number) => mood.factor * curve(mood.frozenMs ?? elapsedMs);
  const platform = createSimulatedPlatform({
    elapsedMs: () => clock.monotonicMs(),
    wallMs: () => clock.nowMs(),
    random: seededRandom(seed + 1),
    demandRps: () => demandAt(clock.monotonicMs()),
    unitRps: UNIT_RPS,
    startMedianMs: startMedianMs(settings),
  });
  const watch = watchNight(clock, platform, onLine);
  const physics: Physics = {
    clock,
    mood,
    swings: moodSwings(mood, clock, platform),
    watch,
    processOf: () => undefined,
    world: {
      clock,
      platform,
      stack: createSimulatedStack({
        platform,
        random: seededRandom(seed + 2),
        passTime: (durationMs) => clock.sleep(durationMs),
        stepMs: EFFECT_STEP_MS,
        deadlineMs: settings.pulumi.deadlineMs,
        beforeEffect: watch.effectBegins,
        onEffect: (home) => {
          if (home !== "first") watch.disturbed();
          watch.effectEnds(physics.processOf(home), home);
        },
        caller: NOBODY,
      }),
      demand: createSimulatedDemand({
        stepMs: settings.demand.stepMs,
        staleAfterMs: settings.demand.staleAfterMs,
        windowMs: settings.sizing.stabilizationMs,
        elapsedMs: () => clock.monotonicMs(),
        demandRps: demandAt,
        historySteps: HISTORY_STEPS,
      }),
      forecaster: createStubForecaster(FORECAST_STEPS, FORECAST_STEP_MS),
      ports: { demand: fine(), forecast: fine(), platform: { ...fine(), deadlineMs: CONTROL_DEADLINE_MS } },
      isJournalFull: () => mood.isFull,
    },
  };
  return physics;
}

/** The stack's default caller, which makes no call in a night. */
const NOBODY: EngineCaller = {
  home: "nobody",
  runs: { previews: 0, updates: 0, recoveries: 0 },
  isDead: () => true,
  step: () => undefined,
  onUpdate: () => undefined,
  rules: () => simulatedSettings().policies.limits,
};

function fine(): PortTroubles {
  return { delayMs: 0, hangs: false };
}

interface Rival {
  start(): void;
  end(): void;
  remove(): void;
}

function rivalOf(options: NightWorldOptions, { world, watch, clock }: Physics): Rival {
  let running: { readonly daemon: NightDaemon; readonly disk: JournalHome } | undefined;
  const end = (): void => {
    running?.daemon.end();
    running?.disk.remove();
    // Who started it by mistake knows what to do: nobody else may touch a lock that is not theirs.
    if (running !== undefined) world.stack.clear("rival");
    running = undefined;
  };
  return {
    start: () => {
      end();
      const disk = options.openDisk();
      const daemon = runNightDaemon({
        home: "rival",
        seed: options.seed + 200,
        world,
        watch,
        settings: options.settings,
        disk,
        random: seededRandom(options.seed + 6 + Math.floor(clock.monotonicMs())),
        reached: () => undefined,
        isWatched: false,
      });
      running = { daemon, disk };
    },
    end,
    remove: end,
  };
}

function faultWorldOf(
  physics: Physics,
  base: Settings,
  random: () => number,
  daemon: NightDaemon,
  rival: Rival,
): FaultWorld {
  const { clock, watch, swings } = physics;
  const { platform } = physics.world;
  return {
    ...physics.world,
    // Units that crash are not given up by an update.
    platform: {
      ...platform,
      crashUnits: (count) => {
        watch.disturbed();
        platform.crashUnits(count);
      },
      setWarm: (units, ttlWallMs) => {
        watch.disturbed();
        platform.setWarm(units, ttlWallMs);
      },
    },
    random,
    process: daemon.process,
    disturb: (tier, byUnits) => {
      watch.disturbed();
      swings.disturb(tier, byUnits);
    },
    surge: swings.surge,
    fillJournal: swings.fillJournal,
    reconfigure: (change) => daemon.reconfigure(change(base)),
    damageJournal: daemon.damageJournal,
    startRival: rival.start,
    endRival: rival.end,
    person: { answer: "dithers" },
    pause: (untilMs) => daemon.journal().setState("pause", { untilMs, reason: "a load test", by: "ann" }),
    resume: () => daemon.journal().setState("pause", null),
    // Clones would not move together with the clock they are of.
    clock,
  };
}
