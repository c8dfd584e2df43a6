/** Ranks what may follow `recent` (newest last), likeliest first; only the first three are looked at. */
export type RankNext = (recent: readonly string[]) => readonly string[];

export interface NextAccuracy {
  readonly name: string;
  readonly sessions: number;
  /** Steps that followed another one. */
  readonly steps: number;
  readonly top1: number;
  readonly top3: number;
  /** Against the first of the list: difference of top 3 and its standard error over sessions. */
  readonly top3Gain: number;
  readonly top3GainError: number;
}

/**
 * Top-1 and top-3 accuracy of several rankings over the same paths, each step from the second on ranked from the
 * steps before it. The error of a difference is of the ratio of sums over sessions (Cochran 1977, §6.4): steps of one
 * session are not independent.
 */
export function nextAccuracy(
  paths: readonly (readonly string[])[],
  rankings: Readonly<Record<string, RankNext>>,
): readonly NextAccuracy[] {
  const used = paths.filter((path) => path.length > 1);
  const hits = Object.entries(rankings).map(([name, rank]) => ({ name, ...countHits(used, rank) }));
  const reference = hits[0]?.third ?? [];
  const steps = used.reduce((sum, path) => sum + path.length - 1, 0);
  return hits.map(({ name, first, third }) => {
    const gain = third.map((value, i) => value - (reference[i] ?? 0));
    const top3Gain = total(gain) / steps;
    const squares = gain.reduce(
      (sum, value, i) => sum + (value - top3Gain * ((used[i]?.length ?? 1) - 1)) ** 2,
      0,
    );
    return {
      name,
      sessions: used.length,
      steps,
      top1: total(first) / steps,
      top3: total(third) / steps,
      top3Gain,
      top3GainError: Math.sqrt(squares) / steps,
    };
  });
}

function countHits(
  paths: readonly (readonly string[])[],
  rank: RankNext,
): { readonly first: readonly number[]; readonly third: readonly number[] } {
  const first: number[] = [];
  const third: number[] = [];
  for (const path of paths) {
    let [one, three] = [0, 0];
    for (let i = 1; i < path.length; i++) {
      const place = rank(path.slice(Math.max(0, i - 20), i))
        .slice(0, 3)
        .indexOf(path[i] ?? "");
      if (place === 0) one++;
      if (place >= 0) three++;
    }
    first.push(one);
    third.push(three);
  }
  return { first, third };
}

function total(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}

/** Steps without those that repeat the one before: a reload needs no forecast. */
export function withoutRepeats(path: readonly string[]): readonly string[] {
  return path.filter((endpoint, i) => i === 0 || endpoint !== path[i - 1]);
}
