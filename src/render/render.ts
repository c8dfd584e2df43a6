import type { Decision } from "../model/decision.ts";
import type { StackInputs, TierInputs } from "../model/stack-inputs.ts";
import type { Tier } from "../model/tier.ts";

/** What a tier stack needs beside the decision. */
export interface RenderContext {
  readonly service: string;
  readonly planGeneration: number;
  readonly priceUsdPerUnitHour: Readonly<Record<Tier, number>>;
  readonly tags: Readonly<Record<string, string>>;
  readonly endpointFile: string;
}

/** The inputs of the tier stack that carries out `decision`. */
export function render(decision: Decision, context: RenderContext): StackInputs {
  const { after } = decision;
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
      expiresMs: decision.warmExpiresMs ?? null,
      reason: decision.warmReason,
    },
    observedUnits: decision.need.observedUnits,
    tags: context.tags,
    endpointFile: context.endpointFile,
  };
}
