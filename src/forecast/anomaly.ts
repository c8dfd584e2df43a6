import { FORECAST_LEVELS } from "../model/forecast.ts";
import { MINUTE_MS } from "../model/time.ts";

/** The multiplier falls to a third in this time: by then the models have taken the new level in. */
const DECAY_MS = 30 * MINUTE_MS;

/** Lifts the near horizons while demand surges beyond the forecast: the first step by all of it, later ones by less. */
export function applyAnomaly(
  rows: readonly Float64Array[],
  { multiplier }: { readonly multiplier: number },
  stepMs: number,
): void {
  if (multiplier <= 1 || rows.length !== FORECAST_LEVELS.length) return;
  for (const row of rows) {
    for (let step = 0; step < row.length; step++) {
      row[step] = (row[step] ?? 0) * (1 + (multiplier - 1) * Math.exp((-step * stepMs) / DECAY_MS));
    }
  }
}
