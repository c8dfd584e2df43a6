import type { FeatureRow } from "./features.ts";
import { squaredDistance } from "./k-means.ts";

export interface Dbscan {
  /** -1 is noise. */
  readonly labels: readonly number[];
  readonly clusters: number;
  readonly radius: number;
}

const NOISE = -1;

/** Density-based clusters (Ester et al. 1996). Quadratic in rows: for a sample of at most some thousands. */
export function dbscan(rows: readonly FeatureRow[], leastNeighbours: number, radius?: number): Dbscan {
  const reach = radius ?? kneeRadius(rows, leastNeighbours);
  const labels = new Array<number | undefined>(rows.length).fill(undefined);
  let clusters = 0;
  for (let i = 0; i < rows.length; i++) {
    if (labels[i] !== undefined) continue;
    const near = neighbours(rows, i, reach);
    if (near.length < leastNeighbours) labels[i] = NOISE;
    else grow(rows, labels, { near, cluster: clusters++, reach, leastNeighbours, from: i });
  }
  return { labels: labels.map((label) => label ?? NOISE), clusters, radius: reach };
}

interface Growth {
  readonly near: readonly number[];
  readonly cluster: number;
  readonly reach: number;
  readonly leastNeighbours: number;
  readonly from: number;
}

function grow(rows: readonly FeatureRow[], labels: (number | undefined)[], growth: Growth): void {
  const { cluster, reach, leastNeighbours } = growth;
  labels[growth.from] = cluster;
  const queue = [...growth.near];
  for (const i of queue) {
    if (labels[i] === NOISE) labels[i] = cluster;
    if (labels[i] !== undefined) continue;
    labels[i] = cluster;
    const near = neighbours(rows, i, reach);
    if (near.length >= leastNeighbours) queue.push(...near.filter((j) => labels[j] === undefined));
  }
}

function neighbours(rows: readonly FeatureRow[], i: number, reach: number): readonly number[] {
  const row = rows[i] ?? [];
  const found: number[] = [];
  for (const [j, other] of rows.entries()) if (squaredDistance(row, other) <= reach * reach) found.push(j);
  return found;
}

/** The distance to the k-th neighbour, sorted, at its knee: farthest from the line between its ends. */
function kneeRadius(rows: readonly FeatureRow[], k: number): number {
  const distances = rows
    .map((row) => {
      const sorted = Float64Array.from(rows, (other) => squaredDistance(row, other)).sort();
      return Math.sqrt(sorted[Math.min(k, sorted.length - 1)] ?? 0);
    })
    .sort((a, b) => a - b);
  const [first = 0, last = 0] = [distances[0], distances.at(-1)];
  let [knee, farthest] = [last, -1];
  for (const [i, distance] of distances.entries()) {
    const below = first + ((last - first) * i) / Math.max(1, distances.length - 1) - distance;
    if (below > farthest) [knee, farthest] = [distance, below];
  }
  return knee;
}
