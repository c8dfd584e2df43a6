import { TIERS, type Tier } from "../../model/tier.ts";
import { demandUnits } from "../figures.ts";
import { type ComparisonRow, frontier } from "../frontier.ts";
import type { Policy, Simulation, SweptRun } from "../simulate.ts";
import type { TraceWorld } from "../world.ts";
import type { Bill } from "./advice.ts";

export type Prices = Readonly<Record<Tier, number>>;

/** Prices of a configuration that names none. */
export const STANDARD_PRICES: Prices = { baseline: 0.06, predictive: 0.1, burst: 0.1 };

/** Bills are for so many hours: 30 days. */
const BILLED_HOURS = 720;
/** Where tiercast and the HPA are put side by side: the HPA at this violation share. */
const SHOWN_LEVEL = 0.003;
/** In multiples of the oracle's unit-hours where the HPA does not get there. */
const SHOWN_RATIO = 1.25;

/** The compared row that figures for people are taken from. */
export function shownRow({ comparison }: Simulation): ComparisonRow | undefined {
  const isShown = ({ at }: ComparisonRow): boolean =>
    at.kind === "level" ? at.level === SHOWN_LEVEL : at.ratio === SHOWN_RATIO;
  const rows = comparison.filter((row) => Number.isFinite(row.policies["tiercast"]?.violationShare));
  return rows.find((row) => row.at.kind === "level" && isShown(row)) ?? rows.find(isShown) ?? rows[0];
}

/**
 * What the service would have held and missed over the scored part, per 30 days: tiercast at the HPA's
 * unit-hours and at its misses, the HPA, a fixed size for the highest need of the training part, the oracle.
 * What is always on can be reserved: the fixed size, and what HPA and oracle hold in 99 % of the steps, as
 * tiercast's baseline does, cost the baseline price; the rest costs the predictive one.
 */
export function billsOf(
  simulation: Simulation,
  row: ComparisonRow | undefined,
  prices: Prices | undefined,
): readonly Bill[] {
  const { world, runs } = simulation;
  const scored = scoredSums(world);
  if (row === undefined || scored.hours === 0) return [];
  const own = runs.filter(({ policy }) => policy === "tiercast");
  const curve = frontier(own.map((run) => run.figures));
  const costs = own.map((run) => (prices === undefined ? Number.NaN : costOf(run, world, prices)));
  const hpaShare = row.policies["hpa"]?.violationShare ?? Number.NaN;
  const leanHours = (row.policies["tiercast"]?.unitHoursRatio ?? Number.NaN) * row.unitHours;
  const bill = (way: Bill["way"], unitHours: number, violationShare: number, costUsd: number): Bill => {
    const factor = BILLED_HOURS / scored.hours;
    return {
      way,
      unitHours: unitHours * factor,
      violationShare,
      missed: violationShare * scored.requests * factor,
      costUsd: prices === undefined ? undefined : costUsd * factor,
    };
  };
  const { baseline, predictive } = prices ?? { baseline: Number.NaN, predictive: Number.NaN };
  const reserved = (policy: Policy, unitHours: number): number => {
    const run = nearestRun(runs, policy, unitHours);
    const alwaysHours = run === undefined ? 0 : alwaysHeld(run, world) * scored.hours;
    return unitHours * predictive - Math.min(alwaysHours, unitHours) * (predictive - baseline);
  };
  const owned = (way: Bill["way"], unitHours: number, share: number): Bill =>
    bill(
      way,
      unitHours,
      share,
      curve.figureAt(unitHours, (index) => costs[index] ?? Number.NaN),
    );
  const peak = peakUnits(world);
  const fixedHours = peak * scored.hours;
  const oracle = simulation.oracleUnitHours;
  return [
    owned("tiercast-equal-hours", row.unitHours, row.policies["tiercast"]?.violationShare ?? Number.NaN),
    ...(Number.isFinite(leanHours) ? [owned("tiercast-equal-misses", leanHours, hpaShare)] : []),
    bill("hpa", row.unitHours, hpaShare, reserved("hpa", row.unitHours)),
    bill("fixed", fixedHours, fixedShare(world, peak), fixedHours * baseline),
    bill("oracle", oracle, 0, reserved("oracle", oracle)),
  ];
}

/** Units for the highest need of the training part: what a team would hold that sizes for the peak it has seen. */
function peakUnits(world: TraceWorld): number {
  let units = 1;
  for (let step = 0; step < world.firstScored; step++) {
    const need = demandUnits(world.demandRps[step] ?? Number.NaN, world.unitRps);
    if (need > units) units = need;
  }
  return units;
}

/** Demand that a fixed size misses over the scored part, as a share. */
function fixedShare(world: TraceWorld, units: number): number {
  let lost = 0;
  let load = 0;
  for (const value of world.demandRps.subarray(world.firstScored)) {
    if (Number.isNaN(value)) continue;
    lost += Math.max(0, value - units * world.unitRps);
    load += value;
  }
  return load > 0 ? lost / load : 0;
}

/** Unit-hours of the least fixed size that misses no more than `share` of the scored part, chosen in hindsight. */
export function leastFixedHours(world: TraceWorld, share: number): number {
  let [low, high] = [0, 1];
  while (fixedShare(world, high) > share) [low, high] = [high, high * 2];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (fixedShare(world, middle) > share) low = middle;
    else high = middle;
  }
  return high * scoredSums(world).hours;
}

/** Hours with a sample, and requests in them. */
export function scoredSums(world: TraceWorld): { readonly hours: number; readonly requests: number } {
  let steps = 0;
  let sum = 0;
  for (const value of world.demandRps.subarray(world.firstScored)) {
    if (Number.isNaN(value)) continue;
    steps += 1;
    sum += value;
  }
  return { hours: (steps * world.stepMinutes) / 60, requests: sum * world.stepMinutes * 60 };
}

/** Of a policy's runs, the one whose unit-hours are nearest. */
export function nearestRun(
  runs: readonly SweptRun[],
  policy: Policy,
  unitHours: number,
): SweptRun | undefined {
  const away = (run: SweptRun): number => Math.abs(run.figures.unitHours - unitHours);
  return runs.filter((run) => run.policy === policy).toSorted((a, b) => away(a) - away(b))[0];
}

/** As of tiercast's baseline in this world. */
const BUSY_SHARE = 0.99;

/** Units held in 99 % of the scored steps. */
function alwaysHeld({ timeline }: SweptRun, world: TraceWorld): number {
  const held = timeline.requestedUnits.slice(world.firstScored - timeline.firstStep).sort((a, b) => a - b);
  return held[Math.floor((1 - BUSY_SHARE) * held.length)] ?? 0;
}

/** In the user's prices; no run of the advice holds warm units. */
function costOf({ timeline }: SweptRun, world: TraceWorld, prices: Prices): number {
  const { firstStep, tiers } = timeline;
  let cost = 0;
  for (let step = world.firstScored; step < world.demandRps.length; step++) {
    if (Number.isNaN(world.demandRps[step] ?? Number.NaN)) continue;
    for (const tier of TIERS) cost += (tiers?.[tier][step - firstStep] ?? 0) * prices[tier];
  }
  return (cost * world.stepMinutes) / 60;
}
