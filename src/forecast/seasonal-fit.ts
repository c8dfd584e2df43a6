import type { DemandSeries } from "../model/series.ts";
import { DAY_MS, HOUR_MS } from "../model/time.ts";
import { addOuter, solveSymmetric } from "./linear-algebra.ts";
import type { LocalClock } from "./local-clock.ts";
import { robustScale } from "./statistics.ts";

/**
 * Daily and weekly pattern of demand over the local clock: Fourier terms fitted by ridge regression, held as
 * one value per slot of the local week (or day), so that evaluating it is one lookup.
 */
export interface SeasonalPattern {
  readonly stepMs: number;
  /** Local milliseconds of the start of slot 0. */
  readonly phaseMs: number;
  readonly values: Float64Array;
  /** Columns of the regression, intercept included. */
  readonly parameters: number;
}

/** Fourier pairs of the local day, the local week, and the hour (jobs that run at fixed minutes). */
export interface FourierOrders {
  readonly daily: number;
  readonly weekly: number;
  readonly hourly: number;
}

/** Counts and sums of the known values per slot: all that the regression needs of the history. */
export interface SlotSums {
  readonly stepMs: number;
  readonly phaseMs: number;
  readonly slotOf: Int32Array;
  readonly slots: number;
  readonly daySlots: number;
}

const WEEK_MS = 7 * DAY_MS;

/** The local slot of each step of `history`; by week when `weekly`, else by day. */
export function localSlots(history: DemandSeries, clock: LocalClock, weekly: boolean): SlotSums {
  const { startMs, stepMs, values } = history;
  const daySlots = Math.max(1, Math.ceil(DAY_MS / stepMs));
  const cycleMs = weekly ? WEEK_MS : DAY_MS;
  const phaseMs = clock.localMs(startMs) % stepMs;
  const slotOf = new Int32Array(values.length);
  for (let i = 0; i < values.length; i++) {
    slotOf[i] = slotAt(clock.localMs(startMs + i * stepMs), phaseMs, cycleMs, stepMs);
  }
  return { stepMs, phaseMs, slotOf, slots: Math.max(1, Math.ceil(cycleMs / stepMs)), daySlots };
}

/** The pattern's value at the instant `utcMs`. */
export function patternAt(pattern: SeasonalPattern, clock: LocalClock, utcMs: number): number {
  const { phaseMs, stepMs, values } = pattern;
  return values[slotAt(clock.localMs(utcMs), phaseMs, values.length * stepMs, stepMs)] ?? 0;
}

/**
 * Fits the Fourier pairs that `orders` asks for. Twice: values further than four robust
 * standard deviations from the first fit are pulled in to that distance, so a spike does not bend the day.
 */
export function fitPattern(values: Float64Array, slots: SlotSums, orders: FourierOrders): SeasonalPattern {
  const rows = designRows(slots, orders);
  const first = regress(values, slots, rows);
  const errors = values.map((value, i) => value - (first[slots.slotOf[i] ?? 0] ?? 0));
  const limit = 4 * robustScale(errors);
  const pulled = values.map((value, i) => {
    const error = errors[i] ?? 0;
    return Math.abs(error) > limit ? value - error + Math.sign(error) * limit : value;
  });
  const pattern = regress(pulled, slots, rows);
  const parameters = rows[0]?.length ?? 1;
  return { stepMs: slots.stepMs, phaseMs: slots.phaseMs, values: pattern, parameters };
}

/** Pairs of the hour that the grid can carry, at most five: below half the steps of an hour. */
export function hourlyPairs(stepMs: number): number {
  return Math.max(0, Math.min(5, Math.ceil(HOUR_MS / stepMs / 2) - 1));
}

/** `values` minus the pattern; gaps stay gaps. */
export function patternErrors(values: Float64Array, slots: SlotSums, pattern: SeasonalPattern): Float64Array {
  return values.map((value, i) => value - (pattern.values[slots.slotOf[i] ?? 0] ?? 0));
}

function slotAt(localMs: number, phaseMs: number, cycleMs: number, stepMs: number): number {
  // 1970-01-01 was a Thursday; any fixed origin of the week serves.
  const since = (localMs - phaseMs) % cycleMs;
  return Math.floor((since < 0 ? since + cycleMs : since) / stepMs);
}

/** One design row per slot: 1, then sin and cos of each term. */
function designRows({ slots, stepMs }: SlotSums, orders: FourierOrders): Float64Array[] {
  const terms = [
    { periodMs: DAY_MS, order: orders.daily },
    { periodMs: WEEK_MS, order: orders.weekly },
    { periodMs: HOUR_MS, order: orders.hourly },
  ].flatMap(({ periodMs, order }) =>
    Array.from({ length: order }, (_, k) => (2 * Math.PI * (k + 1)) / periodMs),
  );
  return Array.from({ length: slots }, (_, slot) => {
    const row = new Float64Array(1 + 2 * terms.length);
    row[0] = 1;
    terms.forEach((perMs, k) => {
      row[1 + 2 * k] = Math.sin(perMs * slot * stepMs);
      row[2 + 2 * k] = Math.cos(perMs * slot * stepMs);
    });
    return row;
  });
}

/** Ridge regression over slots weighted by their counts; returns the fitted value per slot. */
function regress(values: Float64Array, slots: SlotSums, rows: readonly Float64Array[]): Float64Array {
  const counts = new Float64Array(slots.slots);
  const sums = new Float64Array(slots.slots);
  for (let i = 0; i < values.length; i++) {
    const value = values[i] ?? Number.NaN;
    if (Number.isNaN(value)) continue;
    const slot = slots.slotOf[i] ?? 0;
    counts[slot] = (counts[slot] ?? 0) + 1;
    sums[slot] = (sums[slot] ?? 0) + value;
  }
  const size = rows[0]?.length ?? 1;
  const gram = new Float64Array(size * size);
  const right = new Float64Array(size);
  rows.forEach((row, slot) => {
    addOuter(gram, right, row, counts[slot] ?? 0, sums[slot] ?? 0);
  });
  // About three observations' worth: steadies slots never seen, invisible once days of data are in.
  const ridge = new Float64Array(size).fill(3);
  ridge[0] = 1e-9;
  const beta = solveSymmetric(gram, right, size, ridge);
  return Float64Array.from(rows, (row) => {
    let sum = 0;
    for (let i = 0; i < size; i++) sum += (row[i] ?? 0) * (beta[i] ?? 0);
    return sum;
  });
}
