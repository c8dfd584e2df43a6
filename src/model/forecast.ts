import type { Finding } from "./finding.ts";
import { interpolateQuantile } from "./interpolate-quantile.ts";
import type { EventEffect, LeadingEffect } from "./known-ahead.ts";
import type { DurationMs, EpochMs } from "./time.ts";

/**
 * Demand to come, as quantiles.
 *
 * `quantiles[k][h]` is the `levels[k]` quantile of the mean demand over
 * `[cutoffMs + h * stepMs, cutoffMs + (h + 1) * stepMs)`. Levels rise; at every step the quantiles rise with
 * them and none is negative.
 */
export interface QuantileForecast {
  /** End of the last grid step that was known. Nothing from here on was seen. */
  readonly cutoffMs: EpochMs;
  readonly stepMs: DurationMs;
  readonly levels: readonly number[];
  readonly quantiles: readonly Float64Array[];
}

/** Levels every member answers with. Tails are there because sizing asks for them. */
export const FORECAST_LEVELS: readonly number[] = [
  0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.975, 0.99, 0.995, 0.999,
];

/** A central interval that should hold the truth in `level` of cases. Not a confidence interval. */
export interface PredictionInterval {
  readonly level: number;
  readonly lower: number;
  readonly upper: number;
}

/** How the forecast was made and how far it was right lately; what `assess` reads and people are shown. */
export interface ForecastEvidence {
  /** Weight of each member at each configured horizon; each horizon's weights sum to 1. */
  readonly weights: Readonly<Record<string, readonly number[]>>;
  /** Measured share of recent truths inside the 90 % interval, per configured horizon; undefined before 20 scores. */
  readonly coverage90: readonly (number | undefined)[];
  /** Scores behind `coverage90`, per configured horizon. */
  readonly scoreCount: readonly number[];
  /**
   * Weighted quantile loss (0.1, 0.5, 0.9) of the ensemble as shown over naive's on the same targets, per configured
   * horizon; undefined before 20 scores. It, `coverage90` and `effectiveCount` fade with a half-life of 7 days.
   */
  readonly lossRatio?: readonly (number | undefined)[];
  /** Faded count of the scores behind `lossRatio` and `coverage90`, per configured horizon. */
  readonly effectiveCount?: readonly number[];
  /** Recent mean absolute error over that of the naive forecast on the same targets; undefined before 20 scores. */
  readonly relativeError: number | undefined;
  /** Robust z-score of the last residual: how unlike the forecast the present is. */
  readonly anomalyScore: number;
  /** Factor (>= 1) already applied to the near horizons because demand surges beyond the forecast. */
  readonly anomalyMultiplier: number;
  /** What demand did that no forecast held: what lasts, and what ended lately, oldest first. */
  readonly findings?: readonly Finding[];
  /** What scheduled events within the forecast's reach are taken to do. */
  readonly eventEffects?: readonly EventEffect[];
  /** What the configured leading series did, one each. */
  readonly leading?: readonly LeadingEffect[];
  /** Members that could not answer, with the reason in words. */
  readonly failures: Readonly<Record<string, string>>;
  /** Time spent fitting since the last forecast. */
  readonly fitMs: number;
}

/** One member of a series' ensemble, as `tiercast models` shows it. */
export interface MemberReport {
  readonly name: string;
  readonly cost: "light" | "heavy" | "trained";
  /** Why it is out; undefined while it is in. */
  readonly outReason: string | undefined;
  /** Weight at each configured horizon; all members' sum to 1. */
  readonly weights: readonly number[];
  /** Faded quantile loss over naive's on the same targets, per configured horizon; undefined before any score. */
  readonly lossRatio: readonly (number | undefined)[];
  /** End of the history of the last fit; undefined before the first. */
  readonly lastFitMs: number | undefined;
  /** When it is fitted next, in the same time. */
  readonly nextFitMs: number;
  /** Time the last fit took. */
  readonly fitCostMs: number;
  /** The parameters in use, and those before them. */
  readonly current: VersionReport;
  readonly previous: VersionReport | undefined;
}

/** How one version of a member's parameters did. */
export interface VersionReport {
  /** Count of fits up to this one; 0 before the first. */
  readonly version: number;
  readonly fittedMs: number;
  /** Quantile loss of its forecasts over naive's; undefined before any score. */
  readonly lossRatio: number | undefined;
  readonly scores: number;
}

/** The value of `forecast` at quantile `level`, 0 to 1, and step `step`. See `interpolateQuantile`. */
export function quantileAt(forecast: QuantileForecast, level: number, step: number): number {
  return interpolateQuantile(forecast.levels, (row) => forecast.quantiles[row]?.[step] ?? Number.NaN, level);
}
