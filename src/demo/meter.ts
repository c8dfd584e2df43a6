import type { PlatformState, TrafficSample } from "../model/platform.ts";
import type { Clock, PlatformReader } from "../model/ports.ts";
import type { Settings } from "../model/settings.ts";
import { TIERS, type TierUnits } from "../model/tier.ts";
import { HOUR_MS } from "../model/time.ts";

/** One reading of the platform, about a wall second long. */
export interface MeterSecond {
  /** Daemon time at its end. */
  readonly atMs: number;
  readonly demandRps: number;
  readonly readyUnits: number;
  readonly units: TierUnits;
}

/** What was served and what it cost since the start. */
export interface MeterTotals {
  readonly requests: number;
  readonly late: number;
  readonly failed: number;
  readonly unitHours: number;
  readonly costUsd: number;
}

export interface Meter {
  readonly seconds: readonly MeterSecond[];
  totals(): MeterTotals;
  latest(): { readonly state: PlatformState; readonly traffic: TrafficSample | undefined } | undefined;
  /** Polls until `signal` aborts. */
  run(signal: AbortSignal): Promise<void>;
}

const POLL_WALL_MS = 1_000;
const KEPT_SECONDS = 7_200;

/**
 * Reads supply and traffic each wall second. A unit is paid for from request to release: starting and draining
 * units count, warm ones at their own price; hours are hours of the daemon's time.
 */
export function createMeter(
  platform: PlatformReader,
  clock: Clock,
  settings: Settings,
  wallMs: () => number,
): Meter {
  const seconds: MeterSecond[] = [];
  let totals: MeterTotals = { requests: 0, late: 0, failed: 0, unitHours: 0, costUsd: 0 };
  let latest: ReturnType<Meter["latest"]>;
  let readToWallMs = wallMs();
  let lastMs = clock.nowMs();
  const poll = async (): Promise<void> => {
    const state = await platform.state();
    const samples = (await platform.traffic(readToWallMs)).filter(
      (sample) => sample.fromWallMs >= readToWallMs,
    );
    const nowMs = clock.nowMs();
    const hours = (nowMs - lastMs) / HOUR_MS;
    lastMs = nowMs;
    totals = addTraffic(addSupply(totals, state, settings, hours), samples);
    for (const sample of samples)
      seconds.push(secondOf(sample, state, nowMs - (wallMs() - sample.toWallMs) * clock.speed));
    if (seconds.length > KEPT_SECONDS) seconds.splice(0, seconds.length - KEPT_SECONDS);
    readToWallMs = samples.at(-1)?.toWallMs ?? readToWallMs;
    latest = { state, traffic: samples.at(-1) ?? latest?.traffic };
  };
  return {
    seconds,
    totals: () => totals,
    latest: () => latest,
    run: async (signal) => {
      while (!signal.aborted) {
        await poll().catch(() => undefined);
        await clock.sleep(POLL_WALL_MS * clock.speed, signal);
      }
    },
  };
}

function addSupply(
  totals: MeterTotals,
  state: PlatformState,
  settings: Settings,
  hours: number,
): MeterTotals {
  let units = 0;
  let usdPerHour = 0;
  for (const tier of TIERS) {
    const { readyUnits, startingUnits, drainingUnits } = state.tiers[tier];
    const paid = readyUnits + startingUnits + drainingUnits;
    units += paid;
    usdPerHour += paid * settings.tiers[tier].priceUsdPerUnitHour;
  }
  const warm = state.warm.idleUnits + state.warm.preparingUnits;
  usdPerHour += warm * settings.warm.priceUsdPerUnitHour;
  return {
    ...totals,
    unitHours: totals.unitHours + (units + warm) * hours,
    costUsd: totals.costUsd + usdPerHour * hours,
  };
}

function addTraffic(totals: MeterTotals, samples: readonly TrafficSample[]): MeterTotals {
  let { requests, late, failed } = totals;
  for (const sample of samples) {
    requests += sample.arrived;
    late += sample.late;
    failed += sample.failed;
  }
  return { ...totals, requests, late, failed };
}

function secondOf(sample: TrafficSample, state: PlatformState, atMs: number): MeterSecond {
  const wallSeconds = Math.max(0.001, (sample.toWallMs - sample.fromWallMs) / 1000);
  const { baseline, predictive, burst } = state.tiers;
  return {
    atMs,
    demandRps: sample.arrived / wallSeconds,
    readyUnits: sample.readyUnits,
    units: { baseline: baseline.readyUnits, predictive: predictive.readyUnits, burst: burst.readyUnits },
  };
}
