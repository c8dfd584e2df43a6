import type { ForecastRecord } from "../model/cycle.ts";
import type { DecideInput } from "../model/decide-input.ts";
import { stepsBetween } from "../model/outlook.ts";
import { DAY_MS, HOUR_MS, shortDuration } from "../model/time.ts";
import type { Facts } from "./facts.ts";
import { levelMasses } from "./level-masses.ts";

/** A review needs a forecast of nearly the whole day: half a day knows one half of the rhythm. */
const REVIEW_REACH_MS = 20 * HOUR_MS;

export interface BaselineReview {
  /** Size to move towards in this decision, already within one bounded step. */
  readonly targetUnits: number;
  readonly reviewed: boolean;
  readonly why: string;
}

export function isReviewDue(input: DecideInput): boolean {
  const { lastBaselineReviewMs, nowMs, settings } = input;
  // A review that lies in the future was made before the clock was set back.
  if (lastBaselineReviewMs === null || lastBaselineReviewMs > nowMs) return true;
  return nowMs - lastBaselineReviewMs >= settings.sizing.baselineReviewMs;
}

/**
 * Baseline by break-even: the largest b such that unit b is busy for at least price_baseline / price_predictive of
 * the next day. Busy time is its expectation over all quantiles, not that of the median only. Reviewed once per
 * `baselineReviewMs` and moved by at most `baselineStepUnits`.
 *
 *     price share   demand over the day, units   baseline
 *            0.60   10 for 15 h, 30 for 9 h             10     unit 11 is busy 37 % of the day
 *            0.30   the same                            30
 */
export function reviewBaseline(facts: Facts): BaselineReview {
  const { input, settings } = facts;
  const current = input.current.units.baseline;
  const stay = (why: string): BaselineReview => ({ targetUnits: current, reviewed: false, why });
  if (!isReviewDue(input)) return stay(`${current} units until the next review`);
  const { forecast } = input;
  if (!facts.demand.fresh || forecast === null || facts.risk.strategy === "reactive-only") {
    return stay(`${current} units: review is due, waits for a trusted forecast`);
  }
  const reachMs = forecast.cutoffMs + (forecast.quantiles[0]?.length ?? 0) * forecast.stepMs - input.nowMs;
  if (reachMs < REVIEW_REACH_MS) {
    return stay(
      `${current} units: the forecast reaches ${shortDuration(reachMs)}, ` +
        `a review needs ${shortDuration(REVIEW_REACH_MS)}`,
    );
  }
  const share = breakEvenShare(facts);
  const asked = share >= 1 ? 0 : facts.unitsFor(demandHeldFor(forecast, input.nowMs, share)).units;
  const { baselineStepUnits } = settings.sizing;
  const targetUnits = Math.max(current - baselineStepUnits, Math.min(current + baselineStepUnits, asked));
  const why =
    `${asked} units are busy at least ${Math.round(share * 100)} % of the next day, ` +
    `at most ${baselineStepUnits} moved from ${current}`;
  return { targetUnits, reviewed: true, why };
}

function breakEvenShare(facts: Facts): number {
  const { baseline, predictive } = facts.settings.tiers;
  if (baseline.priceUsdPerUnitHour >= predictive.priceUsdPerUnitHour) return 1;
  return baseline.priceUsdPerUnitHour / predictive.priceUsdPerUnitHour;
}

/** Demand that is reached or exceeded for the expected `share` of the next 24 h, requests/s. */
function demandHeldFor(forecast: ForecastRecord, nowMs: number, share: number): number {
  const range = stepsBetween(forecast, nowMs, nowMs + DAY_MS);
  if (range === undefined) return 0;
  const masses = levelMasses(forecast.levels);
  const slices = forecast.quantiles.flatMap((row, k) =>
    row.slice(range.first, range.last + 1).map((demandRps) => ({ demandRps, mass: masses[k] ?? 0 })),
  );
  slices.sort((a, b) => b.demandRps - a.demandRps);
  const wanted = share * (range.last - range.first + 1);
  let held = 0;
  for (const { demandRps, mass } of slices) {
    held += mass;
    if (held >= wanted - 1e-9) return demandRps;
  }
  return 0;
}
