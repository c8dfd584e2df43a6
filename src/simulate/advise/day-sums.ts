import { oracleRequests } from "../figures.ts";
import type { SweptRun } from "../simulate.ts";
import type { TraceWorld } from "../world.ts";

/** Scored steps cut into days of 24 h from the first one on. */
export interface ScoredDays {
  readonly count: number;
  /** Day of a scored step. */
  readonly dayOf: (step: number) => number;
}

/** What one run did on each day. */
export interface RunDays {
  /** Demand beyond ready units, as a sum over steps. */
  readonly lost: Float64Array;
  readonly unitHours: Float64Array;
}

const MINUTES_A_DAY = 1440;

/** A last day of less than half belongs to the one before; less than a day in all is one. */
export function scoredDays(world: TraceWorld): ScoredDays {
  const perDay = MINUTES_A_DAY / world.stepMinutes;
  const count = Math.max(1, Math.round((world.demandRps.length - world.firstScored) / perDay));
  return { count, dayOf: (step) => Math.min(count - 1, Math.floor((step - world.firstScored) / perDay)) };
}

/** Sums over each day's scored steps; gaps add nothing. */
export function demandDays(world: TraceWorld, days: ScoredDays): Float64Array {
  return sums(world, days, (step) => world.demandRps[step] ?? 0);
}

export function oracleDays(world: TraceWorld, days: ScoredDays): Float64Array {
  const oracle = oracleRequests(world);
  return sums(world, days, (step) => ((oracle[step] ?? 0) * world.stepMinutes) / 60);
}

export function runDays(world: TraceWorld, days: ScoredDays, { timeline }: SweptRun): RunDays {
  const { firstStep, readyUnits, requestedUnits, warmIdleUnits, warmPreparingUnits } = timeline;
  const hours = world.stepMinutes / 60;
  const lost = (step: number): number => {
    const carried = (readyUnits[step - firstStep] ?? 0) * world.unitRps;
    return Math.max((world.demandRps[step] ?? 0) - carried, 0);
  };
  const held = (step: number): number => {
    const row = step - firstStep;
    const warm = (warmPreparingUnits?.[row] ?? 0) + WARM_PRICE * (warmIdleUnits?.[row] ?? 0);
    return ((requestedUnits[row] ?? 0) + warm) * hours;
  };
  return { lost: sums(world, days, lost), unitHours: sums(world, days, held) };
}

/** As the world bills idle warm units. */
const WARM_PRICE = 0.4;

function sums(world: TraceWorld, days: ScoredDays, value: (step: number) => number): Float64Array {
  const total = new Float64Array(days.count);
  for (let step = world.firstScored; step < world.demandRps.length; step++) {
    if (Number.isNaN(world.demandRps[step] ?? Number.NaN)) continue;
    const day = days.dayOf(step);
    total[day] = (total[day] ?? 0) + value(step);
  }
  return total;
}
