import type { Decision } from "../model/decision.ts";
import type { StackInputs, TierInputs } from "../model/stack-inputs.ts";
import type { Tier } from "../model/tier.ts";
import { type WarmKindInputs, type WarmKindSettings, warmKindsOf } from "../model/warm.ts";

/** What a tier stack needs beside the decision. */
export interface RenderContext {
  readonly service: string;
  readonly planGeneration: number;
  readonly priceUsdPerUnitHour: Readonly<Record<Tier, number>>;
  readonly warmPriceUsdPerUnitHour: number;
  readonly tags: Readonly<Record<string, string>>;
  readonly endpointFile: string;
  /** Kinds of warm pieces, as configured; absent: none. */
  readonly warmKinds?: readonly WarmKindSettings[];
  /** The daemon's milliseconds per wall millisecond. */
  readonly speed: number;
}

/** The inputs of the tier stack that carries out `decision`. */
export function render(decision: Decision, context: RenderContext): StackInputs {
  const { after } = decision;
  const expiresMs = decision.warmExpiresMs ?? null;
  const warmKinds = warmKindInputs(decision, context);
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
    ...(warmKinds.length === 0 ? {} : { warmKinds }),
    observedUnits: decision.need.observedUnits,
    tags: context.tags,
    endpointFile: context.endpointFile,
  };
}

function warmKindInputs(decision: Decision, context: RenderContext): readonly WarmKindInputs[] {
  return warmKindsOf(decision.warmKinds).flatMap((plan) => {
    const kind = context.warmKinds?.find(({ name }) => name === plan.name);
    if (kind === undefined) return [];
    const { name, minCount, priceUsdPerHour, target } = kind;
    const expiresMs = plan.expiresMs ?? null;
    const ttlWallMs = expiresMs === null ? null : Math.max(0, expiresMs - decision.atMs) / context.speed;
    const { count, reason } = plan;
    return [{ name, count, minCount, priceUsdPerHour, expiresMs, ttlWallMs, reason, target }];
  });
}
