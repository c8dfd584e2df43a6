import type { DemandSeries } from "../../model/series.ts";
import { DAY_MS, HOUR_MS } from "../../model/time.ts";
import type { LocalClock } from "../local-clock.ts";
import { solveSymmetric } from "./linear-algebra.ts";
import { robustScale } from "./statistics.ts";

/**
 * Daily and weekly pattern of demand over the local clock: Fourier terms fitted by ridge regression. Held as
 * its coefficients, some 300 bytes; the value of each slot of the local week (or day) follows from them.
 */
export interface SeasonalPattern {
  readonly stepMs: number;
  /** Local milliseconds of the start of slot 0. */
  readonly phaseMs: number;
  readonly slots: number;
  readonly orders: FourierOrders;
  /** Of 1, then of sine and cosine of each term. */
  readonly coefficients: Float64Array;
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
  const { phaseMs, stepMs, slots } = pattern;
  return slotValues(pattern)[slotAt(clock.localMs(utcMs), phaseMs, slots * stepMs, stepMs)] ?? 0;
}

/**
 * Fits the Fourier pairs that `orders` asks for. Twice: values further than four robust
 * standard deviations from the first fit are pulled in to that distance, so a spike does not bend the day.
 */
export function fitPattern(values: Float64Array, slots: SlotSums, orders: FourierOrders): SeasonalPattern {
  const columns = designColumns(slots, orders);
  const gram = designProducts(values, slots, columns);
  const first = expand(columns, regress(values, slots, columns, gram));
  const errors = minusSlots(values, slots, first);
  const limit = 4 * robustScale(errors);
  const pulled = values.slice();
  for (let i = 0; i < pulled.length; i++) {
    const error = errors[i] as number;
    if (Math.abs(error) > limit) pulled[i] = (values[i] as number) - error + Math.sign(error) * limit;
  }
  const { stepMs, phaseMs } = slots;
  const coefficients = regress(pulled, slots, columns, gram);
  return { stepMs, phaseMs, slots: slots.slots, orders, coefficients, parameters: columns.length };
}

/** Pairs of the hour that the grid can carry, at most five: below half the steps of an hour. */
export function hourlyPairs(stepMs: number): number {
  return Math.max(0, Math.min(5, Math.ceil(HOUR_MS / stepMs / 2) - 1));
}

/** `values` minus the pattern; gaps stay gaps. */
export function patternErrors(values: Float64Array, slots: SlotSums, pattern: SeasonalPattern): Float64Array {
  return minusSlots(values, slots, slotValues(pattern));
}

function minusSlots(values: Float64Array, { slotOf }: SlotSums, expected: Float64Array): Float64Array {
  const errors = new Float64Array(values.length);
  for (let i = 0; i < errors.length; i++) {
    errors[i] = (values[i] as number) - (expected[slotOf[i] as number] ?? 0);
  }
  return errors;
}

/** Patterns looked up last, written out; a few, as a table weighs 16 kB. */
const written: { pattern: SeasonalPattern; values: Float64Array }[] = [];
const KEPT_PATTERNS = 4;

function slotValues(pattern: SeasonalPattern): Float64Array {
  const latest = written[0];
  if (latest?.pattern === pattern) return latest.values;
  const index = written.findIndex((entry) => entry.pattern === pattern);
  const found = index < 0 ? undefined : written.splice(index, 1)[0];
  const values = found?.values ?? expand(designColumns(pattern, pattern.orders), pattern.coefficients);
  written.unshift({ pattern, values });
  written.length = Math.min(written.length, KEPT_PATTERNS);
  return values;
}

function slotAt(localMs: number, phaseMs: number, cycleMs: number, stepMs: number): number {
  // 1970-01-01 was a Thursday; any fixed origin of the week serves.
  const since = (localMs - phaseMs) % cycleMs;
  return Math.floor((since < 0 ? since + cycleMs : since) / stepMs);
}

/** Columns of one grid: `columns` by frequency in radians per ms, sine then cosine. */
interface GridColumns {
  readonly ones: Float64Array;
  readonly byFrequency: Map<number, readonly [Float64Array, Float64Array]>;
}

/** Sines cost more than all the rest of a fit; grids differ by step and cycle only, so there are few. */
const grids = new Map<string, GridColumns>();
const KEPT_GRIDS = 8;

