import { canonicalJson } from "../model/canonical-json.ts";
import type { StackInputs } from "../model/stack-inputs.ts";

/**
 * What of the stack inputs a platform would notice, as a string: equal keys mean that no engine run is needed. Left
 * out is what differs in every cycle without changing anything: generation, decision, cutoff, observed need, and
 * the warm pool's expiry, life and words.
 */
export function inputsKey(inputs: StackInputs): string {
  const { service, platform, tiers, warm, tags, endpointFile } = inputs;
  const pool = { units: warm.units, priceUsdPerUnitHour: warm.priceUsdPerUnitHour };
  return canonicalJson({ service, platform, tiers, warm: pool, tags, endpointFile });
}
