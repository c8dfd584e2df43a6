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
  lateSteps: readonly number[] = [],
): Promise<Observed> {
  const { demand, settings } = parts;
  try {
    const limit = { what: demand.name, wallMs: answerLimitMs(parts) };
    const answer = askInTime(parts.clock, asked, limit, () => demand.read(nowMs, settings.demand.historyMs));
    const series = withoutNonsense(await answer);
    if (series.values.length === 0) return unseen(nowMs, `${demand.name}: no whole step yet`);
    const observation = observationOf(series, nowMs, settings, usualLate(lateSteps));
    return { series, observation };
  } catch (error) {
    return unseen(nowMs, error instanceof Error ? error.message : String(error));
  }
}

/** A number that demand cannot be, negative or infinite, is a missing sample: it says nothing. */
function withoutNonsense(series: DemandSeries): DemandSeries {
  return { ...series, values: series.values.map((value) => (value >= 0 && value < Infinity ? value : NaN)) };
}

/** Until enough looks say otherwise, a source is on time: an outage that just began is no habit. */
function usualLate(lateSteps: readonly number[]): number {
  return lateSteps.length < LATE_CYCLES ? 0 : Math.min(...lateSteps);
}

/** Cycles whose lateness is remembered. */
const LATE_CYCLES = 12;

/** Whole steps that the last sample of a fresh observation is behind, beside those of the cycles before. */
export function nextLateSteps(before: readonly number[], observed: Observed): readonly number[] {
  const { series, observation } = observed;
  if (series === null || observation.freshness !== "fresh") return before;
  const last = lastPresent(series);
  if (last === undefined) return before;
  const late = Math.max(0, Math.floor((observation.atMs - last.endMs) / series.stepMs));
  return [...before, late].slice(-LATE_CYCLES);
}

/**
 * Demand now is the last present step, as long as it ended no more than `staleAfter` ago. The recent window is as
 * long as the stabilisation window: a gap in it bars a scale-down. A source that is always late has no gap at the
 * window's end: `usualLateSteps` is how many whole steps it was behind at its best in the last cycles.
 *
 *     whole steps behind   usual   the steps missing at the end
 *                      0       0   none
 *                      2       0   a gap: nothing is released
 *                      2       2   not due yet
 *                      3       2   a gap
 */
export function observationOf(
  series: DemandSeries,
  nowMs: EpochMs,
  settings: Settings,
  usualLateSteps = 0,
): Observation {
  const windowMs = Math.max(settings.sizing.stabilizationMs, 3 * series.stepMs);
  const cutoffMs = endMs(series);
  const last = lastPresent(series);
  const lateSteps = last === undefined ? 0 : Math.floor((nowMs - last.endMs) / series.stepMs);
  const isDue = last === undefined || lateSteps > usualLateSteps;
  const endsMs = isDue ? Math.max(cutoffMs, nowMs - series.stepMs) : last.endMs;
  const recent = sliceSeries(series, Math.max(series.startMs, Math.min(endsMs, nowMs - windowMs)), endsMs);
  const recentRps = Array.from(recent.values, (value) => (Number.isNaN(value) ? null : value));
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
