import type { ForecastEvidence, QuantileForecast } from "../model/forecast.ts";
import { type DemandSeries, endMs, sliceSeries } from "../model/series.ts";
import { DAY_MS, epochMs } from "../model/time.ts";
import type { EnsembleInput } from "./ensemble.ts";
import type { LearnedState } from "./rolling.ts";

/** What a worker is asked: one series, one forecast. Plain data: members by name. */
export interface ForecastJob extends Omit<EnsembleInput, "members" | "monotonicMs"> {
  readonly members: readonly string[];
  /** Also send back each member's own forecast. */
  readonly wantMembers: boolean;
}

export type ForecastAnswer =
  | {
      readonly kind: "forecast";
      readonly forecast: QuantileForecast;
      readonly evidence: ForecastEvidence;
      readonly byMember: Readonly<Record<string, QuantileForecast>>;
      readonly learned: LearnedState;
    }
  | { readonly kind: "refused"; readonly reason: string };

/** The tail of `series` that a job can make use of: the training window before the oldest past forecast. */
export function usefulTail(series: DemandSeries, trainMs: number): DemandSeries {
  const toMs = endMs(series);
  const fromMs = Math.max(series.startMs, epochMs(toMs - trainMs - 9 * DAY_MS));
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
