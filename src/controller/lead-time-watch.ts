import { type Sizes, TIERS } from "../model/tier.ts";
import type { ControllerParts } from "./parts.ts";

const POLL_WALL_MS = 200;

/**
 * Measures one lead time: from the decision to the instant when every tier has the units that were applied. Ends
 * without a sample when that is not so by `deadlineMs` (daemon time) or when `signal` aborts. One watch at a time:
 * the caller aborts the last when it starts the next.
 */
export async function watchLeadTime(
  parts: ControllerParts,
  watch: {
    readonly cycle: number;
    readonly decidedMs: number;
    readonly sizes: Sizes;
    readonly deadlineMs: number;
  },
  signal: AbortSignal,
): Promise<number | undefined> {
  const { clock, platform, journal } = parts;
  while (!signal.aborted && clock.nowMs() < watch.deadlineMs) {
    const state = await platform.state().catch(() => undefined);
    const ready =
      state !== undefined && TIERS.every((tier) => state.tiers[tier].readyUnits >= watch.sizes.units[tier]);
    if (ready) {
      const atMs = clock.nowMs();
      const leadTimeMs = atMs - watch.decidedMs;
      journal.appendLeadTime({ atMs, leadTimeMs, cycle: watch.cycle });
      return leadTimeMs;
    }
    await clock.sleep(POLL_WALL_MS * clock.speed, signal);
  }
  return undefined;
}
