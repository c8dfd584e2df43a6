import { BUCKET_ENDS_MS, bucketOf, groupOf, weightAt } from "./weights.ts";

/**
 * The members' quantiles of one step at `levels`, averaged level by level (Vincent's method) into `column`. Levels
 * with different weights may cross: sorted, which never adds to the pinball loss of all (Chernozhukov et al. 2010).
 * A member that ran away (a recursion that diverged) is cut off, or the least of shares would carry it through.
 */
export function blendStep(
  column: Float64Array,
  levels: readonly number[],
  weights: Float64Array,
  rows: readonly (readonly Float64Array[] | undefined)[],
  step: number,
): void {
  column.fill(0);
  const limit = largestPlausible(rows, levels.length - 1, step);
  const groups = groupsOf(levels);
  for (let m = 0; m < rows.length; m++) {
    const own = rows[m];
    if (own === undefined) continue;
    for (let l = 0; l < groups.length; l++) {
      const share = weightAt(weights, m, groups[l] as number);
      if (share > 0) column[l] = (column[l] as number) + share * Math.min(limit, own[l]?.[step] ?? 0);
    }
  }
  column.sort();
}

let lastLevels: readonly number[] = [];
let lastGroups: readonly number[] = [];

/** The same levels are blended step after step. */
function groupsOf(levels: readonly number[]): readonly number[] {
  if (levels !== lastLevels) {
    lastLevels = levels;
    lastGroups = levels.map(groupOf);
  }
  return lastGroups;
}

/** Nothing a member says counts for more than this many times what half of them take for the highest. */
const RUNAWAY = 10;

let room = new Float64Array(32);

function largestPlausible(
  rows: readonly (readonly Float64Array[] | undefined)[],
  top: number,
  step: number,
): number {
  if (room.length < rows.length) room = new Float64Array(rows.length);
  let count = 0;
  for (const row of rows) {
    if (row === undefined) continue;
    const highest = row[top]?.[step] ?? 0;
    // By insertion: there are few.
    let at = count++;
    while (at > 0 && (room[at - 1] as number) > highest) {
      room[at] = room[at - 1] as number;
      at--;
    }
    room[at] = highest;
  }
  // Of two nobody can tell which one is right.
  return count < 3 ? Number.POSITIVE_INFINITY : RUNAWAY * (room[count >> 1] ?? 0);
}

/**
 * Weights (or any other list kept per bucket) at a horizon: those of its bucket, mixed with the next one's over
 * the bucket's last half (in log time).
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
