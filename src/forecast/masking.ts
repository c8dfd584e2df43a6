import type { DemandSeries } from "../model/series.ts";
import { DAY_MS, MINUTE_MS } from "../model/time.ts";
import { median, robustScale } from "./kernels/statistics.ts";
import type { LocalClock } from "./local-clock.ts";

/** Demand below this share of what is usual at that time of day counts as none. */
const NOTHING = 0.02;
/** A usual level below this share of the overall median is a quiet hour, not an outage. */
const QUIET = 0.2;
/** An outage this long is the level now, not an outage: it must be learned. */
const LONGEST_MS = DAY_MS;
/** Robust standard deviations beyond which a lone value is no demand to learn from. */
const ABSURD = 25;

/**
 * The history with outages and absurd values turned into gaps, for fitting only: an outage is not a habit.
 *
 * Outage: at least 15 minutes (three steps) of next to nothing where the same local time on other days says
 * otherwise. Absurd: further than 25 robust standard deviations from the usual value of that time, for less
 * than 15 minutes, and not at the same time on another day (a nightly job is a habit). Needs three days;
 * before that nothing is masked.
 */
export function maskTraining(history: DemandSeries, clock: LocalClock): DemandSeries {
  const { values, stepMs } = history;
  if (values.length * stepMs < 3 * DAY_MS || stepMs > DAY_MS / 8) return history;
  const usual = usualByTime(history, clock);
  const masked = values.slice();
  const run = Math.max(3, Math.round((15 * MINUTE_MS) / stepMs));
  const overall = median(values);
  maskRuns(masked, run, Math.round(LONGEST_MS / stepMs), gone(values, usual, overall));
  const errors = values.map((value, i) => value - usual.at(i));
  const limit = ABSURD * robustScale(errors);
  const far = (i: number): boolean => limit > 0 && Math.abs(errors[i] ?? 0) > limit;
  maskRuns(masked, 1, run - 1, (i) => far(i) && !usual.sameTime(i).some(far));
  return { ...history, values: masked };
}

/**
 * The history that members stand on, outages turned into gaps: demand that was gone for an hour says nothing of the
 * next one. Absurd values stay, since a lone one may be the first of a surge. The same history when nothing is near
 * zero.
 */
export function maskOutages(history: DemandSeries, clock: LocalClock): DemandSeries {
  const { values, stepMs } = history;
  if (values.length * stepMs < 3 * DAY_MS || stepMs > DAY_MS / 8) return history;
  const run = Math.max(3, Math.round((15 * MINUTE_MS) / stepMs));
  // Most histories are never near zero for so long: looking costs less than what is usual at each time of day.
  if (!hasRunBelow(values, run, NOTHING * largest(values))) return history;
  const masked = values.slice();
  const isGone = gone(values, usualByTime(history, clock), median(values));
  maskRuns(masked, run, Math.round(LONGEST_MS / stepMs), isGone);
  return { ...history, values: masked };
}

function largest(values: Float64Array): number {
  let most = 0;
  for (const value of values) if (value > most) most = value;
  return most;
}

/** Whether some `minimum` steps in a row, none of them a gap, lie at or below `most`. */
function hasRunBelow(values: Float64Array, minimum: number, most: number): boolean {
  let length = 0;
  for (const value of values) {
    length = value <= most ? length + 1 : 0;
    if (length >= minimum) return true;
  }
  return false;
}

function gone(values: Float64Array, usual: Usual, overall: number): (i: number) => boolean {
  return (i) => {
    const value = values[i] as number;
    // Nothing usual is above the largest: what is above a share of that is looked up for nothing.
    if (!(value <= usual.largest * NOTHING)) return false;
    const expected = usual.at(i);
    return expected > QUIET * overall && value <= NOTHING * expected;
  };
}

/**
 * Turns runs of `minimum` to `maximum` steps for which `hit` holds into gaps. A gap continues a run but
 * starts none.
 */
function maskRuns(values: Float64Array, minimum: number, maximum: number, hit: (i: number) => boolean): void {
  let start = -1;
  for (let i = 0; i <= values.length; i++) {
    if (i < values.length && hit(i)) {
      if (start < 0) start = i;
      continue;
    }
    if (start >= 0 && i - start >= minimum && i - start <= maximum) values.fill(Number.NaN, start, i);
    start = -1;
  }
}

interface Usual {
  /** The largest value there is. */
  readonly largest: number;
  /** Median over the days at the local time of step `i`. */
  at(i: number): number;
  /** Steps within 10 minutes of the same local time on other days. */
  sameTime(i: number): readonly number[];
}

function usualByTime(history: DemandSeries, clock: LocalClock): Usual {
  const { stepMs, values } = history;
  const { slots, slotOf, starts, members } = stepsByTime(history, clock);
  const stepsIn = (slot: number): Int32Array => members.subarray(starts[slot], starts[slot + 1]);
  const medians = new Map<number, number>();
  const near = Math.max(1, Math.round((10 * MINUTE_MS) / stepMs));
  const apart = (a: number, b: number): boolean => Math.abs(a - b) * stepMs > DAY_MS / 2;
  return {
    largest: largest(values),
    at: (i) => {
      const slot = slotOf[i] ?? 0;
      const before = medians.get(slot);
      if (before !== undefined) return before;
      const own = median(Float64Array.from(stepsIn(slot), (step) => values[step] ?? Number.NaN));
      medians.set(slot, own);
      return own;
    },
    sameTime: (i) => {
      const found: number[] = [];
      for (let shift = -near; shift <= near; shift++) {
        const list = stepsIn(((slotOf[i] ?? 0) + shift + slots) % slots);
        for (const other of list) if (apart(other, i)) found.push(other);
      }
      return found;
    },
  };
}

/** The slot of the local day of each step, and the steps of each slot: `members[starts[slot]..starts[slot + 1])`. */
function stepsByTime({ startMs, stepMs, values }: DemandSeries, clock: LocalClock) {
  const slots = Math.ceil(DAY_MS / stepMs);
  const slotOf = new Int32Array(values.length);
  const starts = new Int32Array(slots + 1);
  for (let i = 0; i < values.length; i++) {
    const sinceMidnight = clock.localMs(startMs + i * stepMs) % DAY_MS;
    const slot = Math.floor((sinceMidnight < 0 ? sinceMidnight + DAY_MS : sinceMidnight) / stepMs);
    slotOf[i] = slot;
    starts[slot + 1] = (starts[slot + 1] ?? 0) + 1;
  }
  for (let slot = 0; slot < slots; slot++) starts[slot + 1] = (starts[slot + 1] ?? 0) + (starts[slot] ?? 0);
  const next = starts.slice();
  const members = new Int32Array(values.length);
  for (let i = 0; i < values.length; i++) {
    const slot = slotOf[i] as number;
    const at = next[slot] as number;
    members[at] = i;
    next[slot] = at + 1;
  }
  return { slots, slotOf, starts, members };
}
