import type { PrewarmPlan } from "./prewarm.ts";
import type { Reckoning } from "./reckoning.ts";
import type { Mode, Sizing } from "./settings.ts";
import type { Sizes, Tier } from "./tier.ts";
import type { EpochMs } from "./time.ts";
import type { WarmChoice, WarmKindPlan } from "./warm.ts";

export type Strategy = "aggressive" | "conservative" | "reactive-only";

/** Why sizes stay as they are. */
export type HoldReason =
  /** The forecast fits the current sizes and no cheaper ones. */
  | "sizes-fit"
  /** Less would do now, but a recent cycle still needed this much, or the saving is inside the release band. */
  | "stabilizing"
  /** Demand is missing or stale: capacity is held, never lowered. */
  | "demand-stale"
  /** Less would do for demand, but response times are not yet below the release level. */
  | "latency-high"
  /** The window behind a scale-down has a gap. */
  | "gap-in-window"
  /** The change is worth less than an update. */
  | "not-worth-an-update"
  /** Updates of the last hour used up the budget; the reactive floor is not affected. */
  | "update-budget"
  /** A limit leaves no room for the change. */
  | "limited"
  /** A person paused the service. */
  | "paused";

/** A limit that changed what was asked for. */
export interface LimitBound {
  readonly limit:
    | "tier-max"
    | "tier-min"
    | "total-max"
    | "cost-max"
    | "account-share"
    | "step-up"
    | "step-down"
    | "burst-reserve"
    | "warm-max"
    | "grow-first"
    | "update-budget";
  readonly tier: Tier | "warm" | "total";
  readonly askedUnits: number;
  readonly allowedUnits: number;
  /** True when it cut capacity below what demand needs right now: said loudly. */
  readonly belowReactive: boolean;
}

/** One step on the way from demand to sizes: what was computed, from what, in words. */
export interface DecisionStep {
  readonly name:
    | "need-now"
    | "quantile"
    | "need-ahead"
    | "latency"
    | "baseline"
    | "predictive"
    | "burst"
    | "warm"
    | "scale-down"
    | "account";
  readonly units: number;
  readonly why: string;
}

/** Units needed, before any limit. */
export interface Need {
  /** For demand observed now. */
  readonly observedUnits: number;
  /** For the forecast quantile, the largest over the window lead time + cycle. */
  readonly aheadUnits: number;
  /** For the latency policy; absent where it asks for nothing. */
  readonly latencyUnits?: number;
  /** The resource that needed the most. */
  readonly resource: string;
  readonly quantile: number;
  readonly windowMs: number;
}

/** How far the forecast can be trusted now, 0 to 1, and each part of it (1 is best). */
export interface Risk {
  readonly trust: number;
  readonly parts: {
    readonly width: number;
    readonly coverage: number;
    readonly accuracy: number;
    readonly anomaly: number;
    readonly staleness: number;
  };
  readonly strategy: Strategy;
  readonly reason: string;
}

/** An inert value: what to do and why. Printed, recorded, replayed, approved, applied. */
export interface Decision {
  readonly id: string;
  readonly atMs: EpochMs;
  readonly cutoffMs: EpochMs;
  readonly mode: Mode;
  readonly sizing: Sizing;
  readonly outcome: { readonly kind: "change" } | { readonly kind: "hold"; readonly reason: HoldReason };
  readonly before: Sizes;
  readonly after: Sizes;
  readonly need: Need;
  readonly risk: Risk;
  readonly steps: readonly DecisionStep[];
  readonly limits: readonly LimitBound[];
  readonly costUsdPerHour: { readonly before: number; readonly after: number };
  /** Expected units missing over the window (mean over quantiles), with the sizes before and after. */
  readonly expectedShortUnits: { readonly before: number; readonly after: number };
  /** Absent in decisions recorded before it was reckoned. */
  readonly reckoning?: Reckoning;
  readonly warmExpiresMs: EpochMs | undefined;
  readonly warmReason: string;
  /** What was weighed for the next unit beyond the sizes; absent where nothing was. */
  readonly warmChoice?: WarmChoice;
  /** Warm pieces of other kinds, as configured; absent: none. */
  readonly warmKinds?: readonly WarmKindPlan[];
  /** What is to be prepared for the next peak; absent: nothing. */
  readonly prewarm?: PrewarmPlan;
  /** One line for people: what changes and why. */
  readonly why: string;
}
