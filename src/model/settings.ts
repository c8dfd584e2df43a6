import type { ActivitySettings } from "./activity.ts";
import type { ScheduledEvent } from "./known-ahead.ts";
import type { KubernetesPlatformSettings, KubernetesPolicyLimits } from "./kubernetes.ts";
import type { LatencySettings } from "./latency.ts";
import type { PrewarmSettings } from "./prewarm.ts";
import type { TenancySettings } from "./tenancy.ts";
import type { Tier } from "./tier.ts";
import type { DurationMs } from "./time.ts";
import type { WarmKindSettings } from "./warm.ts";

/** How far a forecast may be acted on. Promoted by measured accuracy, demoted by regime change. */
export const MODES = ["observe", "shadow", "suggest", "active"] as const;
export type Mode = (typeof MODES)[number];

export type AcceptableRisk = "high" | "medium" | "low";
export type Sizing = "newsvendor" | "magnitude";

/** Everything the central configuration file says, checked, with durations in milliseconds. See docs/configuration. */
export interface Settings {
  readonly service: string;
  /** The highest mode allowed; `promotion` may hold the one in force below it. */
  readonly mode: Mode;
  /** Undefined: the mode asked for is in force at once. */
  readonly promotion: PromotionSettings | undefined;
  readonly gate: GateSettings;
  readonly demand: DemandSettings;
  readonly events: EventSettings;
  /** `demand.leading`: series that go before demand, e.g. sessions before requests. */
  readonly leading: readonly LeadingSettings[];
  /** At least one; the resource that needs the most units decides. */
  readonly resources: readonly ResourceSettings[];
  readonly horizons: readonly DurationMs[];
  readonly forecast: ForecastSettings;
  readonly tiers: Readonly<Record<Tier, TierSettings>>;
  readonly warm: WarmSettings;
  /** Undefined: nothing is prepared in off-peak hours. */
  readonly prewarm?: PrewarmSettings | undefined;
  readonly limits: LimitSettings;
  readonly risk: RiskSettings;
  readonly sizing: SizingSettings;
  /** Undefined: response times size nothing. */
  readonly latency?: LatencySettings | undefined;
  readonly missing: MissingSettings;
  readonly leadTime: { readonly priorMs: DurationMs; readonly quantile: number };
  readonly schedule: ScheduleSettings;
  readonly policies: PolicySettings;
  readonly platform: PlatformSettings;
  readonly pulumi: PulumiSettings;
  readonly state: { readonly folder: string; readonly retention: DurationMs };
  readonly http: { readonly host: string; readonly port: number };
  readonly tags: Readonly<Record<string, string>>;
  /** Absent: the service has its limits for itself. */
  readonly tenancy?: TenancySettings | undefined;
  /** Absent: requests of users are not read one by one. */
  readonly activity?: ActivitySettings | undefined;
}

/** The mode starts at `from` and rises a step each time the gate has held for `afterMs`. */
export interface PromotionSettings {
  readonly from: Exclude<Mode, "active">;
  readonly afterMs: DurationMs;
}

/** When the forecast may act: while its scores over long windows hold. */
export interface GateSettings {
  /** `off`: it always may. */
  readonly rule: "measured" | "off";
  /** Coverage of the 90 % interval below this stops the forecast; above `promoteCoverage` it may come back. */
  readonly demoteCoverage: number;
  readonly promoteCoverage: number;
  /** Loss over naive's above this stops the forecast; below `promoteLoss` it may come back. */
  readonly demoteLoss: number;
  readonly promoteLoss: number;
  /** How long the bars of promotion must have been met without a break. */
  readonly dwellMs: DurationMs;
  readonly minScores: number;
  /** Margin on top of demand now while the forecast does not act: what it would have added is missing. */
  readonly headroomFraction: number;
}

export interface DemandSettings {
  /** `platform`: live counts from the router. `csv`, `access-log`: files. `prometheus`: a query of a server. */
  readonly source: "platform" | "csv" | "access-log" | "prometheus";
  /** The file; for `source: platform`, optional history to learn from. */
  readonly path: string | undefined;
  readonly valueColumn: string | undefined;
  readonly timeColumn: string | undefined;
  readonly stepMs: DurationMs;
  /** IANA zone whose local clock the daily and weekly rhythm follows. */
  readonly timeZone: string;
  /** Demand older than this is stale: capacity is held, never lowered. */
  readonly staleAfterMs: DurationMs;
  /** History kept for learning. */
  readonly historyMs: DurationMs;
  /** A source's numbers times this are requests/s (a count per step: 1 / seconds of the step). */
  readonly scale: number;
  /** With `source: prometheus` only. */
  readonly prometheus?: PrometheusSettings | undefined;
}

