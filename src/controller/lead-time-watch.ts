import { type Sizes, TIERS } from "../model/tier.ts";
import type { ControllerParts } from "./parts.ts";

const POLL_WALL_MS = 200;

/**
 * Measures one lead time: from the decision to the instant when every tier has the units that were applied. Ends
 * without a sample when that takes longer than `limitMs` (daemon time) or when `signal` aborts. Counted on the
 * monotonic clock: a wall clock that is set meanwhile would leave a negative time in the journal, or one of an hour, to
 * be sized by for days.
 */
export async function watchLeadTime(
  parts: ControllerParts,
  watch: {
    readonly cycle: number;
    readonly decidedMonotonicMs: number;
    readonly sizes: Sizes;
    readonly limitMs: number;
  },
  signal: AbortSignal,
): Promise<number | undefined> {
  const { clock, platform, journal } = parts;
  const elapsedMs = () => (clock.monotonicMs() - watch.decidedMonotonicMs) * clock.speed;
  while (!signal.aborted && elapsedMs() < watch.limitMs) {
    const state = await platform.state().catch(() => undefined);
    const ready =
      state !== undefined && TIERS.every((tier) => state.tiers[tier].readyUnits >= watch.sizes.units[tier]);
    if (ready) {
      const leadTimeMs = elapsedMs();
      journal.appendLeadTime({ atMs: clock.nowMs(), leadTimeMs, cycle: watch.cycle });
      return leadTimeMs;
    }
    await clock.sleep(POLL_WALL_MS * clock.speed, signal);
  }
  return undefined;
}
