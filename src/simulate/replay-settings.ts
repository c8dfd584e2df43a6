import type { Settings } from "../model/settings.ts";
import { DAY_MS, durationMs, HOUR_MS, MINUTE_MS } from "../model/time.ts";
import { WORLD_PRICES } from "./figures.ts";
import { simulatedSettings } from "./simulated-settings.ts";
import type { TraceWorld } from "./world.ts";

/** One setting of the swept knob: how safe the sizing is. */
export interface TiercastKnob {
  /** Name of the knob's value, e.g. `0.9` or `0.999x1.25`. */
  readonly name: string;
  /** The newsvendor's critical ratio q*. */
  readonly quantile: number;
  /** Safety margin on the need, 0.1 for 10 %: what is swept past the last quantile. */
  readonly marginFraction: number;
}

const QUANTILES = [
  0.05, 0.2, 0.35, 0.5, 0.6, 0.7, 0.8, 0.86, 0.9, 0.93, 0.95, 0.97, 0.98, 0.99, 0.995, 0.999,
];
/**
 * Below the reactive floor of demand itself: cheaper than anybody should run, but the HPA's frontier goes there. The
 * margin lowers floor and forecast alike; a higher quantile beside it lets the forecast lead, not the last value.
 */
const CHEAP: readonly (readonly [quantile: number, share: number])[] = [
  [0.5, 0.75],
  [0.5, 0.85],
  [0.5, 0.92],
  [0.5, 0.96],
  [0.8, 0.96],
  [0.9, 0.85],
  [0.9, 0.95],
  [0.95, 0.9],
  [0.98, 0.92],
];
const MARGINS = [0.05, 0.1, 0.2, 0.35, 0.6, 1];

/** From very cheap to very safe. */
export const TIERCAST_KNOBS: readonly TiercastKnob[] = [
  ...CHEAP.map(([quantile, share]) => ({
    name: `${quantile}x${share}`,
    quantile,
    marginFraction: share - 1,
  })),
  ...QUANTILES.map((quantile) => ({ name: String(quantile), quantile, marginFraction: 0 })),
  ...MARGINS.map((marginFraction) => ({
    name: `0.999x${1 + marginFraction}`,
    quantile: 0.999,
    marginFraction,
  })),
];

/**
 * Policies are compared at equal unit-hours, where a baseline unit costs as much as any other. So the
 * review is told a price at which it holds what is busy 99 % of the next day; with the 0.6 that figures of
 * cost use, it would hold units through the night that cost money less and unit-hours more.
 */
const BASELINE_BUSY_SHARE = 0.99;

/** More units than any trace needs: limits are wide open. */
const PLENTY = 100_000;

/**
 * The settings a service in this world would have: one resource of which a request/s takes 1 and a unit has
 * `unitRps`, so that units are ceil(demand / unitRps); the world's lead time, known and constant; a cycle
 * each step; limits that never bind; no release band; no warm pool. `aggressive` is off, since it would
 * raise the very quantile that is swept. `reactive-only` is off too: it takes the headroom away where
 * demand is hardest to forecast; on the training part of NAB's ELB trace it leaves 4 to 500 times the
 * violations at equal unit-hours. A size is held for the shipped two cycles, 5 min at least: on training parts
 * (Google CPU, KPI, ISP, NASA; short lead) the geometric mean of violations falls by a quarter against a release
 * at once, and a third to three quarters of the updates are saved; on WorldCup98, by the minute, 10 min cost a
 * third more than 5.
 */
export function replaySettings(world: TraceWorld, knob: TiercastKnob): Settings {
  const base = simulatedSettings();
  const stepMs = durationMs(world.stepMinutes * MINUTE_MS);
  const tier = (priceUsdPerUnitHour: number) => ({ minUnits: 0, maxUnits: PLENTY, priceUsdPerUnitHour });
  return {
    ...base,
    demand: { ...base.demand, stepMs, staleAfterMs: durationMs(3 * stepMs) },
    resources: [
      { kind: "amount", name: "demand", perRps: 1, idle: 0, perUnit: world.unitRps, targetUtilization: 1 },
    ],
    // One horizon, so that coverage is that at the window's end.
    horizons: [durationMs((world.leadSteps + 1) * stepMs)],
    tiers: {
      baseline: tier(BASELINE_BUSY_SHARE * WORLD_PRICES.predictive),
      predictive: tier(WORLD_PRICES.predictive),
      burst: tier(WORLD_PRICES.burst),
    },
    warm: { ...base.warm, maxUnits: 0 },
    limits: {
      maxTotalUnits: PLENTY,
      maxCostUsdPerHour: PLENTY,
      maxStepUpUnits: PLENTY,
      maxStepDownUnits: PLENTY,
      burstReserveUnits: 0,
      maxUpdatesPerHour: PLENTY,
    },
    risk: { acceptable: "medium", trustFloor: 0, aggressiveAbove: 2 },
    sizing: {
      rule: "newsvendor",
      underUsdPerUnitHour: (knob.quantile / (1 - knob.quantile)) * WORLD_PRICES.predictive,
      releaseBand: 0,
      stabilizationMs: durationMs(Math.max(5 * MINUTE_MS, 2 * stepMs)),
      baselineReviewMs: DAY_MS,
      baselineStepUnits: PLENTY,
      minSavingUsdPerHour: 0,
      marginFraction: knob.marginFraction,
    },
    // "No metric: it holds", for as long as it lasts.
    missing: { holdMs: durationMs(HOUR_MS), fallbackUnits: 0 },
    leadTime: { priorMs: durationMs(world.leadSteps * stepMs), quantile: 0.9 },
    schedule: { intervalMs: stepMs, jitterFraction: 0, maxDecisionAgeMs: stepMs },
  };
}
