import { canonicalJson } from "../model/canonical-json.ts";
import type { StackDriver } from "../model/ports.ts";
import type { PolicyLimits } from "../model/settings.ts";
import type { StackInputs } from "../model/stack-inputs.ts";
import { NO_UNITS } from "../model/tier.ts";
import type { SimulatedPlatform } from "./simulated-platform.ts";
import { preview, recover, type StackState, type StackWorld, update } from "./simulated-runs.ts";

/** Pulumi in memory, behind the port that `apply/` implements: a stack's state beside the platform it describes. */
export interface SimulatedStack extends StackDriver {
  readonly troubles: StackTroubles;
  /** Of the default caller. */
  readonly runs: EngineRuns;
  /** True while a dead run's begun operations are not cleared up. */
  isLeftOver(): boolean;
  /** A dead run of `home` left its lock behind. */
  strand(home: string): void;
  /** A person clears what dead runs of `home` left. */
  clear(home: string): void;
  /** The same stack, driven by another process. */
  driverOf(caller: EngineCaller): StackDriver;
}

/** Who asks for engine runs. */
export interface EngineCaller {
  /** The state folder: a process knows, and clears, the dead runs of its own folder only. */
  readonly home: string;
  readonly runs: EngineRuns;
  /** The process that asked is gone; its engine may live on until a run of the same home ends it. */
  isDead(): boolean;
  /** Before each effect of an engine run; throws `SimulatedCrash` where the engine dies. */
  step(name: string): void;
  /** When an update is asked for, before anything of it happens; for the invariants. */
  onUpdate(inputs: StackInputs, wasPreviewed: boolean): void;
  /** The limits of the pack that this process has its runs judged by. */
  rules(): StackRules;
}

export type StackRules = Pick<
  PolicyLimits,
  "maxTotalUnits" | "maxStepUpUnits" | "maxStepDownUnits" | "minBaselineUnits"
>;

export interface EngineRuns {
  previews: number;
  updates: number;
  recoveries: number;
}

/** What goes wrong until it is set back; `update`, `preview` and `afterPreview` happen once. */
export interface StackTroubles {
  engineMissing: boolean;
  /** Who holds the engine's own lock. */
  lockedBy: string | null;
  /** The pack allows no more units than this. */
  policyMaxTotalUnits: number;
  /** The pack does not answer, or only warns. */
  noEvidence: boolean;
  preview: "failed" | "interrupted" | "timeout" | null;
  update: {
    readonly ending: "failed" | "interrupted" | "timeout";
    readonly effect: "before" | "partly" | "after";
  } | null;
  /** Recovering ends as failed. */
  recoverFails: boolean;
  /** Each effect is carried out twice: a request that was repeated on the way. */
  twice: boolean;
  /** Runs take this many times as long; what passes the deadline is ended there. */
  slowFactor: number;
  /** The world moves on between preview and update. */
  afterPreview: (() => void) | null;
}

export interface SimulatedStackOptions {
  readonly platform: SimulatedPlatform;
  readonly random: () => number;
  /** Lets simulated time go by while the engine works. */
  readonly passTime: (durationMs: number) => Promise<void>;
  /** Simulated time between two effects of an update; 0 when left out. */
  readonly stepMs?: number;
  readonly deadlineMs: number;
  readonly beforeEffect?: () => void;
  /** After each effect, with who caused it. */
  readonly onEffect?: (home: string) => void;
  readonly caller: EngineCaller;
}

export function createSimulatedStack(options: SimulatedStackOptions): SimulatedStack {
  const state: StackState = {
    units: NO_UNITS,
    warm: { units: 0, expiresMs: null },
    planGeneration: 0,
    leftOver: null,
    running: null,
  };
  const world = { options, troubles: noStackTroubles(), state };
  return {
    ...driverOf(world, options.caller),
    troubles: world.troubles,
    runs: options.caller.runs,
    isLeftOver: () => state.leftOver?.isPending === true,
    strand: (home) => {
      state.leftOver ??= { home, isPending: false };
    },
    clear: (home) => {
      if (state.leftOver?.home === home) state.leftOver = null;
      if (state.running?.caller.home !== home) return;
      state.running.isEnded = true;
      state.running = null;
    },
    driverOf: (caller) => driverOf(world, caller),
  };
}

export function noStackTroubles(): StackTroubles {
  return {
    engineMissing: false,
    lockedBy: null,
    policyMaxTotalUnits: Number.POSITIVE_INFINITY,
    noEvidence: false,
    preview: null,
    update: null,
    recoverFails: false,
    twice: false,
    slowFactor: 1,
    afterPreview: null,
  };
}

function driverOf(world: StackWorld, caller: EngineCaller): StackDriver {
  const { troubles } = world;
  const { runs } = caller;
  const previewed = new Set<string>();
  return {
    preview: async (inputs) => {
      runs.previews += 1;
      const result = await preview(world, caller, inputs);
      if (result.kind === "previewed") previewed.add(canonicalJson(inputs));
      troubles.afterPreview?.();
      troubles.afterPreview = null;
      return result;
    },
    update: async (inputs) => {
      runs.updates += 1;
      caller.onUpdate(inputs, previewed.has(canonicalJson(inputs)));
      return update(world, caller, inputs);
    },
    recover: async () => {
      runs.recoveries += 1;
      return recover(world, caller);
    },
    destroy: async () => ({ kind: "destroyed" }),
    updateBase: async () => ({ kind: "failed", reason: "there is no base stack in a simulation" }),
    destroyBase: async () => ({ kind: "destroyed" }),
    close: async () => undefined,
  };
}
