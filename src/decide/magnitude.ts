import type { AcceptableRisk } from "../model/settings.ts";

/** Risk factor of the magnitude rule per acceptable-risk setting. */
const FACTORS: Readonly<Record<AcceptableRisk, number>> = { high: 1.2, medium: 1.0, low: 0.8 };

/**
 * The magnitude rule: change = (forecast - current, both in units) x risk factor, rounded up. A shrink never goes
 * below the forecast itself, whatever the factor: overshooting downwards would be regrown in the next cycle.
 *
 *     current   forecast   high   medium   low
 *          10         20     22       20    18
 *          20         10     10       10    12
 */
export function magnitudeUnits(
  currentUnits: number,
  forecastUnits: number,
  acceptable: AcceptableRisk,
): number {
  const change = forecastUnits - currentUnits;
  const factor = change < 0 ? Math.min(1, FACTORS[acceptable]) : FACTORS[acceptable];
  return Math.ceil(currentUnits + change * factor - 1e-9);
}
