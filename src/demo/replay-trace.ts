import type { DemandSeries } from "../model/series.ts";
import { type EpochMs, epochMs, MINUTE_MS } from "../model/time.ts";
import type { Arrivals } from "../observe/arrivals.ts";

/** A trace that can be learned from and sent as requests. */
export interface ReplayTrace {
  readonly name: string;
  /** Demand as the service will feel it, requests per wall second, on the grid of the daemon. */
  readonly series: DemandSeries;
  /** Where the replay starts unless told otherwise. */
  readonly startMs: EpochMs;
  readonly endMs: EpochMs;
  /** Requests due in one minute of trace time, per endpoint. */
  minute(fromMs: number): Readonly<Record<string, number>>;
}

/** Single arrivals, each one request to its origin. */
export function arrivalsTrace(
  name: string,
  arrivals: Arrivals,
  series: DemandSeries,
  startMs: EpochMs,
): ReplayTrace {
  const { minuteOffsets, origins, originNames } = arrivals;
  const lastOffset = minuteOffsets.at(-1) ?? 0;
  return {
    name,
    series,
    startMs,
    endMs: epochMs(arrivals.startMs + lastOffset * MINUTE_MS),
    minute: (fromMs) => {
      const offset = Math.round((fromMs - arrivals.startMs) / MINUTE_MS);
      const counts: Record<string, number> = {};
      for (let i = firstAtLeast(minuteOffsets, offset); minuteOffsets[i] === offset; i++) {
        const endpoint = originNames[origins[i] ?? 0] ?? "unknown";
        counts[endpoint] = (counts[endpoint] ?? 0) + 1;
      }
      return counts;
    },
  };
}

/** A series without single arrivals: each minute sends its step's rate, fractions carried over to the next. */
export function seriesTrace(
  name: string,
  series: DemandSeries,
  startMs: EpochMs,
  speed: number,
): ReplayTrace {
  const perMinute = 60 / speed;
  let carried = 0;
  return {
    name,
    series,
    startMs,
    endMs: epochMs(series.startMs + series.values.length * series.stepMs),
    minute: (fromMs) => {
      const rps = series.values[Math.floor((fromMs - series.startMs) / series.stepMs)] ?? Number.NaN;
      if (Number.isNaN(rps)) return {};
      carried += rps * perMinute;
      const count = Math.floor(carried);
      carried -= count;
      return { all: count };
    },
  };
}

function firstAtLeast(sorted: Uint32Array, wanted: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sorted[middle] ?? 0) < wanted) low = middle + 1;
    else high = middle;
  }
  return low;
}
