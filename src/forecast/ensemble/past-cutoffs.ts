import type { DemandSeries } from "../../model/series.ts";
import { DAY_MS, HOUR_MS } from "../../model/time.ts";

/**
 * The cutoffs in `(afterMs, untilMs]` at which forecasts are kept to be scored: one in each hour, never within
 * the first six hours of the history. The minute differs from hour to hour (golden ratio steps): demand that
 * repeats every hour would else be scored at one phase only.
 */
export function cutoffsBetween(
  { startMs, stepMs }: Pick<DemandSeries, "startMs" | "stepMs">,
  afterMs: number,
  untilMs: number,
): readonly number[] {
  const everyMs = Math.max(HOUR_MS, stepMs);
  const phases = Math.max(1, Math.floor(everyMs / stepMs));
  const cutoffs: number[] = [];
  const fromMs = Math.max(afterMs, startMs + DAY_MS / 4 - 1);
  for (let k = Math.floor(fromMs / everyMs) - 1; k * everyMs <= untilMs; k++) {
    const phase = Math.floor(((k * 0.618_033_988_749) % 1) * phases);
    const cutoffMs = startMs + (Math.ceil((k * everyMs - startMs) / stepMs) + phase) * stepMs;
    if (cutoffMs > fromMs && cutoffMs <= untilMs) cutoffs.push(cutoffMs);
  }
  return cutoffs;
}
