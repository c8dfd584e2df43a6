import type { DemandSource } from "../../model/ports.ts";
import type { DemandSeries } from "../../model/series.ts";
import { type DurationMs, durationMs, epochMs } from "../../model/time.ts";
import { countLatency, type LatencySteps, latencyAt } from "../log-latency.ts";

export interface ActivityDemand {
  count(atMs: number, responseMs: number): void;
  /**
   * Requests of `[fromMs, toMs]` were lost, or may have been: its steps are a gap, whatever else is counted
   * in them.
   */
  lose(fromMs: number, toMs: number): void;
  readonly source: DemandSource;
  /** Steps that are gaps now. */
  lostSteps(): number;
}

/** Three months of minutes; the oldest go first. */
const MAX_STEPS = 130_000;

/**
 * Demand counted from activity as it comes, in bounded memory. A step without a request is zero while the
 * intake is open; a step in which load was shed or input lost is a **gap**, never zero and never the part
 * that got through. Nothing is said about the time before the first request.
 */
export function createActivityDemand(name: string, stepMs: DurationMs, maxSteps = MAX_STEPS): ActivityDemand {
  const counts = new Map<number, number>();
  const lost = new Set<number>();
  const latencies: LatencySteps = new Map();
  let first = Number.POSITIVE_INFINITY;
  const trim = (): void => {
    if (counts.size > maxSteps || lost.size > maxSteps) first = Math.max(first, dropOlderHalf(counts, lost));
  };
  return {
    count: (atMs, responseMs) => {
      const step = Math.floor(atMs / stepMs);
      if (counts.size === 0 && lost.size === 0) first = step;
      else if (step < first) first = counts.size < maxSteps ? step : first;
      counts.set(step, (counts.get(step) ?? 0) + 1);
      if (!Number.isNaN(responseMs)) countLatency(latencies, step, responseMs);
      trim();
    },
    lose: (fromMs, toMs) => {
      const from = Math.max(Math.floor(fromMs / stepMs), Math.floor(toMs / stepMs) - maxSteps);
      if (counts.size === 0 && lost.size === 0) first = from;
      for (let step = from; step <= Math.floor(toMs / stepMs); step++) lost.add(step);
      trim();
    },
    lostSteps: () => lost.size,
    source: {
      name,
      read: async (nowMs, historyMs) => seriesOf(counts, lost, first, stepMs, nowMs, historyMs),
      latency: (nowMs) => latencyAt(latencies, stepMs, nowMs),
      close: async () => {
        counts.clear();
        lost.clear();
      },
    },
  };
}

/** The first step that is kept. */
function dropOlderHalf(counts: Map<number, number>, lost: Set<number>): number {
  const known = [...counts.keys(), ...lost].sort((a, b) => a - b);
  const first = known[Math.floor(known.length / 2)] ?? Number.NEGATIVE_INFINITY;
  for (const step of known) {
    if (step >= first) break;
    counts.delete(step);
    lost.delete(step);
  }
  return first;
}

/** Whole steps up to `nowMs`. */
function seriesOf(
  counts: ReadonlyMap<number, number>,
  lost: ReadonlySet<number>,
  firstKnown: number,
  stepMs: number,
  nowMs: number,
  historyMs: number,
): DemandSeries {
  const end = Math.floor(nowMs / stepMs);
  // The first step begins in its midst.
  const first = Math.max(
    Number.isFinite(firstKnown) ? firstKnown + 1 : end,
    end - Math.floor(historyMs / stepMs),
  );
  const values = new Float64Array(Math.max(0, end - first));
  for (let i = 0; i < values.length; i++) {
    const step = first + i;
    values[i] = lost.has(step) ? Number.NaN : ((counts.get(step) ?? 0) * 1000) / stepMs;
  }
  const startMs = epochMs(first * stepMs);
  return { startMs, stepMs: durationMs(stepMs), values };
}
