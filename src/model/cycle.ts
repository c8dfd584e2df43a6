import type { Decision } from "./decision.ts";
import type { ForecastEvidence, QuantileForecast } from "./forecast.ts";
import type { LatencyObservation } from "./latency.ts";
import type { PlatformState } from "./platform.ts";
import type { PrewarmState } from "./prewarm.ts";
import type { StackInputs } from "./stack-inputs.ts";

/** The pipeline's stages, in order. The same strings name folders, CLI values, log fields, metrics and journal keys. */
export const STAGES = [
  "observe",
  "profile",
  "forecast",
  "assess",
  "decide",
  "render",
  "apply",
  "verify",
] as const;
export type Stage = (typeof STAGES)[number];

/** What a cycle saw of demand. */
export interface Observation {
  readonly atMs: number;
  /** End of the last whole grid step that was read. */
  readonly cutoffMs: number;
  /** Demand of the last present step, requests/s; null when nothing is fresh. */
  readonly demandRps: number | null;
  /** Demand of the last steps, oldest first, null for a gap: the window behind a scale-down. */
  readonly recentRps: readonly (number | null)[];
  readonly freshness: "fresh" | "stale" | "missing";
  /** Response times lately; absent: nobody measured them. */
  readonly latency?: LatencyObservation;
  /** Why demand is not fresh, in words; empty when it is. */
  readonly note: string;
}

/** A forecast as plain JSON, for the record. */
export interface ForecastRecord {
  readonly cutoffMs: number;
  readonly stepMs: number;
  readonly levels: readonly number[];
  readonly quantiles: readonly (readonly number[])[];
}

/** What an engine run did, or why it did not. */
export type ApplyOutcome =
  /** Nothing differs from what was applied last and the platform agrees: no engine run. */
  | { readonly kind: "no-change" }
  /** The mode does not act (observe, shadow), or waits for a person (suggest). */
  | { readonly kind: "not-acting"; readonly reason: string }
  | { readonly kind: "awaiting-approval"; readonly planHash: string }
  | {
      readonly kind: "applied";
      /** Operations by kind, as the engine summed them up. */
      readonly changes: Readonly<Record<string, number>>;
      /** The diff, a line each: `~ predictive units 3 -> 8`. */
      readonly diff: readonly string[];
      /** Times a policy said that it passed, over both engine runs. */
      readonly policiesPassed: number;
      readonly engineMs: number;
    }
  /** The policy pack said no; its own words. */
  | { readonly kind: "policy-violation"; readonly violations: readonly string[] }
  /** The pack's verdict is missing or weakened: refused. */
  | { readonly kind: "no-policy-evidence"; readonly reason: string }
  /** Somebody else holds the stack. */
  | { readonly kind: "locked"; readonly by: string }
  /** A newer plan was applied, or the world moved, between decision and update. */
  | { readonly kind: "stale-plan"; readonly reason: string }
  | { readonly kind: "interrupted"; readonly reason: string }
  | { readonly kind: "timeout"; readonly reason: string }
  | { readonly kind: "failed"; readonly reason: string }
  | { readonly kind: "engine-missing"; readonly reason: string };

/** What `verify` concluded. */
export type Verdict =
  | { readonly kind: "keep"; readonly note: string }
  | { readonly kind: "waiting"; readonly note: string }
  | { readonly kind: "retry"; readonly note: string }
  | { readonly kind: "drift"; readonly note: string }
  | { readonly kind: "roll-back"; readonly note: string };

/** All that one pass of the pipeline saw, believed, chose and did. Plain JSON; `replay` recomputes from it. */
export interface CycleRecord {
  readonly schema: 1;
  readonly cycle: number;
  readonly planGeneration: number;
  readonly startedMs: number;
  readonly observation: Observation;
  readonly forecast: ForecastRecord | null;
  readonly evidence: ForecastEvidence | null;
  /** Everything `assess`, `decide` and `render` were given; `replay` feeds it back. */
  readonly decideInput: unknown;
  readonly decision: Decision | null;
  readonly stackInputs: StackInputs | null;
  readonly apply: ApplyOutcome | null;
  readonly verdict: Verdict | null;
  readonly platform: PlatformState | null;
  /** How far what is prepared for the next peak has come; absent: no plan. */
  readonly prewarm?: PrewarmState;
  /** Wall milliseconds per stage. */
  readonly stageMs: Readonly<Partial<Record<Stage, number>>>;
  /** Broken assumption that ended the cycle, if any. */
  readonly error: string | null;
}

export function toRecord(forecast: QuantileForecast): ForecastRecord {
  return {
    cutoffMs: forecast.cutoffMs,
    stepMs: forecast.stepMs,
    levels: forecast.levels,
    quantiles: forecast.quantiles.map((row) => Array.from(row)),
  };
}
