/** What a size is expected to cost and to miss over the decision's window. */
export interface Outlay {
  /** Units in total, warm ones not counted. */
  readonly units: number;
  /** Price of the units and of the warm pool. */
  readonly costUsdPerHour: number;
  /** Units expected to be missing, the mean over the forecast's quantiles. */
  readonly expectedShortUnits: number;
  /** Probability that units are missing at all. */
  readonly shortChance: number;
  /** Price, and what the missing units cost. */
  readonly expectedUsdPerHour: number;
}

/** Another size that could have been chosen. */
export type AlternativeKind =
  /** The sizes as they are. */
  | "hold"
  | "one-more"
  | "one-less"
  /** What demand observed now needs, and no more. */
  | "reactive"
  /** What these rules hold without a forecast: demand now, and what the stabilisation window needed. */
  | "no-forecast";

export interface Alternative extends Outlay {
  readonly kind: AlternativeKind;
}

/** What a decision's change of sizes is worth. All figures are after less before. */
export interface ChangeWorth {
  readonly costUsdPerHour: number;
  readonly expectedShortUnits: number;
  /** What the units no longer missing would have cost; negative: more are missed. */
  readonly avoidedUsdPerHour: number;
  /** Price of the update; 0 where nothing changes. */
  readonly updateUsd: number;
  /** Over the window: avoided less cost less update. */
  readonly netUsd: number;
}

/** Expected violations and cost of a decision and of the next-best alternative. */
export interface Reckoning {
  /**
   * What the expected shortage comes from: a forecast, a forecast that is not trusted (it sizes nothing, but is all
   * that is known), demand now alone, or nothing.
   */
  readonly basis: "forecast" | "untrusted-forecast" | "demand-now" | "nothing";
  /** Cost of one unit missing for an hour: c_under, and the price that was not paid for it. */
  readonly missingUsdPerUnitHour: number;
  readonly windowMs: number;
  readonly decided: Outlay;
  /** The cheapest of those not chosen; null where nothing is known to reckon with. */
  readonly nextBest: Alternative | null;
  readonly change: ChangeWorth;
}
