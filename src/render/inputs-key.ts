import { canonicalJson } from "../model/canonical-json.ts";
import type { StackInputs } from "../model/stack-inputs.ts";

/**
 * What of the stack inputs a platform would notice, as a string: equal keys mean that no engine run is needed. Left
 * out is what differs in every cycle without changing anything: generation, decision, cutoff, observed need, and
 * the expiry, life and words of the warm pool and of warm pieces.
 */
export function inputsKey(inputs: StackInputs): string {
  const { service, platform, tiers, warm, tags, endpointFile } = inputs;
  const pool = { units: warm.units, priceUsdPerUnitHour: warm.priceUsdPerUnitHour };
  const kinds = inputs.warmKinds?.map(({ name, count, minCount, priceUsdPerHour, target }) => {
    return { name, count, minCount, priceUsdPerHour, target };
  });
  return canonicalJson({ service, platform, tiers, warm: pool, warmKinds: kinds, tags, endpointFile });
}
