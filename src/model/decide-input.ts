import type { ForecastRecord, Observation } from "./cycle.ts";
import type { ForecastEvidence } from "./forecast.ts";
import type { GateVerdict } from "./gate.ts";
import type { LatencySettings, LatencyState } from "./latency.ts";
import type { PlatformState } from "./platform.ts";
import type { PrewarmPlan, PrewarmRule, PrewarmSettings } from "./prewarm.ts";
import type { ServingEvidence } from "./serving-model.ts";
import type { Settings } from "./settings.ts";
import type { AccountShare } from "./tenancy.ts";
import type { Sizes } from "./tier.ts";
import type { WarmKindHeld } from "./warm.ts";

/** The part of the settings that a decision is a function of. */
export type DecideSettings = Pick<
  Settings,
  "mode" | "horizons" | "resources" | "tiers" | "warm" | "limits" | "risk" | "sizing" | "missing" | "leadTime"
> & {
  /** Absent: response times size nothing. */
  readonly latency?: LatencySettings;
  readonly cycleMs: number;
  readonly staleAfterMs: number;
  /** What the service was granted of a budget it shares; absent where it shares none. */
  readonly share?: AccountShare;
  /** Absent: nothing is prepared in off-peak hours. */
  readonly prewarm?: PrewarmRule;
};

/**
 * Everything `assess` and `decide` are given. Plain JSON: stored in the cycle record, so that `replay` computes
 * the same bytes from it. All instants and durations are the daemon's milliseconds.
 */
export interface DecideInput {
  /** 2: the decision carries a `Reckoning`. Absent: recorded before there was one, and replayed without. */
  readonly schema?: 2;
  readonly nowMs: number;
  readonly decisionId: string;
  readonly settings: DecideSettings;
  readonly observation: Observation;
  /** Null: none could be made. */
  readonly forecast: ForecastRecord | null;
  readonly evidence: ForecastEvidence | null;
  /** Absent where nobody gates: the forecast acts. */
  readonly gate?: GateVerdict;
  /** Null: not readable; the current sizes then count as ready. */
  readonly platform: PlatformState | null;
  /** Sizes applied last: what the platform was told to want. */
  readonly current: Sizes;
  readonly warmExpiresMs: number | null;
  /** Warm pieces of other kinds that were applied last, by name; absent: none. */
  readonly warmKinds?: Readonly<Record<string, WarmKindHeld>>;
  /** The pre-warming plan in hand; absent: none. */
  readonly prewarm?: PrewarmPlan;
  /** Total need of recent cycles, oldest first, null for a cycle without fresh demand. See `nextNeedHistory`. */
  readonly needHistory: readonly NeedSample[];
  /** What earlier looks at response times left; absent: there was none. */
  readonly latency?: LatencyState;
  /** Instants of the updates of the last hour. */
  readonly appliedAtMs: readonly number[];
  /** Null: never reviewed. */
  readonly lastBaselineReviewMs: number | null;
  /** Measured lead times, oldest first; at most 200. */
  readonly leadTimesMs: readonly number[];
  /** What the platform measured of service times; null: the configured ones hold. */
  readonly service: ServingEvidence | null;
  /** Since when demand has not been fresh; null while it is. */
  readonly missingSinceMs: number | null;
  readonly pause: { readonly untilMs: number; readonly reason: string } | null;
}

export interface NeedSample {
  readonly atMs: number;
  readonly units: number | null;
}

export function decideSettings(settings: Settings): DecideSettings {
  return {
    mode: settings.mode,
    horizons: settings.horizons,
    resources: settings.resources,
    tiers: settings.tiers,
    warm: settings.warm,
    limits: settings.limits,
    risk: settings.risk,
    sizing: settings.sizing,
    missing: settings.missing,
    leadTime: settings.leadTime,
    ...(settings.latency === undefined ? {} : { latency: settings.latency }),
    cycleMs: settings.schedule.intervalMs,
    staleAfterMs: settings.demand.staleAfterMs,
    ...(settings.prewarm === undefined ? {} : { prewarm: prewarmRule(settings.prewarm) }),
  };
}

/** Without where tasks go: a record holds no address and no program. */
function prewarmRule({ quantile, minRiseFraction, tasks }: PrewarmSettings): PrewarmRule {
  const rules = tasks.map(({ name, leadMs, perUnit }) => ({ name, leadMs, perUnit }));
  return { quantile, minRiseFraction, tasks: rules };
}
