import { FORECAST_LEVELS } from "../model/forecast.ts";
import type { DemandSeries } from "../model/series.ts";
import { MINUTE_MS } from "../model/time.ts";
import type { FittedForecaster } from "./forecaster.ts";
import { clamp } from "./statistics.ts";

/** How unlike the forecast the present is. */
export interface Anomaly {
  /** Robust z of the last known value against the one-step forecast made before it; 0 when it is a gap. */
  readonly score: number;
  /** Factor >= 1 on the first step ahead. */
  readonly multiplier: number;
}

export const NO_ANOMALY: Anomaly = { score: 0, multiplier: 1 };

/** A surge counts from this score on, twice in a row: a lone spike is over before capacity could follow. */
const SURGE_SCORE = 4;
const MAX_MULTIPLIER = 1.5;
/** The multiplier falls to a third in this time: by then the models have taken the new level in. */
const DECAY_MS = 30 * MINUTE_MS;
/** Width of the 0.1 to 0.9 range of a normal law, in standard deviations. */
const DECILES = 2.563;

/**
 * Scores the last two values. When both lie far above what was forecast and the models still expect demand
 * to fall back, the multiplier lifts the first step to the level seen.
 */
export function anomalyOf(
  series: DemandSeries,
  fitted: readonly { readonly model: FittedForecaster | undefined }[],
  weights: Float64Array,
): Anomaly {
  const { values } = series;
  const last = values[values.length - 1] ?? Number.NaN;
  if (values.length < 4 || Number.isNaN(last)) return NO_ANOMALY;
  const score = scoreAt(series, fitted, weights, 1);
  if (score < SURGE_SCORE || scoreAt(series, fitted, weights, 2) < SURGE_SCORE)
    return { score, multiplier: 1 };
  const expected = stepAhead(series, fitted, weights).middle;
  return { score, multiplier: clamp(last / Math.max(expected, 1e-9), 1, MAX_MULTIPLIER) };
}

export function applyAnomaly(rows: readonly Float64Array[], { multiplier }: Anomaly, stepMs: number): void {
  if (multiplier <= 1 || rows.length !== FORECAST_LEVELS.length) return;
  for (const row of rows) {
    for (let step = 0; step < row.length; step++) {
      row[step] = (row[step] ?? 0) * (1 + (multiplier - 1) * Math.exp((-step * stepMs) / DECAY_MS));
    }
  }
}

/** Score of the value `back` steps before the end (1 is the last). */
function scoreAt(
  series: DemandSeries,
  fitted: readonly { readonly model: FittedForecaster | undefined }[],
  weights: Float64Array,
  back: number,
): number {
  const index = series.values.length - back;
  const value = series.values[index] ?? Number.NaN;
  if (Number.isNaN(value)) return 0;
  const before = { ...series, values: series.values.subarray(0, index) };
  const { middle, sigma } = stepAhead(before, fitted, weights);
  if (value === middle) return 0;
  return clamp((value - middle) / Math.max(sigma, 1e-3 * Math.abs(middle), Number.MIN_VALUE), -99, 99);
}

function stepAhead(
  series: DemandSeries,
  fitted: readonly { readonly model: FittedForecaster | undefined }[],
  weights: Float64Array,
): { middle: number; sigma: number } {
  const sums = [0, 0, 0];
  fitted.forEach(({ model }, m) => {
    const weight = weights[m] ?? 0;
    if (model === undefined || weight === 0) return;
    const rows = model.advance(series).at([1], [0.1, 0.5, 0.9]);
    rows.forEach((row, i) => {
      sums[i] = (sums[i] ?? 0) + weight * (row[0] ?? 0);
    });
  });
  const [low = 0, middle = 0, high = 0] = sums;
  return { middle, sigma: (high - low) / DECILES };
}
