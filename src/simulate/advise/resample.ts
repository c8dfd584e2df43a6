import { seededRandom } from "../seeded-random.ts";
import type { Sampled } from "./advice.ts";

/** Enough for the ends of a 90 % interval to stand still in the second digit. */
export const REPLICATES = 1000;
const SEED = 20_010_101;
const LOW = 0.05;
const HIGH = 0.95;

/**
 * A statistic of days, and where 90 % of it lies when whole days are drawn anew with replacement (block
 * bootstrap, Kunsch 1989, with blocks of a day: what belongs together within a day stays together). A figure
 * that hangs on one or two days gets a wide interval. `statistic` is given how often each day is drawn. Below
 * two days the interval is not known.
 */
export function resampleDays(
  days: number,
  statistic: (counts: readonly number[]) => number,
  replicates = REPLICATES,
): Sampled & { readonly draws: readonly number[] } {
  const value = statistic(new Array<number>(days).fill(1));
  if (days < 2) return { value, low: Number.NaN, high: Number.NaN, draws: [] };
  const random = seededRandom(SEED);
  const draws: number[] = [];
  for (let i = 0; i < replicates; i++) {
    const counts = new Array<number>(days).fill(0);
    for (let drawn = 0; drawn < days; drawn++) {
      const day = Math.floor(random() * days);
      counts[day] = (counts[day] ?? 0) + 1;
    }
    const found = statistic(counts);
    if (!Number.isNaN(found)) draws.push(found);
  }
  draws.sort((a, b) => a - b);
  // Where a statistic cannot be told in many draws, neither can its interval.
  if (draws.length < replicates / 2) return { value, low: Number.NaN, high: Number.NaN, draws };
  return { value, low: quantileOf(draws, LOW), high: quantileOf(draws, HIGH), draws };
}

/** Of a sorted list, by linear interpolation. */
function quantileOf(sorted: readonly number[], level: number): number {
  const rank = (sorted.length - 1) * level;
  const low = sorted[Math.floor(rank)] ?? Number.NaN;
  const high = sorted[Math.ceil(rank)] ?? Number.NaN;
  return low + (high - low) * (rank - Math.floor(rank));
}

/** Sum of a column of days, each as often as it was drawn. */
export function drawnSum(counts: readonly number[], column: ArrayLike<number>): number {
  let sum = 0;
  for (let day = 0; day < counts.length; day++) sum += (counts[day] ?? 0) * (column[day] ?? 0);
  return sum;
}
