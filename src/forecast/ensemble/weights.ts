import { HOUR_MS, MINUTE_MS } from "../../model/time.ts";

/**
 * Buckets of horizons that share weights and calibration: the member that knows the next five minutes seldom
 * knows tomorrow. A step belongs to the first bucket whose end it does not pass.
 */
export const BUCKET_ENDS_MS: readonly number[] = [
  10 * MINUTE_MS,
  30 * MINUTE_MS,
  1.01 * HOUR_MS,
  3 * HOUR_MS,
  8 * HOUR_MS,
  Number.POSITIVE_INFINITY,
];

export function bucketOf(aheadMs: number): number {
  return BUCKET_ENDS_MS.findIndex((endMs) => aheadMs <= endMs);
}

/** Buckets whose every step is at most about an hour ahead. */
export function withinHour(bucket: number): boolean {
  return (BUCKET_ENDS_MS[bucket] ?? Number.POSITIVE_INFINITY) < 1.5 * HOUR_MS;
}

/**
 * Levels whose loss is kept apart: a member may know the middle well and the edges badly. Each stands for the
 * levels around it (`groupOf`), which have its weights.
 */
export const WEIGHT_LEVELS: readonly number[] = [0.05, 0.1, 0.5, 0.9, 0.95];
const GROUPS = WEIGHT_LEVELS.length;
const MIDDLE_GROUP = 2;

/** Which of `WEIGHT_LEVELS` gives a quantile level its weights. */
export function groupOf(level: number): number {
  if (level <= 0.05) return 0;
  if (level < 0.3) return 1;
  if (level <= 0.7) return MIDDLE_GROUP;
  return level < 0.95 ? 3 : 4;
}

/** How sharply weights follow the loss: (loss / loss of naive) ^ -POWER. 7 to 20 came out alike in the study. */
const POWER = 10;
/** No member falls below this share of the best: it can come back when the series changes. */
const FLOOR = 0.001;
/** Evidence, in scored cutoffs, that a member is as good as naive before any is seen. */
const PRIOR_SCORES = 1;
/** Losses fade with this half-life: level shifts change who is right. */
const FAST_MS = 8 * HOUR_MS;
/** Long memory of the same losses; it counts as `SLOW_SCORES` cutoffs beside the fast one, never as more. */
const SLOW_MS = 168 * HOUR_MS;
const SLOW_SCORES = 6;
/** However badly a member did long ago, it counts as this loss over naive's: what is right now wins in a day. */
const SLOW_WORST = 1.25;

/**
 * Faded sums of loss of each member, and of naive on the same targets, per bucket and level of `WEIGHT_LEVELS`:
 * `own[(bucket * members + member) * levels + level]`; counts are per bucket and member. Mutated in place by
 * `addLoss` and `fadeLosses`.
 */
export interface LossSums {
  readonly members: number;
  readonly own: Float64Array;
  readonly reference: Float64Array;
  readonly count: Float64Array;
  readonly slowOwn: Float64Array;
  readonly slowReference: Float64Array;
  readonly slowCount: Float64Array;
}

export function newLossSums(members: number): LossSums {
  const count = members * BUCKET_ENDS_MS.length;
  return {
    members,
    own: new Float64Array(count * GROUPS),
    reference: new Float64Array(count * GROUPS),
    count: new Float64Array(count),
    slowOwn: new Float64Array(count * GROUPS),
    slowReference: new Float64Array(count * GROUPS),
    slowCount: new Float64Array(count),
  };
}

export function fadeLosses(sums: LossSums, elapsedMs: number): void {
  const fade = (halfLifeMs: number, lists: readonly Float64Array[]): void => {
    const keep = 0.5 ** (elapsedMs / halfLifeMs);
    for (const list of lists) for (let i = 0; i < list.length; i++) list[i] = (list[i] ?? 0) * keep;
  };
  fade(FAST_MS, [sums.own, sums.reference, sums.count]);
  fade(SLOW_MS, [sums.slowOwn, sums.slowReference, sums.slowCount]);
}

