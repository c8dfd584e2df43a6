import type { DemandSeries } from "../model/series.ts";
import { DAY_MS, HOUR_MS } from "../model/time.ts";

/** Fewer whole weeks than this are planned in days. */
export const LEAST_WEEKS = 4;
/** Periods that are looked back on: three years of weeks. */
const MOST_PERIODS = 157;
/** A period known to a smaller share than this has no level. */
const LEAST_KNOWN = 1 / 3;
/** A period known to a smaller share than this has no peak and no shape. */
const MOSTLY_KNOWN = 0.8;
/** Values of one slot are kept as so many means of equal parts, beside the largest one. */
const PARTS = 4;
const LEVEL_ROUNDS = 3;
/** Levels below this share of the largest count as that much: a logarithm needs something. */
const FLOOR = 1e-3;

/** How one period runs, in multiples of its level: values with the hours each lasts. */
export interface Shape {
  readonly ratios: Float64Array;
  readonly hours: Float64Array;
  /** Slot of the local week (day) that each value belongs to. */
  readonly slots: Uint16Array;
  readonly peakRatio: number;
}

/** History in whole periods that end at the cut-off, oldest first. */
export interface Periods {
  readonly periodMs: number;
  readonly slotMs: number;
  readonly slotCount: number;
  /** Logarithm of the mean demand of each period; NaN where too little is known. */
  readonly logLevels: Float64Array;
  /** Logarithm of peak over level; NaN where too little is known. */
  readonly logPeakRatios: Float64Array;
  /** Undefined where too little is known. */
  readonly shapes: readonly (Shape | undefined)[];
}

/** Sums over one period and slot. */
interface SlotTable {
  readonly sums: Float64Array;
  readonly counts: Uint16Array;
}

/**
 * Cuts the history into weeks, or into days where there are fewer than four whole weeks, back from its end.
 *
 * A period's level is its mean demand with the rhythm taken out: known demand over what the usual week has in the
 * same hours, so that a gap at night does not raise it.
 */
export function cutPeriods(history: DemandSeries, localMs: (utcMs: number) => number): Periods {
  const { startMs, stepMs, values } = history;
  const spanMs = values.length * stepMs;
  const isWeekly = spanMs >= LEAST_WEEKS * 7 * DAY_MS && stepMs <= DAY_MS;
  const periodMs = isWeekly ? 7 * DAY_MS : DAY_MS;
  const count = Math.min(MOST_PERIODS, Math.floor(spanMs / periodMs));
  const slotMs = Math.max(HOUR_MS, stepMs);
  const slotCount = Math.ceil(periodMs / slotMs);
  const endMs = startMs + spanMs;
  const fromMs = endMs - count * periodMs;
  const placed: Placed = { history, localMs, fromMs, periodMs, slotMs, slotCount, count };
  const table = slotTable(placed);
  const levels = periodLevels(table, placed);
  const floor = Math.max(FLOOR * levels.reduce((most, level) => Math.max(most, level || 0), 0), 1e-9);
  const shapes = Array.from({ length: count }, (_, period) =>
    shapeOf(placed, period, levels[period] ?? Number.NaN, floor),
  );
  const filled = shapes.map((shape, period) => shape && fillShape(shape, shapes, period, slotCount));
  return {
    periodMs,
    slotMs,
    slotCount,
    logLevels: levels.map((level) => Math.log(Math.max(level, floor))),
    logPeakRatios: Float64Array.from(filled, (shape) => (shape ? Math.log(shape.peakRatio) : Number.NaN)),
    shapes: filled.map((shape) => shape && flatten(shape, slotMs / HOUR_MS)),
  };
}

/** The slot of an instant in the local period. */
export function slotAt(
  utcMs: number,
  place: Pick<Periods, "periodMs" | "slotMs" | "slotCount">,
  localMs: (utcMs: number) => number,
): number {
  const { periodMs, slotMs, slotCount } = place;
  const within = ((localMs(utcMs) % periodMs) + periodMs) % periodMs;
  return Math.min(slotCount - 1, Math.floor(within / slotMs));
}

interface Placed extends Pick<Periods, "periodMs" | "slotMs" | "slotCount"> {
  readonly history: DemandSeries;
  readonly localMs: (utcMs: number) => number;
  readonly fromMs: number;
  readonly count: number;
}

function forEachKnown(placed: Placed, use: (period: number, slot: number, value: number) => void): void {
  const { history, fromMs, periodMs, count } = placed;
  const { startMs, stepMs, values } = history;
  for (let i = Math.max(0, Math.ceil((fromMs - startMs) / stepMs)); i < values.length; i++) {
    const value = values[i] ?? Number.NaN;
    if (!(value >= 0 && value < Number.POSITIVE_INFINITY)) continue;
    const atMs = startMs + i * stepMs;
    const period = Math.min(count - 1, Math.floor((atMs - fromMs) / periodMs));
    use(period, slotAt(atMs, placed, placed.localMs), value);
  }
}

function slotTable(placed: Placed): SlotTable {
  const size = placed.count * placed.slotCount;
  const table = { sums: new Float64Array(size), counts: new Uint16Array(size) };
  forEachKnown(placed, (period, slot, value) => {
    const at = period * placed.slotCount + slot;
    table.sums[at] = (table.sums[at] ?? 0) + value;
    table.counts[at] = (table.counts[at] ?? 0) + 1;
  });
  return table;
}

