import { canonicalJson } from "../model/canonical-json.ts";
import type { StackInputs } from "../model/stack-inputs.ts";

/**
 * What of the stack inputs a platform would notice, as a string: equal keys mean that no engine run is needed. Left
 * out is what differs in every cycle without changing anything: generation, decision, cutoff, observed need, and
 * the warm pool's expiry and words.
 */
export function inputsKey(inputs: StackInputs): string {
  const { service, platform, tiers, warm, tags, endpointFile } = inputs;
  return canonicalJson({ service, platform, tiers, warmUnits: warm.units, tags, endpointFile });
}
