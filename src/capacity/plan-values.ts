import type { ScheduledEvent } from "../model/known-ahead.ts";
import type { DemandSeries } from "../model/series.ts";
import type { LimitSettings, TierSettings, WarmSettings } from "../model/settings.ts";
import type { Tier } from "../model/tier.ts";

/** What capacity is planned from. */
export interface CapacityRequest {
  /** Requests/s, gaps NaN; outages are gaps here, not demand. */
  readonly history: DemandSeries;
  /** Wall time at an instant, as if it were UTC: the rhythm of the week follows it. */
  readonly localMs: (utcMs: number) => number;
  /** Units that serve a demand; at least 1, never fewer for more demand. */
  readonly needUnits: (demandRps: number) => number;
  /** Asked for; the plan may carry less far. */
  readonly horizonMs: number;
  /** How long a commitment binds. */
  readonly termMs: number;
  readonly commitUsdPerUnitHour: number;
  readonly today: TodaySettings;
  /** Those with a lift count, on the part of the horizon that they cover. */
  readonly events: readonly ScheduledEvent[];
  /** Numbers in [0, 1). */
  readonly random: () => number;
  readonly paths?: number;
}

/** The settings in force. */
export interface TodaySettings {
  readonly tiers: Readonly<Record<Tier, TierSettings>>;
  readonly limits: Pick<LimitSettings, "maxTotalUnits" | "maxCostUsdPerHour" | "burstReserveUnits">;
  readonly warm: Pick<WarmSettings, "maxUnits" | "priceUsdPerUnitHour">;
  /** Units of the baseline tier now; undefined: what its review makes of the last day of history. */
  readonly baselineUnits: number | undefined;
}

/** A middle value and the 90 % prediction interval around it. */
export interface Interval {
  readonly median: number;
  readonly lower: number;
  readonly upper: number;
}

/** What the history is good for. */
export interface HistoryReach {
  readonly spanMs: number;
  /** Rhythm that is planned in: weeks, or days where there are fewer than four whole weeks. */
  readonly period: "week" | "day";
  readonly periods: number;
  readonly gapFraction: number;
  /** How far ahead at least three past cut-offs measured the error of a plan. */
  readonly measuredMs: number;
  /** The horizon that is planned for: shorter than asked where history does not carry it. */
  readonly horizonMs: number;
  /** Over a year: the rhythm of the year was one of the forecasts. */
  readonly yearly: boolean;
  /** Weekly (daily) peaks forecast from earlier cut-offs, and how many lay in their 90 % interval. */
  readonly pastPeaks: number;
  readonly pastInside: number;
}

/** What a plan costs over the horizon, USD. */
export interface PlanMoney {
  readonly plan: Interval;
  readonly today: Interval;
  readonly noCommitment: Interval;
  /** Differences are taken on each path before their interval is. */
  readonly savedToday: Interval;
  readonly savedNoCommitment: Interval;
}

export interface LimitReached {
  readonly setting: string;
  readonly value: number;
  /** The history's last four periods needed more. */
  readonly already: boolean;
  /**
   * From the cut-off to where the 90 % (50 %) quantile of the need so far passes the limit; undefined: not within the
   * horizon.
   */
  readonly at90Ms: number | undefined;
  readonly at50Ms: number | undefined;
  /** Of its being passed within the horizon. */
  readonly probability: number;
}

export interface Commitment {
  readonly units: number;
  readonly usdPerUnitHour: number;
  readonly termMs: number;
  /** Demand may fall by this share for the whole term before the units would have been cheaper on demand. */
  readonly fallFraction: number;
  readonly reason: string;
}

export interface RecommendedLimits {
  readonly baselineMinUnits: number;
  readonly baselineMaxUnits: number;
  readonly predictiveMaxUnits: number;
  readonly burstMaxUnits: number;
  readonly burstReserveUnits: number;
  readonly maxTotalUnits: number;
  readonly maxCostUsdPerHour: number;
}

export interface CapacityPlan {
  readonly cutoffMs: number;
  readonly reach: HistoryReach;
  /** Mean demand of a period, now and at the end of the horizon, requests/s. */
  readonly demandNowRps: number;
  readonly demandEndRps: Interval;
  /** Largest step of the last period, and of the horizon. */
  readonly peakNowRps: number;
  readonly peakRps: Interval;
  /** Largest step of each period ahead. */
  readonly periodPeaksRps: readonly Interval[];
  /** Growth of the median per week, as a fraction. */
  readonly growthPerWeek: number;
  /** Units that are needed for at least such a share of the horizon. */
  readonly loadCurve: readonly { readonly share: number; readonly units: Interval }[];
  readonly baseline: { readonly today: number; readonly share: number; readonly units: Interval };
  readonly peakUnits: Interval;
  readonly commitment: Commitment;
  readonly limits: RecommendedLimits;
  readonly reached: readonly LimitReached[];
  readonly money: PlanMoney;
  readonly events: { readonly counted: number; readonly withoutLift: number };
  /** What it cannot say, a sentence each. */
  readonly caveats: readonly string[];
}
