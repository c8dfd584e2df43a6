import { HOUR_MS } from "../../model/time.ts";
import { clamp } from "../kernels/statistics.ts";
import { stepWeights } from "./step-weights.ts";
import { BUCKET_ENDS_MS, fadedLossRatio, withinHour } from "./weights.ts";

/** How sharply naive takes over where the ensemble loses to it: (loss / loss of naive) ^ -POWER. */
const POWER = 20;
/** Losses a day ahead hang together for a day: they fade three times slower than those between members. */
const FAST_MS = 24 * HOUR_MS;
/** Long memory, counted and fading as it is between members. */
const SLOW_MS = 168 * HOUR_MS;
/** From here on naive has its full share; up to an hour it has none, in between it grows with log time. */
const FULL_FROM_MS = Math.sqrt(3) * HOUR_MS;

/**
 * Faded sums of loss of the ensemble before guard and calibration, and of naive on the same targets, one number a
 * bucket of horizons (nothing within the hour). Mutated in place by `addGuardLoss` and `fadeGuard`.
 */
export interface GuardSums {
  readonly own: Float64Array;
  readonly reference: Float64Array;
  readonly count: Float64Array;
  readonly slowOwn: Float64Array;
  readonly slowReference: Float64Array;
  readonly slowCount: Float64Array;
}

export function newGuard(): GuardSums {
  const empty = (): Float64Array => new Float64Array(BUCKET_ENDS_MS.length);
  return {
    own: empty(),
    reference: empty(),
    count: empty(),
    slowOwn: empty(),
    slowReference: empty(),
    slowCount: empty(),
  };
}

export function fadeGuard(guard: GuardSums, elapsedMs: number): void {
  const fade = (halfLifeMs: number, lists: readonly Float64Array[]): void => {
    const keep = 0.5 ** (elapsedMs / halfLifeMs);
    for (const list of lists) for (let i = 0; i < list.length; i++) list[i] = (list[i] ?? 0) * keep;
  };
  fade(FAST_MS, [guard.own, guard.reference, guard.count]);
  fade(SLOW_MS, [guard.slowOwn, guard.slowReference, guard.slowCount]);
}

/** `own`, `reference`: mean pinball loss of the raw ensemble and of naive; `share`: `knotShares`. */
export function addGuardLoss(
  guard: GuardSums,
  bucket: number,
  share: number,
  own: number,
  reference: number,
): void {
  if (withinHour(bucket) || !Number.isFinite(own + reference)) return;
  const add = (list: Float64Array, value: number): void => {
    list[bucket] = (list[bucket] ?? 0) + share * value;
  };
  for (const list of [guard.own, guard.slowOwn]) add(list, own);
  for (const list of [guard.reference, guard.slowReference]) add(list, reference);
  for (const list of [guard.count, guard.slowCount]) add(list, 1);
}

/**
 * Naive's share of what is shown, per bucket: the ensemble and naive are weighted once more, as two members are,
 * by one loss for all levels and without a floor:
 *
 *     share = 1 / (1 + (loss / loss of naive) ^ -20), 0 within the hour
 *
 *     loss / naive   0.7     0.8    0.9    1.0   1.1    1.25
 *     share          0.0008  0.011  0.108  0.5   0.871  0.989
 *
 * A member's weight follows its loss of yesterday, and members that take turns in being right can lose to naive
 * together for days. Both losses start with one score at par.
 *
 * Constants from hourly cutoffs on series and generators, replayed before calibration. Loss 24 h ahead over naive's,
 * geometric mean, and of the worst series, without and with the guard:
 *
 *     half the constants were chosen on    0.650 -> 0.656   worst 1.18 -> 1.12
 *     series before their first judgement  0.502 -> 0.509   worst 0.77 -> 0.86
 *     half kept back to confirm            0.569 -> 0.565   worst 1.31 -> 1.14
 *
 * One per cent on series that are well forecast buys a bound on those that are not. Power 10 with a long memory of
 * 24 scores, and power 30 with a half-life of 12 h, came within 0.004 of these.
 */
export function naiveShares(guard: GuardSums, isNaivePresent: boolean): readonly Float64Array[] {
  return BUCKET_ENDS_MS.map((_, bucket) => {
    if (!isNaivePresent || withinHour(bucket)) return Float64Array.of(0);
    const ratio = fadedLossRatio({
      own: guard.own[bucket] ?? 0,
      reference: guard.reference[bucket] ?? 0,
      count: guard.count[bucket] ?? 0,
      slowOwn: guard.slowOwn[bucket] ?? 0,
      slowReference: guard.slowReference[bucket] ?? 0,
      slowCount: guard.slowCount[bucket] ?? 0,
    });
    return Float64Array.of(1 / (1 + ratio ** -POWER));
  });
}

/** Naive's share `aheadMs` ahead, of what `naiveShares` gave. */
export function naiveShareAt(shares: readonly Float64Array[], aheadMs: number): number {
  const grown = clamp(Math.log(aheadMs / HOUR_MS) / Math.log(FULL_FROM_MS / HOUR_MS), 0, 1);
  return grown === 0 ? 0 : grown * (stepWeights(shares, aheadMs)[0] ?? 0);
}

/** Moves the quantiles of one step, in place, towards naive's by `share`. Equal ones stay exactly as they are. */
export function mixNaive(
  column: Float64Array,
  share: number,
  naive: readonly Float64Array[] | undefined,
  step: number,
): void {
  if (share === 0 || naive === undefined) return;
  for (let l = 0; l < column.length; l++) {
    const own = column[l] as number;
    column[l] = own + share * ((naive[l]?.[step] ?? own) - own);
  }
}

/** What each member counts in what is shown: weights that sum to 1, naive's first, with the guard's share of naive. */
export function shownWeights(weights: Float64Array, share: number): Float64Array {
  return weights.map((weight, m) => (1 - share) * weight + (m === 0 ? share : 0));
}