/** One value per slot and column: 1, then sine and cosine of each term. */
function designColumns(
  { slots, stepMs }: { readonly slots: number; readonly stepMs: number },
  orders: FourierOrders,
): readonly Float64Array[] {
  const key = `${slots} ${stepMs}`;
  let grid = grids.get(key);
  if (grid === undefined) {
    if (grids.size >= KEPT_GRIDS) grids.clear();
    grid = { ones: new Float64Array(slots).fill(1), byFrequency: new Map() };
    grids.set(key, grid);
  }
  const columns = [grid.ones];
  const terms: readonly (readonly [number, number])[] = [
    [DAY_MS, orders.daily],
    [WEEK_MS, orders.weekly],
    [HOUR_MS, orders.hourly],
  ];
  for (const [periodMs, order] of terms) {
    for (let k = 1; k <= order; k++) columns.push(...waves(grid, (2 * Math.PI * k) / periodMs, stepMs));
  }
  return columns;
}

function waves(grid: GridColumns, perMs: number, stepMs: number): readonly [Float64Array, Float64Array] {
  const known = grid.byFrequency.get(perMs);
  if (known !== undefined) return known;
  const pair = [
    grid.ones.map((_, slot) => Math.sin(perMs * slot * stepMs)),
    grid.ones.map((_, slot) => Math.cos(perMs * slot * stepMs)),
  ] as const;
  grid.byFrequency.set(perMs, pair);
  return pair;
}

/** Products of columns, weighted by how often each slot is known. */
interface Products {
  readonly counts: Float64Array;
  /** By column, then by column. */
  readonly known: Map<Float64Array, Map<Float64Array, number>>;
}

const productsOf = new WeakMap<SlotSums, Products>();

/** The lower triangle of the normal equations. Fits of other orders on the same slots share its entries. */
function designProducts(
  values: Float64Array,
  slots: SlotSums,
  columns: readonly Float64Array[],
): Float64Array {
  const counts = new Float64Array(slots.slots);
  for (let i = 0; i < values.length; i++) {
    const slot = slots.slotOf[i] as number;
    if (!Number.isNaN(values[i])) counts[slot] = (counts[slot] as number) + 1;
  }
  let products = productsOf.get(slots);
  if (products === undefined || products.counts.some((count, slot) => count !== counts[slot])) {
    products = { counts, known: new Map() };
    productsOf.set(slots, products);
  }
  const size = columns.length;
  const gram = new Float64Array(size * size);
  columns.forEach((column, i) => {
    const row = products.known.get(column) ?? new Map<Float64Array, number>();
    products.known.set(column, row);
    for (let j = 0; j <= i; j++) {
      const other = columns[j] as Float64Array;
      let product = row.get(other);
      if (product === undefined) {
        product = 0;
        for (let slot = 0; slot < counts.length; slot++) {
          product += (column[slot] as number) * (counts[slot] as number) * (other[slot] as number);
        }
        row.set(other, product);
      }
      gram[i * size + j] = product;
    }
  });
  return gram;
}

/** Ridge regression over slots: one coefficient per column. */
function regress(
  values: Float64Array,
  { slotOf, slots }: SlotSums,
  columns: readonly Float64Array[],
  gram: Float64Array,
): Float64Array {
  const sums = new Float64Array(slots);
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number;
    const slot = slotOf[i] as number;
    if (!Number.isNaN(value)) sums[slot] = (sums[slot] as number) + value;
  }
  const size = columns.length;
  const right = Float64Array.from(columns, (column) => {
    let sum = 0;
    for (let slot = 0; slot < slots; slot++) sum += (column[slot] as number) * (sums[slot] as number);
    return sum;
  });
  // About three observations' worth: steadies slots never seen, invisible once days of data are in.
  const ridge = new Float64Array(size).fill(3);
  ridge[0] = 1e-9;
  return solveSymmetric(gram, right, size, ridge);
}

/** The fitted value of each slot. */
function expand(columns: readonly Float64Array[], coefficients: Float64Array): Float64Array {
  const values = new Float64Array(columns[0]?.length ?? 0);
  columns.forEach((column, i) => {
    const coefficient = coefficients[i] ?? 0;
    for (let slot = 0; slot < values.length; slot++) {
      values[slot] = (values[slot] as number) + (column[slot] as number) * coefficient;
    }
  });
  return values;
}
