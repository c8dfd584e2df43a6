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

/** What a leading series did to a forecast, and why. */
export interface LeadingEffect {
  readonly name: string;
  /** True when it moved the forecast. */
  readonly accepted: boolean;
  /** By how much it goes before demand; undefined when the two were not compared. */
  readonly lagMs: number | undefined;
  /** In words: what it gains, or why it is left aside. */
  readonly reason: string;
}

/** What an event in reach of a forecast is taken to do to demand, and why. */
export interface EventEffect {
  readonly id: string;
  readonly kind: string;
  readonly startMs: EpochMs;
  readonly endMs: EpochMs;
  /** Typical factor on demand while it lasts, and the 90 % prediction interval of it. */
  readonly factor: number;
  readonly lower: number;
  readonly upper: number;
  /** Occurrences of its kind that were measured. */
  readonly occurrences: number;
  /**
   * `seen`: learned from occurrences. `lift`: what its planner said. `sunday`: a public holiday not seen yet.
   * `unknown`: neither; the forecast is left as it is.
   */
  readonly source: "seen" | "lift" | "sunday" | "unknown";
}
