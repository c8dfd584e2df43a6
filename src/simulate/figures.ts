import { TIERS, type Tier } from "../model/tier.ts";

/** One policy in one world, a value per step of the demand grid. */
export interface Timeline {
  readonly readyUnits: ArrayLike<number>;
  readonly requestedUnits: ArrayLike<number>;
  /** Warm units idle and being prepared; absent: none. */
  readonly warmIdleUnits?: ArrayLike<number>;
  readonly warmPreparingUnits?: ArrayLike<number>;
  /** Absent: the policy has no tiers, a unit-hour costs 1. */
  readonly tiers?: Readonly<Record<Tier, ArrayLike<number>>>;
}

export interface FigureWorld {
  /** Requests/s per step; NaN: a gap, never scored. */
  readonly demandRps: ArrayLike<number>;
  readonly unitRps: number;
  readonly stepMinutes: number;
  readonly leadSteps: number;
  /** First scored step. */
  readonly firstScored: number;
}

export interface Figures {
  /** V: share of requests beyond what ready units carry. */
  readonly violationShare: number;
  /** tau_U, tau_O: shares of steps with too few and with too many units. */
  readonly underShare: number;
  readonly overShare: number;
  /** theta_U, theta_O: mean relative shortage and surplus (Herbst et al., SPEC RG), as fractions. */
  readonly underDegree: number;
  readonly overDegree: number;
  readonly updatesPerHour: number;
  readonly unitHours: number;
  readonly cost: number;
  /** Unit-hours over those of the clairvoyant policy without violations. */
  readonly oracleRatio: number;
}

/** Share of the price an idle warm unit is billed. */
export const WARM_PRICE = 0.4;

/** Prices of the simulated world; warm units are burst units to be. */
export const WORLD_PRICES: Readonly<Record<Tier, number>> = { baseline: 0.6, predictive: 1.0, burst: 1.0 };

const ROUNDING = 1e-9;

/** Demand in units: at least one, NaN for a gap. */
export function demandUnits(demandRps: number, unitRps: number): number {
  return Number.isNaN(demandRps) ? Number.NaN : Math.max(1, Math.ceil(demandRps / unitRps - ROUNDING));
}

/**
 * Load a unit carries in the simulated world: P99.5 of demand over the training part, the first 60 % of the grid,
 * by linear interpolation over its present samples, divided by 50.
 */
export function worldUnitRps(demandRps: ArrayLike<number>, trainingSteps: number): number {
  const present: number[] = [];
  for (let step = 0; step < trainingSteps; step++) {
    const value = demandRps[step] ?? Number.NaN;
    if (!Number.isNaN(value)) present.push(value);
  }
  present.sort((a, b) => a - b);
  const rank = (present.length - 1) * 0.995;
  const low = present[Math.floor(rank)] ?? Number.NaN;
  const high = present[Math.ceil(rank)] ?? Number.NaN;
  return (low + (high - low) * (rank - Math.floor(rank))) / 50;
}

/** Requests of the clairvoyant policy: the largest need over [t, t + lead]. */
export function oracleRequests(world: FigureWorld): readonly number[] {
  const steps = world.demandRps.length;
  return Array.from({ length: steps }, (_, step) => {
    let most = 1;
    for (let ahead = step; ahead <= Math.min(steps - 1, step + world.leadSteps); ahead++) {
      const units = demandUnits(world.demandRps[ahead] ?? Number.NaN, world.unitRps);
      if (units > most) most = units;
    }
    return most;
  });
}

/** All figures over the scored steps; what is not scored enters none, neither load nor unit-hours. */
export function figures(timeline: Timeline, world: FigureWorld): Figures {
  const hours = world.stepMinutes / 60;
  const oracle = oracleRequests(world);
  const steps = scoredSteps(world);
  const mean = (value: (step: number) => number) => sumOver(steps, value) / steps.length;
  const load = (step: number) => world.demandRps[step] ?? 0;
  const ready = (step: number) => timeline.readyUnits[step] ?? 0;
  const need = (step: number) => demandUnits(load(step), world.unitRps);
  const lost = sumOver(steps, (step) => Math.max(load(step) - ready(step) * world.unitRps, 0));
  const billed = (step: number) => (timeline.requestedUnits[step] ?? 0) + warmBilled(timeline, step);
  const unitHours = sumOver(steps, billed) * hours;
  return {
    violationShare: lost / sumOver(steps, load),
    underShare: mean((step) => (need(step) > ready(step) ? 1 : 0)),
    overShare: mean((step) => (ready(step) > need(step) ? 1 : 0)),
    underDegree: mean((step) => Math.max(need(step) - ready(step), 0) / need(step)),
    overDegree: mean((step) => Math.max(ready(step) - need(step), 0) / need(step)),
    updatesPerHour: mean((step) => (step > 0 && changes(timeline, step) ? 1 : 0)) / hours,
    unitHours,
    cost: sumOver(steps, (step) => stepCost(timeline, step)) * hours,
    oracleRatio: unitHours / (sumOver(steps, (step) => oracle[step] ?? 0) * hours),
  };
}

function scoredSteps(world: FigureWorld): readonly number[] {
  const steps: number[] = [];
  for (let step = world.firstScored; step < world.demandRps.length; step++) {
    if (!Number.isNaN(world.demandRps[step] ?? Number.NaN)) steps.push(step);
  }
  return steps;
}

function sumOver(steps: readonly number[], value: (step: number) => number): number {
  let sum = 0;
  for (const step of steps) sum += value(step);
  return sum;
}

function warmBilled(timeline: Timeline, step: number): number {
  return (timeline.warmPreparingUnits?.[step] ?? 0) + WARM_PRICE * (timeline.warmIdleUnits?.[step] ?? 0);
}

function stepCost(timeline: Timeline, step: number): number {
  const { tiers } = timeline;
  if (tiers === undefined) return (timeline.requestedUnits[step] ?? 0) + warmBilled(timeline, step);
  const held = TIERS.reduce((cost, tier) => cost + (tiers[tier][step] ?? 0) * WORLD_PRICES[tier], 0);
  return held + warmBilled(timeline, step) * WORLD_PRICES.burst;
}

function changes(timeline: Timeline, step: number): boolean {
  const warm = (at: number) => (timeline.warmIdleUnits?.[at] ?? 0) + (timeline.warmPreparingUnits?.[at] ?? 0);
  return timeline.requestedUnits[step] !== timeline.requestedUnits[step - 1] || warm(step) !== warm(step - 1);
}
