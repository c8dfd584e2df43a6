import { hash32 } from "./hash.ts";

/** Counts of any number of keys in fixed memory: `depth` rows of `width` cells. */
export interface CountMin {
  readonly width: number;
  readonly depth: number;
  readonly cells: Float64Array;
  total: number;
}

/**
 * A count is never too low, and above the truth by more than `errorShare` of the total with probability at most
 * `failure` (Cormode and Muthukrishnan 2005, theorem 1):
 *
 *     errorShare   failure    cells   memory
 *           1e-3      0.01   13 595   109 kB
 *           1e-4      0.01  135 915   1.1 MB
 */
export function newCountMin(errorShare: number, failure: number): CountMin {
  const width = Math.ceil(Math.E / errorShare);
  const depth = Math.ceil(Math.log(1 / failure));
  return { width, depth, cells: new Float64Array(width * depth), total: 0 };
}

/** Conservative update (Estan and Varghese 2002): only cells below the new count are raised. Returns that count. */
export function addCount(sketch: CountMin, key: string, weight = 1): number {
  const places = placesOf(sketch, key);
  const count = lowest(sketch, places) + weight;
  for (const place of places) sketch.cells[place] = Math.max(sketch.cells[place] ?? 0, count);
  sketch.total += weight;
  return count;
}

export function countOf(sketch: CountMin, key: string): number {
  return lowest(sketch, placesOf(sketch, key));
}

function lowest({ cells }: CountMin, places: readonly number[]): number {
  let least = Number.POSITIVE_INFINITY;
  for (const place of places) least = Math.min(least, cells[place] ?? 0);
  return least;
}

/** Two hashes serve all rows (Kirsch and Mitzenmacher 2006). */
function placesOf({ width, depth }: CountMin, key: string): readonly number[] {
  const first = hash32(key, 1);
  const second = hash32(key, 2) | 1;
  return Array.from({ length: depth }, (_, row) => {
    return row * width + (((first + Math.imul(row, second)) >>> 0) % width);
  });
}
