import type { Tier } from "./tier.ts";
import type { WarmKindState } from "./warm.ts";

/** What the platform has, read back: the truth that `verify` compares a decision with. */
export interface PlatformState {
  readonly tiers: Readonly<Record<Tier, TierState>>;
  readonly warm: {
    readonly wantedUnits: number;
    readonly idleUnits: number;
    readonly preparingUnits: number;
  };
  /** Warm pieces of other kinds, by name; absent: none. */
  readonly warmKinds?: Readonly<Record<string, WarmKindState>>;
  /** Generation of the last plan the platform took. */
  readonly planGeneration: number;
  /** Start times measured lately, request of a unit to ready, wall milliseconds, oldest first; at most 200. */
  readonly startTimesMs: readonly number[];
}

export interface TierState {
  readonly wantedUnits: number;
  readonly readyUnits: number;
  readonly startingUnits: number;
  readonly drainingUnits: number;
}

/** What the router measured between two instants of the wall clock. */
export interface TrafficSample {
  readonly fromWallMs: number;
  readonly toWallMs: number;
  /** Requests that arrived. */
  readonly arrived: number;
  readonly served: number;
  /** Turned away because the queue was full, or failed in a unit. */
  readonly failed: number;
  /** Served later than the latency objective the base stack states. */
  readonly late: number;
  /** Mean busy time of a slot per request, ms; 0 when nothing was served. */
  readonly meanServiceMs: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly p99Ms: number;
  /** Response times by bucket, see `sparseCounts`: with them samples add up. Absent: only the percentiles are known. */
  readonly latencyCounts?: readonly number[];
  readonly readyUnits: number;
}
