import type { Strategy } from "../../model/decision.ts";
import type { Mode } from "../../model/settings.ts";
import type { Sizes, Tier } from "../../model/tier.ts";

/**
 * All that the live terminal view shows, one plain value: rendering is a function of it and of the screen's size.
 * Instants are the daemon's time (trace time) unless their name says wall; null is "not known yet".
 */
export interface ViewState {
  readonly service: string;
  readonly mode: Mode;
  readonly time: ViewTime;
  /** What is going on besides cycles, e.g. `building the engine 43 % (about 2 min left)`; empty when nothing is. */
  readonly phase: string;
  readonly chart: ViewChart;
  /** Units ready now. */
  readonly ready: Sizes | null;
  /** Demand of the last step, requests/s. */
  readonly demandRps: number | null;
  readonly leadTimeMs: number | null;
  readonly decision: ViewDecision | null;
  /** The last update's diff, one line per resource, e.g. `~ predictive units 3 -> 8`. */
  readonly diff: readonly string[];
  readonly policy: ViewPolicy | null;
  readonly engine: { readonly runs: number; readonly totalMs: number };
  /** Of the last few seconds; null when none was served: no latency is not a latency of 0 ms. */
  readonly latency: { readonly p50Ms: number; readonly p95Ms: number; readonly p99Ms: number } | null;
  /** Since the start. */
  readonly outcome: ViewOutcome;
  /** What a reactive HPA rule would have had on the same demand; null while unknown. */
  readonly reactive: ViewOutcome | null;
}

export interface ViewTime {
  readonly atMs: number;
  readonly timeZone: string;
  readonly wallMs: number;
  /** Daemon milliseconds per wall millisecond. */
  readonly speed: number;
  /** Wall time until the run ends; null when it has no end. */
  readonly remainingWallMs: number | null;
}

export interface ViewChart {
  readonly stepMs: number;
  /** Oldest first; the last one ends at `cutoffMs`. */
  readonly history: readonly ViewStep[];
  /** The forecast of the steps from `cutoffMs` on, nearest first. */
  readonly ahead: readonly ViewAhead[];
  readonly cutoffMs: number;
}

export interface ViewStep {
  /** null is a gap. */
  readonly demandRps: number | null;
  /** What the ready units of each tier can serve within the latency objective; null before the platform ran. */
  readonly capacityRps: Readonly<Record<Tier, number>> | null;
}

/** Median and 90 % prediction interval of one step. */
export interface ViewAhead {
  readonly medianRps: number;
  readonly lowerRps: number;
  readonly upperRps: number;
}

export interface ViewDecision {
  readonly cycle: number;
  readonly why: string;
  readonly strategy: Strategy;
  /** 0 to 1. */
  readonly trust: number;
  /** How the cycle ended: an `ApplyOutcome` kind, `error` or `stopped`. */
  readonly outcome: string;
}

export type ViewPolicy =
  | { readonly kind: "passed"; readonly checks: number }
  | { readonly kind: "violated"; readonly violations: readonly string[] }
  | { readonly kind: "not-checked"; readonly reason: string };

/** How well and how dearly demand was served. */
export interface ViewOutcome {
  readonly requests: number;
  /** Requests late or failed. */
  readonly violations: number;
  readonly unitHours: number;
  readonly costUsd: number;
}
