import type { Decision } from "../model/decision.ts";
import type { StackInputs, TierInputs } from "../model/stack-inputs.ts";
import type { Tier } from "../model/tier.ts";

/** What a tier stack needs beside the decision. */
export interface RenderContext {
  readonly service: string;
  readonly planGeneration: number;
  readonly priceUsdPerUnitHour: Readonly<Record<Tier, number>>;
  readonly warmPriceUsdPerUnitHour: number;
  readonly tags: Readonly<Record<string, string>>;
  readonly endpointFile: string;
  /** The daemon's milliseconds per wall millisecond. */
  readonly speed: number;
}

/** The inputs of the tier stack that carries out `decision`. */
export function render(decision: Decision, context: RenderContext): StackInputs {
  const { after } = decision;
  const expiresMs = decision.warmExpiresMs ?? null;
  const tier = (name: Tier): TierInputs => ({
    units: after.units[name],
    priceUsdPerUnitHour: context.priceUsdPerUnitHour[name],
  });
  return {
    service: context.service,
    platform: "local",
    planGeneration: context.planGeneration,
    decisionId: decision.id,
    cutoffMs: decision.cutoffMs,
    tiers: { baseline: tier("baseline"), predictive: tier("predictive"), burst: tier("burst") },
    warm: {
      units: after.warmUnits,
      priceUsdPerUnitHour: context.warmPriceUsdPerUnitHour,
      expiresMs,
      ttlWallMs: expiresMs === null ? null : Math.max(0, expiresMs - decision.atMs) / context.speed,
      reason: decision.warmReason,
    },
    observedUnits: decision.need.observedUnits,
    tags: context.tags,
    endpointFile: context.endpointFile,
  };
}
