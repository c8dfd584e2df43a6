import type { EngineFailure, PreviewResult, RecoveryReport, UpdateResult } from "../model/ports.ts";
import type { StackInputs } from "../model/stack-inputs.ts";
import { TIERS, type TierUnits } from "../model/tier.ts";
import { SimulatedCrash } from "./crash-point.ts";
import { changesTo, EVIDENCE, policyVerdict, unitsOf } from "./simulated-pack.ts";
import type { EngineCaller, SimulatedStackOptions, StackTroubles } from "./simulated-stack.ts";

const PREVIEW_MS = 3_000;
const UPDATE_MS = 5_000;

/** A stack, what goes wrong with it, and its state. */
export interface StackWorld {
  readonly options: SimulatedStackOptions;
  readonly troubles: StackTroubles;
  readonly state: StackState;
}

export interface StackState {
  units: TierUnits;
  warm: { readonly units: number; readonly expiresMs: number | null };
  planGeneration: number;
  /** What a run that died left: its lock, and perhaps operations that were begun; null: nothing. */
  leftOver: { readonly home: string; readonly isPending: boolean } | null;
  /** The run that holds the lock. */
  running: Run | null;
}

interface Run {
  readonly caller: EngineCaller;
  /** Ended by somebody who found it without its starter. */
  isEnded: boolean;
}

export async function preview(
  world: StackWorld,
  caller: EngineCaller,
  inputs: StackInputs,
): Promise<PreviewResult | EngineFailure> {
  const { options, troubles, state } = world;
  const barred = barrier(world, caller, false);
  if (barred !== undefined) return barred;
  const late = await passes(world, PREVIEW_MS);
  if (late !== undefined) return late;
  if (troubles.preview !== null) {
    const kind = troubles.preview;
    troubles.preview = null;
    if (kind === "timeout") await options.passTime(options.deadlineMs);
    return { kind, reason: "the preview was cut off" };
  }
  const refused = policyVerdict(troubles, state, caller.rules(), inputs);
  if (refused !== undefined) return refused;
  const changes = changesTo(state, inputs);
  return {
    kind: "previewed",
    changes,
    summary: { update: changes.length },
    policy: EVIDENCE,
    diffText: "",
    engineMs: PREVIEW_MS,
  };
}

export async function update(
  world: StackWorld,
  caller: EngineCaller,
  inputs: StackInputs,
): Promise<UpdateResult | EngineFailure> {
  const { state, troubles } = world;
  const barred = barrier(world, caller, true) ?? policyVerdict(troubles, state, caller.rules(), inputs);
  if (barred !== undefined) return barred;
  const run: Run = { caller, isEnded: false };
  state.running = run;
  try {
    return await runUpdate(world, run, inputs);
  } catch (error) {
    if (error instanceof SimulatedCrash) strand(state, run);
    throw error;
  } finally {
    if (state.running === run) state.running = null;
  }
}

async function runUpdate(
  world: StackWorld,
  run: Run,
  inputs: StackInputs,
): Promise<UpdateResult | EngineFailure> {
  const { options, troubles, state } = world;
  const trouble = troubles.update;
  troubles.update = null;
  const late = await passes(world, trouble?.ending === "timeout" ? 20 * UPDATE_MS : UPDATE_MS);
  if (late !== undefined || trouble?.effect === "before") {
    strand(state, run);
    return late ?? { kind: trouble?.ending ?? "failed", reason: "cut off before any effect" };
  }
  const changes = changesTo(state, inputs);
  const refused = await carryOut(world, run, inputs, trouble?.effect === "partly");
  if (refused !== undefined) {
    if (refused.kind !== "stale-plan") strand(state, run);
    return refused;
  }
  if (trouble !== null) {
    strand(state, run);
    return {
      kind: trouble.ending,
      reason: `cut off ${trouble.effect === "after" ? "after" : "amid"} its effects`,
    };
  }
  run.caller.step("the state is saved");
  const { units, expiresMs } = inputs.warm;
  Object.assign(state, {
    units: unitsOf(inputs),
    warm: { units, expiresMs },
    planGeneration: inputs.planGeneration,
  });
  options.onEffect?.(run.caller.home);
  return {
    kind: "updated",
    changes,
    summary: { update: changes.length },
    policy: EVIDENCE,
    engineMs: UPDATE_MS,
    outputs: {},
  };
}

/** What was begun and not ended stays behind; where somebody ended the run, it was cleared then. */
function strand(state: StackState, run: Run): void {
  if (!run.isEnded) state.leftOver = { home: run.caller.home, isPending: true };
}

