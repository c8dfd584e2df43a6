import { canonicalJson } from "../model/canonical-json.ts";
import type {
  EngineFailure,
  PolicyEvidence,
  PreviewResult,
  RecoveryReport,
  ResourceChange,
  StackDriver,
  UpdateResult,
} from "../model/ports.ts";
import type { LimitSettings } from "../model/settings.ts";
import type { StackInputs } from "../model/stack-inputs.ts";
import { NO_UNITS, TIERS, type Tier, type TierUnits, totalUnits } from "../model/tier.ts";
import { type CrashPoint, SimulatedCrash } from "./crash-point.ts";
import type { SimulatedPlatform } from "./simulated-platform.ts";

/** Pulumi in memory, behind the port that `apply/` implements: a stack's state beside the platform it describes. */
export interface SimulatedStack extends StackDriver {
  readonly troubles: StackTroubles;
  readonly runs: EngineRuns;
  /** True while a dead run of ours left its lock or a begun operation behind. */
  isLeftOver(): boolean;
}

export interface EngineRuns {
  previews: number;
  updates: number;
  recoveries: number;
}

/** What goes wrong until it is set back; `update` and `afterPreview` happen once. */
export interface StackTroubles {
  engineMissing: boolean;
  /** Who holds the engine's own lock. */
  lockedBy: string | null;
  /** The pack allows no more units than this. */
  policyMaxTotalUnits: number;
  /** The pack does not answer, or only warns. */
  noEvidence: boolean;
  update: {
    readonly ending: "failed" | "interrupted" | "timeout";
    readonly effect: "before" | "partly" | "after";
  } | null;
  /** The world moves on between preview and update. */
  afterPreview: (() => void) | null;
}

export interface SimulatedStackOptions {
  readonly platform: SimulatedPlatform;
  readonly limits: LimitSettings;
  readonly minBaselineUnits: number;
  readonly random: () => number;
  readonly crash: CrashPoint;
  /** Lets simulated time go by while the engine works. */
  readonly passTime: (durationMs: number) => Promise<void>;
  /** Called when an update is asked for, before anything of it happens; for the invariants. */
  readonly onUpdate: (inputs: StackInputs, wasPreviewed: boolean) => void;
}

const PREVIEW_MS = 3_000;
const UPDATE_MS = 5_000;
const POLICY_CHECKS = 12;

interface StackState {
  units: TierUnits;
  warm: { readonly units: number; readonly expiresMs: number | null };
  planGeneration: number;
  /** A lock or a begun operation of a run that died. */
  leftOver: boolean;
}

export function createSimulatedStack(options: SimulatedStackOptions): SimulatedStack {
  const troubles: StackTroubles = {
    engineMissing: false,
    lockedBy: null,
    policyMaxTotalUnits: Number.POSITIVE_INFINITY,
    noEvidence: false,
    update: null,
    afterPreview: null,
  };
  const runs: EngineRuns = { previews: 0, updates: 0, recoveries: 0 };
  const state: StackState = {
    units: NO_UNITS,
    warm: { units: 0, expiresMs: null },
    planGeneration: 0,
    leftOver: false,
  };
  const previewed = new Set<string>();
  const world = { options, troubles, state };
  return {
    troubles,
    runs,
    isLeftOver: () => state.leftOver,
    preview: async (inputs) => {
      runs.previews += 1;
      const result = await preview(world, inputs);
      if (result.kind === "previewed") previewed.add(canonicalJson(inputs));
      troubles.afterPreview?.();
      troubles.afterPreview = null;
      return result;
    },
    update: async (inputs) => {
      runs.updates += 1;
      options.onUpdate(inputs, previewed.has(canonicalJson(inputs)));
      return update(world, inputs);
    },
    recover: async () => {
      runs.recoveries += 1;
      return recover(world);
    },
    destroy: async () => ({ kind: "destroyed" }),
    updateBase: async () => ({ kind: "failed", reason: "there is no base stack in a simulation" }),
    destroyBase: async () => ({ kind: "destroyed" }),
    close: async () => undefined,
  };
}

interface World {
  readonly options: SimulatedStackOptions;
  readonly troubles: StackTroubles;
  readonly state: StackState;
}

async function preview(world: World, inputs: StackInputs): Promise<PreviewResult | EngineFailure> {
  const barred = barrier(world, false);
  if (barred !== undefined) return barred;
  await world.options.passTime(PREVIEW_MS);
  const refused = policyVerdict(world, inputs);
  if (refused !== undefined) return refused;
  const changes = changesTo(world.state, inputs);
  return {
    kind: "previewed",
    changes,
    summary: { update: changes.length },
    policy: EVIDENCE,
    diffText: "",
    engineMs: PREVIEW_MS,
  };
}

async function update(world: World, inputs: StackInputs): Promise<UpdateResult | EngineFailure> {
  const { options, troubles, state } = world;
  const barred = barrier(world, true) ?? policyVerdict(world, inputs);
  if (barred !== undefined) return barred;
  const trouble = troubles.update;
  troubles.update = null;
  await options.passTime(trouble?.ending === "timeout" ? 20 * UPDATE_MS : UPDATE_MS);
  if (trouble?.effect === "before") {
    state.leftOver = true;
    return { kind: trouble.ending, reason: "cut off before any effect" };
  }
  const changes = changesTo(state, inputs);
  const refused = carryOut(world, inputs, trouble?.effect === "partly");
  if (refused !== undefined) return { kind: "stale-plan", reason: refused };
  if (trouble !== null) {
    state.leftOver = true;
    return {
      kind: trouble.ending,
      reason: `cut off ${trouble.effect === "after" ? "after" : "amid"} its effects`,
    };
  }
  const { units, expiresMs } = inputs.warm;
  Object.assign(state, {
    units: unitsOf(inputs),
    warm: { units, expiresMs },
    planGeneration: inputs.planGeneration,
  });
  return {
    kind: "updated",
    changes,
    summary: { update: changes.length },
    policy: EVIDENCE,
    engineMs: UPDATE_MS,
    outputs: {},
  };
}

