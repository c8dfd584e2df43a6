import { DAY_MS } from "../../model/time.ts";
import { BUCKET_ENDS_MS } from "./weights.ts";

/** Scores fade with this half-life: long enough for a verdict, short enough to forget another season. */
const HALF_LIFE_MS = 7 * DAY_MS;
/** Fewer scores than this are no measurement. */
const ENOUGH = 20;

/** Faded sums, one per bucket of horizons, of how the ensemble as shown did. Mutated in place. */
export interface LiveScores {
  readonly shownLoss: Float64Array;
  readonly naiveLoss: Float64Array;
  readonly shownError: Float64Array;
  readonly naiveError: Float64Array;
  readonly inside: Float64Array;
  readonly count: Float64Array;
}

export interface LiveScore {
  readonly shownLoss: number;
  readonly naiveLoss: number;
  readonly shownError: number;
  readonly naiveError: number;
  /** 1 when the truth lay inside the 90 % interval shown, else 0. */
  readonly inside: number;
}

export function newLiveScores(): LiveScores {
  const empty = (): Float64Array => new Float64Array(BUCKET_ENDS_MS.length);
  return {
    shownLoss: empty(),
    naiveLoss: empty(),
    shownError: empty(),
    naiveError: empty(),
    inside: empty(),
    count: empty(),
  };
}

export function fadeScores(scores: LiveScores, elapsedMs: number): void {
  const keep = 0.5 ** (elapsedMs / HALF_LIFE_MS);
  for (const list of Object.values(scores) as Float64Array[]) {
    for (let i = 0; i < list.length; i++) list[i] = (list[i] ?? 0) * keep;
  }
}

/** `knotWeight` steps stand behind a loss; coverage counts truths. */
export function addLiveScore(scores: LiveScores, bucket: number, knotWeight: number, score: LiveScore): void {
  const add = (list: Float64Array, value: number): void => {
    if (Number.isFinite(value)) list[bucket] = (list[bucket] ?? 0) + value;
  };
  if (Number.isFinite(score.shownLoss + score.naiveLoss)) {
    add(scores.shownLoss, knotWeight * score.shownLoss);
    add(scores.naiveLoss, knotWeight * score.naiveLoss);
  }
  add(scores.shownError, score.shownError);
  add(scores.naiveError, score.naiveError);
  add(scores.inside, score.inside);
  add(scores.count, 1);
}

export interface LongRunScore {
  readonly lossRatio: number | undefined;
  readonly coverage90: number | undefined;
  readonly effectiveCount: number;
}

/** What is known of one bucket; ratios are undefined before 20 scores. */
export function longRunScore(scores: LiveScores, bucket: number): LongRunScore {
  const effectiveCount = scores.count[bucket] ?? 0;
  const naiveLoss = scores.naiveLoss[bucket] ?? 0;
  const enough = effectiveCount >= ENOUGH;
  return {
    lossRatio: enough && naiveLoss > 0 ? (scores.shownLoss[bucket] ?? 0) / naiveLoss : undefined,
    coverage90: enough ? (scores.inside[bucket] ?? 0) / effectiveCount : undefined,
    effectiveCount,
  };
}

/** Absolute error of the ensemble's median over naive's, all horizons; undefined before any bucket has enough. */
export function relativeError(scores: LiveScores): number | undefined {
  const sum = (list: Float64Array): number => list.reduce((total, value) => total + value, 0);
  const naive = sum(scores.naiveError);
  if (Math.max(...scores.count) < ENOUGH || !(naive > 0)) return undefined;
  return sum(scores.shownError) / naive;
}