/** Lets a run's time pass; the failure when its deadline comes first. */
async function passes(
  { options, troubles }: StackWorld,
  durationMs: number,
): Promise<EngineFailure | undefined> {
  const tookMs = durationMs * troubles.slowFactor;
  await options.passTime(Math.min(tookMs, options.deadlineMs));
  if (tookMs <= options.deadlineMs) return undefined;
  return { kind: "timeout", reason: `not done after ${options.deadlineMs} ms` };
}

async function carryOut(
  world: StackWorld,
  run: Run,
  inputs: StackInputs,
  partly: boolean,
): Promise<EngineFailure | undefined> {
  const { options, troubles } = world;
  const effects = effectsOf(world, inputs, partly);
  for (const { name, write } of troubles.twice ? effects.flatMap((effect) => [effect, effect]) : effects) {
    if (options.stepMs !== undefined) await options.passTime(options.stepMs);
    if (run.isEnded) return { kind: "interrupted", reason: "ended by a later run" };
    run.caller.step(name);
    options.beforeEffect?.();
    const refused = write();
    if (refused !== undefined) return { kind: "stale-plan", reason: refused };
    options.onEffect?.(run.caller.home);
  }
  return undefined;
}

interface Effect {
  readonly name: string;
  /** The reason in words when the platform refuses. */
  readonly write: () => string | undefined;
}

/**
 * Plan first, then what differs from the stack's state, in any order: resources are updated side by side. What the
 * state does not know of, as a size that somebody changed by hand, is not touched. Each write carries its plan's
 * number, and the platform refuses one that is not current.
 */
function effectsOf({ options, state }: StackWorld, inputs: StackInputs, partly: boolean): readonly Effect[] {
  const { platform, random } = options;
  const { planGeneration, decisionId } = inputs;
  const resized = TIERS.filter((tier) => inputs.tiers[tier].units !== state.units[tier]);
  if (random() < 0.5) resized.reverse();
  const fenced = (name: string, write: () => void): Effect => ({
    name,
    write: () => {
      const now = platform.wanted().planGeneration;
      if (now !== planGeneration)
        return `stale plan: ${planGeneration} is refused, the platform's plan is ${now}`;
      write();
      return undefined;
    },
  });
  const effects = [
    { name: "the plan is taken", write: () => platform.takePlan(planGeneration, decisionId) },
    ...(partly ? resized.slice(0, 1) : resized).map((tier) =>
      fenced(`${tier} is resized`, () => platform.setTier(tier, inputs.tiers[tier].units)),
    ),
  ];
  const { units, expiresMs, ttlWallMs } = inputs.warm;
  if (!partly && (units !== state.warm.units || expiresMs !== state.warm.expiresMs))
    effects.push(fenced("the warm pool is filled", () => platform.setWarm(units, ttlWallMs)));
  return effects;
}

/** Clears what a dead run left, then reads the state back from the platform. */
export async function recover(
  world: StackWorld,
  caller: EngineCaller,
): Promise<RecoveryReport | EngineFailure> {
  const { options, troubles, state } = world;
  const barred = barrier(world, caller, false, true);
  if (barred !== undefined) return barred;
  const late = await passes(world, PREVIEW_MS);
  if (late !== undefined) return late;
  if (troubles.recoverFails) return { kind: "failed", reason: "the refresh failed" };
  if (options.platform.troubles.reads === "lost")
    return { kind: "failed", reason: "the platform does not answer" };
  const wanted = options.platform.wanted();
  const mended = state.leftOver === null ? [] : ["released own lock of a dead engine run"];
  const warm = { units: wanted.warmUnits, expiresMs: state.warm.expiresMs };
  Object.assign(state, { units: wanted.units, warm, planGeneration: wanted.planGeneration, leftOver: null });
  return { kind: "recovered", mended, planGeneration: wanted.planGeneration };
}

function barrier(
  { troubles, state }: StackWorld,
  { home }: EngineCaller,
  takesLock: boolean,
  mends = false,
): EngineFailure | undefined {
  if (troubles.engineMissing) return { kind: "engine-missing", reason: "no Pulumi engine" };
  const { running } = state;
  // Each run first ends those of its own folder whose starter is gone.
  if (running?.caller.isDead() && running.caller.home === home) {
    Object.assign(running, { isEnded: true });
    Object.assign(state, { running: null, leftOver: { home, isPending: true } });
  }
  if (!takesLock && !mends) return undefined;
  const locked = (by: string): EngineFailure => ({ kind: "locked", by, ownDead: false });
  if (troubles.lockedBy !== null) return locked(troubles.lockedBy);
  if (state.running !== null) return locked(`another run of ${state.running.caller.home}`);
  if (state.leftOver !== null && state.leftOver.home !== home)
    return locked(`a dead run of ${state.leftOver.home}`);
  if (state.leftOver?.isPending === false) state.leftOver = null;
  if (state.leftOver !== null && takesLock)
    return { kind: "failed", reason: "the stack has pending operations of a run that was cut off" };
  return undefined;
}
