import { DAY_MS } from "../model/time.ts";
import type { CapacityPlan, CapacityRequest, HistoryReach, Interval } from "./plan-values.ts";

/** Past peaks behind a measured coverage worth judging. */
const LEAST_PEAKS = 10;
const LEAST_COVERAGE = 0.8;
const MANY_GAPS = 0.1;
/** Upper over lower end of the peak from which a plan is more of a range. */
const WIDE_FACTOR = 3;
const FAST_GROWTH = 0.05;
/** Beyond this a season of the year shows. */
const SEASONAL_MS = 45 * DAY_MS;

/** What the plan cannot say, a sentence each. */
export function caveatsOf(
  plan: Omit<CapacityPlan, "caveats">,
  request: Pick<CapacityRequest, "horizonMs" | "history">,
): readonly string[] {
  const { reach, growthPerWeek, events } = plan;
  const isWeekly = reach.period === "week";
  return [
    ...reachCaveats(reach, request.horizonMs),
    ...pastCaveats(reach),
    ...widthCaveat(plan.peakRps),
    ...(reach.gapFraction > MANY_GAPS
      ? [`${Math.round(100 * reach.gapFraction)} % of the history are gaps`]
      : []),
    ...(isWeekly && Math.abs(growthPerWeek) > FAST_GROWTH
      ? ["demand moves by more than 5 % a week: plan again soon"]
      : []),
    ...(request.history.values.some((value) => value > 0)
      ? []
      : ["every known value is 0: is it the right column?"]),
    ...(events.withoutLift > 0
      ? [`events ahead without a lift are left aside (${events.withoutLift}; give them one)`]
      : []),
  ];
}

function reachCaveats(reach: HistoryReach, askedMs: number): readonly string[] {
  const days = (ms: number): number => Math.floor(ms / DAY_MS + 1e-9);
  const said: string[] = [];
  if (reach.horizonMs < askedMs)
    said.push(
      `${days(reach.spanMs)} days of history carry no plan for ${days(askedMs)} days: ` +
        `it goes ${days(reach.horizonMs)} days ahead`,
    );
  if (reach.period === "day")
    return [...said, "fewer than four whole weeks: no trend is read from them, no commitment"];
  if (reach.measuredMs === 0)
    said.push(
      "too short a history to measure a plan's error: intervals rest on a level that moves by 3 % a week",
    );
  else if (reach.measuredMs < reach.horizonMs)
    said.push(
      `errors were measured up to ${days(reach.measuredMs)} days ahead; beyond, intervals are drawn on from those`,
    );
  if (!reach.yearly && reach.horizonMs > SEASONAL_MS)
    said.push("less than 13 months of history: a season of the year would not be seen");
  return said;
}

function widthCaveat({ lower, upper }: Interval): readonly string[] {
  if (!(upper > WIDE_FACTOR * lower) || lower <= 0) return [];
  return [
    `the horizon's peak is known to a factor of ${Math.round(upper / lower)} only: set limits with care`,
  ];
}

function pastCaveats({ pastPeaks, pastInside }: HistoryReach): readonly string[] {
  if (pastPeaks < LEAST_PEAKS) return ["too few past plans to tell whether the intervals hold"];
  if (pastInside >= LEAST_COVERAGE * pastPeaks) return [];
  return ["past intervals held less often than they say: take the upper ends seriously"];
}
