import type { DemandSeries } from "./series.ts";
import type { EpochMs } from "./time.ts";

/** Something planned that will change demand: a campaign, a batch run, a public holiday. */
export interface ScheduledEvent {
  readonly id: string;
  /** Events of one kind are taken to have one effect: what the last sale did, the next will do. */
  readonly kind: string;
  readonly startMs: EpochMs;
  /** Not part of the event any more. */
  readonly endMs: EpochMs;
  /** Factor on demand that its planner expects (2 doubles it); counts until occurrences have been seen. */
  readonly lift: number | undefined;
  /** From when on it was known; before that no forecast may use it. */
  readonly announcedMs: EpochMs;
}

/** Another observed series that moves first, e.g. sessions before requests. */
export interface LeadingSeries {
  readonly name: string;
  readonly series: DemandSeries;
}

/** What is known about the future, or sooner than demand, beside demand itself. */
export interface KnownAhead {
  readonly events: readonly ScheduledEvent[];
  readonly leading: readonly LeadingSeries[];
}

export const NOTHING_AHEAD: KnownAhead = { events: [], leading: [] };
