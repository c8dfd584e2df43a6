import type { Settings } from "./settings.ts";

/**
 * Lead time to plan with: decision to ready unit, the engine run included, in the daemon's milliseconds.
 *
 * The nearest-rank quantile of the measured times, with the configured prior counted as one more sample: a longer
 * time counts from the first measurement, a shorter one only once the prior is an outlier.
 *
 *     measured (min)        prior   quantile   lead time
 *     none                      5       0.9           5
 *     9                         5       0.9           9     believed at once
 *     3 3 3                     5       0.9           5     three good ones prove little
 *     3, twelve times           5       0.9           3
 */
export function leadTimeMs(measuredMs: readonly number[], settings: Settings["leadTime"]): number {
  const sorted = [...measuredMs, settings.priorMs].sort((a, b) => a - b);
  const rank = Math.ceil(settings.quantile * sorted.length - 1e-9);
  return sorted[Math.min(sorted.length, Math.max(1, rank)) - 1] ?? settings.priorMs;
}