/** Demand from a server with the HTTP API of Prometheus. */
export interface PrometheusSettings {
  /** Base address, as written; `http` or `https`, without a name or password in it. */
  readonly url: string;
  /** PromQL; `$__interval` stands for the step. */
  readonly query: string;
  /** `none`: an answer of several series is an error. `sum`: they are added, a gap where one is missing. */
  readonly aggregate: "none" | "sum";
  /** What an answer is that the store calls partial: a gap, or good enough. */
  readonly partial: "gap" | "keep";
  /** Samples reach the store this late: newer steps are left out. */
  readonly delayMs: DurationMs;
  readonly connection: ConnectionSettings;
}

/** How a server is reached. Secrets are named, never held: they are read when they are needed. */
export interface ConnectionSettings {
  readonly bearerTokenFile: string | undefined;
  /** Name of an environment variable. */
  readonly bearerTokenEnv: string | undefined;
  /** Basic authentication. */
  readonly username: string | undefined;
  readonly passwordFile: string | undefined;
  readonly passwordEnv: string | undefined;
  /** PEM file of the authorities that are trusted in place of the usual ones. */
  readonly caFile: string | undefined;
  /** Sent with every request, e.g. X-Scope-OrgID. */
  readonly headers: Readonly<Record<string, string>>;
  /** Wall time one request may take. */
  readonly timeoutMs: DurationMs;
  /** Wall time one read of demand may take, all its requests and retries together. */
  readonly deadlineMs: DurationMs;
}

/** A series that goes before demand, from a CSV file. */
export interface LeadingSettings {
  readonly name: string;
  readonly path: string;
  readonly valueColumn: string | undefined;
  readonly timeColumn: string | undefined;
}

/** What is planned. */
export interface EventSettings {
  /** CSV, JSON, YAML or iCalendar, told by the ending. */
  readonly files: readonly string[];
  /** Public holidays of a country (ISO 3166) and a region in it; undefined: none. */
  readonly holidays: { readonly country: string; readonly region: string | undefined } | undefined;
  /** Those written in the configuration itself. */
  readonly planned: readonly ScheduledEvent[];
}

/**
 * Demand-to-units rule of one resource. `requests`: a queue with a latency objective. `amount`: so much of a
 * resource per request against so much in a unit.
 */
export type ResourceSettings = QueueResourceSettings | AmountResourceSettings;

export interface QueueResourceSettings {
  readonly kind: "queue";
  readonly name: string;
  readonly slotsPerUnit: number;
  readonly serviceTimeMs: DurationMs;
  readonly latencyObjectiveMs: DurationMs;
  /** Share of requests that must meet the objective, 0.95 for p95. */
  readonly latencyPercentile: number;
}

export interface AmountResourceSettings {
  readonly kind: "amount";
  readonly name: string;
  /** Amount in use per request/s of demand (cpu cores, GiB, MiB/s ...). */
  readonly perRps: number;
  /** Amount in use with no demand at all, over the whole service. */
  readonly idle: number;
  readonly perUnit: number;
  readonly targetUtilization: number;
}

export interface ForecastSettings {
  readonly members: readonly string[];
  /** Heavy members (Prophet, MSTL) are refitted this often; light ones at each cycle. */
  readonly refitMs: DurationMs;
  /** Longest history a fit sees. */
  readonly trainMs: DurationMs;
  /** Quantiles are capped at this times the highest demand in the training history. */
  readonly capFactor: number;
  readonly threads: number;
}

export interface TierSettings {
  readonly minUnits: number;
  readonly maxUnits: number;
  readonly priceUsdPerUnitHour: number;
}

export interface WarmSettings {
  readonly maxUnits: number;
  readonly priceUsdPerUnitHour: number;
  readonly expiryMs: DurationMs;
  /** q_burst of the sizing rules. */
  readonly quantile: number;
  /** Warm pieces of other kinds than units; absent: none. */
  readonly kinds?: readonly WarmKindSettings[];
}

