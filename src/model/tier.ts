/** Order of the pipeline's three sizes: always on, forecast, not forecast. */
export const TIERS = ["baseline", "predictive", "burst"] as const;

export type Tier = (typeof TIERS)[number];

/** Whole units per tier. */
export type TierUnits = Readonly<Record<Tier, number>>;

/** What is asked of the platform: units per tier, and warm units beside them (never in them). */
export interface Sizes {
  readonly units: TierUnits;
  readonly warmUnits: number;
}

export function totalUnits(units: TierUnits): number {
  return units.baseline + units.predictive + units.burst;
}

export function sameSizes(a: Sizes, b: Sizes): boolean {
  return a.warmUnits === b.warmUnits && TIERS.every((tier) => a.units[tier] === b.units[tier]);
}

export const NO_UNITS: TierUnits = { baseline: 0, predictive: 0, burst: 0 };
