/** Levels are kept this far from 0 and 1. */
const OUTERMOST = 1e-6;
/** Between levels in this range values are joined by a line in the level itself. */
const MIDDLE = { from: 0.1, to: 0.9 };

/**
 * The quantile at `level` from those at rising `levels`, `valueAt(row)` each. Linear in the level in the middle; in
 * the tails linear in the normal score: half way from the 0.99 to the 0.999 quantile lies 0.9966 there, not 0.9945, so
 * that a normal law is met exactly and what lies between is not overstated. Beyond the outermost levels their values
 * are held.
 */
export function interpolateQuantile(
  levels: readonly number[],
  valueAt: (row: number) => number,
  level: number,
): number {
  const last = levels.length - 1;
  const upper = levels.findIndex((known) => known >= level);
  if (upper === 0 || last <= 0) return valueAt(0);
  if (upper < 0) return valueAt(last);
  if (levels[upper] === level) return valueAt(upper);
  const lowLevel = levels[upper - 1] ?? 0;
  const highLevel = levels[upper] ?? 1;
  const isTail = lowLevel < MIDDLE.from || highLevel > MIDDLE.to;
  const place = isTail ? normalScore : (p: number): number => p;
  const share = (place(level) - place(lowLevel)) / (place(highLevel) - place(lowLevel));
  const low = valueAt(upper - 1);
  const high = valueAt(upper);
  if (share >= 1) return high;
  return low + (high - low) * share;
}

/**
 * Standard normal quantile by Acklam's rational approximation (relative error below 1.2e-9); levels are held inside
 * 1e-6 and 1 - 1e-6.
 */
export function normalScore(level: number): number {
  const p = Math.min(1 - OUTERMOST, Math.max(OUTERMOST, level));
  if (p > 0.5) return -normalScore(1 - p);
  if (p > 0.02425) {
    const q = p - 0.5;
    const r = q * q;
    return (q * polynomial(CENTRE_TOP, r)) / (polynomial(CENTRE_BOTTOM, r) * r + 1);
  }
  const q = Math.sqrt(-2 * Math.log(p));
  return polynomial(TAIL_TOP, q) / (polynomial(TAIL_BOTTOM, q) * q + 1);
}

const CENTRE_TOP = [
  -3.969683028665376e1, 2.209460984245205e2, -2.759285104469687e2, 1.38357751867269e2, -3.066479806614716e1,
  2.506628277459239,
];
const CENTRE_BOTTOM = [
  -5.447609879822406e1, 1.615858368580409e2, -1.556989798598866e2, 6.680131188771972e1, -1.328068155288572e1,
];
const TAIL_TOP = [
  -7.784894002430293e-3, -3.223964580411365e-1, -2.400758277161838, -2.549732539343734, 4.374664141464968,
  2.938163982698783,
];
const TAIL_BOTTOM = [7.784695709041462e-3, 3.224671290700398e-1, 2.445134137142996, 3.754408661907416];

/** Highest power first. */
function polynomial(coefficients: readonly number[], x: number): number {
  let sum = 0;
  for (const coefficient of coefficients) sum = sum * x + coefficient;
  return sum;
}
