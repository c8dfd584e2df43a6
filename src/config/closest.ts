/**
 * The candidate that `word` was probably meant to be, or undefined when none is near.
 *
 * Case, `_`, `-` and a unit suffix do not count (`max_total_units`, `stepMs`); else at most a third of the
 * letters may differ (insert, delete, replace, swap of neighbours: Damerau 1964).
 */
export function closest(word: string, candidates: readonly string[]): string | undefined {
  const plain = plainLetters(word);
  const exact = candidates.find((candidate) => plainLetters(candidate) === plain);
  if (exact !== undefined) return exact;
  const stem = plain.replace(/(?:ms|seconds?|minutes?|usd)$/, "");
  const withoutUnit = candidates.find((candidate) => plainLetters(candidate) === stem);
  if (withoutUnit !== undefined) return withoutUnit;

  let best: string | undefined;
  let bestDistance = Math.max(1, Math.floor(Math.min(plain.length, 60) / 3)) + 1;
  for (const candidate of candidates) {
    const distance = editDistance(plain, plainLetters(candidate), bestDistance);
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

function plainLetters(word: string): string {
  return word.toLowerCase().replaceAll(/[_\-\s]/g, "");
}

/** Optimal string alignment distance, or `limit` as soon as it is sure to reach that. */
function editDistance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) >= limit || a.length > 100) return limit;
  let before: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const current = [i];
    for (let j = 1; j <= b.length; j++) current.push(alignment(a, b, i, j, current, previous, before));
    before = previous;
    previous = current;
  }
  return previous[b.length] ?? limit;
}

function alignment(
  a: string,
  b: string,
  i: number,
  j: number,
  current: readonly number[],
  previous: readonly number[],
  before: readonly number[],
): number {
  const replace = (previous[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
  const best = Math.min(replace, (previous[j] ?? 0) + 1, (current[j - 1] ?? 0) + 1);
  const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
  return swapped ? Math.min(best, (before[j - 2] ?? 0) + 1) : best;
}
