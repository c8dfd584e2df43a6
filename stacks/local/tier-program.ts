import type { StackInputs } from "../../src/model/stack-inputs.ts";
import { TIERS } from "../../src/model/tier.ts";
import { warmKindsOf } from "../../src/model/warm.ts";
import { Plan, TierSize, WarmKind, WarmPool } from "./resources.ts";

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
    const { units, priceUsdPerUnitHour, expiresMs, ttlWallMs, reason } = warm;
    new WarmPool(
      "warm",
      { ...shared, units, priceUsdPerUnitHour, expiresMs, ttlWallMs, reason },
      { dependsOn: [plan, ...tiers] },
    );
    for (const { name, target, ...rest } of warmKindsOf(inputs.warmKinds)) {
      const { hello, ...where } = target;
      const kind = { ...shared, ...rest, kind: name, target: hello === null ? where : { ...where, hello } };
      new WarmKind(`warm-${name}`, kind, { dependsOn: [plan] });
    }
    const sizes = Object.fromEntries(TIERS.map((tier) => [tier, inputs.tiers[tier].units]));
    return { planGeneration, sizes: { ...sizes, warm: units } };
  };
}
