import { figures } from "../simulate/figures.ts";
import { hpa } from "../simulate/peers/hpa.ts";
import type { MeterSecond } from "./meter.ts";

/** Both policies on the same demand, by the same formula: V = sum of max(load - supply, 0) / sum of load. */
export interface Comparison {
  readonly tiercast: ComparedPolicy;
  readonly reactive: ComparedPolicy;
  /** Load one unit carries, requests/s. */
  readonly unitRps: number;
  readonly targetUtilization: number;
}

export interface ComparedPolicy {
  /** Share of requests beyond what ready units carry. */
  readonly violationShare: number;
  readonly unitHours: number;
}

/** The HPA documentation's own example, and a usual production setting. */
const TARGET_UTILIZATION = 0.7;

/**
 * The Kubernetes HPA rule on the demand that was measured, second by second of wall time: it decides each second
 * and waits only for a unit's own start, no engine run, which is kind to it. Undefined before five readings.
 */
export function compareWithReactive(
  seconds: readonly MeterSecond[],
  world: { readonly unitRps: number; readonly secondMinutes: number; readonly startSeconds: number },
): Comparison | undefined {
  if (seconds.length < 5) return undefined;
  const demandRps = seconds.map((second) => second.demandRps);
  const shared = {
    demandRps,
    unitRps: world.unitRps,
    stepMinutes: world.secondMinutes,
    leadSteps: Math.ceil(world.startSeconds),
    firstScored: 0,
  };
  const peer = hpa(demandRps, { ...shared, targetUtilization: TARGET_UTILIZATION }, seconds[0]?.readyUnits);
  const own = seconds.map((second) => second.readyUnits);
  const reactive = figures(peer, shared);
  const tiercast = figures({ readyUnits: own, requestedUnits: own }, shared);
  return {
    tiercast: { violationShare: tiercast.violationShare, unitHours: tiercast.unitHours },
    reactive: { violationShare: reactive.violationShare, unitHours: reactive.unitHours },
    unitRps: world.unitRps,
    targetUtilization: TARGET_UTILIZATION,
  };
}
