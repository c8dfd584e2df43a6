import { HOUR_MS, MINUTE_MS } from "../../model/time.ts";

/**
 * Every threshold of the detector. Chosen on generated demand only (`bench/anomaly.ts --generated`), aiming at one
 * false alarm in two weeks of 5-minute steps at most; met on five of nine families of quiet demand. The others: 1.1
 * where weekdays and weekends differ, 1.7 with heavy tails, 5.0 with a nightly job, 8.3 with 1 % of spikes.
 */
export const RULES = {
  /** One step this far off is a finding at once; two in a row from `pairScore`. */
  pointScore: 5,
  pairScore: 3.3,
  /** A step nearer than this to what was expected is back; so many in a row end an excursion. */
  backScore: 1.5,
  backSteps: 2,
  /** For this long after an excursion that went back, what is near its reference is calm, whatever forecasts say. */
  calmMs: HOUR_MS,
  calmScore: 3,
  /** Steps from which a point is a surge or a drop. */
  surgeSteps: 3,
  /** A surge this long, and no fewer steps, is a level shift when the level moved by at least this share. */
  shiftMs: HOUR_MS,
  shiftSteps: 6,
  shiftShare: 0.1,
  /** A level is taken in when the newest forecasts miss it by less than this on average, for `takenInMs` or more. */
  takenInScore: 0.75,
  takenInMs: 3 * HOUR_MS,
  /** After this it is the level, whatever forecasts say. */
  longestMs: 24 * HOUR_MS,
  /** Cumulated sums of scores: slack per step, alarm, scores clipped. */
  slack: 0.5,
  biasAlarm: 20,
  clip: 3,
  /** Cumulated misses of the 90 % interval above what the series is used to. */
  missSlack: 0.15,
  missAlarm: 14,
  /** Less than this share of what is usual is nothing; unless usual is below `quietShare` of the day's mean. */
  nothingShare: 0.02,
  quietShare: 0.2,
  silentMs: 15 * MINUTE_MS,
  silentSteps: 3,
  /** A run of nothing begins with a step this unlikely: small counts are zero now and then. */
  silentScore: -2,
  /** Excursions on two of the last three days at this time of day: a habit, no anomaly. */
  habitAt: 0.36,
  /** Steps with a value before anything is said. */
  warmSteps: 48,
} as const;

/** Steps that `ms` takes on a grid, `least` or more. */
export function stepsOf(ms: number, stepMs: number, least: number): number {
  return Math.max(least, Math.round(ms / stepMs));
}
