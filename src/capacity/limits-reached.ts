import { breakEvenUnits } from "./load-duration.ts";
import type { LimitReached, TodaySettings } from "./plan-values.ts";

/** What a path asks of the limits in each period. */
export interface PathNeeds {
  readonly peakUnits: Float64Array;
  /** Break-even baseline of each period. */
  readonly baselineUnits: Float64Array;
}

/** A limit of today and what is held against it. */
interface Watched {
  readonly setting: string;
  readonly value: number;
  readonly needOf: (needs: PathNeeds, period: number) => number;
}

/** Share of paths above a limit at which its 90 % (50 %) quantile passes it. */
const AT_90 = 0.1;
const AT_50 = 0.5;

/**
 * When each limit of today is passed: per limit, the share of paths that needed more than it by the end of each
 * period, and where that share passes 10 % and 50 %, joined by a line within a period. `recent` is the same of the
 * last periods of history.
 */
export function limitsReached(
  paths: readonly PathNeeds[],
  recent: PathNeeds,
  today: TodaySettings & { readonly baselineUnits: number },
  span: { readonly periodMs: number; readonly horizonMs: number },
): readonly LimitReached[] {
  // Without a configuration there are no limits to reach.
  const limits = watched(today).filter(({ value }) => Number.isFinite(value));
  return limits.map(({ setting, value, needOf }) => {
    const shares = sharesPassed(paths, (needs, period) => needOf(needs, period) > value + 1e-9);
    const instant = (share: number): number | undefined => {
      const atMs = whenPassed(shares, share, span.periodMs);
      return atMs === undefined ? undefined : Math.min(atMs, span.horizonMs);
    };
    const already = recent.peakUnits.some((_, period) => needOf(recent, period) > value + 1e-9);
    return {
      setting,
      value,
      already,
      at90Ms: already ? 0 : instant(AT_90),
      at50Ms: instant(AT_50),
      probability: shares.at(-1) ?? 0,
    };
  });
}

function watched(today: TodaySettings & { readonly baselineUnits: number }): readonly Watched[] {
  const { limits, tiers, baselineUnits } = today;
  const dearest = Math.max(tiers.predictive.priceUsdPerUnitHour, tiers.burst.priceUsdPerUnitHour);
  const peak = (needs: PathNeeds, period: number): number => needs.peakUnits[period] ?? 0;
  const rest = (needs: PathNeeds, period: number): number => Math.max(0, peak(needs, period) - baselineUnits);
  return [
    { setting: "limits.maxTotalUnits", value: limits.maxTotalUnits, needOf: peak },
    {
      setting: "limits.maxCostUsdPerHour",
      value: limits.maxCostUsdPerHour,
      needOf: (needs, period) =>
        baselineUnits * tiers.baseline.priceUsdPerUnitHour + rest(needs, period) * dearest,
    },
    {
      setting: "tiers.baseline.maxUnits",
      value: tiers.baseline.maxUnits,
      needOf: (needs, period) => needs.baselineUnits[period] ?? 0,
    },
    { setting: "tiers.predictive.maxUnits", value: tiers.predictive.maxUnits, needOf: rest },
  ];
}

function sharesPassed(
  paths: readonly PathNeeds[],
  passes: (needs: PathNeeds, period: number) => boolean,
): Float64Array {
  const shares = new Float64Array(paths[0]?.peakUnits.length ?? 0);
  for (const needs of paths) {
    const first = needs.peakUnits.findIndex((_, period) => passes(needs, period));
    if (first >= 0)
      for (let i = first; i < shares.length; i++) shares[i] = (shares[i] ?? 0) + 1 / paths.length;
  }
  return shares;
}

function whenPassed(shares: Float64Array, share: number, periodMs: number): number | undefined {
  const period = shares.findIndex((each) => each >= share - 1e-9);
  if (period < 0) return undefined;
  const before = period === 0 ? 0 : (shares[period - 1] ?? 0);
  const after = shares[period] ?? 1;
  return (period + (share - before) / Math.max(after - before, 1e-9)) * periodMs;
}

/** Units busy for at least `share` of the hours given by their needs. */
export function heldFor(needs: readonly number[], share: number): number {
  const hours = new Float64Array(Math.max(0, ...needs) + 1);
  for (const units of needs) hours[units] = (hours[units] ?? 0) + 1;
  return breakEvenUnits(hours, share);
}
