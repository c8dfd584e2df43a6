import { type DurationMs, durationMs } from "../model/time.ts";

/** Steps that people choose; an irregular series is put on one of them. */
const USUAL_STEPS_MS = [
  1_000, 10_000, 15_000, 30_000, 60_000, 120_000, 300_000, 600_000, 900_000, 1_800_000, 3_600_000, 86_400_000,
];

/**
 * The step of rising instants. Undefined for fewer than two.
 *
 * The smallest difference when it makes up 10 % of all and the others are multiples of it, as in a regular series
 * with gaps (too large a step would fill them). Else the commonest difference when it makes up 40 % of all,
 * else the largest usual step that is not above the median difference.
 */
export function inferStep(stampsMs: readonly number[]): DurationMs | undefined {
  const differences: number[] = [];
  for (let i = 1; i < stampsMs.length; i++) {
    const difference = (stampsMs[i] ?? 0) - (stampsMs[i - 1] ?? 0);
    if (difference > 0) differences.push(difference);
  }
  if (differences.length === 0) return undefined;
  differences.sort((a, b) => a - b);
  const [smallest = 0] = differences;
  const smallestCount = differences.lastIndexOf(smallest) + 1;
  const isRegular = differences.every((difference) => difference % smallest === 0);
  if (isRegular && smallestCount >= 0.1 * differences.length) return durationMs(smallest);
  const [commonest, count] = mode(differences);
  if (count >= 0.4 * differences.length) return durationMs(commonest);
  const median = differences[differences.length >> 1] ?? commonest;
  return durationMs(USUAL_STEPS_MS.findLast((step) => step <= median) ?? median);
}

/** The commonest of sorted values, the smaller one when two are as common, and how often it is there. */
function mode(sorted: readonly number[]): readonly [number, number] {
  let best = 0;
  let bestCount = 0;
  let count = 0;
  sorted.forEach((value, i) => {
    count = value === sorted[i - 1] ? count + 1 : 1;
    if (count > bestCount) {
      best = value;
      bestCount = count;
    }
  });
  return [best, bestCount];
}
