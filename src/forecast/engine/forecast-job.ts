import type { ForecastEvidence, QuantileForecast } from "../../model/forecast.ts";
import type { KnownAhead } from "../../model/known-ahead.ts";
import { type DemandSeries, endMs, sliceSeries } from "../../model/series.ts";
import { DAY_MS, epochMs } from "../../model/time.ts";
import type { ContextInput } from "../context/in-context.ts";
import { BACKFILL_DAYS } from "../ensemble/refits.ts";

/** What a worker is asked: one series, one forecast. Plain data: members by name, what was learned as bytes. */
export interface ForecastJob
  extends Pick<
    ContextInput,
    | "series"
    | "timeZone"
    | "horizonSteps"
    | "horizonsMs"
    | "trainMs"
    | "refitMs"
    | "capFactor"
    | "staggerMs"
    | "without"
  > {
  readonly members: readonly string[];
  /** `packMemory` of the answer before. */
  readonly learned: Uint8Array | undefined;
  readonly ahead?: KnownAhead | undefined;
  readonly shared?: SharedWeights | undefined;
  /** Shared memory: the place of the member in hand, from 1, or 0 while there is none. */
  readonly progress?: Int32Array | undefined;
  /** Also send back each member's own forecast. */
  readonly wantMembers: boolean;
}

/** Weights trained on many series, serialized, in shared memory: a job carries them at no cost. */
export interface SharedWeights {
  readonly version: number;
  readonly bytes: SharedArrayBuffer;
}

export type ForecastAnswer =
  | {
      readonly kind: "forecast";
      readonly forecast: QuantileForecast;
      readonly evidence: ForecastEvidence;
      readonly byMember: Readonly<Record<string, QuantileForecast>>;
      readonly learned: Uint8Array;
      /** Fits of members that are not light. */
      readonly costlyFits: number;
    }
  | { readonly kind: "refused"; readonly reason: string };

/** What a worker is asked to train: members on many series together. */
export interface TrainingJob {
  readonly members: readonly string[];
  readonly histories: readonly DemandSeries[];
  readonly timeZone: string;
  readonly seed: number;
  readonly previous: SharedWeights | undefined;
}

/** The tail of `series` that a job can make use of: the training window before the oldest past forecast. */
export function usefulTail(series: DemandSeries, trainMs: number): DemandSeries {
  const toMs = endMs(series);
  const reachMs = trainMs + (BACKFILL_DAYS.light + 2) * DAY_MS;
  const fromMs = Math.max(series.startMs, epochMs(toMs - reachMs));
  return sliceSeries(series, fromMs, toMs);
}

/** Buffers of the typed arrays inside plain data, each once: handed over instead of copied. */
export function buffersOf(value: unknown, found = new Set<ArrayBuffer>()): Set<ArrayBuffer> {
  if (ArrayBuffer.isView(value)) {
    if (value.buffer instanceof ArrayBuffer) found.add(value.buffer);
  } else if (typeof value === "object" && value !== null) {
    for (const inner of Object.values(value)) buffersOf(inner, found);
  }
  return found;
}
