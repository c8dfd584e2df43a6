import { FORECAST_LEVELS } from "../../src/model/forecast.ts";
import type { DemandSource, ForecastEngine } from "../../src/model/ports.ts";
import type { DemandSeries } from "../../src/model/series.ts";
import { durationMs, epochMs } from "../../src/model/time.ts";

/** Demand as a function of the instant at which a grid step starts, requests/s. */
export type DemandAt = (stepStartMs: number) => number;

export function madeDemand(stepMs: number, demandRps: DemandAt): DemandSource {
  return {
    name: "made demand",
    read: async (nowMs, historyMs): Promise<DemandSeries> => {
      const endMs = Math.floor(nowMs / stepMs) * stepMs;
      const count = Math.floor(historyMs / stepMs);
      const startMs = endMs - count * stepMs;
      const values = Float64Array.from({ length: count }, (_, step) => demandRps(startMs + step * stepMs));
      return { startMs: epochMs(startMs), stepMs: durationMs(stepMs), values };
    },
    close: async () => undefined,
  };
}

/** Demand by the hour of the day, from a tenth at night to all of `peakRps`, with seeded noise of ± `noise`. */
export function dailyDemand(peakRps: number, noise: number): DemandAt {
  return (atMs) => {
    const hour = (atMs / 3_600_000) % 24;
    const rhythm = 0.55 - 0.45 * Math.cos((hour / 24) * 2 * Math.PI);
    return peakRps * rhythm * (1 + noise * (2 * noiseAt(atMs) - 1));
  };
}

/** The same number in [0, 1) for the same instant, whatever was asked before (mulberry32). */
function noiseAt(atMs: number): number {
  let state = (Math.floor(atMs / 1_000) + 0x6d2b79f5) | 0;
  state = Math.imul(state ^ (state >>> 15), state | 1);
  state ^= state + Math.imul(state ^ (state >>> 7), state | 61);
  return ((state ^ (state >>> 14)) >>> 0) / 2 ** 32;
}

/** Says that all goes on as it was last, within 2 %: for benches that measure everything but fitting. */
export function flatForecaster(steps: number): ForecastEngine {
  return {
    forecast: async (_key, series) => {
      const last = series.values.at(-1) ?? 0;
      const quantiles = FORECAST_LEVELS.map((level) =>
        new Float64Array(steps).fill(last * (1 + (level - 0.5) * 0.04)),
      );
      return {
        forecast: {
          cutoffMs: epochMs(series.startMs + series.values.length * series.stepMs),
          stepMs: series.stepMs,
          levels: FORECAST_LEVELS,
          quantiles,
        },
        evidence: {
          weights: { naive: [1] },
          coverage90: [0.9],
          scoreCount: [100],
          relativeError: 0.5,
          anomalyScore: 0,
          anomalyMultiplier: 1,
          failures: {},
          fitMs: 0,
        },
      };
    },
    close: async () => undefined,
  };
}
