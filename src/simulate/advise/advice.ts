import type { DemandSeries } from "../../model/series.ts";
import type { Tier } from "../../model/tier.ts";
import type { ComparisonRow } from "../frontier.ts";
import type { Simulation } from "../simulate.ts";

/**
 * What to do with the forecast of a service.
 *
 *     predictive      turn it on: it beats the reactive rule on most days, and the forecast explains why
 *     shadow          let it watch: promising or mixed, or too little history to tell luck from skill
 *     stay-reactive   the history holds nothing that a forecast would use, or nothing to gain by it
 */
export type Verdict = "predictive" | "shadow" | "stay-reactive";

export type ReasonCode =
  /** Demand missed at equal unit-hours, over the HPA's, and how sure that is. */
  | "violations"
  /** What the forecast itself adds to the rules: over the same rules on the last value alone. */
  | "added"
  /** Loss of the forecast over naive's at the lead time and a day ahead, and how sure that is. */
  | "forecast"
  /** Share of truths inside the 90 % interval. */
  | "coverage"
  /** Demand that repeats itself by day and by week. */
  | "rhythm"
  /** Demand that came above all that was forecast. */
  | "spikes"
  /** What a policy that knew the future would have. */
  | "bound"
  /** A fixed size costs no more than following demand. */
  | "flat"
  /** Days that were scored are too few. */
  | "short-history"
  /** A unit cannot be sized by this history. */
  | "no-demand"
  /** The two lead times say different things. */
  | "mixed";

export interface Reason {
  readonly code: ReasonCode;
  /** Whether it speaks for turning the forecast on, against it, or neither. */
  readonly speaks: "for" | "against" | "neither";
  /** A sentence. */
  readonly text: string;
}

/** A figure and its 90 % interval over resampled days; NaN where it cannot be told. */
export interface Sampled {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

/** How good the forecasts behind the simulation were, over its scored steps. */
export interface ForecastQuality {
  /** Weighted quantile loss over naive's, one lead time ahead. */
  readonly lossAtLead: Sampled;
  /** The same over the whole next day, one forecast a day. */
  readonly lossOverDay: Sampled;
  /** Share of truths inside the 90 % interval, one lead time ahead. */
  readonly coverage90: number;
  readonly coverageOverDay90: number;
  /** Share of demand above the 0.99 quantile forecast one lead time before: what nothing announced. */
  readonly spikeShare: number;
  /** Steps behind what is said of the lead time, and days behind the rest. */
  readonly steps: number;
  readonly days: number;
}

/** One way to run the service over the scored part, in figures for 30 days. */
export interface Bill {
  readonly way: "tiercast-equal-hours" | "tiercast-equal-misses" | "hpa" | "fixed" | "oracle";
  readonly unitHours: number;
  readonly violationShare: number;
  /** Requests (demand x seconds) that found no ready unit. */
  readonly missed: number;
  /** undefined: no prices were given. */
  readonly costUsd: number | undefined;
}

/** What the simulation at one lead time says. */
export interface LeadAdvice {
  readonly leadMs: number;
  readonly verdict: Verdict;
  readonly reasons: readonly Reason[];
  /** What would change the verdict, a sentence each. */
  readonly changes: readonly string[];
  /** Geometric mean over the compared rows of V over the HPA's at equal unit-hours. */
  readonly violationRatio: Sampled;
  /** The same over tiercast's own rules on the last value alone: what the forecast itself is worth. */
  readonly addedRatio: Sampled;
  /** Share of resampled histories in which tiercast misses less than the HPA. */
  readonly betterShare: number;
  /** Samples scored, as days. */
  readonly scoredDays: number;
  readonly quality: ForecastQuality;
  /** Where tiercast and the HPA are put side by side. */
  readonly row: ComparisonRow | undefined;
  /** Knob of the tiercast run nearest to it. */
  readonly knob: string | undefined;
  readonly bills: readonly Bill[];
  /** Unit-hours of the HPA, at V = 0.1 % or the least it reaches, over the oracle's. */
  readonly hpaOverOracle: number;
  /** Unit-hours of the least fixed size that misses 0.1 %, chosen in hindsight, over the oracle's. */
  readonly fixedOverOracle: number;
  readonly simulation: Simulation;
}

export interface Rhythm {
  /** Share of the moves within a day that the same hour of other days explains; NaN below three days. */
  readonly daily: number;
  /** What the same hour of other weeks explains of the moves within a week beyond that; NaN below three weeks. */
  readonly weekly: number;
  /** Hour of the day, in the series' time zone, around which demand is lowest; undefined without a daily rhythm. */
  readonly quietHour: number | undefined;
  /** Mean of each hour of the day over the mean of all; NaN for an hour never seen. */
  readonly profile: readonly number[];
}

/** Sizes and rules for a first configuration. */
export interface Proposal {
  readonly mode: "shadow" | "suggest" | "observe";
  readonly stepMs: number;
  readonly timeZone: string;
  readonly unitRps: number;
  /** The newsvendor's critical ratio. */
  readonly quantile: number;
  readonly marginFraction: number;
  readonly minBaselineUnits: number;
  readonly maxBaselineUnits: number;
  readonly maxTotalUnits: number;
  readonly leadMs: number;
  readonly pricesUsd: Readonly<Record<Tier, number>>;
}

export interface Advice {
  readonly verdict: Verdict;
  /** Reasons that are not about one lead time. */
  readonly reasons: readonly Reason[];
  readonly series: DemandSeries;
  readonly timeZone: string;
  readonly gapShare: number;
  readonly historyDays: number;
  readonly rhythm: Rhythm;
  /** Short lead time first; empty where nothing could be simulated. */
  readonly leads: readonly LeadAdvice[];
  readonly proposal: Proposal | undefined;
}
