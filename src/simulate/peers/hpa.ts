import { hpaRule } from "./hpa-rule.ts";

/** The world an HPA runs in; steps are those of the demand series. */
export interface HpaWorld {
  /** Load one unit carries within the latency objective, requests/s. */
  readonly unitRps: number;
  readonly stepMinutes: number;
  /** Whole steps from request of a unit to ready. */
  readonly leadSteps: number;
  readonly targetUtilization: number;
}

export interface UnitTimeline {
  /** Ready plus starting units after the decision at the start of each step. */
  readonly requestedUnits: readonly number[];
  /** Units ready during each step. */
  readonly readyUnits: readonly number[];
}

/**
 * The Kubernetes HPA (see `hpaRule`) on `demandRps` (NaN: a gap; the HPA holds). At step t the rule sees
 * demand up to t - 1. Without `startUnits` it starts at what the first sample needs.
 */
export function hpa(demandRps: ArrayLike<number>, world: HpaWorld, startUnits?: number): UnitTimeline {
  const seenRps = new Float64Array(demandRps.length).fill(Number.NaN);
  for (let step = 1; step < seenRps.length; step++) seenRps[step] = demandRps[step - 1] ?? Number.NaN;
  const requestedUnits = hpaRule(seenRps, world, undefined, startUnits);
  return { requestedUnits, readyUnits: readyAfterLead(requestedUnits, world.leadSteps) };
}

/**
 * Ready units without a warm pool: a unit is ready at a step when it was held through the whole lead time
 * before, since the newest is released first. Units of the first step count as ready.
 */
export function readyAfterLead(requestedUnits: readonly number[], leadSteps: number): readonly number[] {
  return requestedUnits.map((_, step) => {
    let ready = Number.POSITIVE_INFINITY;
    for (let back = 0; back <= leadSteps; back++) {
      ready = Math.min(ready, requestedUnits[Math.max(0, step - back)] ?? 0);
    }
    return ready;
  });
}
