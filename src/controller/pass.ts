import type { CycleRecord, Stage } from "../model/cycle.ts";
import type { DecideInput } from "../model/decide-input.ts";
import { leadTimeMs } from "../model/lead-time.ts";
import type { TrafficSample } from "../model/platform.ts";
import type { DemandSeries } from "../model/series.ts";
import type { Mode } from "../model/settings.ts";
import { type Sizes, TIERS, type Tier, type TierUnits, totalUnits } from "../model/tier.ts";
import type { ControllerParts } from "./parts.ts";
import { appliedSizes, type ControllerState } from "./state.ts";
import { hasKindDrifted } from "./warm-kinds.ts";

/** A cycle record while it is being made. */
export type Draft = { -readonly [Key in keyof CycleRecord]: CycleRecord[Key] };

/** One cycle as it is being made: what earlier stages left for later ones. */
export interface Pass {
  readonly parts: ControllerParts;
  readonly state: ControllerState;
  readonly options: CycleOptions;
  readonly record: Draft;
  /** When the pass began, by the clock that nobody sets. */
  readonly beganMonotonicMs: number;
  /** The last minute at the router; null when it says nothing. */
  traffic: TrafficSample | null;
  series: DemandSeries | null;
  input: DecideInput | null;
  /** The decision carries out the baseline review that was due: done once its sizes are there. */
  baselineReviewed: boolean;
}

export interface CycleOptions {
  readonly stopAfter?: Stage;
  readonly signal: AbortSignal;
}

/**
 * What the platform was told to want, by whomever: what was applied, unless the platform says otherwise (a hand past
 * the stack, an update that was cut off after its effect, a journal that was lost). Steps and scale-down rules count
 * from what is there, else the pack refuses the way back, or capacity falls in one leap.
 */
export function currentSizes(pass: Pass): Sizes {
  const { platform } = pass.record;
  const applied = appliedSizes(pass.state);
  if (platform === null || !hasDrifted(pass)) return applied;
  const { baseline, predictive, burst } = platform.tiers;
  const units = {
    baseline: baseline.wantedUnits,
    predictive: predictive.wantedUnits,
    burst: burst.wantedUnits,
  };
  return { units: heldUnits(pass, units, applied.units), warmUnits: applied.warmUnits };
}

/**
 * What a drift is counted from. While demand is in doubt the larger of both counts, since an old answer of the platform
 * must not lower what is held; as far as the pack lets it grow back in one step. And nothing at all where sizes were
 * applied is put back, not sized from: a platform that cannot be reached may look like that. Only where the pack
 * refused that is it believed.
 */
function heldUnits({ parts, state, record }: Pass, seen: TierUnits, applied: TierUnits): TierUnits {
  const { freshness, recentRps } = record.observation;
  const isGone = totalUnits(seen) === 0 && state.lastRecord?.apply?.kind !== "policy-violation";
  if (freshness === "fresh" && !recentRps.includes(null) && !isGone) return seen;
  const stepUnits = isGone ? Number.POSITIVE_INFINITY : parts.settings.limits.maxStepUpUnits;
  const of = (tier: Tier) => Math.max(seen[tier], Math.min(applied[tier], seen[tier] + stepUnits));
  return { baseline: of("baseline"), predictive: of("predictive"), burst: of("burst") };
}

/**
 * Somebody resized a tier behind our back: what the platform wants is not what was applied. A warm pool that is
 * smaller than it was made is none: it may have expired, or the platform needs the room for its tiers.
 */
export function hasDrifted(pass: Pass): boolean {
  const { platform } = pass.record;
  const { applied } = pass.state;
  if (platform === null) return false;
  // A journal that was lost: what the stack's own state says of it is as old as it may be.
  if (applied === null) return platform.planGeneration > 0;
  if (platform.warm.wantedUnits > applied.warm.units || hasKindDrifted(platform, applied)) return true;
  return TIERS.some((tier) => platform.tiers[tier].wantedUnits !== applied.tiers[tier].units);
}

/**
 * Time until the next decision: an interval, or as many as an update lately took. While an engine run lasts nothing is
 * decided, so a window of one interval would look past what comes after it.
 */
export function cycleMs({ parts, state }: Pass): number {
  const { intervalMs } = parts.settings.schedule;
  return Math.max(1, ...state.updatingCyclesMs.map((ms) => Math.ceil(ms / intervalMs))) * intervalMs;
}

const LEAD_TIMES_USED = 200;

/** Measured lead times, oldest first. */
export function leadTimesMs({ parts }: Pass): readonly number[] {
  return parts.journal.leadTimes(LEAD_TIMES_USED).map((sample) => sample.leadTimeMs);
}

/** How far ahead sizes are made for: until what the next decision asks for can be ready. */
export function decisionWindowMs(pass: Pass): number {
  return leadTimeMs(leadTimesMs(pass), pass.parts.settings.leadTime) + cycleMs(pass);
}

/** The mode that `assess` left in force; before its first look, the one asked for. */
export function modeInForce({ parts, state }: Pass): Mode {
  return state.mode?.mode ?? parts.settings.mode;
}
