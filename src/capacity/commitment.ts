import type { Drawn } from "./drawn.ts";
import { addLoadHours, breakEvenUnits, fallUntilLoss, pathWindow } from "./load-duration.ts";
import type { Commitment, HistoryReach } from "./plan-values.ts";

/**
 * Units to commit to, by the newsvendor rule on the load-duration curve: the largest k whose unit k is busy for at
 * least price_committed / price_on_demand of the time (cost of a unit too many: the committed price; of one too few:
 * the difference). It must hold over the whole term, whose paths lie further apart than the horizon's, and over the
 * horizon alone: what only growth would fill can be committed to when it is there, but nothing can be given back.
 */
export function planCommitment(drawn: Drawn, reach: HistoryReach, horizonHours: Float64Array): Commitment {
  const { request, periods, pool, table, paths, factors } = drawn;
  const { commitUsdPerUnitHour, termMs, today } = request;
  const onDemandUsd = today.tiers.predictive.priceUsdPerUnitHour;
  const none = (reason: string): Commitment => ({
    units: 0,
    usdPerUnitHour: commitUsdPerUnitHour,
    termMs,
    fallFraction: 0,
    reason,
  });
  const against = reasonAgainst(drawn, reach);
  if (against !== undefined) return none(against);
  const hours = new Float64Array(table.mostUnits + 1);
  const window = pathWindow(termMs, periods.periodMs, factors);
  for (const path of paths) addLoadHours(hours, path, { pool, table, window });
  const share = commitUsdPerUnitHour / onDemandUsd;
  const units = Math.min(breakEvenUnits(hours, share), breakEvenUnits(horizonHours, share));
  if (units === 0) return none("no unit is busy for long enough over the term");
  return {
    units,
    usdPerUnitHour: commitUsdPerUnitHour,
    termMs,
    fallFraction: fallUntilLoss(hours, units, share),
    reason: `each is busy for at least ${Math.round(100 * share)} % of the horizon and of the term`,
  };
}

function reasonAgainst({ request }: Drawn, reach: HistoryReach): string | undefined {
  const { commitUsdPerUnitHour, today } = request;
  if (reach.period === "day") return "less than four weeks of history say nothing about the term";
  if (commitUsdPerUnitHour >= today.tiers.predictive.priceUsdPerUnitHour)
    return "the committed price is not below the on-demand price";
  if (commitUsdPerUnitHour > today.tiers.baseline.priceUsdPerUnitHour)
    return "the committed price is above that of a baseline unit, which binds nobody";
  return undefined;
}
