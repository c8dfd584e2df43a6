/** Quantile `level` of sorted values, linear between them (Hyndman and Fan 1996, type 7); NaN when empty. */
export function sortedQuantile(sorted: Float64Array, level: number): number {
  const last = sorted.length - 1;
  if (last < 0) return Number.NaN;
  const position = level * last;
  const low = Math.floor(position);
  const base = sorted[low] ?? Number.NaN;
  const next = sorted[Math.min(low + 1, last)] ?? base;
  return base + (next - base) * (position - low);
}

/** The known values, sorted. */
export function sortedKnown(values: ArrayLike<number>): Float64Array {
  const known = Float64Array.from(values as ArrayLike<number>).filter((value) => !Number.isNaN(value));
  return known.sort();
}

/** Median of the known values; NaN when there is none. */
export function median(values: ArrayLike<number>): number {
  const known = new Float64Array(values.length);
  let count = 0;
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number;
    if (!Number.isNaN(value)) known[count++] = value;
  }
  return medianInPlace(known.subarray(0, count));
}

/** `sortedQuantile` of values in any order, none of them NaN; reorders them. */
export function quantileInPlace(values: Float64Array, level: number): number {
  placeLevels(values, [level]);
  return sortedQuantile(values, level);
}

/**
 * Reorders values, none of them NaN, so that `sortedQuantile` at `levels` is as if they were sorted, and so are the
 * `sortedEnds` lowest and highest of them. A third of the cost of sorting thousands.
 */
export function placeLevels(values: Float64Array, levels: readonly number[], sortedEnds = 0): void {
  const last = values.length - 1;
  if (2 * sortedEnds >= last || last < SMALL) {
    values.sort();
    return;
  }
  const ranks = levels.flatMap((level) => [
    Math.floor(level * last),
    Math.min(last, Math.floor(level * last) + 1),
  ]);
  const ends = sortedEnds > 0 ? [sortedEnds - 1, values.length - sortedEnds] : [];
  const rising = Int32Array.from([...ranks, ...ends]).sort();
  placeRanks(values, 0, last, rising, 0, rising.length);
  values.subarray(0, sortedEnds).sort();
  values.subarray(values.length - sortedEnds).sort();
}

/** Below this many values, sorting by insertion is quickest. */
const SMALL = 24;

/** Within `[low, high]`, the values of `ranks[from..to)`, which lie there, to where sorting would put them. */
function placeRanks(
  values: Float64Array,
  low: number,
  high: number,
  ranks: Int32Array,
  from: number,
  to: number,
): void {
  if (from >= to) return;
  if (high - low < SMALL) {
    insertionSort(values, low, high);
    return;
  }
  const { end, start } = partition(values, low, high);
  let below = from;
  while (below < to && (ranks[below] as number) <= end) below++;
  let above = below;
  while (above < to && (ranks[above] as number) < start) above++;
  placeRanks(values, low, end, ranks, from, below);
  placeRanks(values, start, high, ranks, above, to);
}

function insertionSort(values: Float64Array, low: number, high: number): void {
  for (let i = low + 1; i <= high; i++) {
    const value = values[i] as number;
    let at = i - 1;
    while (at >= low && (values[at] as number) > value) {
      values[at + 1] = values[at] as number;
      at--;
    }
    values[at + 1] = value;
  }
}

/**
 * Robust standard deviation: 1.4826 times the median absolute value, which equals sigma for normal errors
 * around zero. Where more than half are zero, falls back to the mean absolute value.
 */
export function robustScale(errors: ArrayLike<number>): number {
  const sizes = new Float64Array(errors.length);
  let count = 0;
  for (let i = 0; i < errors.length; i++) {
    const size = Math.abs(errors[i] as number);
    if (!Number.isNaN(size)) sizes[count++] = size;
  }
  const scale = 1.4826 * medianInPlace(sizes.subarray(0, count));
  if (scale > 0) return scale;
  let sum = 0;
  for (const size of sizes.subarray(0, count).sort()) sum += size;
  return count === 0 ? 0 : (1.2533 * sum) / count;
}

/** Median of values without NaN, which it reorders; NaN when empty. Selection, a tenth of the cost of sorting. */
function medianInPlace(values: Float64Array): number {
  const count = values.length;
  if (count === 0) return Number.NaN;
  const middle = (count - 1) >> 1;
  const low = selectInPlace(values, middle);
  if (count % 2 === 1) return low;
  let next = Number.POSITIVE_INFINITY;
  for (let i = middle + 1; i < count; i++) next = Math.min(next, values[i] as number);
  return low + (next - low) * 0.5;
}

/** The value of rank `rank`, nothing above it left before that index (Hoare 1961, middle as pivot). */
function selectInPlace(values: Float64Array, rank: number): number {
  let low = 0;
  let high = values.length - 1;
  while (low < high) {
    const { end, start } = partition(values, low, high);
    if (rank <= end) high = end;
    else if (rank >= start) low = start;
    else break;
  }
  return values[rank] as number;
}

/** Swaps until nothing up to `end` is above the middle value and nothing from `start` on below it. */
function partition(values: Float64Array, low: number, high: number): { end: number; start: number } {
  const pivot = values[(low + high) >> 1] as number;
  let i = low;
  let j = high;
  while (i <= j) {
    while ((values[i] as number) < pivot) i++;
    while ((values[j] as number) > pivot) j--;
    if (i > j) break;
    const swapped = values[i] as number;
    values[i++] = values[j] as number;
    values[j--] = swapped;
  }
  return { end: j, start: i };
}

/** Mean absolute value; NaN when empty. */
export function meanSize(errors: Float64Array): number {
  let sum = 0;
  for (const error of errors) sum += Math.abs(error);
  return sum / errors.length;
}

export function clamp(value: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, value));
}

/** Index of the last known value, -1 when all are gaps. */
export function lastKnownIndex(values: Float64Array): number {
  let i = values.length - 1;
  while (i >= 0 && Number.isNaN(values[i])) i--;
  return i;
}

/** Gaps filled on the line between their neighbours, held at both ends; a copy. All gaps stay gaps. */
export function fillLinear(values: Float64Array): Float64Array {
  const filled = values.slice();
  let last = -1;
  for (let i = 0; i < filled.length; i++) {
    const value = filled[i] ?? Number.NaN;
    if (Number.isNaN(value)) continue;
    const from = last < 0 ? value : (filled[last] ?? value);
    for (let j = last + 1; j < i; j++) filled[j] = from + ((value - from) * (j - last)) / (i - last);
    last = i;
  }
  if (last >= 0) filled.fill(filled[last] ?? Number.NaN, last + 1);
  return filled;
}
