import type { StackInputs } from "../model/stack-inputs.ts";
import { warmKindsOf } from "../model/warm.ts";
import { inputsKey } from "../render/inputs-key.ts";

/**
 * True when `inputs` would change nothing of what was applied. The key leaves out when a warm pool ends, since that
 * moves on with each cycle that a plan waits for approval; but a pool that is to live on has to be told so, or the
 * platform empties it.
 */
export function isSamePlan(applied: StackInputs | null, inputs: StackInputs): boolean {
  if (applied === null || inputsKey(applied) !== inputsKey(inputs)) return false;
  if (inputs.warm.units > 0 && inputs.warm.expiresMs !== applied.warm.expiresMs) return false;
  return warmKindsOf(inputs.warmKinds).every(
    (kind, at) => kind.expiresMs === applied.warmKinds?.[at]?.expiresMs,
  );
}
