import { createHash } from "node:crypto";
import type { ControllerState } from "../../controller/state.ts";
import type { CycleRecord } from "../../model/cycle.ts";
import type { Journal } from "../../model/journal-port.ts";
import type { StackInputs } from "../../model/stack-inputs.ts";
import type { PauseStatus } from "../../model/status.ts";
import { STALLED_AFTER_INTERVALS } from "../../model/status.ts";
import { TIERS } from "../../model/tier.ts";
import { brokenInvariants, reactiveUnits } from "../invariants.ts";
import type { SimulatedClock } from "../simulated-clock.ts";
import type { Delivered } from "../simulated-demand.ts";
import { type SimulatedPlatform, type WantedNow, wantedTotal } from "../simulated-platform.ts";
import type { SimulatedProcess } from "../simulated-process.ts";
import { cycleStory } from "./night-story.ts";

/** Words that only the settings hold: seen anywhere else, they leaked. */
export const CANARY = "canary-7f3a";
/** Sleepers of one night at most: daemons, engine runs, lead times, late answers. */
const MAX_SLEEPERS = 16;
const MAX_STATE_ITEMS = 200;
/** An interval until it is decided, one that a decision may age, and the runs between. */
const OLDEST_INTERVALS = 2.5;

/** Holds a night to the invariants, at each effect and after each cycle, and writes down what happened. */
export interface NightWatch {
  say(line: string): void;
  broke(line: string): void;
  cycleBegins(process: SimulatedProcess): void;
  /** `record` is null where the process died in the cycle. */
  cycleEnds(process: SimulatedProcess, record: CycleRecord | null): void;
  effectBegins(): void;
  effectEnds(process: SimulatedProcess | undefined, home: string): void;
  updateBegins(process: SimulatedProcess, journal: Journal, inputs: StackInputs, wasPreviewed: boolean): void;
  /** Once in a while: is the daemon getting anywhere? */
  progress(process: SimulatedProcess, state: ControllerState | undefined): void;
  /** Somebody else changed sizes or units. */
  disturbed(): void;
  /** A person approved these inputs. */
  approved(inputs: StackInputs): void;
  journalDamaged(): void;
  readonly broken: readonly string[];
  /** SHA-256 of every line and every record so far. */
  digest(): string;
}

interface Open {
  readonly process: SimulatedProcess;
  readonly before: WantedNow;
  readonly readyBefore: number;
  readonly runsBefore: number;
  readonly disturbances: number;
  readonly startedMs: number;
  readonly elapsedMs: number;
  readonly pause: PauseStatus | null;
}

export function watchNight(
  clock: SimulatedClock,
  platform: SimulatedPlatform,
  onLine: (line: string) => void,
): NightWatch {
  const hash = createHash("sha256");
  const broken: string[] = [];
  const approvals: string[] = [];
  const seen = { disturbances: 0, generation: 0, readyBefore: 0 };
  let open: Open | undefined;
  const say = (line: string): void => {
    const stamped = `${new Date(clock.nowMs()).toISOString().slice(0, 19)} ${line}`;
    hash.update(stamped);
    onLine(stamped);
    if (stamped.includes(CANARY)) broken.push(`I8: a secret in the log: ${line}`);
  };
  const broke = (line: string): void => {
    broken.push(line);
    say(`  !! ${line}`);
  };
  return {
    say,
    broke,
    broken,
    digest: () => hash.copy().digest("hex"),
    cycleBegins: (process) => {
      open = openCycle(process, platform, clock.nowMs(), clock.monotonicMs(), seen.disturbances);
    },
    cycleEnds: (process, record) => {
      if (open?.process !== process) return;
      const found = cycleFaults(open, record, platform, clock, seen.disturbances);
      if (record !== null) {
        hash.update(JSON.stringify(record));
        for (const line of cycleStory(record)) say(line);
      }
      open = undefined;
      for (const line of found) broke(line);
      if (clock.sleeperCount() > MAX_SLEEPERS) broke(`I6: ${clock.sleeperCount()} sleepers`);
    },
    effectBegins: () => {
      seen.readyBefore = platform.readyUnits();
    },
    effectEnds: (process, home) => {
      if (process === undefined || open?.process !== process || seen.disturbances > open.disturbances) return;
      const ready = platform.readyUnits();
      if (ready >= seen.readyBefore || isBarred(open, platform)) return;
      const view = { settings: process.parts.settings, delivered: process.delivered() };
      const needed = Math.min(open.readyBefore, reactiveUnits(view));
      if (ready < needed)
        broke(`I1: an effect of ${home} took ready units ${seen.readyBefore} -> ${ready}, need is ${needed}`);
    },
    updateBegins: (process, journal, inputs, wasPreviewed) => {
      if (!wasPreviewed) broke(`I7: update ${inputs.planGeneration} began without policy evidence`);
      for (const line of updateFaults(process, journal, inputs, seen.generation, approvals)) broke(line);
      if (process.home !== "first") return;
      // By both clocks: one that was put forward meanwhile makes no plan old.
      const ageMs = Math.min(
        clock.nowMs() - (open?.startedMs ?? 0),
        clock.monotonicMs() - (open?.elapsedMs ?? 0),
      );
      if (ageMs > OLDEST_INTERVALS * process.parts.settings.schedule.intervalMs)
        broke(`B5-13: update ${inputs.planGeneration} began ${Math.round(ageMs / 1000)} s after its cycle`);
      seen.generation = Math.max(seen.generation, inputs.planGeneration);
    },
    progress: (process, state) => {
      for (const line of progressFaults(process, state, clock.monotonicMs())) broke(line);
    },
    disturbed: () => {
      seen.disturbances += 1;
    },
    approved: (inputs) => void approvals.push(sizesText(inputs)),
    journalDamaged: () => {
      seen.generation = 0;
    },
  };
}