/**
 * What each knot counts in its bucket: the steps since the knot before, the counts of a bucket summing to 1, so
 * that every cutoff is one score in each bucket.
 */
export function knotShares(knots: readonly number[], stepMs: number): readonly number[] {
  const steps = knots.map((knot, k) => knot - (knots[k - 1] ?? 0));
  const buckets = knots.map((knot) => bucketOf(knot * stepMs));
  const totals = BUCKET_ENDS_MS.map((_, bucket) =>
    steps.reduce((sum, count, k) => (buckets[k] === bucket ? sum + count : sum), 0),
  );
  return steps.map((count, k) => count / (totals[buckets[k] ?? 0] || 1));
}

/** `own[g]`, `reference[g]`: pinball losses at `WEIGHT_LEVELS[g]` of the member and of naive; `share`: `knotShares`. */
export function addLoss(
  sums: LossSums,
  member: number,
  bucket: number,
  share: number,
  own: ArrayLike<number>,
  reference: ArrayLike<number>,
): void {
  const at = bucket * sums.members + member;
  const add = (list: Float64Array, i: number, value: number): void => {
    list[i] = (list[i] ?? 0) + share * value;
  };
  for (let group = 0; group < GROUPS; group++) {
    const i = at * GROUPS + group;
    for (const list of [sums.own, sums.slowOwn]) add(list, i, own[group] ?? 0);
    for (const list of [sums.reference, sums.slowReference]) add(list, i, reference[group] ?? 0);
  }
  add(sums.count, at, 1);
  add(sums.slowCount, at, 1);
}

/**
 * Weights of the members in one bucket, `weights[member * levels + group]`: for each level they sum to 1 over
 * the members in `present`. `nearTerm`: index of the near-term member, -1 where there is none.
 *
 * weight = max(FLOOR x largest, (loss / loss of naive) ^ -10), both losses with a prior score at par and, as six
 * scores, those of the last weeks:
 *
 *     loss / naive   0.6   0.7   0.8   1.0
 *     share          0.76  0.16  0.04  0.005 (the rest: others at par)
 *
 * Constants from hourly cutoffs on 21 series and generators, confirmed on 20 others: one set of weights for all
 * levels instead of five costs 2 to 4 % of the loss, a half-life of 48 h instead of 8 h with long memory 2 %.
 */
export function bucketWeights(
  sums: LossSums,
  bucket: number,
  present: readonly boolean[],
  nearTerm = -1,
): Float64Array {
  const weights = new Float64Array(present.length * GROUPS);
  for (let group = 0; group < GROUPS; group++) {
    const ratios = present.map((is, m) =>
      is ? lossRatio(sums, bucket, m, group) : Number.POSITIVE_INFINITY,
    );
    const shares = lossShares(ratios);
    if (present[nearTerm] === true && withinHour(bucket)) giveNearTerm(shares, ratios, nearTerm);
    shares.forEach((share, m) => {
      weights[m * GROUPS + group] = share;
    });
  }
  return weights;
}

/** Shares by loss over naive's; none where that is infinite. They sum to 1. */
function lossShares(ratios: readonly number[]): Float64Array {
  const raw = Float64Array.from(ratios, (ratio) => ratio ** -POWER);
  const floor = FLOOR * Math.max(0, ...raw);
  const shares = raw.map((weight, m) =>
    ratios[m] === Number.POSITIVE_INFINITY ? 0 : Math.max(weight, floor),
  );
  const total = shares.reduce((sum, share) => sum + share, 0);
  return total > 0 ? shares.map((share) => share / total) : shares;
}

/** What the near-term member gets within the hour. */
const NEAR_TERM_SHARE = 0.5;
/** All of it up to this many times the best loss, none from `NEAR_TERM_WORST` times on. */
const NEAR_TERM_GOOD = 1.25;
const NEAR_TERM_WORST = 1.5;

