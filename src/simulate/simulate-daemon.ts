import { runCycle } from "../controller/cycle.ts";
import { nextStartMs } from "../controller/daemon.ts";
import { recoverAtStart } from "../controller/recover.ts";
import { type ControllerState, loadState } from "../controller/state.ts";
import type { CycleRecord } from "../model/cycle.ts";
import { totalUnits } from "../model/tier.ts";
import { beginFault, endFaults, FAULTS, type Fault } from "./faults.ts";
import { brokenInvariants } from "./invariants.ts";
import { pick } from "./seeded-random.ts";
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

export interface NightReport {
  readonly seed: number;
  readonly faults: readonly Fault[];
  readonly broken: readonly string[];
  readonly headHash: string;
  readonly engineRuns: number;
}

export interface NightOptions extends WorldOptions {
  /** Cycles in which faults begin and end. */
  readonly faultCycles: number;
  /** Chance that a fault begins in a cycle. */
  readonly faultChance: number;
  readonly faults?: readonly Fault[];
}

/** Cycles after the last fault in which the world and the plan must agree again. */
const CONVERGE_CYCLES = 2;
/** Cycles in which sizes may still settle: stabilisation, bounded steps down, a warm pool's life. */
const SETTLE_CYCLES = 24;
const QUIET_CYCLES = 12;

/**
 * A night: faults by seed, then peace. Two cycles into the peace plan and platform agree with no human command,
 * and once sizes have settled on demand that stays, no engine runs at all.
 */
export async function simulateNight(options: NightOptions): Promise<NightReport> {
  const simulation = openSimulation(options);
  const { world } = simulation;
  const faults: Fault[] = [];
  let endsIn = 0;
  await simulation.cycles(3);
  for (let done = 0; done < options.faultCycles; done++) {
    if (endsIn === 0) endFaults(world);
    endsIn -= 1;
    if (endsIn < 0 && world.random() < options.faultChance) {
      const fault = pick(world.random, options.faults ?? FAULTS);
      faults.push(fault);
      beginFault(world, fault);
      endsIn = 1 + Math.floor(world.random() * 4);
    }
    await simulation.cycle();
  }
  endFaults(world);
  world.freezeDemand();
  await simulation.cycles(CONVERGE_CYCLES);
  const broken = [...disagreements(simulation)];
  await simulation.cycles(SETTLE_CYCLES);
  const runsBefore = simulation.engineRuns();
  await simulation.cycles(QUIET_CYCLES);
  const quiet = simulation.engineRuns() - runsBefore;
  if (quiet > 0) broken.push(`${quiet} engine runs although nothing changed`);
  const chain = world.parts.journal.verifyChain();
  if (chain.kind === "broken") broken.push(`journal: cycle ${chain.cycle}: ${chain.reason}`);
  return {
    seed: options.seed,
    faults,
    broken: [...simulation.broken(), ...broken],
    headHash: chain.kind === "whole" ? chain.headHash : "",
    engineRuns: simulation.engineRuns(),
  };
}

/** What still differs between plan, journal, stack and platform. */
export function disagreements({ world, state }: Simulation): readonly string[] {
  const { platform, stack, parts } = world;
  const wanted = platform.wanted();
  const applied = state().applied;
  const broken: string[] = [];
  const text = (units: Readonly<Record<string, number>>) => Object.values(units).join("+");
  const units =
    applied === null
      ? {}
      : Object.fromEntries(Object.entries(applied.tiers).map(([tier, { units }]) => [tier, units]));
  if (text(units) !== text(wanted.units))
    broken.push(`applied ${text(units)}, the platform wants ${text(wanted.units)}`);
  const decided = state().lastRecord?.decision?.after.units;
  if (decided !== undefined && totalUnits(decided) !== totalUnits(wanted.units))
    broken.push(`decided ${text(decided)}, the platform wants ${text(wanted.units)}`);
  if (stack.isLeftOver()) broken.push("a dead run's lock is still there");
  if (state().needsRecovery) broken.push("recovery is still due");
  const open = parts.journal.openIntents().length;
  if (open > 0) broken.push(`${open} intents are still open`);
  return broken.map((line) => `not converged: ${line}`);
}
