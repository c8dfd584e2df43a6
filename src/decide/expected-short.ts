import type { ForecastRecord } from "../model/cycle.ts";
import { peakDemand, type StepRange } from "../model/outlook.ts";
import type { UnitsNeeded } from "./capacity.ts";
import type { Facts } from "./facts.ts";
import { levelMasses } from "./level-masses.ts";

/** Units that the peak of the window needs, with the probability it stands for. */
export interface LevelNeed {
  readonly units: number;
  readonly mass: number;
}

/** The need of each quantile of the forecast, lowest first; empty when it says nothing about the window. */
export function needByLevel(
  forecast: ForecastRecord | null,
  window: StepRange | undefined,
  unitsFor: (demandRps: number) => UnitsNeeded,
): readonly LevelNeed[] {
  if (forecast === null || window === undefined) return [];
  const masses = levelMasses(forecast.levels);
  return forecast.levels.map((level, k) => {
    return { units: unitsFor(peakDemand(forecast, level, window)).units, mass: masses[k] ?? 0 };
  });
}

/**
 * Expected units missing over the window with `total` units: the mean over the forecast's quantiles of what their
 * peak needs beyond it, never less than what is missing for demand now. To a thousandth.
 */
export function expectedShortUnits(facts: Facts, total: number): number {
  const missingNow = Math.max(0, facts.need.observedUnits - total);
  const levels = facts.levelNeeds();
  if (levels.length === 0) return missingNow;
  let short = 0;
  for (const { units, mass } of levels) short += mass * Math.max(missingNow, units - total);
  return Math.round(short * 1000) / 1000;
}

/** Probability that units are missing at all within the window with `total` units. To a thousandth. */
export function shortChance(facts: Facts, total: number): number {
  if (facts.need.observedUnits > total) return 1;
  let chance = 0;
  for (const { units, mass } of facts.levelNeeds()) if (units > total) chance += mass;
  return Math.round(chance * 1000) / 1000;
}
