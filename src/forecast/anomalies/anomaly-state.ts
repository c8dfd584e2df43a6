import type { Finding } from "../../model/finding.ts";

/** Half-hour slots of the day (UTC) for which the usual level is kept. */
export const SLOTS = 48;
/** What today adds to the habit of a time of day: a value above 0.5 holds it already. */
export const HIT = 0.51;
/** Level shifts that are remembered. */
export const SHIFTS_KEPT = 6;
/** Ended findings that are kept to be shown. */
export const ENDED_KEPT = 5;

/**
 * Everything the detector remembers of one series: plain JSON, below 4 KB whatever happens. See `observeStep`.
 */
export interface AnomalyState {
  /** End of the last step observed; -1 before the first. */
  readonly atMs: number;
  readonly stepMs: number;
  /** Steps with a value so far; stops counting once warm. */
  readonly seen: number;
  /** Score of the last value, in standard deviations of its forecast; 0 for a gap. */
  readonly score: number;
  readonly value: number | null;
  readonly expected: number | null;
  /** Size of score that 95 % and 99.5 % of steps stay below: spikes a series always has are no anomaly. */
  readonly usual95: number;
  readonly usual995: number;
  /** Mean absolute residual, faded. */
  readonly residual: number;
  /** Mean level at each half hour of the day, null before one was seen. */
  readonly profile: readonly (number | null)[];
  /** How often demand left its forecast at each half hour of the day: half from the last day, a quarter from before. */
  readonly habit: readonly number[];
  /** Sums of scores above and below what chance gives (Page 1954), and of misses of the 90 % interval. */
  readonly above: number;
  readonly below: number;
  readonly misses: number;
  /** Share of steps outside the 90 % interval, faded over days. */
  readonly outside: number;
  /** Steps in a row with nothing, or next to nothing, where something is usual. */
  readonly silent: number;
  readonly silentSinceMs: number;
  readonly excursion: Excursion | null;
  /** What was expected before the last spike or excursion that went back: forecasts made since may have followed it. */
  readonly calm: { readonly base: number; readonly slot: number; readonly untilMs: number } | null;
  /** Starts of the level shifts that stayed, oldest first: what lies before each is of another level. */
  readonly shifts: readonly number[];
  /** What lasts, then the newest that ended; oldest first. */
  readonly findings: readonly Finding[];
  /** Since when a refit would pay, in words why; null once it was made. */
  readonly wantsRefit: { readonly sinceMs: number; readonly reason: string } | null;
}

/** Demand that left its forecast and has not come back. */
export interface Excursion {
  readonly side: 1 | -1;
  readonly startMs: number;
  readonly detectedMs: number;
  /** What was expected of the first step, its slot of the day, and the spread of that side. */
  readonly base: number;
  readonly slot: number;
  readonly sigma: number;
  readonly steps: number;
  /** Steps in a row that were back. */
  readonly back: number;
  readonly peakScore: number;
  /** Distance of the last step, on its side, from what was expected before it all began. */
  readonly lastScore: number;
  /** Over all its steps. */
  readonly sumValue: number;
  readonly sumExpected: number;
  /** The last steps, newest last: value and what would have been expected. */
  readonly recent: readonly (readonly [value: number, expected: number])[];
  /** Faded mean score against the newest forecasts: near 0 once they have taken the level in. */
  readonly newScore: number;
  readonly isShift: boolean;
}

export function newAnomalyState(): AnomalyState {
  return {
    atMs: -1,
    stepMs: 0,
    seen: 0,
    score: 0,
    value: null,
    expected: null,
    usual95: 1.96,
    usual995: 2.81,
    residual: 0,
    profile: new Array<null>(SLOTS).fill(null),
    habit: new Array<number>(SLOTS).fill(0),
    above: 0,
    below: 0,
    misses: 0,
    outside: 0.1,
    silent: 0,
    silentSinceMs: -1,
    excursion: null,
    calm: null,
    shifts: [],
    findings: [],
    wantsRefit: null,
  };
}

/** The same state once a refit was made. */
export function refitMade(state: AnomalyState): AnomalyState {
  return { ...state, wantsRefit: null };
}
