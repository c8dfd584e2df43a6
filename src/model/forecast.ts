import type { Finding } from "./finding.ts";
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
  /** Recent mean absolute error over that of the naive forecast on the same targets; undefined before 20 scores. */
  readonly relativeError: number | undefined;
  /** Robust z-score of the last residual: how unlike the forecast the present is. */
  readonly anomalyScore: number;
  /** Factor (>= 1) already applied to the near horizons because demand surges beyond the forecast. */
  readonly anomalyMultiplier: number;
  /** What demand did that no forecast held: what lasts, and what ended lately, oldest first. */
  readonly findings?: readonly Finding[];
  /** Members that could not answer, with the reason in words. */
  readonly failures: Readonly<Record<string, string>>;
  /** Time spent fitting since the last forecast. */
  readonly fitMs: number;
}

/** The value of `forecast` at quantile `level` and step `step`, linear between the levels it has, held beyond them. */
export function quantileAt(forecast: QuantileForecast, level: number, step: number): number {
  const { levels, quantiles } = forecast;
  const last = levels.length - 1;
  const upper = levels.findIndex((known) => known >= level);
  if (upper === 0 || last === 0) return valueAt(quantiles, 0, step);
  if (upper < 0) return valueAt(quantiles, last, step);
  const low = levels[upper - 1] ?? 0;
  const high = levels[upper] ?? 1;
  const share = (level - low) / (high - low);
  return valueAt(quantiles, upper - 1, step) * (1 - share) + valueAt(quantiles, upper, step) * share;
}

function valueAt(quantiles: readonly Float64Array[], row: number, step: number): number {
  return quantiles[row]?.[step] ?? Number.NaN;
}
