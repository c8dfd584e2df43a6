import type { DecideInput } from "../model/decide-input.ts";
import type { PlatformState } from "../model/platform.ts";
import type { StackInputs } from "../model/stack-inputs.ts";
import { warmKindsOf } from "../model/warm.ts";
import type { ControllerState } from "./state.ts";

/** What was applied last of each kind, as `decide` is given it. */
export function warmKindsInput({ applied }: ControllerState): Pick<DecideInput, "warmKinds"> {
  const kinds = warmKindsOf(applied?.warmKinds);
  if (kinds.length === 0) return {};
  const held = kinds.map(({ name, count, expiresMs }) => [name, { count, expiresMs }]);
  return { warmKinds: Object.fromEntries(held) };
}

/**
 * The platform lost a kind, or wants more of one than was applied: somebody changed it, or its state is gone. Fewer is
 * none: what is beyond the least expires there by itself.
 */
export function hasKindDrifted(platform: PlatformState, applied: StackInputs): boolean {
  const present = platform.warmKinds ?? {};
  return warmKindsOf(applied.warmKinds).some(({ name, count }) => {
    const kind = present[name];
    return kind === undefined || kind.wantedCount > count;
  });
}

/** What the platform should want of each kind now. */
export function expectedKinds({ applied }: ControllerState, nowMs: number): Readonly<Record<string, number>> {
  const counts = warmKindsOf(applied?.warmKinds).map(({ name, count, minCount, expiresMs }) => {
    const isOver = expiresMs !== null && expiresMs <= nowMs;
    return [name, isOver ? Math.min(count, minCount) : count];
  });
  return Object.fromEntries(counts);
}
