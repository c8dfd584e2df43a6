import { BUCKET_ENDS_MS, bucketOf } from "./weights.ts";

/** Weighted sum of the members' quantiles at one level and step; members without a share may be absent. */
export function weighted(
  shares: Float64Array,
  rows: readonly (readonly Float64Array[] | undefined)[],
  level: number,
  step: number,
): number {
  let sum = 0;
  for (let m = 0; m < rows.length; m++) {
    const share = shares[m] ?? 0;
    if (share > 0) sum += share * (rows[m]?.[level]?.[step] ?? 0);
  }
  return sum;
}

/**
 * Weights at a horizon: those of its bucket, mixed with the next one's over the bucket's last half (in log
 * time).
 */
export function stepWeights(weights: readonly Float64Array[], aheadMs: number): Float64Array {
  const bucket = bucketOf(aheadMs);
  const own = weights[bucket] ?? new Float64Array(0);
  const next = weights[bucket + 1];
  const share = next === undefined ? 0 : 0.5 * towardsEnd(bucket, aheadMs);
  if (share === 0 || next === undefined) return own;
  return own.map((weight, m) => weight * (1 - share) + (next[m] ?? 0) * share);
}

/** 0 in the first half of the bucket, rising to 1 at its end. */
function towardsEnd(bucket: number, aheadMs: number): number {
  const from = BUCKET_ENDS_MS[bucket - 1] ?? 0;
  const to = BUCKET_ENDS_MS[bucket] ?? Number.POSITIVE_INFINITY;
  if (!Number.isFinite(to) || from === 0) return 0;
  const place = Math.log(aheadMs / from) / Math.log(to / from);
  return Math.max(0, 2 * place - 1);
}
