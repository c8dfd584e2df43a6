import { type DemandSeries, sliceSeries } from "../model/series.ts";
import { MINUTE_MS } from "../model/time.ts";
import { UserError } from "../model/user-error.ts";
import {
  type DisturbanceSettings,
  type Disturbances,
  disturbancesOf,
  NO_DISTURBANCE,
  observedDemand,
} from "./disturbances.ts";
import { type FigureWorld, worldUnitRps } from "./figures.ts";
import { readyAfterLead } from "./peers/hpa.ts";

/** The simulated world of one trace: what each policy is shown, and what its units can carry. */
export interface TraceWorld extends FigureWorld {
  /** Demand as it was: what is scored. */
  readonly series: DemandSeries;
  /** Demand as metrics show it; a policy sees it `metricDelaySteps` late. */
  readonly observed: DemandSeries;
  readonly metricDelaySteps: number;
  /** Undefined: the ideal world. */
  readonly disturbances: Disturbances | undefined;
  readonly demandRps: Float64Array;
  readonly leadMinutes: number;
  readonly stepMinutes: number;
  /** First step of every timeline: at least `lead` before the first scored one. */
  readonly firstShown: number;
}

/** Whole units of one policy at one knob, a value per step from `firstStep` on. */
export interface PolicyTimeline {
  readonly firstStep: number;
  /** Ready plus starting units after the decision at the start of the step, warm pool excluded. */
  readonly requestedUnits: readonly number[];
  readonly readyUnits: readonly number[];
  /** Absent: the policy has no warm pool. */
  readonly warmIdleUnits?: readonly number[];
  readonly warmPreparingUnits?: readonly number[];
  /** Absent: the policy has no tiers. */
  readonly tiers?: Readonly<Record<"baseline" | "predictive" | "burst", readonly number[]>>;
}

const TRAINING_SHARE = 0.6;
/** Steps shown before the first scored one, beyond the lead time. */
const RUN_IN_STEPS = 12;

/**
 * The world of `series`: training is the first 60 % of its grid, gaps counted; a unit carries a fiftieth of
 * the training part's P99.5. Lead time is 5 min on grids finer than 5 min, else two steps, unless given; it
 * is rounded up to whole steps. A `UserError` names what the trace lacks.
 */
export function traceWorld(
  series: DemandSeries,
  leadMinutes?: number,
  disturbed: DisturbanceSettings = NO_DISTURBANCE,
): TraceWorld {
  const stepMinutes = series.stepMs / MINUTE_MS;
  const lead = leadMinutes ?? (stepMinutes < 5 ? 5 : 2 * stepMinutes);
  const leadSteps = Math.ceil(lead / stepMinutes - 1e-9);
  const steps = series.values.length;
  const firstScored = Math.floor(steps * TRAINING_SHARE);
  const firstShown = firstScored - leadSteps - RUN_IN_STEPS;
  if (firstShown - disturbed.metricDelaySteps < 1) {
    throw new UserError(
      `the trace has ${steps} steps: too few to learn from 60 % of them; give a longer one`,
    );
  }
  const unitRps = worldUnitRps(series.values, firstScored);
  if (!(unitRps > 0)) {
    throw new UserError("P99.5 of the first 60 % of the trace is not above 0: no unit can be sized by it");
  }
  const disturbances = disturbancesOf(disturbed, { steps, leadMinutes: lead, stepMinutes });
  const observed = { ...series, values: observedDemand(series.values, disturbances) };
  const { metricDelaySteps } = disturbed;
  const grid = { series, demandRps: series.values, unitRps, stepMinutes, leadSteps, firstScored };
  return { ...grid, leadMinutes: lead, firstShown, observed, metricDelaySteps, disturbances };
}

/** The last `days` of a series, on the same grid. */
export function lastDays(series: DemandSeries, days: number): DemandSeries {
  const steps = Math.min(series.values.length, Math.floor((days * 1440 * MINUTE_MS) / series.stepMs));
  const endMs = series.startMs + series.values.length * series.stepMs;
  return sliceSeries(series, endMs - steps * series.stepMs, endMs);
}

/**
 * Every `stepMs` of a finer series that holds each value for so long: the same samples, on the grid they
 * stand on.
 */
export function thinned(series: DemandSeries, stepMs: DemandSeries["stepMs"]): DemandSeries {
  const every = Math.round(stepMs / series.stepMs);
  const values = series.values.filter((_, step) => step % every === 0);
  return { startMs: series.startMs, stepMs, values };
}

