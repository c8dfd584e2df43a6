import type { CapacityRequest } from "../../src/capacity/plan-values.ts";
import type { DemandSeries } from "../../src/model/series.ts";
import { DAY_MS, durationMs, epochMs, HOUR_MS } from "../../src/model/time.ts";
import { seededRandom } from "../../src/simulate/seeded-random.ts";

export const START_MS = Date.parse("2026-01-05T00:00:00Z");

/** Hourly demand around 100 with days and weekends; `levelAt(week)` multiplies it. */
export function madeDemand(
  days: number,
  levelAt: (week: number) => number = () => 1,
  { noise = 0.05, seed = 7, stepMs = HOUR_MS as number } = {},
): DemandSeries {
  const random = seededRandom(seed);
  const values = Float64Array.from({ length: Math.round((days * DAY_MS) / stepMs) }, (_, i) => {
    const day = (i * stepMs) / DAY_MS;
    const rhythm = 1 - 0.5 * Math.cos(2 * Math.PI * (day % 1));
    const weekend = Math.floor(day) % 7 >= 5 ? 0.7 : 1;
    return 100 * levelAt(day / 7) * rhythm * weekend * (1 + noise * (2 * random() - 1));
  });
  return { startMs: epochMs(START_MS), stepMs: durationMs(stepMs), values };
}

const tier = (priceUsdPerUnitHour: number) => ({ minUnits: 1, maxUnits: 40, priceUsdPerUnitHour });

/** A unit carries 5 requests/s; baseline 0.06, on demand 0.10; at most 40 units. */
export function madeRequest(history: DemandSeries, changes: Partial<CapacityRequest> = {}): CapacityRequest {
  return {
    history,
    localMs: (utcMs) => utcMs,
    needUnits: (rps) => Math.max(1, Math.ceil(rps / 5 - 1e-9)),
    horizonMs: 90 * DAY_MS,
    termMs: 365 * DAY_MS,
    commitUsdPerUnitHour: 0.06,
    today: {
      tiers: { baseline: tier(0.06), predictive: tier(0.1), burst: tier(0.1) },
      limits: { maxTotalUnits: 40, maxCostUsdPerHour: 4.16, burstReserveUnits: 2 },
      warm: { maxUnits: 0, priceUsdPerUnitHour: 0.04 },
      baselineUnits: undefined,
    },
    events: [],
    random: seededRandom(1),
    paths: 100,
    ...changes,
  };
}
