import type { Finding } from "../model/finding.ts";
import type { DemandSeries } from "../model/series.ts";

/** What a replay worker is asked. Plain data. */
export type ReplayJob =
  | {
      readonly kind: "forecasts";
      readonly series: DemandSeries;
      readonly timeZone: string;
      readonly members: readonly string[];
      readonly trainMs: number;
      readonly capFactor: number;
      readonly refitMs: number;
      /** Forecasts are made at the start of steps `fromStep..toStep - 1`. */
      readonly fromStep: number;
      readonly toStep: number;
      /** Steps of each forecast, and of the one a day that the baseline review reads. */
      readonly horizonSteps: number;
      readonly reviewHorizonSteps: number;
      readonly reviewEverySteps: number;
      /** Steps by which demand is seen late: the forecast at a step is cut off so much before it. */
      readonly delaySteps: number;
    }
  | {
      readonly kind: "kedify";
      readonly series: DemandSeries;
      readonly firstScored: number;
      readonly leadMinutes: number;
    };

/** Forecasts of a run of steps. */
export interface ForecastBlock {
  readonly fromStep: number;
  readonly steps: number;
  readonly horizonSteps: number;
  /** `values[(step * levels + level) * horizonSteps + ahead]`; NaN where no member could answer. */
  readonly values: Float64Array;
  /** Per step. */
  readonly anomalyScore: Float64Array;
  readonly coverage90: Float64Array;
  readonly relativeError: Float64Array;
  readonly lossRatio: Float64Array;
  readonly effectiveCount: Float64Array;
  /** Findings from a step on, where they change. */
  readonly findings: readonly { readonly step: number; readonly findings: readonly Finding[] }[];
  /** Rows per level of the long forecasts, by step. */
  readonly reviews: readonly { readonly step: number; readonly rows: readonly Float64Array[] }[];
  readonly fits: number;
  readonly spentMs: number;
}

/** What it answers: blocks as they are done, then `done`. */
export type ReplayMessage =
  | { readonly kind: "block"; readonly block: ForecastBlock }
  | { readonly kind: "kedify"; readonly forecastRps: Float64Array; readonly spentMs: number }
  | { readonly kind: "done" };
