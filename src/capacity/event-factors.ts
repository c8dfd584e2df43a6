import type { ScheduledEvent } from "../model/known-ahead.ts";
import type { DemandSeries } from "../model/series.ts";
import { type Periods, slotAt } from "./periods.ts";

/**
 * Factors on demand by period ahead and slot, where an event with a lift lies: a slot that an event covers in part has
 * all of its lift, as a peak would. Of several at one time the largest counts.
 */
export function eventFactors(
  events: readonly ScheduledEvent[],
  periods: Periods,
  span: { readonly cutoffMs: number; readonly endMs: number },
  localMs: (utcMs: number) => number,
): ReadonlyMap<number, Float64Array> {
  const factors = new Map<number, Float64Array>();
  for (const { lift, startMs, endMs } of events) {
    if (lift === undefined) continue;
    const fromMs = Math.max(startMs, span.cutoffMs);
    const firstSlotMs =
      span.cutoffMs + Math.floor((fromMs - span.cutoffMs) / periods.slotMs) * periods.slotMs;
    for (let atMs = firstSlotMs; atMs < Math.min(endMs, span.endMs); atMs += periods.slotMs) {
      const period = Math.floor((atMs - span.cutoffMs) / periods.periodMs);
      const row = factors.get(period) ?? new Float64Array(periods.slotCount).fill(1);
      const slot = slotAt(Math.max(atMs, fromMs), periods, localMs);
      const before = row[slot] ?? 1;
      row[slot] = before === 1 ? lift : Math.max(before, lift);
      factors.set(period, row);
    }
  }
  return factors;
}

/** The history with past events that have a lift as gaps: what is planned for once more must not be in it too. */
export function withoutEvents(history: DemandSeries, events: readonly ScheduledEvent[]): DemandSeries {
  const past = events.filter(({ lift, startMs }) => {
    const inHistory = startMs < history.startMs + history.values.length * history.stepMs;
    return lift !== undefined && inHistory;
  });
  if (past.length === 0) return history;
  const values = history.values.slice();
  for (const { startMs, endMs } of past) {
    const first = Math.max(0, Math.floor((startMs - history.startMs) / history.stepMs));
    const last = Math.ceil((endMs - history.startMs) / history.stepMs);
    if (last > first) values.fill(Number.NaN, first, Math.min(last, values.length));
  }
  return { ...history, values };
}