/** First plain means give a usual period, which then says what the hours that are known amount to. */
function periodLevels(table: SlotTable, { count, slotCount }: Placed): Float64Array {
  let profile: Float64Array = new Float64Array(slotCount).fill(1);
  let levels: Float64Array = new Float64Array(count);
  for (let round = 0; round < LEVEL_ROUNDS; round++) {
    levels = Float64Array.from({ length: count }, (_, period) => levelOf(table, period, profile));
    profile = usualPeriod(table, levels, slotCount);
  }
  return levels;
}

/** Known means over what the usual period has in the same slots. */
function levelOf({ sums, counts }: SlotTable, period: number, profile: Float64Array): number {
  let [known, usual] = [0, 0];
  profile.forEach((ratio, slot) => {
    const at = period * profile.length + slot;
    const count = counts[at] ?? 0;
    if (count === 0) return;
    known += (sums[at] ?? 0) / count;
    usual += ratio;
  });
  return usual >= LEAST_KNOWN * profile.length ? known / usual : Number.NaN;
}

/** Median over the periods of each slot's mean over its period's level; mean 1. */
function usualPeriod({ sums, counts }: SlotTable, levels: Float64Array, slotCount: number): Float64Array {
  const profile: Float64Array = Float64Array.from({ length: slotCount }, (_, slot) => {
    const ratios: number[] = [];
    levels.forEach((level, period) => {
      const at = period * slotCount + slot;
      if (counts[at] && level > 0) ratios.push((sums[at] ?? 0) / (counts[at] ?? 1) / level);
    });
    ratios.sort((a, b) => a - b);
    const half = ratios.length >> 1;
    return ratios.length === 0 ? 1 : ((ratios[half] ?? 1) + (ratios[ratios.length - 1 - half] ?? 1)) / 2;
  });
  const mean = profile.reduce((sum, ratio) => sum + ratio, 0) / slotCount;
  return mean > 0 ? profile.map((ratio) => ratio / mean) : profile.fill(1);
}

/** A shape while it may still have holes. */
interface OpenShape {
  /** Values of each slot over the level, sorted; empty where nothing is known. */
  readonly slots: readonly Float64Array[];
  readonly peakRatio: number;
}

function shapeOf(placed: Placed, period: number, level: number, floor: number): OpenShape | undefined {
  if (!(level > floor)) return undefined;
  const { history, fromMs, periodMs, slotCount } = placed;
  const first = Math.ceil((fromMs + period * periodMs - history.startMs) / history.stepMs);
  const steps = Math.max(1, Math.round(periodMs / history.stepMs));
  const lists: number[][] = Array.from({ length: slotCount }, () => []);
  let [known, peak] = [0, 0];
  for (let i = first; i < Math.min(first + steps, history.values.length); i++) {
    const value = history.values[i] ?? Number.NaN;
    if (!(value >= 0 && value < Number.POSITIVE_INFINITY)) continue;
    known++;
    peak = Math.max(peak, value);
    lists[slotAt(history.startMs + i * history.stepMs, placed, placed.localMs)]?.push(value / level);
  }
  if (known < MOSTLY_KNOWN * steps) return undefined;
  return { slots: lists.map((list) => Float64Array.from(list).sort()), peakRatio: peak / level };
}

/** Holes are filled with the same hours of the nearest period that knows them. */
function fillShape(
  shape: OpenShape,
  all: readonly (OpenShape | undefined)[],
  period: number,
  slotCount: number,
): OpenShape {
  if (shape.slots.every((values) => values.length > 0)) return shape;
  const others = all
    .map((other, at) => ({ other, far: Math.abs(at - period) }))
    .filter(({ other }) => other !== undefined)
    .sort((a, b) => a.far - b.far);
  const slots = Array.from({ length: slotCount }, (_, slot) => {
    const own = shape.slots[slot];
    if (own !== undefined && own.length > 0) return own;
    const known = others.find(({ other }) => (other?.slots[slot]?.length ?? 0) > 0);
    return known?.other?.slots[slot] ?? Float64Array.of(1);
  });
  return { ...shape, slots };
}

/** Each slot as the means of four equal parts of its sorted values, and its largest value alone. */
function flatten({ slots, peakRatio }: OpenShape, slotHours: number): Shape {
  const points: { readonly ratio: number; readonly hours: number; readonly slot: number }[] = [];
  slots.forEach((values, slot) => {
    const hoursEach = slotHours / values.length;
    const rest = values.length - 1;
    const parts = Math.min(PARTS, rest);
    for (let part = 0; part < parts; part++) {
      const from = Math.floor((part * rest) / parts);
      const to = Math.floor(((part + 1) * rest) / parts);
      let sum = 0;
      for (let i = from; i < to; i++) sum += values[i] ?? 0;
      points.push({ ratio: sum / (to - from), hours: hoursEach * (to - from), slot });
    }
    points.push({ ratio: values[rest] ?? 0, hours: hoursEach, slot });
  });
  return {
    ratios: Float64Array.from(points, ({ ratio }) => ratio),
    hours: Float64Array.from(points, ({ hours }) => hours),
    slots: Uint16Array.from(points, ({ slot }) => slot),
    peakRatio,
  };
}
