/**
 * Response times in buckets that grow by a factor: bucket i ends at 1.2^(i + 1) ms, so a quantile is right within
 * 10 % from 1 ms to 117 s in 64 counters, and histograms of neighbouring times add up to that of both.
 */
const BUCKETS = 64;
const GROWTH = Math.log(1.2);

export function latencyBuckets(): Uint32Array {
  return new Uint32Array(BUCKETS);
}

export function bucketOf(latencyMs: number): number {
  if (!(latencyMs > 1)) return 0;
  return Math.min(BUCKETS - 1, Math.floor(Math.log(latencyMs) / GROWTH));
}

/** The latency below which a share `level` of the counted requests lies, ms; 0 when none was counted. */
export function histogramQuantile(buckets: ArrayLike<number>, level: number): number {
  let total = 0;
  for (let index = 0; index < buckets.length; index++) total += buckets[index] ?? 0;
  if (total === 0) return 0;
  let seen = 0;
  for (let index = 0; index < buckets.length; index++) {
    const count = buckets[index] ?? 0;
    seen += count;
    if (seen >= level * total && count > 0) {
      const share = (count - (seen - level * total)) / count;
      return Math.exp(GROWTH * (index + share));
    }
  }
  return Math.exp(GROWTH * buckets.length);
}

/** Bucket and count in turns, empty buckets left out: `[24, 3, 25, 1]`. What travels and is kept. */
export function sparseCounts(buckets: ArrayLike<number>): readonly number[] {
  const sparse: number[] = [];
  for (let index = 0; index < buckets.length; index++) {
    const count = buckets[index] ?? 0;
    if (count > 0) sparse.push(index, count);
  }
  return sparse;
}

/** Adds what `sparseCounts` gave; a bucket that does not exist is left out. */
export function addSparse(buckets: Uint32Array, sparse: readonly number[]): void {
  for (let at = 0; at + 1 < sparse.length; at += 2) {
    const index = sparse[at] ?? -1;
    if (index in buckets) buckets[index] = (buckets[index] ?? 0) + (sparse[at + 1] ?? 0);
  }
}
