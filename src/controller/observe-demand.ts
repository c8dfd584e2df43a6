import type { Observation } from "../model/cycle.ts";
import { type DemandSeries, endMs, sliceSeries } from "../model/series.ts";
import type { Settings } from "../model/settings.ts";
import { type EpochMs, shortDuration } from "../model/time.ts";
import { type Asked, answerLimitMs, askInTime } from "./in-time.ts";
import type { ControllerParts } from "./parts.ts";

/** What a cycle read: the history to learn from and what it says about now. */
export interface Observed {
  readonly series: DemandSeries | null;
  readonly observation: Observation;
}

/** Reads the source; a source that cannot be read makes demand missing, never zero, and never ends the cycle. */
export async function observeDemand(
  parts: ControllerParts,
  asked: Asked<DemandSeries>,
  nowMs: EpochMs,
): Promise<Observed> {
  const { demand, settings } = parts;
  try {
    const limit = { what: demand.name, wallMs: answerLimitMs(parts) };
    const answer = askInTime(parts.clock, asked, limit, () => demand.read(nowMs, settings.demand.historyMs));
    const series = withoutNonsense(await answer);
    if (series.values.length === 0) return unseen(nowMs, `${demand.name}: no whole step yet`);
    return { series, observation: observationOf(series, nowMs, settings) };
  } catch (error) {
    return unseen(nowMs, error instanceof Error ? error.message : String(error));
  }
}

/** A number that demand cannot be, negative or infinite, is a missing sample: it says nothing. */
function withoutNonsense(series: DemandSeries): DemandSeries {
  return { ...series, values: series.values.map((value) => (value >= 0 && value < Infinity ? value : NaN)) };
}

/**
 * Demand now is the last present step, as long as it ended no more than `staleAfter` ago. The recent window is as
 * long as the stabilisation window: a gap in it bars a scale-down.
 */
export function observationOf(series: DemandSeries, nowMs: EpochMs, settings: Settings): Observation {
  const windowMs = Math.max(settings.sizing.stabilizationMs, 3 * series.stepMs);
  const cutoffMs = endMs(series);
  const recent = sliceSeries(
    series,
    Math.max(series.startMs, nowMs - windowMs),
    Math.max(cutoffMs, nowMs - series.stepMs),
  );
  const recentRps = Array.from(recent.values, (value) => (Number.isNaN(value) ? null : value));
  const last = lastPresent(series);
  if (last === undefined) {
    return {
      atMs: nowMs,
      cutoffMs,
      demandRps: null,
      recentRps,
      freshness: "missing",
      note: "no sample is known",
    };
  }
  const ageMs = nowMs - last.endMs;
  if (ageMs > settings.demand.staleAfterMs) {
    const note = `last sample is ${shortDuration(ageMs)} old`;
    return { atMs: nowMs, cutoffMs, demandRps: null, recentRps, freshness: "stale", note };
  }
  return { atMs: nowMs, cutoffMs, demandRps: last.value, recentRps, freshness: "fresh", note: "" };
}

function unseen(nowMs: EpochMs, note: string): Observed {
  const observation: Observation = {
    atMs: nowMs,
    cutoffMs: nowMs,
    demandRps: null,
    recentRps: [],
    freshness: "missing",
    note,
  };
  return { series: null, observation };
}

function lastPresent(series: DemandSeries): { readonly value: number; readonly endMs: number } | undefined {
  for (let i = series.values.length - 1; i >= 0; i--) {
    const value = series.values[i];
    if (value !== undefined && !Number.isNaN(value)) {
      return { value, endMs: series.startMs + (i + 1) * series.stepMs };
    }
  }
  return undefined;
}
