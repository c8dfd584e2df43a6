import type { Observation } from "../model/cycle.ts";
import type { LatencyObservation } from "../model/latency.ts";
import { addSparse, histogramQuantile, latencyBuckets } from "../model/latency-histogram.ts";
import type { TrafficSample } from "../model/platform.ts";
import { MINUTE_MS, SECOND_MS } from "../model/time.ts";
import type { ControllerParts } from "./parts.ts";
import { mergeTraffic } from "./traffic-summary.ts";

/** Wall time that is measured at least, however fast the daemon's clock runs. */
const LEAST_WALL_MS = 3 * SECOND_MS;

/**
 * `observation` with the response times of now: those of the demand source where it has any, else what the router
 * measured in the last minute, or in `latency.for` where that is shorter. Requests that failed are not among them.
 */
export function withLatency(
  observation: Observation,
  seconds: readonly TrafficSample[],
  { clock, demand, settings, wallMs }: Pick<ControllerParts, "clock" | "demand" | "settings" | "wallMs">,
): Observation {
  const wallNowMs = wallMs();
  const forWallMs = (settings.latency?.forMs ?? MINUTE_MS) / clock.speed;
  const spanWallMs = Math.min(MINUTE_MS, Math.max(LEAST_WALL_MS, forWallMs));
  const recent = seconds.filter((sample) => sample.fromWallMs >= wallNowMs - spanWallMs - SECOND_MS);
  const nowMs = clock.nowMs();
  const toDaemonMs = (wall: number) => Math.min(nowMs, nowMs - (wallNowMs - wall) * clock.speed);
  const latency = demand.latency?.(nowMs) ?? ofRouter(mergeTraffic(recent), toDaemonMs);
  return latency === undefined ? observation : { ...observation, latency };
}

function ofRouter(
  traffic: TrafficSample | null,
  toDaemonMs: (wallMs: number) => number,
): LatencyObservation | undefined {
  if (traffic?.latencyCounts === undefined || traffic.latencyCounts.length === 0) return undefined;
  const buckets = latencyBuckets();
  addSparse(buckets, traffic.latencyCounts);
  return {
    fromMs: toDaemonMs(traffic.fromWallMs),
    toMs: toDaemonMs(traffic.toWallMs),
    requests: traffic.served,
    p50Ms: traffic.p50Ms,
    p90Ms: histogramQuantile(buckets, 0.9),
    p95Ms: traffic.p95Ms,
    p99Ms: traffic.p99Ms,
  };
}
