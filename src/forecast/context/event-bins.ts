import type { ScheduledEvent } from "../../model/known-ahead.ts";
import { HOUR_MS } from "../../model/time.ts";
import { clamp } from "../kernels/statistics.ts";

/**
 * An event's own time: two bins before it, 24 equal shares of its duration, two bins after it. Events of
 * different length are aligned by share, so a sale of one hour tells of one of three.
 */
export const TAIL_BINS = 2;
export const INSIDE_BINS = 24;
export const BINS = INSIDE_BINS + 2 * TAIL_BINS;
export const FIRST_INSIDE = TAIL_BINS;
export const FIRST_AFTER = TAIL_BINS + INSIDE_BINS;

/** An event with the tails in which it may still be felt. */
export interface EventSpan {
  readonly event: ScheduledEvent;
  readonly fromMs: number;
  readonly toMs: number;
  readonly tailMs: number;
}

/** Tails last a quarter of the event, whole pairs of steps, at most an hour each. */
export function eventSpan(event: ScheduledEvent, stepMs: number): EventSpan {
  const wantedMs = clamp((event.endMs - event.startMs) / 4, 0, HOUR_MS);
  const tailMs = 2 * stepMs * Math.max(1, Math.round(wantedMs / (2 * stepMs)));
  return { event, tailMs, fromMs: event.startMs - tailMs, toMs: event.endMs + tailMs };
}

/** Edges of bin `bin`, ms. */
export function binEdges({ event, tailMs }: EventSpan, bin: number): readonly [number, number] {
  const tail = tailMs / TAIL_BINS;
  const share = (event.endMs - event.startMs) / INSIDE_BINS;
  const edge = (index: number): number => {
    if (index <= FIRST_INSIDE) return event.startMs - (FIRST_INSIDE - index) * tail;
    if (index < FIRST_AFTER) return event.startMs + (index - FIRST_INSIDE) * share;
    return event.endMs + (index - FIRST_AFTER) * tail;
  };
  return [edge(bin), edge(bin + 1)];
}

/** Calls `visit` with each bin that `[fromMs, toMs)` touches and the share of that interval in it. */
export function forEachBin(
  span: EventSpan,
  fromMs: number,
  toMs: number,
  visit: (bin: number, share: number) => void,
): void {
  for (let bin = firstBin(span, fromMs); bin < BINS; bin++) {
    const [low, high] = binEdges(span, bin);
    if (low >= toMs) return;
    const share = (Math.min(high, toMs) - Math.max(low, fromMs)) / (toMs - fromMs);
    if (share > 1e-9) visit(bin, share);
  }
}

/** The bin that `atMs` lies in, or the first one. */
function firstBin({ event, tailMs, fromMs }: EventSpan, atMs: number): number {
  if (atMs < event.startMs) return Math.max(0, Math.floor(((atMs - fromMs) / tailMs) * TAIL_BINS));
  const share = (atMs - event.startMs) / (event.endMs - event.startMs);
  if (share < 1) return FIRST_INSIDE + Math.floor(share * INSIDE_BINS);
  return FIRST_AFTER + Math.floor(((atMs - event.endMs) / tailMs) * TAIL_BINS);
}
