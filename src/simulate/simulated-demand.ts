import type { DemandSource } from "../model/ports.ts";
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
}

export interface DemandTroubles {
  /** The source cannot be read at all. */
  isGone: boolean;
  /** Steps sampled now are lost for good. */
  isLosing: boolean;
  /** The newest steps come this many steps late. */
  lateSteps: number;
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
  const troubles: DemandTroubles = { isGone: false, isLosing: false, lateSteps: 0, nonsense: null };
  const samples: Samples = { values: new Map(), last: undefined };
  let given: Delivered | undefined;
  return {
    name: "simulated demand",
    troubles,
    delivered: () => given,
    read: async (nowMs, historyMs) => {
      const step = sample(options, samples, nowMs, troubles.isLosing);
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

/** Steps by number on the wall clock's grid, and where the last read was, by wall step and by elapsed time. */
interface Samples {
  readonly values: Map<number, number>;
  last: { readonly step: number; readonly elapsedMs: number } | undefined;
}

/** Samples what ended since the last read; what the clock skipped over was never measured. Returns the last step. */
function sample(options: SimulatedDemandOptions, samples: Samples, nowMs: number, isLosing: boolean): number {
  const { stepMs, elapsedMs, historySteps, demandRps } = options;
  const { values, last } = samples;
  const step = Math.floor(nowMs / stepMs) - 1;
  for (const known of values.keys()) if (known > step) values.delete(known);
  for (let at = Math.min(last?.step ?? step - historySteps, step - 1) + 1; at <= step; at++) {
    const endedMs = elapsedMs() - (nowMs - (at + 1) * stepMs);
    const wasSeen = last === undefined || endedMs > last.elapsedMs - stepMs;
    if (!values.has(at)) values.set(at, wasSeen && !isLosing ? demandRps(endedMs) : Number.NaN);
  }
  samples.last = { step, elapsedMs: elapsedMs() };
  return step;
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
