import type { ScheduledEvent } from "../../model/known-ahead.ts";
import { clamp } from "../kernels/statistics.ts";

/** What events of one kind were seen to do. */
export interface EventEffect {
  readonly kind: string;
  /** Change of demand over what was usual at that time: 1 doubled it, -0.5 halved it. */
  readonly change: number;
  /** Mean change that the planner of those occurrences expected (lift - 1); 0 when nobody said. */
  readonly plannedChange: number;
}

/** A planned change smaller than this says nothing about how strong one event is beside another. */
const SMALLEST_PLANNED = 0.05;
const STRONGEST = 4;

/** Kinds among `events` that touch `[fromMs, toMs)`, in the order of their names. */
export function kindsWithin(
  events: readonly ScheduledEvent[],
  fromMs: number,
  toMs: number,
): readonly { readonly kind: string; readonly events: readonly ScheduledEvent[] }[] {
  const near = eventsWithin(events, fromMs, toMs);
  const kinds = [...new Set(near.map(({ kind }) => kind))].sort();
  return kinds.map((kind) => ({ kind, events: near.filter((event) => event.kind === kind) }));
}

export function eventsWithin(
  events: readonly ScheduledEvent[],
  fromMs: number,
  toMs: number,
): readonly ScheduledEvent[] {
  return events.filter((event) => event.startMs < toMs && event.endMs > fromMs);
}

/** Mean of lift - 1 where a lift was given; 0 when it was given for none. */
export function plannedChange(events: readonly ScheduledEvent[]): number {
  const planned = events.flatMap(({ lift }) => (lift === undefined ? [] : [lift - 1]));
  return planned.reduce((sum, change) => sum + change, 0) / Math.max(1, planned.length);
}

/** Events of one kind in force during `[fromMs, toMs)`: share of that time, times strength, summed. */
export function strengthWithin(
  events: readonly ScheduledEvent[],
  planned: number,
  fromMs: number,
  toMs: number,
): number {
  let sum = 0;
  for (const event of events) {
    const share = overlap(event, fromMs, toMs);
    if (share > 0) sum += share * strength(event, planned);
  }
  return sum;
}

/**
 * Relative change of demand that `events` make during `[fromMs, toMs)`, at least -1. A kind seen before does
 * what it did, in proportion to the planned lift where lifts differ; of one never seen its planner is believed.
 */
export function changeWithin(
  events: readonly ScheduledEvent[],
  effects: readonly EventEffect[],
  fromMs: number,
  toMs: number,
): number {
  let sum = 0;
  for (const event of events) {
    const share = overlap(event, fromMs, toMs);
    if (share === 0) continue;
    const effect = effects.find(({ kind }) => kind === event.kind);
    sum +=
      share *
      (effect === undefined ? (event.lift ?? 1) - 1 : effect.change * strength(event, effect.plannedChange));
  }
  return Math.max(-1, sum);
}

function overlap(event: ScheduledEvent, fromMs: number, toMs: number): number {
  const shared = Math.min(event.endMs, toMs) - Math.max(event.startMs, fromMs);
  return shared > 0 ? shared / (toMs - fromMs) : 0;
}

function strength({ lift }: ScheduledEvent, planned: number): number {
  if (lift === undefined || Math.abs(planned) < SMALLEST_PLANNED) return 1;
  return clamp((lift - 1) / planned, 0, STRONGEST);
}
