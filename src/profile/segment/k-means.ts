import { seededDraws } from "../sketch/hash.ts";
import type { FeatureRow } from "./features.ts";

export interface KMeans {
  readonly centres: readonly FeatureRow[];
  readonly labels: readonly number[];
  readonly inertia: number;
}

const ROUNDS = 60;
const RESTARTS = 4;

/** Lloyd's algorithm from k-means++ starts (Arthur and Vassilvitskii 2007); the best of four. */
export function kMeans(rows: readonly FeatureRow[], k: number, seed: number): KMeans {
  const draw = seededDraws(seed);
  let best: KMeans | undefined;
  for (let i = 0; i < RESTARTS; i++) {
    const found = oneRun(rows, k, draw);
    if (best === undefined || found.inertia < best.inertia) best = found;
  }
  if (best === undefined) throw new RangeError("no rows to cluster");
  return best;
}

export function squaredDistance(a: FeatureRow, b: FeatureRow): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += ((a[i] ?? 0) - (b[i] ?? 0)) ** 2;
  return sum;
}

export function nearest(
  row: FeatureRow,
  centres: readonly FeatureRow[],
): { readonly index: number; readonly squared: number } {
  let [index, squared] = [0, Number.POSITIVE_INFINITY];
  for (const [i, centre] of centres.entries()) {
    const distance = squaredDistance(row, centre);
    if (distance < squared) [index, squared] = [i, distance];
  }
  return { index, squared };
}

function oneRun(rows: readonly FeatureRow[], k: number, draw: () => number): KMeans {
  let centres = startCentres(rows, k, draw);
  let labels: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const next = rows.map((row) => nearest(row, centres).index);
    const isStill = next.every((label, i) => label === labels[i]);
    labels = next;
    if (isStill) break;
    centres = centres.map((centre, c) => meanOf(rows.filter((_, i) => labels[i] === c)) ?? centre);
  }
  const inertia = rows.reduce((sum, row) => sum + nearest(row, centres).squared, 0);
  return { centres, labels, inertia };
}

/** Each next centre is drawn with a chance proportional to the squared distance from those there are. */
function startCentres(rows: readonly FeatureRow[], k: number, draw: () => number): readonly FeatureRow[] {
  const first = rows[Math.floor(draw() * rows.length)] ?? [];
  const centres = [first];
  const squared = rows.map((row) => squaredDistance(row, first));
  while (centres.length < k) {
    let rest = draw() * squared.reduce((sum, value) => sum + value, 0);
    const at = squared.findIndex((value) => {
      rest -= value;
      return rest < 0;
    });
    const centre = rows[at < 0 ? rows.length - 1 : at] ?? [];
    centres.push(centre);
    for (const [i, row] of rows.entries())
      squared[i] = Math.min(squared[i] ?? 0, squaredDistance(row, centre));
  }
  return centres;
}

export function meanOf(rows: readonly FeatureRow[]): FeatureRow | undefined {
  const first = rows[0];
  if (first === undefined) return undefined;
  return first.map((_, f) => rows.reduce((sum, row) => sum + (row[f] ?? 0), 0) / rows.length);
}