export interface LimitSettings {
  readonly maxTotalUnits: number;
  readonly maxCostUsdPerHour: number;
  /** Units a tier may grow, and shrink, in one update. */
  readonly maxStepUpUnits: number;
  readonly maxStepDownUnits: number;
  /** Units of the total kept for burst: baseline + predictive stay below maxTotalUnits minus this. */
  readonly burstReserveUnits: number;
  readonly maxUpdatesPerHour: number;
}

export interface RiskSettings {
  readonly acceptable: AcceptableRisk;
  /** Trust below this: reactive-only. */
  readonly trustFloor: number;
  /** Trust at or above this and demand expected to rise: aggressive. */
  readonly aggressiveAbove: number;
}

export interface SizingSettings {
  readonly rule: Sizing;
  /** Cost of one unit missing for an hour (c_under); a unit too many costs its price (c_over). */
  readonly underUsdPerUnitHour: number;
  /** Shrink only when the need is below size * (1 - band). */
  readonly releaseBand: number;
  /** A size is lowered to the largest need of this long. */
  readonly stabilizationMs: DurationMs;
  /** Baseline is reviewed this often and moved at most `baselineStepUnits`. */
  readonly baselineReviewMs: DurationMs;
  readonly baselineStepUnits: number;
  /** A change is not worth an update below this saving (shrinking only). */
  readonly minSavingUsdPerHour: number;
  /** Price of one update: a change that is worth less within its window waits. Absent: none. */
  readonly updateCostUsd?: number;
  /** Safety margin on top of the need, 0.1 for 10 %. */
  readonly marginFraction: number;
}

export interface MissingSettings {
  /** Capacity is held this long after demand went missing, then goes to the fallback. */
  readonly holdMs: DurationMs;
  /** Total units of the safe fallback; the larger of this and what is held wins. */
  readonly fallbackUnits: number;
}

export interface ScheduleSettings {
  readonly intervalMs: DurationMs;
  /** Share of the interval by which a start is shifted at random. */
  readonly jitterFraction: number;
  /** A decision older than this is not applied. */
  readonly maxDecisionAgeMs: DurationMs;
}

/** Values handed to the policy pack; on purpose not computed from `limits`. */
export interface PolicySettings {
  /** Folder of the pack; undefined: the one shipped. */
  readonly pack: string | undefined;
  readonly limits: PolicyLimits;
}

export interface PolicyLimits {
  readonly maxBaselineUnits: number;
  readonly maxPredictiveUnits: number;
  readonly maxBurstUnits: number;
  readonly maxWarmUnits: number;
  readonly maxTotalUnits: number;
  readonly maxStepUpUnits: number;
  readonly maxStepDownUnits: number;
  readonly maxCostUsdPerHour: number;
  readonly minBaselineUnits: number;
  readonly burstReserveUnits: number;
  readonly requiredTags: readonly string[];
  /** `per-plan`: the service shares an account, and no plan passes without the units it was granted there. */
  readonly accountShareUnits: "none" | "per-plan";
  readonly priceUsdPerUnitHour: Readonly<Record<Tier | "warm", number>>;
  /** Cap and price of each warm kind by its name; absent: no kind is allowed. */
  readonly warmKinds?: Readonly<
    Record<string, { readonly maxCount: number; readonly priceUsdPerHour: number }>
  >;
  /** With a Kubernetes platform only. */
  readonly kubernetes?: KubernetesPolicyLimits | undefined;
}

/** Where units run. */
export type PlatformSettings = LocalPlatformSettings | KubernetesPlatformSettings;

/** The embedded platform: worker processes behind a router on this machine. */
export interface LocalPlatformSettings {
  readonly kind: "local";
  /** 0: any free port. */
  readonly routerPort: number;
  readonly slotsPerUnit: number;
  readonly serviceTimeMs: DurationMs;
  /** Start time of a unit: log-normal with this median and spread (sigma of the logarithm), wall time. */
  readonly startMedianMs: DurationMs;
  readonly startSigma: number;
  readonly drainMs: DurationMs;
  readonly queueLimit: number;
  /** The supervisor refuses to run more units than this, whoever asks. */
  readonly maxUnits: number;
}

export interface PulumiSettings {
  /** `file://...` under the state folder unless given; any Pulumi backend. */
  readonly backend: string | undefined;
  readonly project: string;
  readonly baseStack: string;
  readonly tierStack: string;
  /** File that holds the passphrase; made on first use when it is missing. */
  readonly passphraseFile: string | undefined;
  /** Wall time an engine run may take before it is interrupted, then killed. */
  readonly deadlineMs: DurationMs;
  readonly memoryMib: number;
}
