import type { StackInputs } from "../../src/model/stack-inputs.ts";
import { TIERS } from "../../src/model/tier.ts";
import { Plan, TierSize, WarmPool } from "./resources.ts";

/** What the warm pool of a plan may carry beyond the shared inputs. */
interface WarmExtras {
  /** The burst tier's price unless given: a warm unit is one more burst unit, held idle. */
  readonly priceUsdPerUnitHour?: number;
  /** Wall life of the pool; unless given, the rest of its life in the daemon's time (right at speed 1). */
  readonly ttlWallMs?: number | null;
}

/**
 * The tier stack as a function of its inputs: Plan, then the tiers, then the warm pool. The plan comes first so
 * that a stale one stops the update before any size is written; the pool comes last so that a tier that grows
 * can take its idle units before the pool shrinks. Outputs: `planGeneration` and `sizes`.
 */
export function tierProgram(inputs: StackInputs): () => Promise<Record<string, unknown>> {
  return async () => {
    const { service, planGeneration, decisionId, cutoffMs, observedUnits, endpointFile, warm } = inputs;
    const tags = { ...inputs.tags, service };
    const shared = { service, tags, endpointFile };
    const plan = new Plan("plan", { ...shared, planGeneration, decisionId, cutoffMs, observedUnits });
    const tiers = TIERS.map((tier) => {
      const { units, priceUsdPerUnitHour } = inputs.tiers[tier];
      return new TierSize(tier, { ...shared, tier, units, priceUsdPerUnitHour }, { dependsOn: [plan] });
    });
    const { units, expiresMs, reason } = warm;
    const { priceUsdPerUnitHour, ttlWallMs } = warmExtras(inputs);
    new WarmPool(
      "warm",
      { ...shared, units, priceUsdPerUnitHour, expiresMs, ttlWallMs, reason },
      { dependsOn: [plan, ...tiers] },
    );
    const sizes = Object.fromEntries(TIERS.map((tier) => [tier, inputs.tiers[tier].units]));
    return { planGeneration, sizes: { ...sizes, warm: units } };
  };
}

function warmExtras({ warm, tiers, cutoffMs }: StackInputs): Required<WarmExtras> {
  const extras: StackInputs["warm"] & WarmExtras = warm;
  const restMs = warm.expiresMs === null ? null : Math.max(0, warm.expiresMs - cutoffMs);
  return {
    priceUsdPerUnitHour: extras.priceUsdPerUnitHour ?? tiers.burst.priceUsdPerUnitHour,
    ttlWallMs: extras.ttlWallMs === undefined ? restMs : extras.ttlWallMs,
  };
}
