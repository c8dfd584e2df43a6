import type { DemandSeries } from "../../src/model/series.ts";
import { DAY_MS, durationMs, epochMs, MINUTE_MS } from "../../src/model/time.ts";

/** 2026-03-02, a Monday, midnight UTC. */
export const START_MS = Date.UTC(2026, 2, 2);
export const STEP_MS = 5 * MINUTE_MS;
export const DAY_STEPS = DAY_MS / STEP_MS;

export function seriesOf(values: ArrayLike<number>, stepMs = STEP_MS, startMs = START_MS): DemandSeries {
  return { startMs: epochMs(startMs), stepMs: durationMs(stepMs), values: Float64Array.from(values) };
}

/** A repeatable stream of numbers in [0, 1) (mulberry32). */
export function randomStream(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Daily wave around `level` with noise: trough at midnight UTC, peak at noon. */
export function dailyWave(
  days: number,
  { level = 200, seed = 1, noise = 0.1, stepMs = STEP_MS } = {},
): DemandSeries {
  const random = randomStream(seed);
  const steps = Math.round((days * DAY_MS) / stepMs);
  const values = Array.from({ length: steps }, (_, i) => {
    const angle = (2 * Math.PI * i * stepMs) / DAY_MS;
    const jitter = (random() + random() + random() - 1.5) * noise * level;
    return Math.max(0, level * (1 - 0.6 * Math.cos(angle)) + jitter);
  });
  return seriesOf(values, stepMs);
}
