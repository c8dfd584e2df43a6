import type { UserProfile } from "../../model/user-profile.ts";
import { hash32, seededDraws } from "../sketch/hash.ts";
import { adjustedRand } from "./agreement.ts";
import { dbscan } from "./dbscan.ts";
import {
  FEATURE_WORDS,
  FEATURES,
  type FeatureRow,
  featureRow,
  type Scaling,
  scaled,
  scalingOf,
} from "./features.ts";
import { kMeans, nearest, squaredDistance } from "./k-means.ts";

export interface Cluster {
  /** From what tells it apart: `busy, no-assets`. */
  readonly name: string;
  readonly centre: FeatureRow;
  readonly share: number;
  /** In standard deviations of all users, the farthest first. */
  readonly traits: readonly { readonly feature: string; readonly deviation: number }[];
}

export interface Clustering {
  readonly scaling: Scaling;
  readonly clusters: readonly Cluster[];
  readonly users: number;
  /** Mean silhouette (Rousseeuw 1987) of the k that was chosen, and of all that were tried. */
  readonly silhouette: number;
  readonly tried: readonly { readonly k: number; readonly silhouette: number; readonly stability: number }[];
  /** Mean adjusted Rand index against clusterings of resampled users: below 0.6 the clusters are not to be built on. */
  readonly stability: number;
  readonly density: {
    readonly clusters: number;
    readonly noiseShare: number;
    /** Agreement with the clusters above, where it is no noise. */
    readonly agreement: number;
  };
}

const MOST_USERS = 1_200;
const LEAST_USERS = 30;
const RESAMPLES = 8;
const LARGEST_K = 8;

/**
 * Data-driven segments of users with three requests or more: K-Means, k with the largest product of silhouette and
 * stability; undefined below 30 users. More than 1 200 are sampled by the hash of their pseudonym: the same users
 * every time.
 */
export function clusterUsers(profiles: readonly UserProfile[], seed = 1): Clustering | undefined {
  const users = profiles
    .filter(({ requests }) => requests >= 3)
    .toSorted((a, b) => hash32(a.user, 5) - hash32(b.user, 5))
    .slice(0, MOST_USERS);
  if (users.length < LEAST_USERS) return undefined;
  const raw = users.map(featureRow);
  const scaling = scalingOf(raw);
  const rows = raw.map((row) => scaled(row, scaling));
  const tried = Array.from({ length: LARGEST_K - 1 }, (_, i) => tryCount(rows, i + 2, seed));
  const [best] = tried.toSorted((a, b) => b.silhouette * b.stability - a.silhouette * a.stability);
  if (best === undefined) return undefined;
  const { labels, centres } = best.found;
  return {
    scaling,
    clusters: named(centres, labels),
    users: users.length,
    silhouette: best.silhouette,
    stability: best.stability,
    tried: tried.map(({ k, silhouette, stability }) => ({ k, silhouette, stability })),
    density: densityView(rows, labels),
  };
}

/** The cluster of a user; its present one is kept unless another is nearer by a fifth. */
export function clusterOf(profile: UserProfile, { scaling, clusters }: Clustering, present?: string): string {
  const row = scaled(featureRow(profile), scaling);
  const { index, squared } = nearest(
    row,
    clusters.map(({ centre }) => centre),
  );
  const name = clusters[index]?.name ?? "";
  const own = clusters.find((cluster) => cluster.name === present);
  if (own === undefined || own.name === name) return name;
  return Math.sqrt(squared) < 0.8 * Math.sqrt(squaredDistance(row, own.centre)) ? name : own.name;
}

/** Keeps the names of before for clusters that are still the same: nearest in the old scaling, within one deviation. */
export function withOldNames(fresh: Clustering, old: Clustering): Clustering {
  const taken = new Set<string>();
  const clusters = fresh.clusters.map((cluster) => {
    const value = cluster.centre.map(
      (z, f) => z * (fresh.scaling.spreads[f] ?? 0) + (fresh.scaling.means[f] ?? 0),
    );
    const centres = old.clusters.map(({ centre }) => centre);
    const { index, squared } = nearest(scaled(value, old.scaling), centres);
    const name = old.clusters[index]?.name;
    if (name === undefined || squared > 1 || taken.has(name)) return cluster;
    taken.add(name);
    return { ...cluster, name };
  });
  return { ...fresh, clusters: unlike(clusters) };
}

