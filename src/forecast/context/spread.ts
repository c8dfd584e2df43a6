import { normalQuantile } from "../kernels/error-quantiles.ts";

/** Level that the spread is measured from. */
const MEDIAN = 0.5;

/**
 * Multiplies one step of a quantile forecast, in place, by a log-normal factor with mean `log` and `variance`
 * (of the logarithm), independent of it.
 *
 * Spreads add as squares in log space, level by level: `d' = sqrt(d² + z² variance)`, exact for normal laws,
 * where `d` is a level's distance from the median. Quantiles of 0 stay 0.
 */
export function multiplyStep(
  rows: readonly Float64Array[],
  levels: readonly number[],
  step: number,
  { log, variance }: { readonly log: number; readonly variance: number },
): void {
  const centre = rows[levels.indexOf(MEDIAN)]?.[step] ?? 0;
  const factor = Math.exp(log);
  rows.forEach((row, k) => {
    const value = row[step] ?? 0;
    const own = value > 0 && centre > 0 ? Math.log(value / centre) : 0;
    const level = levels[k] ?? MEDIAN;
    if (value <= 0 || centre <= 0 || variance <= 0) {
      row[step] = value * factor;
      return;
    }
    const z = normalQuantile(level);
    const distance = Math.sign(level - MEDIAN) * Math.sqrt(own * own + z * z * variance);
    row[step] = centre * factor * Math.exp(level === MEDIAN ? 0 : distance);
  });
}
