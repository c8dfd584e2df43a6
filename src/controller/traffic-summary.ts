import type { TrafficSample } from "../model/platform.ts";

/** A stretch of router seconds in one line of figures. */
export interface TrafficSummary {
  readonly arrived: number;
  readonly served: number;
  /** Failed or served later than the objective. */
  readonly violated: number;
  /** Mean busy time of a slot per request, weighted by requests; null below 50 requests: too few to learn from. */
  readonly meanServiceMs: number | null;
}

const LEARNABLE_REQUESTS = 50;

export function summarizeTraffic(samples: readonly TrafficSample[]): TrafficSummary {
  let arrived = 0;
  let served = 0;
  let violated = 0;
  let busyMs = 0;
  for (const sample of samples) {
    arrived += sample.arrived;
    served += sample.served;
    violated += sample.failed + sample.late;
    busyMs += sample.meanServiceMs * sample.served;
  }
  return { arrived, served, violated, meanServiceMs: served >= LEARNABLE_REQUESTS ? busyMs / served : null };
}
