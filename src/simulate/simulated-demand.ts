import type { DemandSource } from "../model/ports.ts";
import { type DemandSeries, endMs } from "../model/series.ts";
import { type DurationMs, epochMs } from "../model/time.ts";

/** What a read gave away: the truth that the invariants hold a cycle to. */
export interface Delivered {
  /** The last present step, when it is young enough; null: nothing fresh. */
  readonly freshRps: number | null;
  /** Every step of the stabilisation window was there. */
  readonly isWindowWhole: boolean;
}

/** A source that samples a demand curve on its grid, with whatever goes wrong on the way. */
export interface SimulatedDemand extends DemandSource {
  readonly troubles: DemandTroubles;
  /** Of the last read; undefined before it. */
  delivered(): Delivered | undefined;
  /** What `series` says at `nowMs`; undefined is no answer. */
  judge(series: DemandSeries | undefined, nowMs: number): Delivered;
}

export interface DemandTroubles {
  /** The source cannot be read at all. */
  isGone: boolean;
  /** Steps sampled now are lost for good. */
  isLosing: boolean;
  /** The newest steps come this many steps late. */
  lateSteps: number;
  /** Steps sampled now are recorded as zero: an outage of the meter that looks like silence. */
  isZero: boolean;
  /** Steps sampled now repeat the last one before them. */
  isRepeating: boolean;
  /** Of the steps sampled now, every other one is lost. */
  isHalved: boolean;
  /** A present step is answered as this: NaN is a gap, negative or infinite numbers are nonsense. */
  nonsense: number | null;
}

export interface SimulatedDemandOptions {
  readonly stepMs: DurationMs;
  readonly staleAfterMs: number;
  readonly windowMs: number;
  /** Milliseconds that only rise. */
  readonly elapsedMs: () => number;
  readonly demandRps: (elapsedMs: number) => number;
  /** Steps of history before the first read. */
  readonly historySteps: number;
}

export function createSimulatedDemand(options: SimulatedDemandOptions): SimulatedDemand {
  const { stepMs } = options;
  const troubles = noDemandTroubles();
  const samples: Samples = { values: new Map(), last: undefined };
  let given: Delivered | undefined;
  return {
    name: "simulated demand",
    troubles,
    delivered: () => given,
    judge: (series, nowMs) =>
      series === undefined
        ? { freshRps: null, isWindowWhole: false }
        : deliveredOf(series.values, endMs(series), nowMs, options),
    read: async (nowMs, historyMs) => {
      const step = sample(options, samples, nowMs, troubles);
      if (troubles.isGone) {
        given = { freshRps: null, isWindowWhole: false };
        throw new Error("simulated demand: connection refused");
      }
      const end = step + 1 - troubles.lateSteps;
      const count = Math.min(Math.floor(historyMs / stepMs), options.historySteps);
      const values = Float64Array.from(
        { length: count },
        (_, i) => samples.values.get(end - count + i) ?? Number.NaN,
      );
      if (troubles.nonsense !== null) values[count - 1] = troubles.nonsense;
      given = deliveredOf(values, end * stepMs, nowMs, options);
      return { startMs: epochMs((end - count) * stepMs), stepMs, values };
    },
    close: async () => undefined,
  };
}

export function noDemandTroubles(): DemandTroubles {
  return {
    isGone: false,
    isLosing: false,
    lateSteps: 0,
    isZero: false,
    isRepeating: false,
    isHalved: false,
    nonsense: null,
  };
}

/** Steps by number on the wall clock's grid, and where the last read was, by wall step and by elapsed time. */
interface Samples {
  readonly values: Map<number, number>;
  last: { readonly step: number; readonly elapsedMs: number } | undefined;
}

/** Samples what ended since the last read; what the clock skipped over was never measured. Returns the last step. */
function sample(
  options: SimulatedDemandOptions,
  samples: Samples,
  nowMs: number,
  troubles: DemandTroubles,
): number {
  const { stepMs, elapsedMs, historySteps, demandRps } = options;
  const { values, last } = samples;
  const step = Math.floor(nowMs / stepMs) - 1;
  for (const known of values.keys()) if (known > step) values.delete(known);
  for (let at = Math.min(last?.step ?? step - historySteps, step - 1) + 1; at <= step; at++) {
    const endedMs = elapsedMs() - (nowMs - (at + 1) * stepMs);
    const wasSeen = last === undefined || endedMs > last.elapsedMs - stepMs;
    if (values.has(at)) continue;
    values.set(at, wasSeen ? recorded(troubles, at, demandRps(endedMs), values.get(at - 1)) : Number.NaN);
  }
  samples.last = { step, elapsedMs: elapsedMs() };
  return step;
}

function recorded(troubles: DemandTroubles, step: number, rps: number, before: number | undefined): number {
  if (troubles.isLosing || (troubles.isHalved && step % 2 === 0)) return Number.NaN;
  if (troubles.isZero) return 0;
  return troubles.isRepeating ? (before ?? rps) : rps;
}

/** Written apart from the controller's own reading of a series, so that one can be held against the other. */
function deliveredOf(
  values: Float64Array,
  endMs: number,
  nowMs: number,
  options: SimulatedDemandOptions,
): Delivered {
  const { stepMs, staleAfterMs, windowMs } = options;
  const isKnown = (value: number | undefined) => value !== undefined && Number.isFinite(value) && value >= 0;
  let age = 0;
  while (age < values.length && !isKnown(values[values.length - 1 - age])) age++;
  const freshRps =
    nowMs - (endMs - age * stepMs) <= staleAfterMs ? values[values.length - 1 - age] : undefined;
  const expected = Math.floor((nowMs - endMs) / stepMs);
  // A step shorter than the window: where it begins between two steps is not at issue here.
  const steps = Math.floor(windowMs / stepMs) - expected - 1;
  const window = steps > 0 ? values.subarray(-steps) : [];
  return { freshRps: freshRps ?? null, isWindowWhole: expected <= 1 && Array.from(window).every(isKnown) };
}
