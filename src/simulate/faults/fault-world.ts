import type { Settings } from "../../model/settings.ts";
import type { Tier } from "../../model/tier.ts";
import type { SimulatedClock } from "../simulated-clock.ts";
import type { SimulatedDemand } from "../simulated-demand.ts";
import type { SimulatedPlatform } from "../simulated-platform.ts";
import type { PortTroubles, SimulatedProcess } from "../simulated-process.ts";
import type { SimulatedStack } from "../simulated-stack.ts";
import type { StubForecaster } from "../stub-forecaster.ts";

/** What a fault can lay hands on: the world around the daemon, its process, its state folder, its people. */
export interface FaultWorld {
  readonly random: () => number;
  readonly clock: SimulatedClock;
  readonly platform: SimulatedPlatform;
  readonly stack: SimulatedStack;
  readonly demand: SimulatedDemand;
  readonly forecaster: StubForecaster;
  readonly ports: Readonly<Record<"demand" | "forecast" | "platform", PortTroubles>>;
  /** The daemon; undefined while none runs. */
  process(): SimulatedProcess | undefined;
  /** Somebody resizes a tier past the stack. */
  disturb(tier: Tier, byUnits: number): void;
  surge(factor: number): void;
  fillJournal(isFull: boolean): void;
  /** A person stops the daemon, edits the configuration and starts it again. */
  reconfigure(change: (settings: Settings) => Settings): void;
  /** The process dies, and what it finds on its disk when it starts again is this. */
  damageJournal(how: JournalDamage): void;
  /** Another daemon on the same stack, with a state folder of its own, past every lease. */
  startRival(): void;
  endRival(): void;
  /** What a person answers when a plan waits for approval. */
  readonly person: { answer: "approves" | "rejects" | "dithers" };
  pause(untilMs: number): void;
  resume(): void;
}

export type JournalDamage =
  /** The folder is gone: an empty one is begun. */
  | "lost"
  /** A copy of some time ago was put back. */
  | "old"
  /** The last bytes written are not there. */
  | "torn";

/** Ends what a fault began. */
export type EndFault = () => void;

export interface FaultKind {
  /** Where of the pipeline it strikes. */
  readonly stage: string;
  /** Begins it; what lasts returns its end. */
  readonly begin: (world: FaultWorld) => EndFault | undefined;
}

/**
 * Sets fields of `target` for as long as the fault lasts. Faults may overlap on a field: the later one wins, and its
 * end brings back what was there before any of them.
 */
export function lasting<T extends object>(
  stage: string,
  target: (world: FaultWorld) => T,
  change: (random: () => number) => Partial<T>,
): FaultKind {
  return {
    stage,
    begin: (world) => {
      const changed = change(world.random);
      const troubled = target(world);
      const calm = calmOf(troubled);
      Object.assign(troubled, changed);
      return () => {
        for (const key of Object.keys(changed) as (keyof T)[])
          if (Object.is(troubled[key], changed[key])) Object.assign(troubled, { [key]: calm[key] });
      };
    },
  };
}

const CALM = new WeakMap<object, object>();

/** `target` as it was when a fault first touched it. */
function calmOf<T extends object>(target: T): T {
  const known = CALM.get(target) ?? { ...target };
  CALM.set(target, known);
  return known as T;
}

/** Over at once. */
export function once(stage: string, strike: (world: FaultWorld) => void): FaultKind {
  return {
    stage,
    begin: (world) => {
      strike(world);
      return undefined;
    },
  };
}

/** A whole number from `least` to `most`. */
export function between(random: () => number, least: number, most: number): number {
  return least + Math.floor(random() * (most - least + 1));
}
