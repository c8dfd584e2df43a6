import { demandUnits } from "../figures.ts";
import { failingUpdates, type PolicyTimeline, seenDemand, shownTimeline, type TraceWorld } from "../world.ts";
import { awsForecast } from "./aws-predictive.ts";
import { craneForecast, craneSignal } from "./crane.ts";
import { ceilUnits, hpaRule } from "./hpa-rule.ts";
import { kedifySignal } from "./kedify.ts";
import { phpa } from "./phpa.ts";

export const PEERS = ["hpa", "aws-predictive", "kedify", "crane", "phpa", "oracle"] as const;
export type Peer = (typeof PEERS)[number];

export interface KnobTimeline {
  /** The knob's value as it stands in a file name. */
  readonly knob: string;
  readonly timeline: PolicyTimeline;
}

/** Target utilisations: the knob of every peer but the oracle. */
export const TARGETS: readonly number[] = [
  0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95, 1, 1.08, 1.18, 1.3,
];
const ORACLE_MARGINS = [1, 1.02, 1.05, 1.1, 1.2, 1.35];

/**
 * One peer at each of its knob's values. `kedifyRps` is Prophet's forecast, made in a worker; only kedify
 * reads it.
 */
export function runPeer(peer: Peer, world: TraceWorld, kedifyRps?: Float64Array): readonly KnobTimeline[] {
  const seen = seenDemand(world);
  const atTargets = (requested: (target: number) => readonly number[]): readonly KnobTimeline[] =>
    TARGETS.map((target) => ({
      knob: String(target),
      timeline: shownTimeline(world, requested(target)),
    }));
  // What their forecasts are made from. Those are renewed every 6 or 24 h: a delay of minutes is let pass.
  const known = { ...world, series: world.observed, demandRps: world.observed.values };
  const ruleOn = (signal: Float64Array) => atTargets((target) => rule(signal, world, target));
  switch (peer) {
    case "hpa":
      return ruleOn(seen);
    case "aws-predictive": {
      const forecast = awsForecast(known).map((value) => (Number.isNaN(value) ? 0 : value));
      return atTargets((target) => {
        const floor = forecast.map((value) => ceilUnits(value, target * world.unitRps));
        return rule(seen, world, target, floor);
      });
    }
    case "kedify":
      return ruleOn(kedifySignal(seen, kedifyRps ?? new Float64Array(seen.length).fill(Number.NaN)));
    case "crane":
      return ruleOn(craneSignal(seen, craneForecast(known)));
    case "phpa": {
      const requested = phpa(world, seen, TARGETS);
      return atTargets((target) => requested[TARGETS.indexOf(target)] ?? []);
    }
    case "oracle":
      return ORACLE_MARGINS.map((margin) => ({
        knob: String(margin),
        timeline: shownTimeline(world, oracleUnits(world, margin)),
      }));
  }
}

function rule(signal: Float64Array, world: TraceWorld, targetUtilization: number, floor?: Float64Array) {
  return hpaRule(signal, { ...world, targetUtilization, updateFails: failingUpdates(world) }, floor);
}

/**
 * The clairvoyant policy: at each step the most that [t, t + lead] needs, of units that carry `margin` times
 * more.
 */
function oracleUnits(world: TraceWorld, margin: number): readonly number[] {
  const { demandRps, unitRps, leadSteps } = world;
  const need = Float64Array.from(demandRps, (demand) => {
    const units = demandUnits(demand, unitRps * margin);
    return Number.isNaN(units) ? 1 : units;
  });
  const wanted = Array.from(need, (_, step) => Math.max(...need.subarray(step, step + leadSteps + 1)));
  const fails = failingUpdates(world);
  if (fails === undefined) return wanted;
  let held = wanted[0] ?? 1;
  return wanted.map((units, step) => {
    if (!fails(step)) held = units;
    return held;
  });
}
