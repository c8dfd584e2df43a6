import { type ComparisonRow, comparePolicies } from "../frontier.ts";
import type { SweptRun } from "../simulate.ts";
import type { TraceWorld } from "../world.ts";
import type { Sampled } from "./advice.ts";
import { demandDays, oracleDays, type RunDays, runDays, scoredDays } from "./day-sums.ts";
import { drawnSum, resampleDays } from "./resample.ts";

/** How one policy stands against another, and how far a few days decide it. */
export interface Standing {
  readonly violationRatio: Sampled;
  /** Share of draws in which the first misses less; NaN below two days. */
  readonly betterShare: number;
}

/** Better than this is not told apart: 99 % less at one level must not outweigh another. */
const LEAST_RATIO = 0.01;

/**
 * V of `own` runs over that of `reference` runs at equal unit-hours (geometric mean over the rows compared), with its
 * interval over resampled days: in each draw both frontiers are drawn anew from the same days.
 */
export function standing(
  world: TraceWorld,
  own: readonly SweptRun[],
  reference: readonly SweptRun[],
  replicates: number,
): Standing {
  const days = scoredDays(world);
  const demand = demandDays(world, days);
  const oracle = oracleDays(world, days);
  const sums = {
    tiercast: own.map((run) => runDays(world, days, run)),
    hpa: reference.map((run) => runDays(world, days, run)),
  };
  const statistic = (counts: readonly number[]): number => {
    const load = drawnSum(counts, demand);
    if (!(load > 0)) return Number.NaN;
    const point = ({ lost, unitHours }: RunDays) => ({
      unitHours: drawnSum(counts, unitHours),
      violationShare: drawnSum(counts, lost) / load,
      updatesPerHour: 0,
    });
    // `comparePolicies` compares with what is named hpa.
    const swept = { tiercast: sums.tiercast.map(point), hpa: sums.hpa.map(point) };
    return meanRatio(comparePolicies(swept, drawnSum(counts, oracle)));
  };
  const { draws, ...violationRatio } = resampleDays(days.count, statistic, replicates);
  const better = draws.filter((ratio) => ratio < 1).length;
  return { violationRatio, betterShare: draws.length === 0 ? Number.NaN : better / draws.length };
}

/** NaN where no row has both. */
function meanRatio(rows: readonly ComparisonRow[]): number {
  const logs = rows
    .map((row) => Math.log(Math.max(LEAST_RATIO, row.policies["tiercast"]?.violationRatio ?? Number.NaN)))
    .filter(Number.isFinite);
  return logs.length === 0 ? Number.NaN : Math.exp(logs.reduce((sum, log) => sum + log, 0) / logs.length);
}
