import type { CycleRecord, Stage } from "../model/cycle.ts";
import type { DecideInput } from "../model/decide-input.ts";
import type { TrafficSample } from "../model/platform.ts";
import type { DemandSeries } from "../model/series.ts";
import { TIERS } from "../model/tier.ts";
import type { ControllerParts } from "./parts.ts";
import type { ControllerState } from "./state.ts";

/** A cycle record while it is being made. */
export type Draft = { -readonly [Key in keyof CycleRecord]: CycleRecord[Key] };

/** One cycle as it is being made: what earlier stages left for later ones. */
export interface Pass {
  readonly parts: ControllerParts;
  readonly state: ControllerState;
  readonly options: CycleOptions;
  readonly record: Draft;
  /** The last minute at the router; null when it says nothing. */
  traffic: TrafficSample | null;
  series: DemandSeries | null;
  input: DecideInput | null;
}

export interface CycleOptions {
  readonly stopAfter?: Stage;
  readonly signal: AbortSignal;
}

/** Somebody resized a tier behind our back: what the platform wants is not what was applied. */
export function hasDrifted(pass: Pass): boolean {
  const { platform } = pass.record;
  const { applied } = pass.state;
  if (platform === null || applied === null) return false;
  return TIERS.some((tier) => platform.tiers[tier].wantedUnits !== applied.tiers[tier].units);
}
