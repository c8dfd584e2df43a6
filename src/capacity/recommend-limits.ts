import type { Drawn } from "./drawn.ts";
import type { PathNeeds } from "./limits-reached.ts";
import type { Commitment, RecommendedLimits } from "./plan-values.ts";
import { quantileOf } from "./spread-of.ts";

/** Level of the horizon's peak that the total limit has room for. */
export const PEAK_LEVEL = 0.975;
/** Units kept for burst, as a share of that peak; the configuration's own default. */
const RESERVE_SHARE = 0.05;
const BASELINE_LEVEL = 0.95;

/**
 * Limits that let every tier do its work up to a high quantile of the horizon's peak. The tiers' own limits do not bind
 * before the total does, but for baseline: more than its 95 % break-even is never worth holding.
 */
export function recommendLimits(
  { request }: Drawn,
  found: {
    readonly baselineUnits: number;
    readonly commitment: Commitment;
    readonly peakUnits: readonly number[];
    readonly needs: readonly PathNeeds[];
  },
): RecommendedLimits {
  const { tiers, limits, warm } = request.today;
  const sorted = Float64Array.from(found.peakUnits).sort();
  const peak = Math.ceil(quantileOf(sorted, PEAK_LEVEL));
  const burstReserveUnits = Math.max(limits.burstReserveUnits, Math.ceil(RESERVE_SHARE * peak));
  const leastOthers = tiers.predictive.minUnits + tiers.burst.minUnits;
  const committed = found.commitment.units;
  const baselineMinUnits =
    committed > 0 ? committed : Math.min(tiers.baseline.minUnits, Math.max(1, found.baselineUnits));
  const maxTotalUnits = Math.max(
    peak + burstReserveUnits,
    baselineMinUnits + leastOthers + burstReserveUnits,
  );
  const busy = Float64Array.from(
    found.needs.flatMap(({ baselineUnits }) => Array.from(baselineUnits)),
  ).sort();
  const baselineMaxUnits = Math.min(
    maxTotalUnits,
    Math.max(baselineMinUnits, found.baselineUnits, Math.ceil(quantileOf(busy, BASELINE_LEVEL))),
  );
  const dearestUsd = Math.max(...Object.values(tiers).map(({ priceUsdPerUnitHour }) => priceUsdPerUnitHour));
  const costUsd =
    baselineMinUnits * tiers.baseline.priceUsdPerUnitHour +
    (maxTotalUnits - baselineMinUnits) * dearestUsd +
    warm.maxUnits * warm.priceUsdPerUnitHour;
  return {
    baselineMinUnits,
    baselineMaxUnits,
    predictiveMaxUnits: Math.max(
      tiers.predictive.minUnits,
      maxTotalUnits - burstReserveUnits - baselineMinUnits,
    ),
    burstMaxUnits: Math.max(1, tiers.burst.minUnits, maxTotalUnits - baselineMinUnits),
    burstReserveUnits,
    maxTotalUnits,
    maxCostUsdPerHour: Math.ceil(costUsd * 100 - 1e-6) / 100,
  };
}
