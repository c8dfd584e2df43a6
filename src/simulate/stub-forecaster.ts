import type { ForecastEvidence, QuantileForecast } from "../model/forecast.ts";
import type { ForecastEngine } from "../model/ports.ts";
import { endMs } from "../model/series.ts";
import { DAY_MS, type DurationMs, epochMs } from "../model/time.ts";

/** How the stub misbehaves; `fine` repeats the last known step. */
export type StubMood =
  | "fine"
  | "throws"
  | "crossed"
  | "zero"
  | "hundredfold"
  | "huge"
  | "negative"
  | "ragged"
  | "empty"
  | "old"
  | "bad-scores"
  | "no-scores"
  | "drifting";

/**
 * A stub, no forecaster: the last known step repeated, 20 % to either side. It is cheap and its errors are plain,
 * which is what a simulation of the controller needs; how good forecasts are is measured elsewhere.
 */
export interface StubForecaster extends ForecastEngine {
  mood: StubMood;
}

const LEVELS = [0.1, 0.5, 0.9, 0.99];
const SPREAD = [0.8, 1, 1.2, 1.3];
const FACTORS: Readonly<Partial<Record<StubMood, number>>> = {
  hundredfold: 100,
  zero: 0,
  huge: 1e12,
  negative: -1,
};
const OLD_MS = 3 * DAY_MS;

/** `stepMs`: the forecast's own step; that of the series when left out. */
export function createStubForecaster(steps: number, stepMs?: DurationMs): StubForecaster {
  const stub: StubForecaster = {
    mood: "fine",
    forecast: async (_key, series) => {
      const { mood } = stub;
      if (mood === "throws") throw new Error("stub forecaster: worker out of memory");
      const lastRps = series.values.findLast((value) => Number.isFinite(value)) ?? 0;
      const rps = lastRps * (FACTORS[mood] ?? 1);
      const quantiles = SPREAD.map((factor) => new Float64Array(steps).fill(rps * factor));
      const forecast: QuantileForecast = {
        cutoffMs: epochMs(endMs(series) - (mood === "old" ? OLD_MS : 0)),
        stepMs: stepMs ?? series.stepMs,
        levels: LEVELS,
        quantiles: misshapen(quantiles, mood),
      };
      return { forecast, evidence: EVIDENCES[mood] ?? EVIDENCE };
    },
    close: async () => undefined,
  };
  return stub;
}

function misshapen(quantiles: readonly Float64Array[], mood: StubMood): readonly Float64Array[] {
  if (mood === "crossed") return quantiles.map((row, k) => (k === 2 ? row.map(() => Number.NaN) : row));
  if (mood === "ragged") return quantiles.map((row, k) => (k === 1 ? row.subarray(1) : row));
  return mood === "empty" ? [] : quantiles;
}

const EVIDENCE: ForecastEvidence = {
  weights: { stub: [1] },
  coverage90: [0.9],
  scoreCount: [100],
  relativeError: 0.9,
  anomalyScore: 0,
  anomalyMultiplier: 1,
  failures: {},
  fitMs: 0,
};

const EVIDENCES: Readonly<Partial<Record<StubMood, ForecastEvidence>>> = {
  "bad-scores": { ...EVIDENCE, coverage90: [0.4], relativeError: 3 },
  "no-scores": { ...EVIDENCE, coverage90: [Number.NaN], scoreCount: [0], relativeError: undefined },
  drifting: {
    ...EVIDENCE,
    findings: [
      {
        kind: "drift",
        direction: "up",
        startMs: 0,
        detectedMs: 0,
        endMs: null,
        severity: "high",
        reason: "stub: demand drifts",
      },
    ],
  },
};
