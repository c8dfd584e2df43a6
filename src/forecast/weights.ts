import { HOUR_MS, MINUTE_MS } from "../model/time.ts";

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

/** How sharply weights follow the loss: weight = (loss / loss of naive) ^ -POWER. 4 beat 2 in every study. */
const POWER = 10;
/** No member falls below this share of an equal one: it can come back when the series changes. */
const FLOOR = 0.005;
/** Evidence, in scored targets, that a member is as good as naive before any is seen. */
const PRIOR_SCORES = 6;
/** Losses fade with this half-life: level shifts change who is right. */
const HALF_LIFE_MS = 48 * HOUR_MS;

/**
 * Faded sums of loss of each member, and of naive on the same targets, per bucket. Mutated in place by
 * `addLoss`.
 */
export interface LossSums {
  readonly members: number;
  readonly own: Float64Array;
  readonly reference: Float64Array;
  readonly count: Float64Array;
}

export function newLossSums(members: number): LossSums {
  const size = members * BUCKET_ENDS_MS.length;
  return {
    members,
    own: new Float64Array(size),
    reference: new Float64Array(size),
    count: new Float64Array(size),
  };
}

export function fadeLosses(sums: LossSums, elapsedMs: number): void {
  const keep = 0.5 ** (elapsedMs / HALF_LIFE_MS);
  for (const list of [sums.own, sums.reference, sums.count]) {
    for (let i = 0; i < list.length; i++) list[i] = (list[i] ?? 0) * keep;
  }
}

export function addLoss(
  sums: LossSums,
  member: number,
  bucket: number,
  weight: number,
  own: number,
  reference: number,
): void {
  const i = bucket * sums.members + member;
  sums.own[i] = (sums.own[i] ?? 0) + weight * own;
  sums.reference[i] = (sums.reference[i] ?? 0) + weight * reference;
  sums.count[i] = (sums.count[i] ?? 0) + weight;
}

/**
 * Weights of the members of one bucket, summing to 1 over those in `present`.
 *
 * weight = max(FLOOR x largest, (loss / loss of naive) ^ -4), both losses with a few prior scores at par:
 *
 *     loss / naive   0.6   0.8   1.0   1.5
 *     share          0.69  0.22  0.09  0.02
 */
export function bucketWeights(sums: LossSums, bucket: number, present: readonly boolean[]): Float64Array {
  const weights = Float64Array.from(present, (is, m) => (is ? lossRatio(sums, bucket, m) ** -POWER : 0));
  const largest = Math.max(0, ...weights);
  let total = 0;
  for (let m = 0; m < weights.length; m++) {
    if (present[m]) weights[m] = Math.max(weights[m] ?? 0, FLOOR * largest);
    total += weights[m] ?? 0;
  }
  return total > 0 ? weights.map((weight) => weight / total) : weights;
}

/** Loss over that of naive on the same targets, `PRIOR_SCORES` average ones at par mixed in. */
function lossRatio({ members, own, reference, count }: LossSums, bucket: number, member: number): number {
  const i = bucket * members + member;
  const known = reference[i] ?? 0;
  const scores = count[i] ?? 0;
  const prior = scores > 0 ? (PRIOR_SCORES * known) / scores : 1;
  // A naive that was never wrong (constant demand) leaves nothing to divide by.
  const floor = 1e-9 * prior + Number.MIN_VALUE;
  return Math.max(1e-3, ((own[i] ?? 0) + prior + floor) / (known + prior + floor));
}

/** Pinball loss of a quantile forecast, twice, so that at 0.5 it is the absolute error. */
export function pinball(truth: number, quantile: number, level: number): number {
  const miss = truth - quantile;
  return 2 * Math.max(level * miss, (level - 1) * miss);
}
