import type { DurationMs } from "./time.ts";

/** Percentiles that an observation carries; a latency policy speaks of one of them. */
export const LATENCY_PERCENTILES = [0.5, 0.9, 0.95, 0.99] as const;
export type LatencyPercentile = (typeof LATENCY_PERCENTILES)[number];

/** Response times of what was served in `[fromMs, toMs)`, the daemon's time. Waiting in the queue is part of them. */
export interface LatencyObservation {
  readonly fromMs: number;
  readonly toMs: number;
  /** Requests behind the percentiles. */
  readonly requests: number;
  readonly p50Ms: number;
  readonly p90Ms: number;
  readonly p95Ms: number;
  readonly p99Ms: number;
}

/** More capacity while response times are above a threshold, whatever load and forecast say. */
export interface LatencySettings {
  readonly percentile: LatencyPercentile;
  readonly thresholdMs: DurationMs;
  /** The percentile must have been above the threshold for this long without a break. */
  readonly forMs: DurationMs;
  /** Largest raise at a time as a share of the ready units: 1 doubles them. */
  readonly maxStepFraction: number;
  /** Nothing is released before the percentile is below this share of the threshold. */
  readonly releaseBelowFraction: number;
  /** Fewer requests say nothing of a percentile. */
  readonly minRequests: number;
}

/** What one look at response times leaves for the next. Plain JSON; instants are the daemon's. */
export interface LatencyState {
  /** Begin of the time in which every look was above the threshold; null: the last one was not. */
  readonly aboveSinceMs: number | null;
  /** The last look that said something. */
  readonly seen: { readonly atMs: number; readonly measuredMs: number } | null;
  /** The last raise of this episode; null: none, or the percentile fell below the release level since. */
  readonly raise: LatencyRaise | null;
  /** Raises in a row after which the percentile did not fall. */
  readonly idleRaises: number;
}

export interface LatencyRaise {
  readonly atMs: number;
  readonly toUnits: number;
  readonly measuredMs: number;
  /** Demand per unit before it, requests/s; null: not known. */
  readonly rpsPerUnit: number | null;
  /** When its units were first seen ready, or were given up waiting for. */
  readonly settledMs: number | null;
}

export const NO_LATENCY_STATE: LatencyState = {
  aboveSinceMs: null,
  seen: null,
  raise: null,
  idleRaises: 0,
};

const PERCENTILE_KEYS = { 0.5: "p50Ms", 0.9: "p90Ms", 0.95: "p95Ms", 0.99: "p99Ms" } as const;

export function percentileOf(latency: LatencyObservation, percentile: LatencyPercentile): number {
  return latency[PERCENTILE_KEYS[percentile]];
}
