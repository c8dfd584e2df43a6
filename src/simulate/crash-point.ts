import { JournalFull } from "../model/journal-full.ts";
import type { Journal } from "../model/journal-port.ts";

/** The process is dead: nothing that comes after it happens. */
export class SimulatedCrash extends Error {
  constructor(at: string) {
    super(`simulated SIGKILL before ${at}`);
    this.name = "SimulatedCrash";
  }
}

/** Where a simulated process dies: before its n-th effect, whatever effect that is. */
export interface CrashPoint {
  /** Dies before the effect that `effectCount` others precede; undefined: lives on. */
  arm(effectCount: number | undefined): void;
  /** Called before each effect (a durable write, a step of an update); throws from the crash on. */
  effect(name: string): void;
  crashed(): boolean;
  /** Dies now, wherever it is. */
  kill(): void;
  /** A new process: alive, not armed. */
  restart(): void;
}

export function createCrashPoint(): CrashPoint {
  let left: number | undefined;
  let dead = false;
  return {
    arm: (effectCount) => {
      left = effectCount;
    },
    effect: (name) => {
      if (left === 0) dead = true;
      if (dead) throw new SimulatedCrash(name);
      if (left !== undefined) left -= 1;
    },
    crashed: () => dead,
    kill: () => {
      dead = true;
    },
    restart: () => {
      dead = false;
      left = undefined;
    },
  };
}

const WRITES = [
  "appendCycle",
  "openIntent",
  "attachRun",
  "closeIntent",
  "nextPlanGeneration",
  "raisePlanGeneration",
  "setAppliedInputs",
  "markAppliedGood",
  "setState",
  "proposePlan",
  "takeApproval",
  "appendDemand",
  "appendLeadTime",
] as const satisfies readonly (keyof Journal)[];

/** `journal` whose writes are effects, and find no space while `isFull()`. */
export function crashingJournal(journal: Journal, crash: CrashPoint, isFull: () => boolean): Journal {
  const guarded: Record<string, unknown> = { ...journal };
  for (const name of WRITES) {
    const write = journal[name] as (...given: readonly unknown[]) => unknown;
    guarded[name] = (...given: readonly unknown[]) => {
      crash.effect(name);
      if (isFull()) throw new JournalFull("simulated", "database or disk is full");
      return write(...given);
    };
  }
  return guarded as unknown as Journal;
}