/** A timeline without warm pool or tiers from the whole trace's requested units: what is shown of them. */
export function shownTimeline(world: TraceWorld, requestedUnits: readonly number[]): PolicyTimeline {
  const shown = requestedUnits.slice(world.firstShown);
  if (world.disturbances === undefined) {
    const readyUnits = readyAfterLead(shown, world.leadSteps);
    return { firstStep: world.firstShown, requestedUnits: shown, readyUnits };
  }
  const supply = worldSupply(world);
  const readyUnits = shown.map((units) => supply.step(units, 0).readyUnits);
  return { firstStep: world.firstShown, requestedUnits: shown, readyUnits };
}

/** The supply of a world from its first shown step on. */
export function worldSupply({ leadSteps, firstShown, disturbances }: TraceWorld): Supply {
  if (disturbances === undefined) return createSupply(leadSteps);
  const { longestLeadSteps } = disturbances;
  return createSupply(longestLeadSteps, (tick) => disturbances.leadSteps[firstShown + tick] ?? leadSteps);
}

/** Whether an update at `step` would fail; undefined where none ever does. */
export function failingUpdates({ disturbances }: TraceWorld): ((step: number) => boolean) | undefined {
  if (disturbances === undefined) return undefined;
  return (step) => disturbances.updateFails[step] === 1;
}

/**
 * What a policy is shown of demand, shifted: `seen[t]` is demand of step t - 1, or of as many steps earlier as
 * metrics are late; NaN for a gap, a lost sample, and at the start.
 */
export function seenDemand({ observed, metricDelaySteps }: TraceWorld): Float64Array {
  const { values } = observed;
  const seen = new Float64Array(values.length).fill(Number.NaN);
  seen.set(values.subarray(0, Math.max(0, values.length - 1 - metricDelaySteps)), 1 + metricDelaySteps);
  return seen;
}

/** Units in the world, step by step. */
export interface Supply {
  /** Takes the sizes decided at the start of a step; gives what is there during it. */
  step(
    requestedUnits: number,
    warmUnits: number,
  ): { readonly readyUnits: number; readonly idleUnits: number; readonly preparingUnits: number };
}

/**
 * Supply with lead time and warm pool, unit by unit. Arrivals first; a raised request takes idle warm units
 * (ready at the next step) before it starts cold ones (ready `leadSteps` later); release is at once, starting
 * units before ready ones, those that would be ready last first. A raised warm total starts units that idle after
 * the lead time. Units of the first step count as ready. Where lead times differ, `leadAt` says that of what is
 * started in the n-th step from 0, at most `leadSteps`.
 */
export function createSupply(leadSteps: number, leadAt?: (tick: number) => number): Supply {
  // Position i: units that arrive i steps from now.
  const starting = new Array<number>(leadSteps + 2).fill(0);
  const preparing = new Array<number>(leadSteps + 2).fill(0);
  let ready = -1;
  let idle = 0;
  let tick = 0;
  let lead = leadSteps;
  const sum = (list: readonly number[]): number => list.reduce((total, units) => total + units, 0);
  const cancel = (list: number[], units: number): number => {
    let left = units;
    for (let at = list.length - 1; at >= 1 && left > 0; at--) {
      const gone = Math.min(left, list[at] ?? 0);
      list[at] = (list[at] ?? 0) - gone;
      left -= gone;
    }
    return left;
  };
  const arrive = (list: number[]): number => {
    list.shift();
    list.push(0);
    const arrived = list[0] ?? 0;
    list[0] = 0;
    return arrived;
  };
  const request = (more: number): void => {
    const activated = Math.min(more, idle);
    idle -= activated;
    starting[1] = (starting[1] ?? 0) + activated;
    if (lead === 0) ready += more - activated;
    else starting[lead] = (starting[lead] ?? 0) + more - activated;
  };
  const warmUp = (more: number): void => {
    if (lead === 0) idle += more;
    else preparing[lead] = (preparing[lead] ?? 0) + more;
  };
  return {
    step: (requestedUnits, warmUnits) => {
      lead = leadAt?.(tick) ?? leadSteps;
      tick += 1;
      if (ready < 0) {
        ready = requestedUnits;
        idle = warmUnits;
      } else {
        ready += arrive(starting);
        idle += arrive(preparing);
      }
      const more = requestedUnits - ready - sum(starting);
      if (more > 0) request(more);
      else if (more < 0) ready -= cancel(starting, -more);
      const warmer = warmUnits - idle - sum(preparing);
      if (warmer > 0) warmUp(warmer);
      else if (warmer < 0) idle -= cancel(preparing, -warmer);
      return { readyUnits: ready, idleUnits: idle, preparingUnits: sum(preparing) };
    },
  };
}
