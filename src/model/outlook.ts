import type { ForecastRecord } from "./cycle.ts";
import { interpolateQuantile } from "./interpolate-quantile.ts";

/** Steps `first..last` of a forecast, both included. */
export interface StepRange {
  readonly first: number;
  readonly last: number;
}

/**
 * Steps of `forecast` that `[fromMs, toMs)` touches; undefined when the forecast says nothing about any of it. The
 * instant `toMs` itself belongs to the next decision: a unit asked for at once with a lead time of L steps is ready for
 * step L, so one cycle of one step looks at steps 0 to L.
 */
export function stepsBetween(forecast: ForecastRecord, fromMs: number, toMs: number): StepRange | undefined {
  const count = forecast.quantiles[0]?.length ?? 0;
  const first = Math.max(0, Math.floor((fromMs - forecast.cutoffMs) / forecast.stepMs));
  const last = Math.min(count, Math.ceil((toMs - forecast.cutoffMs) / forecast.stepMs)) - 1;
  return last < first ? undefined : { first, last };
}

/** The `level` quantile at `step`. See `interpolateQuantile`. */
export function demandAt(forecast: ForecastRecord, level: number, step: number): number {
  return interpolateQuantile(forecast.levels, (row) => forecast.quantiles[row]?.[step] ?? Number.NaN, level);
}

/** The largest `level` quantile over `range`, requests/s. */
export function peakDemand(forecast: ForecastRecord, level: number, range: StepRange): number {
  let peakRps = 0;
  for (let step = range.first; step <= range.last; step++) {
    peakRps = Math.max(peakRps, demandAt(forecast, level, step));
  }
  return peakRps;
}
