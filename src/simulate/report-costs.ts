import { TIERS } from "../model/tier.ts";
import { WARM_PRICE, WORLD_PRICES } from "./figures.ts";
import type { PolicyTimeline, TraceWorld } from "./world.ts";

/** Cost of a step in the world's money (1 is a unit-hour at full price); 0 for what is not scored. */
export function stepCosts(timeline: PolicyTimeline, world: TraceWorld): (step: number) => number {
  const hours = world.stepMinutes / 60;
  const { tiers, firstStep } = timeline;
  return (step) => {
    const row = step - firstStep;
    if (step < world.firstScored || Number.isNaN(world.demandRps[step] ?? Number.NaN)) return 0;
    const warm =
      (timeline.warmPreparingUnits?.[row] ?? 0) + WARM_PRICE * (timeline.warmIdleUnits?.[row] ?? 0);
    const held =
      tiers === undefined
        ? (timeline.requestedUnits[row] ?? 0)
        : TIERS.reduce((sum, tier) => sum + (tiers[tier][row] ?? 0) * WORLD_PRICES[tier], 0);
    return (held + warm * WORLD_PRICES.burst) * hours;
  };
}

/** Unit-hours and cost of each tier over the scored steps; empty for a policy without tiers. */
export function costByTier(
  timeline: PolicyTimeline,
  world: TraceWorld,
): readonly { readonly tier: string; readonly unitHours: number; readonly cost: number }[] {
  const { tiers, firstStep } = timeline;
  if (tiers === undefined) return [];
  const hours = world.stepMinutes / 60;
  return TIERS.map((tier) => {
    let unitHours = 0;
    for (let step = world.firstScored; step < world.demandRps.length; step++) {
      if (Number.isNaN(world.demandRps[step] ?? Number.NaN)) continue;
      unitHours += (tiers[tier][step - firstStep] ?? 0) * hours;
    }
    return { tier, unitHours, cost: unitHours * WORLD_PRICES[tier] };
  });
}
