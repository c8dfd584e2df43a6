import { peakDemand } from "../model/outlook.ts";
import type { Facts } from "./facts.ts";
import { levelMasses } from "./level-masses.ts";

/**
 * Expected units missing over the window with `total` units: the mean over the forecast's quantiles of what their
 * peak needs beyond it, never less than what is missing for demand now. To a thousandth.
 */
export function expectedShortUnits(facts: Facts, total: number): number {
  const { input, window, need } = facts;
  const missingNow = Math.max(0, need.observedUnits - total);
  const { forecast } = input;
  if (forecast === null || window === undefined) return missingNow;
  const masses = levelMasses(forecast.levels);
  let short = 0;
  forecast.levels.forEach((level, k) => {
    const units = facts.unitsFor(peakDemand(forecast, level, window)).units;
    short += (masses[k] ?? 0) * Math.max(missingNow, units - total);
  });
  return Math.round(short * 1000) / 1000;
}
