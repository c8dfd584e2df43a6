import type { UserProfile } from "../../model/user-profile.ts";
import { breadthOf } from "../profiles.ts";

/** What users are told apart by. Each is a number near 0 to 10, so that none drowns the others before scaling. */
export const FEATURES = [
  "activity",
  "sessions",
  "depth",
  "breadth",
  "pace",
  "regularity",
  "assets",
  "errors",
  "volume",
  "night",
  "feeds",
] as const;

export type Feature = (typeof FEATURES)[number];
export type FeatureRow = readonly number[];

/** Words for a cluster that has much or little of a feature. */
export const FEATURE_WORDS: Readonly<Record<Feature, readonly [much: string, little: string]>> = {
  activity: ["busy", "quiet"],
  sessions: ["returning", "one-time"],
  depth: ["deep", "shallow"],
  breadth: ["wide-ranging", "narrow"],
  pace: ["slow", "fast"],
  regularity: ["irregular", "regular"],
  assets: ["with-assets", "no-assets"],
  errors: ["failing", "error-free"],
  volume: ["heavy", "light"],
  night: ["night", "day"],
  feeds: ["feeds", "no-feeds"],
};

export function featureRow(profile: UserProfile): FeatureRow {
  const { requests, types, hours } = profile;
  const share = (count: number | undefined): number => (count ?? 0) / Math.max(1e-9, requests);
  const night = hours.slice(0, 6).reduce((sum, count) => sum + count, 0);
  const { mean, spread } = pauseFigures(profile);
  return [
    Math.log1p(requests),
    Math.log1p(profile.sessions),
    Math.log1p(profile.steps / Math.max(1, profile.sessions)),
    Math.log1p(breadthOf(profile)),
    mean,
    spread,
    share(types.asset),
    share(profile.errors),
    Math.log1p(profile.bytes / Math.max(1e-9, requests)) / 3,
    share(night),
    share(types.feed),
  ];
}

/** Mean and standard deviation of ln(1 + seconds) between requests: a machine's clock has a spread near 0. */
export function pauseFigures({ pauses }: Pick<UserProfile, "pauses">): {
  readonly mean: number;
  readonly spread: number;
} {
  const [count, sum, squares] = pauses;
  if (count < 1) return { mean: 0, spread: 0 };
  const mean = sum / count;
  return { mean, spread: Math.sqrt(Math.max(0, squares / count - mean * mean)) };
}

export interface Scaling {
  readonly means: FeatureRow;
  readonly spreads: FeatureRow;
}

export function scalingOf(rows: readonly FeatureRow[]): Scaling {
  const columns = FEATURES.map((_, f) => rows.map((row) => row[f] ?? 0));
  const means = columns.map((values) => values.reduce((sum, value) => sum + value, 0) / values.length);
  const spreads = columns.map((values, f) => {
    const squares = values.reduce((sum, value) => sum + (value - (means[f] ?? 0)) ** 2, 0);
    return Math.sqrt(squares / values.length);
  });
  return { means, spreads };
}

/** In standard deviations from the mean, cut at 4; a feature that does not vary is 0. */
export function scaled(row: FeatureRow, { means, spreads }: Scaling): FeatureRow {
  return row.map((value, f) => {
    const spread = spreads[f] ?? 0;
    return spread < 1e-9 ? 0 : Math.max(-4, Math.min(4, (value - (means[f] ?? 0)) / spread));
  });
}
