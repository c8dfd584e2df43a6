import type { ForecastEvidence, QuantileForecast } from "../model/forecast.ts";
import type { ForecastEngine } from "../model/ports.ts";
import { endMs } from "../model/series.ts";

/** How the stub misbehaves; `fine` repeats the last known step. */
export type StubMood = "fine" | "throws" | "crossed" | "zero" | "hundredfold";

/**
 * A stub, no forecaster: the last known step repeated, 20 % to either side. It is cheap and its errors are plain,
 * which is what a simulation of the controller needs; how good forecasts are is measured elsewhere.
 */
export interface StubForecaster extends ForecastEngine {
  mood: StubMood;
}

const LEVELS = [0.1, 0.5, 0.9, 0.99];
const SPREAD = [0.8, 1, 1.2, 1.3];

export function createStubForecaster(steps: number): StubForecaster {
  const stub: StubForecaster = {
    mood: "fine",
    forecast: async (_key, series) => {
      if (stub.mood === "throws") throw new Error("stub forecaster: worker out of memory");
      const lastRps = series.values.findLast((value) => Number.isFinite(value)) ?? 0;
      const rps = lastRps * (stub.mood === "hundredfold" ? 100 : stub.mood === "zero" ? 0 : 1);
      const quantiles = SPREAD.map((factor) => new Float64Array(steps).fill(rps * factor));
      if (stub.mood === "crossed") quantiles[2]?.fill(Number.NaN);
      const forecast: QuantileForecast = {
        cutoffMs: endMs(series),
        stepMs: series.stepMs,
        levels: LEVELS,
        quantiles,
      };
      return { forecast, evidence: EVIDENCE };
    },
    close: async () => undefined,
  };
  return stub;
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
