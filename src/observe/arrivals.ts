import type { DemandSeries } from "../model/series.ts";
import { type DurationMs, durationMs, type EpochMs, epochMs, MINUTE_MS } from "../model/time.ts";

/** Single arrivals, stamped to the minute, in time order. */
export interface Arrivals {
  readonly startMs: EpochMs;
  /** Minutes after `startMs`, rising, one for each arrival. */
  readonly minuteOffsets: Uint32Array;
  /** Index into `originNames`, one for each arrival. */
  readonly origins: Uint16Array;
  readonly originNames: readonly string[];
}

/**
 * Arrivals as demand: their number in a step times `requestScale`, over the step's seconds. A step without
 * arrivals is 0, as the list of arrivals is whole; the last step, where the list may end in the midst, is left out.
 */
export function arrivalsToSeries(arrivals: Arrivals, stepMs: DurationMs, requestScale: number): DemandSeries {
  const { startMs, minuteOffsets } = arrivals;
  const firstStep = Math.floor(startMs / stepMs);
  const lastMs = startMs + (minuteOffsets.at(-1) ?? 0) * MINUTE_MS;
  const values = new Float64Array(Math.max(0, Math.floor((lastMs + MINUTE_MS) / stepMs) - firstStep));
  const perArrival = (requestScale * 1000) / stepMs;
  for (const offset of minuteOffsets) {
    const step = Math.floor((startMs + offset * MINUTE_MS) / stepMs) - firstStep;
    if (step < values.length) values[step] = (values[step] ?? 0) + perArrival;
  }
  return { startMs: epochMs(firstStep * stepMs), stepMs: durationMs(stepMs), values };
}