/** Clusters are made anew after `everyMs`, or when shares have moved (population stability index above 0.25). */
export function needsRefresh(request: {
  readonly madeMs: number;
  readonly nowMs: number;
  readonly everyMs: number;
  readonly shares: readonly number[];
  readonly clustering: Clustering;
}): "schedule" | "drift" | undefined {
  if (request.nowMs - request.madeMs >= request.everyMs) return "schedule";
  const index = request.clustering.clusters.reduce((sum, { share }, c) => {
    const [was, is] = [Math.max(share, 1e-4), Math.max(request.shares[c] ?? 0, 1e-4)];
    return sum + (is - was) * Math.log(is / was);
  }, 0);
  return index > 0.25 ? "drift" : undefined;
}

function tryCount(rows: readonly FeatureRow[], k: number, seed: number) {
  const found = kMeans(rows, k, seed);
  return {
    k,
    found,
    silhouette: silhouetteOf(rows, found.labels, k),
    stability: stabilityOf(rows, found, k, seed),
  };
}

/** Over at most 400 rows: it is quadratic. */
function silhouetteOf(rows: readonly FeatureRow[], labels: readonly number[], k: number): number {
  const every = Math.ceil(rows.length / 400);
  const seen = rows.flatMap((row, i) => (i % every === 0 ? [{ row, label: labels[i] ?? 0 }] : []));
  const sizes = Array.from({ length: k }, (_, c) => seen.filter(({ label }) => label === c).length);
  const widths = seen.map(({ row, label }) => {
    const totals = new Array<number>(k).fill(0);
    for (const other of seen)
      totals[other.label] = (totals[other.label] ?? 0) + Math.sqrt(squaredDistance(row, other.row));
    return silhouetteWidth(totals, sizes, label);
  });
  return widths.reduce((sum, width) => sum + width, 0) / widths.length;
}

/** Of one row; 0 where it is alone. Its distance to itself is 0 and not counted. */
function silhouetteWidth(totals: readonly number[], sizes: readonly number[], own: number): number {
  const ownSize = sizes[own] ?? 0;
  const others = totals.flatMap((total, c) => (c === own || sizes[c] === 0 ? [] : [total / (sizes[c] ?? 1)]));
  if (ownSize < 2 || others.length === 0) return 0;
  const inside = (totals[own] ?? 0) / (ownSize - 1);
  const outside = Math.min(...others);
  return (outside - inside) / Math.max(inside, outside, 1e-12);
}

/** Clusters of resampled users label all users; how far they agree with the clusters of all (Hennig 2007). */
function stabilityOf(
  rows: readonly FeatureRow[],
  { labels }: { readonly labels: readonly number[] },
  k: number,
  seed: number,
): number {
  const draw = seededDraws(seed + k);
  let sum = 0;
  for (let r = 0; r < RESAMPLES; r++) {
    const sample = rows.map(() => rows[Math.floor(draw() * rows.length)] ?? []);
    const { centres } = kMeans(sample, k, seed + r + 1);
    sum += adjustedRand(
      labels,
      rows.map((row) => nearest(row, centres).index),
    );
  }
  return sum / RESAMPLES;
}

function named(centres: readonly FeatureRow[], labels: readonly number[]): readonly Cluster[] {
  const clusters = centres.map((centre, c) => {
    const traits = FEATURES.map((feature, f) => ({ feature, deviation: centre[f] ?? 0 })).sort(
      (a, b) => Math.abs(b.deviation) - Math.abs(a.deviation),
    );
    const words = traits
      .slice(0, 2)
      .map(({ feature, deviation }) => FEATURE_WORDS[feature][deviation > 0 ? 0 : 1]);
    const share = labels.filter((label) => label === c).length / labels.length;
    return { name: words.join(", "), centre, share, traits: traits.slice(0, 4) };
  });
  return unlike(clusters.sort((a, b) => b.share - a.share));
}

function unlike(clusters: readonly Cluster[]): readonly Cluster[] {
  return clusters.map((cluster, i) => {
    const before = clusters.slice(0, i).filter(({ name }) => name === cluster.name).length;
    return before === 0 ? cluster : { ...cluster, name: `${cluster.name} (${before + 1})` };
  });
}

function densityView(rows: readonly FeatureRow[], labels: readonly number[]): Clustering["density"] {
  const found = dbscan(rows, 2 * FEATURES.length);
  const clear = found.labels.flatMap((label, i) => (label < 0 ? [] : [i]));
  return {
    clusters: found.clusters,
    noiseShare: 1 - clear.length / rows.length,
    agreement: adjustedRand(
      clear.map((i) => found.labels[i] ?? 0),
      clear.map((i) => labels[i] ?? 0),
    ),
  };
}