/**
 * Within the hour half of each level comes from the near-term member, whose interval follows the state of now. Pinball
 * loss over all targets hardly tells it from members with one width for all hours, but capacity is short in the few
 * hours in which its interval is wide and theirs is not. On training parts (Google CPU, ISP, KPI, NASA; lead times of
 * 2 and 6 steps) demand beyond capacity falls by a tenth to a third at equal unit-hours.
 *
 *     loss over the best   1.0   1.25   1.4   1.5
 *     share                0.5   0.5    0.2   0
 */
function giveNearTerm(shares: Float64Array, ratios: readonly number[], nearTerm: number): void {
  const worse = (ratios[nearTerm] ?? Number.POSITIVE_INFINITY) / Math.min(...ratios);
  const kept = Math.min(1, Math.max(0, (NEAR_TERM_WORST - worse) / (NEAR_TERM_WORST - NEAR_TERM_GOOD)));
  const given = NEAR_TERM_SHARE * kept;
  for (let m = 0; m < shares.length; m++) {
    shares[m] = (shares[m] as number) * (1 - given) + (m === nearTerm ? given : 0);
  }
}

/** The part of `weights` that makes the median: one weight a member. */
export function medianWeights(weights: Float64Array): Float64Array {
  return Float64Array.from({ length: weights.length / GROUPS }, (_, m) => weightAt(weights, m, MIDDLE_GROUP));
}

export function weightAt(weights: Float64Array, member: number, group: number): number {
  return weights[member * GROUPS + group] ?? 0;
}

/** Recent loss of a member over naive's on the same targets, all levels; undefined before any is scored. */
export function recentLossRatio(sums: LossSums, bucket: number, member: number): number | undefined {
  const from = (bucket * sums.members + member) * GROUPS;
  let own = 0;
  let reference = 0;
  for (let i = from; i < from + GROUPS; i++) {
    own += sums.own[i] ?? 0;
    reference += sums.reference[i] ?? 0;
  }
  return reference > 0 ? own / reference : undefined;
}

function lossRatio(sums: LossSums, bucket: number, member: number, group: number): number {
  const at = bucket * sums.members + member;
  const i = at * GROUPS + group;
  return fadedLossRatio({
    own: sums.own[i] ?? 0,
    reference: sums.reference[i] ?? 0,
    count: sums.count[at] ?? 0,
    slowOwn: sums.slowOwn[i] ?? 0,
    slowReference: sums.slowReference[i] ?? 0,
    slowCount: sums.slowCount[at] ?? 0,
  });
}

/** Faded sums of one forecaster's losses and of naive's, the fast ones and those of the long memory. */
interface FadedSums {
  readonly own: number;
  readonly reference: number;
  readonly count: number;
  readonly slowOwn: number;
  readonly slowReference: number;
  readonly slowCount: number;
}

/** Loss over naive's with a prior score at par and, as six scores, the long memory; within 0.001 to 1e30. */
export function fadedLossRatio(sums: FadedSums): number {
  const { slowCount } = sums;
  const slow = slowCount > 0 ? Math.min(1, SLOW_SCORES / slowCount) : 0;
  const slowReference = slow * sums.slowReference;
  const slowOwn = Math.min(slow * sums.slowOwn, SLOW_WORST * slowReference);
  const own = sums.own + slowOwn;
  const reference = sums.reference + slowReference;
  const count = sums.count + slow * slowCount;
  const prior = count > 0 ? (PRIOR_SCORES * reference) / count : 1;
  // A naive that was never wrong (constant demand) leaves nothing to divide by.
  const floor = 1e-9 * prior + Number.MIN_VALUE;
  return Math.min(1e30, Math.max(1e-3, (own + prior + floor) / (reference + prior + floor)));
}

/** Pinball loss of a quantile forecast, twice, so that at 0.5 it is the absolute error. */
export function pinball(truth: number, quantile: number, level: number): number {
  const miss = truth - quantile;
  return 2 * Math.max(level * miss, (level - 1) * miss);
}
