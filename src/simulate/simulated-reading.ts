import type { DemandSeries } from "../model/series.ts";
import { MINUTE_MS } from "../model/time.ts";

/** What a process asked of the source and got, judged apart from its own reading of it. */
export interface Reading {
  /** Arrived, and not yet taken by a cycle. */
  arrived: DemandSeries | undefined;
  /** Taken by the cycle in hand; undefined: it got nothing. */
  taken: DemandSeries | undefined;
  nowMs: number;
  /** When it was asked, and whether the answer took its time. */
  askedMs: number;
  isLate: boolean;
  isOpen: boolean;
}

export function noReading(): Reading {
  return { arrived: undefined, taken: undefined, nowMs: 0, askedMs: 0, isLate: false, isOpen: false };
}

/** A cycle begins: it looks at the source now, or takes what came too late for the one before. */
export function beginReading(reading: Reading, nowMs: number): void {
  Object.assign(reading, { taken: undefined, nowMs, isOpen: true });
}

/** The cycle goes on with what is there. */
export function takeReading(reading: Reading): void {
  if (!reading.isOpen) return;
  Object.assign(reading, { taken: reading.arrived, arrived: undefined, isOpen: false });
}

/** Answers that took longer may have come after the cycle gave up on them. */
export const LATE_MS = 2 * MINUTE_MS;

export async function heardRead(
  reading: Reading,
  elapsedMs: () => number,
  read: () => Promise<DemandSeries>,
): Promise<DemandSeries> {
  const askedMs = elapsedMs();
  Object.assign(reading, { arrived: undefined, askedMs, isLate: false });
  const series = await read();
  Object.assign(reading, { arrived: series, isLate: elapsedMs() - askedMs > LATE_MS });
  return series;
}