function progressFaults(
  process: SimulatedProcess,
  state: ControllerState | undefined,
  nowMs: number,
): readonly string[] {
  if (state === undefined) return [];
  const found: string[] = [];
  const silentMs = nowMs - Math.max(state.progress.monotonicMs, process.stoppedUntilMs());
  if (silentMs > STALLED_AFTER_INTERVALS * process.parts.settings.schedule.intervalMs)
    found.push(`B5-28: no stage ended for ${Math.round(silentMs / 1000)} s`);
  const lists = [state.needHistory.length, state.updateTimes.length, state.gateEvents.length];
  if (Math.max(...lists) > MAX_STATE_ITEMS) found.push(`I6: state has lists of ${lists.join(", ")} items`);
  return found;
}

/** Nobody could know, or hard limits bind even what is ready: an exchange of tiers at the limit is not held to it. */
function isBarred({ process }: Open, platform: SimulatedPlatform): boolean {
  if (process.isReadingLate() || !process.sawPlatform()) return true;
  const { limits, policies } = process.parts.settings;
  return (
    limits.maxCostUsdPerHour < policies.limits.maxCostUsdPerHour ||
    wantedTotal(platform.wanted()) >= limits.maxTotalUnits - limits.burstReserveUnits
  );
}

function openCycle(
  process: SimulatedProcess,
  platform: SimulatedPlatform,
  startedMs: number,
  elapsedMs: number,
  disturbances: number,
): Open {
  return {
    process,
    before: platform.wanted(),
    readyBefore: platform.readyUnits(),
    runsBefore: runsOf(process),
    disturbances,
    startedMs,
    elapsedMs,
    pause: process.parts.journal.getState("pause"),
  };
}

function runsOf({ runs }: SimulatedProcess): number {
  return runs.previews + runs.updates + runs.recoveries;
}

function cycleFaults(
  open: Open,
  record: CycleRecord | null,
  platform: SimulatedPlatform,
  clock: SimulatedClock,
  disturbances: number,
): readonly string[] {
  const { process, pause } = open;
  const nowMs = clock.nowMs();
  const { journal } = process.parts;
  const endedPaused = (journal.getState("pause")?.untilMs ?? 0) > nowMs;
  const wasPaused = pause !== null && pause.untilMs > Math.max(nowMs, open.startedMs);
  return brokenInvariants({
    settings: process.parts.settings,
    record,
    before: open.before,
    after: platform.wanted(),
    delivered: isGivenUp(process, record) ? NOTHING : process.delivered(),
    ready:
      process.sawPlatform() && disturbances === open.disturbances
        ? { before: open.readyBefore, after: platform.readyUnits() }
        : null,
    engineRuns: runsOf(process) - open.runsBefore,
    isPaused: wasPaused && endedPaused,
    endedPaused: wasPaused || endedPaused,
    wasDisturbed: disturbances > open.disturbances || isUnknown(open),
    secrets: [CANARY],
  });
}

/** Another hand changed sizes before the cycle, and no true answer of the platform told it of that. */
function isUnknown({ process, before }: Open): boolean {
  if (process.sawPlatform()) return false;
  const applied = process.parts.journal.appliedInputs()?.inputs;
  return applied === undefined || TIERS.some((tier) => applied.tiers[tier].units !== before.units[tier]);
}

const NOTHING: Delivered = { freshRps: null, isWindowWhole: false };

/** The source took so long that the cycle may have gone on without it, and it says that it did. */
function isGivenUp(process: SimulatedProcess, record: CycleRecord | null): boolean {
  return process.isReadingLate() && (record === null || record.observation.note.includes("no answer within"));
}

function updateFaults(
  process: SimulatedProcess,
  journal: Journal,
  inputs: StackInputs,
  lastGeneration: number,
  approvals: string[],
): readonly string[] {
  const { planGeneration } = inputs;
  const { mode } = process.parts.settings;
  const found: string[] = [];
  if (!journal.openIntents().some((open) => open.planGeneration === planGeneration))
    found.push(`I4: update ${planGeneration} began without a durable intent`);
  if (process.home === "first" && planGeneration <= lastGeneration)
    found.push(`I3: plan generation ${planGeneration} came after ${lastGeneration}`);
  if (mode === "observe" || mode === "shadow") found.push(`I7: an update in mode ${mode}`);
  if (mode === "suggest") {
    const at = approvals.indexOf(sizesText(inputs));
    if (at < 0) found.push(`B5-40: update ${planGeneration} began without a person's approval`);
    else approvals.splice(at, 1);
  }
  return found;
}

function sizesText({ tiers, warm }: StackInputs): string {
  return [...TIERS.map((tier) => tiers[tier].units), warm.units].join("+");
}
