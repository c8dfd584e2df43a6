import type { LatencyObservation } from "../model/latency.ts";
import { bucketOf, histogramQuantile, latencyBuckets } from "../model/latency-histogram.ts";

/** Histograms of response times by grid step. */
export type LatencySteps = Map<number, Uint32Array>;

/** Two weeks of minutes; 256 bytes a step. The oldest go first. */
const MAX_STEPS = 20_000;

/** Counts one response time, in bounded memory. */
export function countLatency(steps: LatencySteps, step: number, latencyMs: number): void {
  let buckets = steps.get(step);
  if (buckets === undefined) {
    if (steps.size >= MAX_STEPS && !makeRoom(steps, step)) return;
    buckets = latencyBuckets();
    steps.set(step, buckets);
  }
  const bucket = bucketOf(latencyMs);
  buckets[bucket] = (buckets[bucket] ?? 0) + 1;
}

/** Drops the older half; false when `step` itself belongs to it. */
function makeRoom(steps: LatencySteps, step: number): boolean {
  const known = [...steps.keys()].sort((a, b) => a - b);
  const middle = known[Math.floor(known.length / 2)] ?? 0;
  for (const each of known) if (each < middle) steps.delete(each);
  return step >= middle;
}

/** Response times of the newest whole step by `nowMs` that has any; undefined: none of the last two has. */
export function latencyAt(
  steps: ReadonlyMap<number, Uint32Array>,
  stepMs: number,
  nowMs: number,
): LatencyObservation | undefined {
  const newest = Math.floor(nowMs / stepMs) - 1;
  for (const step of [newest, newest - 1]) {
    const buckets = steps.get(step);
    if (buckets !== undefined) return observationOf(buckets, step * stepMs, stepMs);
  }
  return undefined;
}

function observationOf(buckets: Uint32Array, fromMs: number, stepMs: number): LatencyObservation {
  return {
    fromMs,
    toMs: fromMs + stepMs,
    requests: buckets.reduce((sum, count) => sum + count, 0),
    p50Ms: histogramQuantile(buckets, 0.5),
    p90Ms: histogramQuantile(buckets, 0.9),
    p95Ms: histogramQuantile(buckets, 0.95),
    p99Ms: histogramQuantile(buckets, 0.99),
  };
}
