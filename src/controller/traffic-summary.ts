import { addServingSample } from "../decide/learn-serving.ts";
import { addSparse, histogramQuantile, latencyBuckets, sparseCounts } from "../model/latency-histogram.ts";
import type { TrafficSample } from "../model/platform.ts";
import { NO_SERVING_EVIDENCE, type ServingEvidence } from "../model/serving-model.ts";

/** Requests below which a mean service time is not learned from. */
const LEARNABLE_REQUESTS = 50;

/**
 * Router seconds as one sample: counts add up, response times through their histograms, the mean service time is
 * weighted by requests, units are the largest. Where a second has no histogram, percentiles are the largest of all.
 * null without samples.
 */
export function mergeTraffic(samples: readonly TrafficSample[]): TrafficSample | null {
  const [first] = samples;
  if (first === undefined) return null;
  const { latencyCounts: _counts, ...seed } = first;
  const largest = samples.slice(1).reduce<TrafficSample>(
    (sum, sample) => ({
      fromWallMs: Math.min(sum.fromWallMs, sample.fromWallMs),
      toWallMs: Math.max(sum.toWallMs, sample.toWallMs),
      arrived: sum.arrived + sample.arrived,
      served: sum.served + sample.served,
      failed: sum.failed + sample.failed,
      late: sum.late + sample.late,
      meanServiceMs: weightedMean(sum, sample),
      p50Ms: Math.max(sum.p50Ms, sample.p50Ms),
      p95Ms: Math.max(sum.p95Ms, sample.p95Ms),
      p99Ms: Math.max(sum.p99Ms, sample.p99Ms),
      readyUnits: Math.max(sum.readyUnits, sample.readyUnits),
    }),
    seed,
  );
  return { ...largest, ...responseTimes(samples) };
}

/** Percentiles of all samples together; nothing where one of them has no histogram. */
function responseTimes(samples: readonly TrafficSample[]): Partial<TrafficSample> {
  const buckets = latencyBuckets();
  for (const { latencyCounts } of samples) {
    if (latencyCounts === undefined) return {};
    addSparse(buckets, latencyCounts);
  }
  return {
    p50Ms: histogramQuantile(buckets, 0.5),
    p95Ms: histogramQuantile(buckets, 0.95),
    p99Ms: histogramQuantile(buckets, 0.99),
    latencyCounts: sparseCounts(buckets),
  };
}

/** What the last traffic teaches about service times; too few requests teach nothing. */
export function learnServing(
  known: ServingEvidence | null,
  traffic: TrafficSample | null,
): ServingEvidence | null {
  if (traffic === null || traffic.served < LEARNABLE_REQUESTS) return known;
  const seconds = (traffic.toWallMs - traffic.fromWallMs) / 1000;
  return addServingSample(known ?? NO_SERVING_EVIDENCE, {
    servedRps: traffic.served / seconds,
    units: traffic.readyUnits,
    meanServiceMs: traffic.meanServiceMs,
  });
}

function weightedMean(a: TrafficSample, b: TrafficSample): number {
  const served = a.served + b.served;
  return served === 0 ? 0 : (a.meanServiceMs * a.served + b.meanServiceMs * b.served) / served;
}
