import { runCycle } from "../controller/cycle.ts";
import { nextStartMs } from "../controller/daemon.ts";
import { recoverAtStart } from "../controller/recover.ts";
import { type ControllerState, loadState } from "../controller/state.ts";
import type { CycleRecord } from "../model/cycle.ts";
import type { Journal } from "../model/journal-port.ts";
import { totalUnits } from "../model/tier.ts";
import { brokenInvariants } from "./invariants.ts";
import type { SimulatedPlatform } from "./simulated-platform.ts";
import type { SimulatedStack } from "./simulated-stack.ts";
import { createSimulatedWorld, type SimulatedWorld, type WorldOptions } from "./simulated-world.ts";

/** The real controller, cycle by cycle, in a simulated world; every cycle is held to the invariants. */
export interface Simulation {
  readonly world: SimulatedWorld;
  /** One cycle and the wait for the next; null when the process died in it (and was started again). */
  cycle(): Promise<CycleRecord | null>;
  cycles(count: number): Promise<readonly CycleRecord[]>;
  state(): ControllerState;
  /** The process is killed and started again. */
  restart(): Promise<void>;
  engineRuns(): number;
  /** Broken promises so far, each with its cycle. */
  broken(): readonly string[];
}

export function openSimulation(options: WorldOptions): Simulation {
  const world = createSimulatedWorld(options);
  const { parts, clock, platform, stack, demand } = world;
  const signal = new AbortController().signal;
  const broken: string[] = [];
  let state = loadState(parts);
  let count = 0;

  const engineRuns = () => stack.runs.previews + stack.runs.updates + stack.runs.recoveries;
  const restart = async (): Promise<void> => {
    world.crash.restart();
    state = loadState(parts);
    const recovered = await recoverAtStart(parts, signal);
    state.needsRecovery ||= recovered.kind !== "clean" && recovered.kind !== "recovered";
  };
  const cycle = async (): Promise<CycleRecord | null> => {
    count += 1;
    const before = platform.wanted();
    const runsBefore = engineRuns();
    const disturbances = world.disturbances();
    const startedMs = clock.nowMs();
    const readyBefore = platform.readyUnits();
    const isReadable = platform.troubles.reads === "fine";
    const pause = parts.journal.getState("pause");
    const ended = await runCycle(parts, state, { signal }).catch(dead(world));
    const record = world.crash.crashed() ? null : ended;
    const found = brokenInvariants({
      settings: parts.settings,
      record,
      before,
      after: platform.wanted(),
      delivered: demand.delivered(),
      ready: isReadable ? { before: readyBefore, after: platform.readyUnits() } : null,
      engineRuns: engineRuns() - runsBefore,
      isPaused: pause !== null && pause.untilMs > startedMs,
      wasDisturbed: world.disturbances() > disturbances,
    });
    broken.push(...[...found, ...world.broken.splice(0)].map((line) => `cycle ${count}: ${line}`));
    if (record === null) await restart();
    await clock.advance(Math.max(1, nextStartMs(parts, startedMs) - clock.nowMs()));
    return record;
  };
  return {
    world,
    cycle,
    cycles: async (wanted) => {
      const records: CycleRecord[] = [];
      for (let done = 0; done < wanted; done++) {
        const record = await cycle();
        if (record !== null) records.push(record);
      }
      return records;
    },
    state: () => state,
    restart,
    engineRuns,
    broken: () => broken,
  };
}

/** A dead process throws from wherever it was; a live one's errors are ours to hear of. */
function dead(world: SimulatedWorld): (error: unknown) => null {
  return (error) => {
    if (world.crash.crashed()) return null;
    throw error;
  };
}

/** What the world and the daemon's own books say, side by side. */
export interface Books {
  readonly platform: Pick<SimulatedPlatform, "wanted">;
  readonly stack: Pick<SimulatedStack, "isLeftOver">;
  readonly state: ControllerState;
  readonly journal: Pick<Journal, "openIntents">;
}

/** What still differs between plan, journal, stack and platform. */
export function disagreements({ world, state }: Simulation): readonly string[] {
  const { platform, stack, parts } = world;
  return booksDisagree({ platform, stack, state: state(), journal: parts.journal });
}

export function booksDisagree({ platform, stack, state, journal }: Books): readonly string[] {
  const wanted = platform.wanted();
  const { applied } = state;
  const broken: string[] = [];
  const text = (units: Readonly<Record<string, number>>) => Object.values(units).join("+");
  const units =
    applied === null
      ? {}
      : Object.fromEntries(Object.entries(applied.tiers).map(([tier, { units }]) => [tier, units]));
  if (text(units) !== text(wanted.units))
    broken.push(`applied ${text(units)}, the platform wants ${text(wanted.units)}`);
  const decided = state.lastRecord?.decision?.after.units;
  if (decided !== undefined && totalUnits(decided) !== totalUnits(wanted.units))
    broken.push(`decided ${text(decided)}, the platform wants ${text(wanted.units)}`);
  if (stack.isLeftOver()) broken.push("a dead run's lock is still there");
  if (state.needsRecovery) broken.push("recovery is still due");
  const open = journal.openIntents().length;
  if (open > 0) broken.push(`${open} intents are still open`);
  return broken.map((line) => `I5: not converged: ${line}`);
}
