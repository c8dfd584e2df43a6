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

const TOLERANCE = 0.1;
const STABILIZATION_MINUTES = 5;
/** Guards every comparison of ratios: 50.0000000001 units are 50 units. */
const ROUNDING = 1e-9;

/**
 * The Kubernetes HPA rule on `demandRps` (NaN: a gap; the HPA holds): desired = ceil(current x utilization / target),
 * utilization = last step's demand over what is requested, uncapped, tolerance 0.1, scale-down to the highest
 * recommendation aged 0 to 5 min, scale-up by at most max(4, 100 %) per minute (Kubernetes documentation,
 * "Horizontal Pod Autoscaling"). At step t the rule sees demand up to t - 1. Without `startUnits` it starts at what
 * the first sample needs.
 */
export function hpa(demandRps: ArrayLike<number>, world: HpaWorld, startUnits?: number): UnitTimeline {
  const perUnitRps = world.targetUtilization * world.unitRps;
  const window: number[] = [];
  const windowSize = Math.floor(STABILIZATION_MINUTES / world.stepMinutes) + 1;
  let units = startUnits ?? firstUnits(demandRps, perUnitRps);
  const requestedUnits: number[] = [];
  for (let step = 0; step < demandRps.length; step++) {
    const seenRps = step === 0 ? Number.NaN : (demandRps[step - 1] ?? Number.NaN);
    if (!Number.isNaN(seenRps)) {
      const wanted = wantedUnits(seenRps, perUnitRps, units);
      window.push(wanted);
      if (window.length > windowSize) window.shift();
      units = nextUnits(units, wanted, window, world.stepMinutes);
    }
    requestedUnits.push(units);
  }
  return { requestedUnits, readyUnits: readyAfterLead(requestedUnits, world.leadSteps) };
}

function nextUnits(units: number, wanted: number, window: readonly number[], stepMinutes: number): number {
  const allowed = wanted > units ? wanted : Math.min(units, Math.max(...window));
  return Math.max(1, Math.min(allowed, mostUnits(units, stepMinutes)));
}

function firstUnits(demandRps: ArrayLike<number>, perUnitRps: number): number {
  // The first sample the rule could ever see: the last one of the series is never seen.
  for (let step = 0; step < demandRps.length - 1; step++) {
    const value = demandRps[step] ?? Number.NaN;
    if (!Number.isNaN(value)) return Math.max(1, Math.ceil(value / perUnitRps - ROUNDING));
  }
  return 1;
}

function wantedUnits(seenRps: number, perUnitRps: number, units: number): number {
  if (Math.abs(seenRps / (perUnitRps * units) - 1) <= TOLERANCE + 1e-12) return units;
  return Math.max(1, Math.ceil(seenRps / perUnitRps - ROUNDING));
}

/** The limit is per minute: compounded on coarser steps. */
function mostUnits(units: number, minutes: number): number {
  let most = units;
  for (let minute = 0; minute < minutes; minute++) most = Math.max(most + 4, 2 * most);
  return most;
}

/**
 * Ready units without a warm pool: a unit is ready at a step when it was held through the whole lead time before,
 * since the newest is released first. Units of the first step count as ready.
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
