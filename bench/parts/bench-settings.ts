import { settingsFromText } from "../../src/config.ts";
import type { Log } from "../../src/model/ports.ts";
import type { Settings } from "../../src/model/settings.ts";

/** Grid step and interval of the benches' service, ms: 20 minutes. */
export const BENCH_STEP_MS = 1_200_000;

/** A small service on the local platform, with limits wide enough that none of them binds. */
export function benchSettings(folder: string, forecastThreads = 1): Settings {
  const text = `
service: bench
mode: active
demand: { source: platform, step: 20m, staleAfter: 1h, history: 21d }
resources:
  - { kind: queue, name: requests, slotsPerUnit: 4, serviceTime: 200ms, latencyObjective: 500ms }
horizons: [20m, 1h, 24h]
forecast: { refit: 6h, train: 21d, threads: ${forecastThreads} }
tiers:
  baseline: { minUnits: 1, maxUnits: 4, priceUsdPerUnitHour: 0.06 }
  predictive: { maxUnits: 20, priceUsdPerUnitHour: 0.1 }
  burst: { maxUnits: 10, priceUsdPerUnitHour: 0.1 }
warm: { maxUnits: 0 }
limits:
  maxTotalUnits: 24
  maxCostUsdPerHour: 10
  maxStepUpUnits: 20
  maxStepDownUnits: 20
  burstReserveUnits: 1
  maxUpdatesPerHour: 60
sizing: { stabilization: 1m, releaseBand: 0.05, minSavingUsdPerHour: 0 }
schedule: { interval: 20m, jitterFraction: 0 }
platform:
  kind: local
  slotsPerUnit: 4
  serviceTime: 200ms
  startMedian: 200ms
  startSigma: 0.2
  drain: 500ms
  maxUnits: 26
state: { folder: ${JSON.stringify(folder)} }
http: { port: 0 }
tags: { owner: bench }
`;
  return settingsFromText(text, "bench.yaml", {}).settings;
}

/** Warnings and errors go to stderr: a bench that logs them measures something else than it says. */
export function benchLog(): Log {
  return {
    info: () => undefined,
    warn: (stage, message) => console.error(`warn ${stage}: ${message}`),
    error: (stage, message) => console.error(`error ${stage}: ${message}`),
  };
}
