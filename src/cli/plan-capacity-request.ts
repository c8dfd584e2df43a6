import type { CapacityRequest, TodaySettings } from "../capacity/plan-values.ts";
import { localClock } from "../forecast/local-clock.ts";
import { maskTraining } from "../forecast/masking.ts";
import type { ScheduledEvent } from "../model/known-ahead.ts";
import { type DemandSeries, endMs } from "../model/series.ts";
import { seededRandom } from "../simulate/seeded-random.ts";

/** The same history gives the same plan. */
const SEED = 20_260_301;

export interface CapacityQuestion {
  readonly series: DemandSeries;
  readonly timeZone: string;
  readonly needUnits: (demandRps: number) => number;
  readonly horizonMs: number;
  readonly termMs: number;
  readonly commitUsdPerUnitHour: number;
  readonly today: TodaySettings;
  readonly events: readonly ScheduledEvent[];
}

/** What the planner is given: outages and absurd values as gaps, the local clock, a fixed seed. */
export function capacityRequest(question: CapacityQuestion): CapacityRequest {
  const { series, timeZone, ...rest } = question;
  const clock = localClock(timeZone, series.startMs, endMs(series) + Math.max(rest.horizonMs, rest.termMs));
  return {
    ...rest,
    history: maskTraining(withoutNonsense(series), clock),
    localMs: clock.localMs,
    random: seededRandom(SEED),
  };
}

/** A number that demand cannot be is a missing sample; leading and trailing gaps are no history. */
function withoutNonsense({ startMs, stepMs, values }: DemandSeries): DemandSeries {
  const isKnown = (value: number): boolean => value >= 0 && value < Number.POSITIVE_INFINITY;
  const first = Math.max(0, values.findIndex(isKnown));
  const known = values.slice(first, values.findLastIndex(isKnown) + 1);
  const fromMs = (startMs + first * stepMs) as DemandSeries["startMs"];
  return { startMs: fromMs, stepMs, values: known.map((value) => (isKnown(value) ? value : Number.NaN)) };
}