/**
 * Plan first, then what differs from the stack's state, in any order: resources are updated side by side. What the
 * state does not know of, as a size that somebody changed by hand, is not touched.
 */
function carryOut({ options, state }: World, inputs: StackInputs, partly: boolean): string | undefined {
  const { platform, crash, random } = options;
  try {
    crash.effect("the plan is taken");
    const refused = platform.takePlan(inputs.planGeneration, inputs.decisionId);
    if (refused !== undefined) return refused;
    const resized = TIERS.filter((tier) => inputs.tiers[tier].units !== state.units[tier]);
    if (random() < 0.5) resized.reverse();
    for (const tier of partly ? resized.slice(0, 1) : resized) {
      crash.effect(`${tier} is resized`);
      platform.setTier(tier, inputs.tiers[tier].units);
    }
    const { units, expiresMs, ttlWallMs } = inputs.warm;
    if (!partly && (units !== state.warm.units || expiresMs !== state.warm.expiresMs)) {
      crash.effect("the warm pool is filled");
      platform.setWarm(units, ttlWallMs);
    }
    crash.effect("the state is saved");
    return undefined;
  } catch (error) {
    if (error instanceof SimulatedCrash) state.leftOver = true;
    throw error;
  }
}

/** Clears what a dead run left, then reads the state back from the platform. */
async function recover(world: World): Promise<RecoveryReport | EngineFailure> {
  const { options, state } = world;
  const barred = barrier(world, false, true);
  if (barred !== undefined) return barred;
  await options.passTime(PREVIEW_MS);
  if (options.platform.troubles.reads === "lost")
    return { kind: "failed", reason: "the platform does not answer" };
  const wanted = options.platform.wanted();
  const mended = state.leftOver ? ["released own lock of a dead engine run"] : [];
  const warm = { units: wanted.warmUnits, expiresMs: state.warm.expiresMs };
  Object.assign(state, { units: wanted.units, warm, planGeneration: wanted.planGeneration, leftOver: false });
  return { kind: "recovered", mended, planGeneration: wanted.planGeneration };
}

function barrier({ troubles, state }: World, takesLock: boolean, mends = false): EngineFailure | undefined {
  if (troubles.engineMissing) return { kind: "engine-missing", reason: "no Pulumi engine" };
  if (troubles.lockedBy !== null && (takesLock || mends))
    return { kind: "locked", by: troubles.lockedBy, ownDead: false };
  if (state.leftOver && takesLock) return { kind: "locked", by: "a dead run of our own", ownDead: false };
  return undefined;
}

const EVIDENCE: PolicyEvidence = {
  pack: "simulated",
  packHash: "",
  packVersion: "0",
  passed: POLICY_CHECKS,
  violations: [],
  missing: [],
};

/** The limits once more, judged against the stack's own state as the real pack judges them. */
function policyVerdict({ options, troubles, state }: World, inputs: StackInputs): EngineFailure | undefined {
  if (troubles.noEvidence) return { kind: "no-policy-evidence", reason: "the engine did not run the pack" };
  const { limits } = options;
  const units = unitsOf(inputs);
  const total = totalUnits(units);
  const violations: string[] = [];
  const most = Math.min(limits.maxTotalUnits, troubles.policyMaxTotalUnits);
  if (total > most) violations.push(`total-units-max: ${total} units in total, at most ${most} are allowed`);
  if (units.baseline < options.minBaselineUnits)
    violations.push(`baseline-min: baseline of ${units.baseline}`);
  for (const tier of TIERS) {
    const growth = units[tier] - state.units[tier];
    if (-growth > limits.maxStepDownUnits) violations.push(`step-down-max: ${tier} shrinks by ${-growth}`);
    const isStep = growth > limits.maxStepUpUnits && state.planGeneration > 0;
    if (isStep && total > inputs.observedUnits) violations.push(`step-up-max: ${tier} grows by ${growth}`);
  }
  return violations.length === 0 ? undefined : { kind: "policy-violation", violations };
}

function changesTo(state: StackState, inputs: StackInputs): readonly ResourceChange[] {
  const changes = TIERS.filter((tier) => inputs.tiers[tier].units !== state.units[tier]).map((tier) => ({
    op: "update",
    type: "tiercast:local:Tier",
    name: tier,
    diff: [{ property: "units", before: String(state.units[tier]), after: String(inputs.tiers[tier].units) }],
  }));
  if (inputs.warm.units === state.warm.units) return changes;
  const diff = [{ property: "units", before: String(state.warm.units), after: String(inputs.warm.units) }];
  return [...changes, { op: "update", type: "tiercast:local:WarmPool", name: "warm", diff }];
}

function unitsOf(inputs: StackInputs): TierUnits {
  const units = (tier: Tier) => inputs.tiers[tier].units;
  return { baseline: units("baseline"), predictive: units("predictive"), burst: units("burst") };
}
