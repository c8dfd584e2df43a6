export interface HpaRule {
  /** Load one unit carries within the latency objective, requests/s. */
  readonly unitRps: number;
  readonly stepMinutes: number;
  readonly targetUtilization: number;
  /** Whether an update at a step fails: sizes then stay as they are. Left out: none does. */
  readonly updateFails?: ((step: number) => boolean) | undefined;
}

const TOLERANCE = 0.1;
const STABILIZATION_MINUTES = 5;
/** Guards every comparison of ratios: 50.0000000001 units are 50 units. */
const ROUNDING = 1e-9;

/**
 * The Kubernetes HPA rule on a signal that is known at each step (NaN: no metric; it holds): desired =
 * ceil(current x utilization / target), utilization = signal over what is requested, uncapped, tolerance
 * 0.1, scale-down to the highest recommendation aged 0 to 5 min, scale-up by at most max(4, 100 %) per
 * minute, compounded on coarser steps (Kubernetes documentation, "Horizontal Pod Autoscaling"; the
 * constants are its defaults). Never below `floorUnits` of a step. Starts at `startUnits`, else at what the
 * first known value needs.
 */
export function hpaRule(
  signalRps: ArrayLike<number>,
  rule: HpaRule,
  floorUnits?: ArrayLike<number>,
  startUnits?: number,
): number[] {
  const perUnitRps = rule.targetUtilization * rule.unitRps;
  const windowSize = Math.floor(STABILIZATION_MINUTES / rule.stepMinutes) + 1;
  const window: number[] = [];
  let units = startUnits ?? firstUnits(signalRps, perUnitRps);
  const requestedUnits: number[] = [];
  for (let step = 0; step < signalRps.length; step++) {
    const before = units;
    const seenRps = signalRps[step] ?? Number.NaN;
    if (!Number.isNaN(seenRps)) {
      const wanted = wantedUnits(seenRps, perUnitRps, units);
      window.push(wanted);
      if (window.length > windowSize) window.shift();
      units = nextUnits(units, wanted, window, rule.stepMinutes);
    }
    units = applied(rule, step, before, Math.max(units, floorUnits?.[step] ?? 0, 1));
    requestedUnits.push(units);
  }
  return requestedUnits;
}

function applied({ updateFails }: HpaRule, step: number, before: number, after: number): number {
  return updateFails?.(step) === true ? before : after;
}

/** Units for `demandRps` at `perUnitRps`, rounded up. */
export function ceilUnits(demandRps: number, perUnitRps: number): number {
  return Math.ceil(demandRps / perUnitRps - ROUNDING);
}

function nextUnits(units: number, wanted: number, window: readonly number[], stepMinutes: number): number {
  const allowed = wanted > units ? wanted : Math.min(units, Math.max(...window));
  return Math.min(allowed, mostUnits(units, stepMinutes));
}

function firstUnits(signalRps: ArrayLike<number>, perUnitRps: number): number {
  for (let step = 0; step < signalRps.length; step++) {
    const value = signalRps[step] ?? Number.NaN;
    if (!Number.isNaN(value)) return Math.max(1, ceilUnits(value, perUnitRps));
  }
  return 1;
}

function wantedUnits(seenRps: number, perUnitRps: number, units: number): number {
  if (Math.abs(seenRps / (perUnitRps * units) - 1) <= TOLERANCE + 1e-12) return units;
  return Math.max(1, ceilUnits(seenRps, perUnitRps));
}

/** The limit is per minute: compounded on coarser steps. */
function mostUnits(units: number, minutes: number): number {
  let most = units;
  for (let minute = 0; minute < minutes; minute++) most = Math.max(most + 4, 2 * most);
  return most;
}
