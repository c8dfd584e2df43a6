import type { Settings } from "../model/settings.ts";
import { DAY_MS, durationMs, HOUR_MS, MINUTE_MS } from "../model/time.ts";

const STEP_MS = durationMs(15 * MINUTE_MS);

/**
 * A service whose units carry 10 requests/s each, so that units can be counted by eye; a cycle each quarter of an
 * hour, limits wide enough that only a few bind. 96 cycles are a day.
 */
export function simulatedSettings(): Settings {
  return {
    service: "simulated",
    mode: "active",
    promotion: undefined,
    gate: GATE,
    demand: {
      source: "csv",
      path: undefined,
      valueColumn: undefined,
      timeColumn: undefined,
      stepMs: STEP_MS,
      timeZone: "UTC",
      staleAfterMs: durationMs(2 * STEP_MS),
      historyMs: DAY_MS,
      scale: 1,
    },
    events: { files: [], holidays: undefined, planned: [] },
    leading: [],
    resources: [{ kind: "amount", name: "cpu", perRps: 0.1, idle: 0, perUnit: 1, targetUtilization: 1 }],
    horizons: [STEP_MS, HOUR_MS],
    forecast: { members: ["naive"], refitMs: HOUR_MS, trainMs: DAY_MS, capFactor: 3, threads: 1 },
    tiers: {
      baseline: { minUnits: 2, maxUnits: 15, priceUsdPerUnitHour: 0.06 },
      predictive: { minUnits: 0, maxUnits: 30, priceUsdPerUnitHour: 0.1 },
      burst: { minUnits: 0, maxUnits: 12, priceUsdPerUnitHour: 0.1 },
    },
    warm: { maxUnits: 4, priceUsdPerUnitHour: 0.04, expiryMs: HOUR_MS, quantile: 0.99 },
    limits: {
      maxTotalUnits: 40,
      maxCostUsdPerHour: 100,
      maxStepUpUnits: 10,
      maxStepDownUnits: 3,
      burstReserveUnits: 2,
      maxUpdatesPerHour: 12,
    },
    risk: { acceptable: "medium", trustFloor: 0.3, aggressiveAbove: 0.8 },
    sizing: {
      rule: "newsvendor",
      underUsdPerUnitHour: 0.9,
      releaseBand: 0.05,
      stabilizationMs: HOUR_MS,
      baselineReviewMs: DAY_MS,
      baselineStepUnits: 2,
      minSavingUsdPerHour: 0,
      marginFraction: 0,
    },
    missing: { holdMs: durationMs(3 * STEP_MS), fallbackUnits: 12 },
    leadTime: { priorMs: durationMs(10 * MINUTE_MS), quantile: 0.9 },
    schedule: { intervalMs: STEP_MS, jitterFraction: 0, maxDecisionAgeMs: STEP_MS },
    policies: POLICIES,
    platform: PLATFORM,
    pulumi: {
      backend: undefined,
      project: "simulated",
      baseStack: "base",
      tierStack: "tiers",
      passphraseFile: undefined,
      deadlineMs: durationMs(2 * MINUTE_MS),
      memoryMib: 1024,
    },
    state: { folder: "simulated", retention: DAY_MS },
    http: { host: "127.0.0.1", port: 0 },
    tags: {},
  };
}

const GATE: Settings["gate"] = {
  rule: "measured",
  demoteCoverage: 0.8,
  promoteCoverage: 0.85,
  demoteLoss: 1.05,
  promoteLoss: 1,
  dwellMs: DAY_MS,
  minScores: 48,
  headroomFraction: 0.25,
};

/** Written apart from the limits above, as the pack's own numbers are. */
const POLICIES: Settings["policies"] = {
  pack: undefined,
  limits: {
    maxBaselineUnits: 15,
    maxPredictiveUnits: 30,
    maxBurstUnits: 12,
    maxWarmUnits: 4,
    maxTotalUnits: 40,
    maxStepUpUnits: 10,
    maxStepDownUnits: 3,
    maxCostUsdPerHour: 100,
    minBaselineUnits: 2,
    burstReserveUnits: 2,
    requiredTags: [],
    accountShareUnits: "none",
    priceUsdPerUnitHour: { baseline: 0.06, predictive: 0.1, burst: 0.1, warm: 0.04 },
  },
};

const PLATFORM: Settings["platform"] = {
  kind: "local",
  routerPort: 0,
  slotsPerUnit: 2,
  serviceTimeMs: durationMs(200),
  startMedianMs: durationMs(2 * MINUTE_MS),
  startSigma: 0.3,
  drainMs: durationMs(1_000),
  queueLimit: 100,
  maxUnits: 60,
};
