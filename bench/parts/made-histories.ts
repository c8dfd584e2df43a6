import type { DemandSeries } from "../../src/model/series.ts";
import { DAY_MS, durationMs, epochMs, HOUR_MS } from "../../src/model/time.ts";

/** 2026-03-02, a Monday. */
export const MADE_START_MS = Date.UTC(2026, 2, 2);

/**
 * Demand of one service as there are many: a day and a week of its own shape, noise that lasts a while, jobs on the
 * hour, a rare spike, a gap in two hundred steps. The same for the same seed.
 */
export function madeHistory(seed: number, steps: number, stepMs: number): DemandSeries {
  const random = randomStream(seed * 7919 + 1);
  const level = 20 + 400 * random();
  const daily = 0.2 + 0.6 * random();
  const weekend = 0.4 + 0.6 * random();
  const shiftMs = random() * DAY_MS;
  const noise = 0.02 + 0.2 * random();
  const hourly = random() < 0.3 ? 0.3 * random() : 0;
  let lasting = 0;
  const values = Float64Array.from({ length: steps }, (_, i) => {
    const atMs = i * stepMs;
    const day = Math.floor(atMs / DAY_MS) % 7;
    const angle = (2 * Math.PI * (atMs + shiftMs)) / DAY_MS;
    lasting = 0.9 * lasting + 0.4 * (random() - 0.5);
    const job = atMs % HOUR_MS < stepMs ? hourly : 0;
    const spike = random() < 0.001 ? 2 * random() : 0;
    const rhythm = (1 - daily * Math.cos(angle)) * (day >= 5 ? weekend : 1);
    if (random() < 0.005) return Number.NaN;
    return Math.max(0, level * (rhythm + noise * (random() - 0.5 + lasting) + job + spike));
  });
  return { startMs: epochMs(MADE_START_MS), stepMs: durationMs(stepMs), values };
}

/** Steps `[from, to)` of a history: a view. */
export function stretch(history: DemandSeries, from: number, to: number): DemandSeries {
  return {
    startMs: epochMs(history.startMs + from * history.stepMs),
    stepMs: history.stepMs,
    values: history.values.subarray(from, to),
  };
}

/** A repeatable stream of numbers in [0, 1) (mulberry32). */
export function randomStream(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
