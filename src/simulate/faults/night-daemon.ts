import { runDaemon } from "../../controller/daemon.ts";
import type { ControllerState } from "../../controller/state.ts";
import { JournalFull } from "../../model/journal-full.ts";
import type { Journal } from "../../model/journal-port.ts";
import type { Settings } from "../../model/settings.ts";
import { SECOND_MS } from "../../model/time.ts";
import {
  type Place,
  type ProcessEars,
  type ProcessWorld,
  type SimulatedProcess,
  startProcess,
} from "../simulated-process.ts";
import type { EngineRuns } from "../simulated-stack.ts";
import { between, type JournalDamage } from "./fault-world.ts";
import type { NightWatch } from "./night-watch.ts";

/** A state folder on a disk that can be damaged. */
export interface JournalHome {
  /** Opens what is there, whatever that is. */
  open(): Journal;
  /** Keeps a copy of what is there now, for `damage("old")`. */
  keepCopy(): void;
  /** Between two processes: the next `open` finds this. */
  damage(how: JournalDamage, random: () => number): void;
  /** Closes and removes it. */
  remove(): void;
}

/** A daemon and whoever starts it again when it ends. */
export interface NightDaemon {
  /** Undefined while none runs. */
  process(): SimulatedProcess | undefined;
  state(): ControllerState | undefined;
  /** Cycles that a process began, and ended, since the night began; whether one is under way. */
  readonly counts: { begun: number; ended: number; restarts: number; isOpen: boolean };
  /** Of all its processes together. */
  readonly runs: EngineRuns;
  /** From its next start on; a daemon that runs is stopped for it. */
  reconfigure(settings: Settings): void;
  damageJournal(how: JournalDamage): void;
  /** For good. */
  end(): void;
  journal(): Journal;
}

export interface NightDaemonOptions {
  readonly home: string;
  readonly seed: number;
  readonly world: ProcessWorld;
  readonly watch: NightWatch;
  readonly settings: Settings;
  readonly disk: JournalHome;
  readonly random: () => number;
  readonly reached: (place: Place) => void;
  /** Held to the invariants of a cycle; a rival's effects are, its cycles are not. */
  readonly isWatched: boolean;
}

/** Time until a daemon that ended is started again. */
const RESTART_SECONDS = [3, 40] as const;

interface Slot {
  settings: Settings;
  process: SimulatedProcess | undefined;
  state: ControllerState | undefined;
  stop: AbortController;
  isOver: boolean;
  damage: JournalDamage | undefined;
  journal: Journal;
}

export function runNightDaemon(options: NightDaemonOptions): NightDaemon {
  const { disk, watch } = options;
  const counts = { begun: 0, ended: 0, restarts: 0, isOpen: false };
  const runs: EngineRuns = { previews: 0, updates: 0, recoveries: 0 };
  const slot: Slot = {
    settings: options.settings,
    process: undefined,
    state: undefined,
    stop: new AbortController(),
    isOver: false,
    damage: undefined,
    journal: disk.open(),
  };
  supervise(options, slot, counts, runs).catch((error: unknown) => {
    watch.broke(`B5-28: ${options.home} ended: ${String(error)}`);
  });
  return {
    process: () => slot.process,
    state: () => slot.state,
    counts,
    runs,
    reconfigure: (settings) => {
      slot.settings = settings;
      slot.stop.abort();
    },
    damageJournal: (how) => {
      slot.damage = how;
      slot.process?.kill(true);
    },
    end: () => {
      slot.isOver = true;
      slot.process?.kill(true);
    },
    journal: () => slot.journal,
  };
}

async function supervise(
  options: NightDaemonOptions,
  slot: Slot,
  counts: NightDaemon["counts"],
  runs: EngineRuns,
): Promise<void> {
  const { world, watch, disk, random, home } = options;
  for (let life = 0; !slot.isOver; life++) {
    slot.stop = new AbortController();
    const process = startProcess(world, {
      home,
      seed: options.seed + life,
      settings: slot.settings,
      journal: slot.journal,
      runs,
      ears: earsOf(options, slot, counts),
    });
    slot.process = process;
    slot.state = undefined;
    const how = await Promise.race([runOnce(options, slot, process, counts), process.died]);
    slot.process = undefined;
    counts.isOpen = false;
    watch.say(`${home} ${how}`);
    if (how === "died" && options.isWatched) watch.cycleEnds(process, null);
    counts.restarts += 1;
    if (slot.isOver) return;
    if (slot.damage !== undefined) {
      watch.say(`${home} finds its journal ${slot.damage}`);
      watch.journalDamaged();
      disk.damage(slot.damage, random);
      slot.damage = undefined;
      slot.journal = disk.open();
    }
    await world.clock.sleep(between(random, ...RESTART_SECONDS) * SECOND_MS);
  }
}

/** The shipped daemon, until it is stopped, dies, or ends with an error. */
async function runOnce(
  { watch, home, isWatched, reached }: NightDaemonOptions,
  slot: Slot,
  process: SimulatedProcess,
  counts: NightDaemon["counts"],
): Promise<string> {
  try {
    await runDaemon(process.parts, {
      signal: slot.stop.signal,
      onCycle: async (record, state) => {
        // What a dead process goes on to do, nobody sees.
        if (process.crash.crashed()) await new Promise(() => undefined);
        slot.state = state;
        counts.ended += 1;
        counts.isOpen = false;
        if (isWatched) watch.cycleEnds(process, record);
      },
      onWait: () => reached("wait"),
    });
    return "stopped";
  } catch (error) {
    // Only a disk without space may end a daemon: it is started again until there is some.
    if (!(error instanceof JournalFull)) watch.broke(`B5-28: ${home} ended with ${String(error)}`);
    return "ended: no space left";
  }
}

function earsOf(options: NightDaemonOptions, slot: Slot, counts: NightDaemon["counts"]): ProcessEars {
  const { watch, isWatched, home } = options;
  const own = (use: (process: SimulatedProcess) => void): void => {
    if (slot.process !== undefined) use(slot.process);
  };
  return {
    reached: options.reached,
    cycleBegins: () => {
      counts.begun += 1;
      counts.isOpen = true;
      if (isWatched) own(watch.cycleBegins);
    },
    onUpdate: (inputs, wasPreviewed, journal) =>
      own((process) => watch.updateBegins(process, journal, inputs, wasPreviewed)),
    log: (level, stage, message) => watch.say(`  ${home} ${level} ${stage}: ${message}`),
  };
}
