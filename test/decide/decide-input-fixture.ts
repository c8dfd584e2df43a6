import type { ForecastRecord } from "../../src/model/cycle.ts";
import type { DecideInput, DecideSettings } from "../../src/model/decide-input.ts";
import type { Risk, Strategy } from "../../src/model/decision.ts";
import type { ForecastEvidence } from "../../src/model/forecast.ts";
import type { PlatformState, TierState } from "../../src/model/platform.ts";
import type { AmountResourceSettings } from "../../src/model/settings.ts";
import type { Sizes, TierUnits } from "../../src/model/tier.ts";
import { DAY_MS, durationMs, HOUR_MS, MINUTE_MS } from "../../src/model/time.ts";

/** Monday 2026-03-02, 12:00 UTC. */
export const NOW_MS = Date.UTC(2026, 2, 2, 12);
export const STEP_MS = 5 * MINUTE_MS;
export const LEVELS: readonly number[] = [0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99];

/** One unit carries 10 requests/s: units can be counted by eye. */
export const TEN_RPS_A_UNIT: AmountResourceSettings = {
  kind: "amount",
  name: "cpu",
  perRps: 0.1,
  idle: 0,
  perUnit: 1,
  targetUtilization: 1,
};

/** Lead time 10 min, cycle 5 min, q* 0.9, prices 0.6 / 1 / 1 / 0.4; limits wide, no band, no stabilisation. */
export const SETTINGS: DecideSettings = {
  mode: "active",
  horizons: [durationMs(5 * MINUTE_MS), HOUR_MS, DAY_MS],
  resources: [TEN_RPS_A_UNIT],
  tiers: {
    baseline: { minUnits: 0, maxUnits: 1000, priceUsdPerUnitHour: 0.6 },
    predictive: { minUnits: 0, maxUnits: 1000, priceUsdPerUnitHour: 1 },
    burst: { minUnits: 0, maxUnits: 1000, priceUsdPerUnitHour: 1 },
  },
  warm: { maxUnits: 10, priceUsdPerUnitHour: 0.4, expiryMs: durationMs(30 * MINUTE_MS), quantile: 0.99 },
  limits: {
    maxTotalUnits: 2000,
    maxCostUsdPerHour: 100_000,
    maxStepUpUnits: 1000,
    maxStepDownUnits: 1000,
    burstReserveUnits: 0,
    maxUpdatesPerHour: 12,
  },
  risk: { acceptable: "medium", trustFloor: 0.4, aggressiveAbove: 0.8 },
  sizing: {
    rule: "newsvendor",
    underUsdPerUnitHour: 9,
    releaseBand: 0,
    stabilizationMs: durationMs(0),
    baselineReviewMs: DAY_MS,
    baselineStepUnits: 2,
    minSavingUsdPerHour: 0,
    marginFraction: 0,
  },
  missing: { holdMs: durationMs(30 * MINUTE_MS), fallbackUnits: 20 },
  leadTime: { priorMs: durationMs(10 * MINUTE_MS), quantile: 0.9 },
  cycleMs: STEP_MS,
  staleAfterMs: 15 * MINUTE_MS,
};

type SettingsPatch = { readonly [Key in keyof DecideSettings]?: Partial<DecideSettings[Key]> };

/** `base` with single settings of single groups replaced. */
export function patched(patch: SettingsPatch, base: DecideSettings = SETTINGS): DecideSettings {
  const merged: Record<string, unknown> = { ...base };
  for (const [key, value] of Object.entries(patch)) {
    const old = merged[key];
    merged[key] =
      Array.isArray(value) || typeof value !== "object" ? value : { ...(old as object), ...value };
  }
  return merged as unknown as DecideSettings;
}

/** The same demand at every level and step, or one row per level. */
export function forecastOf(demandRps: number | readonly number[], steps = 288): ForecastRecord {
  return {
    cutoffMs: NOW_MS,
    stepMs: STEP_MS,
    levels: LEVELS,
    quantiles: LEVELS.map((_, k) =>
      new Array<number>(steps).fill(typeof demandRps === "number" ? demandRps : (demandRps[k] ?? 0)),
    ),
  };
}

export const GOOD_EVIDENCE: ForecastEvidence = {
  weights: { naive: [1, 1, 1] },
  coverage90: [0.9, 0.9, 0.9],
  scoreCount: [100, 100, 100],
  relativeError: 0.6,
  anomalyScore: 0,
  anomalyMultiplier: 1,
  failures: {},
  fitMs: 0,
};

export function sizesOf(baseline: number, predictive: number, burst: number, warmUnits = 0): Sizes {
  return { units: { baseline, predictive, burst }, warmUnits };
}

export function platformOf(ready: TierUnits, wanted: TierUnits = ready, planGeneration = 1): PlatformState {
  const tier = (name: keyof TierUnits): TierState => ({
    wantedUnits: wanted[name],
    readyUnits: ready[name],
    startingUnits: Math.max(0, wanted[name] - ready[name]),
    drainingUnits: 0,
  });
  return {
    tiers: { baseline: tier("baseline"), predictive: tier("predictive"), burst: tier("burst") },
    warm: { wantedUnits: 0, idleUnits: 0, preparingUnits: 0 },
    planGeneration,
    startTimesMs: [],
  };
}

/** Demand 60 rps now (6 units), no forecast, nothing running, everything ready; no baseline review due. */
export function inputOf(
  patch: Partial<DecideInput> & { readonly demandRps?: number | null } = {},
): DecideInput {
  const { demandRps = 60, ...rest } = patch;
  const current = rest.current ?? sizesOf(0, 0, 6);
  return {
    schema: 2,
    nowMs: NOW_MS,
    decisionId: "d1",
    settings: SETTINGS,
    observation: {
      atMs: NOW_MS,
      cutoffMs: NOW_MS,
      demandRps,
      recentRps: [demandRps, demandRps, demandRps],
      freshness: demandRps === null ? "missing" : "fresh",
      note: "",
    },
    forecast: null,
    evidence: GOOD_EVIDENCE,
    platform: platformOf(current.units),
    warmExpiresMs: null,
    needHistory: [],
    appliedAtMs: [],
    lastBaselineReviewMs: NOW_MS,
    leadTimesMs: [],
    service: null,
    missingSinceMs: null,
    pause: null,
    ...rest,
    current,
  };
}

export function riskOf(strategy: Strategy = "conservative"): Risk {
  const part = strategy === "reactive-only" ? 0 : 1;
  return {
    trust: part,
    parts: { width: part, coverage: part, accuracy: part, anomaly: part, staleness: part },
    strategy,
    reason: "set by the test",
  };
}
