import { DAY_MS, HOUR_MS } from "../../model/time.ts";
import { addOuter, solveSymmetric } from "./linear-algebra.ts";
import type { FourierOrders, SlotSums } from "./seasonal-fit.ts";
import { robustScale } from "./statistics.ts";

/**
 * Fourier terms of the local day, week and hour, held as small tables read on the line between their points:
 * 1.5 kB, where a value per slot of the week takes 16.
 */
export interface HarmonicPattern {
  readonly level: number;
  readonly tables: readonly HarmonicTable[];
}

export interface HarmonicTable {
  readonly periodMs: number;
  /** One value per point of the period, evenly spread; the last meets the first. */
  readonly values: Float32Array;
}

/** The terms on offer, and their values at the local start of each slot, after the 1 of the level. */
export interface HarmonicDesign {
  readonly slots: SlotSums;
  readonly terms: readonly HarmonicTerm[];
  readonly rows: readonly Float64Array[];
}

/** Sums over the history that every subset of the terms is solved from. */
export interface HarmonicSums extends HarmonicDesign {
  readonly gram: Float64Array;
  readonly right: Float64Array;
  /** Whether the terms describe changes from step to step: then there is no level. */
  readonly changes: boolean;
}

interface HarmonicTerm {
  readonly group: "daily" | "weekly" | "hourly";
  readonly order: number;
  readonly periodMs: number;
}

const PERIODS = { daily: DAY_MS, weekly: 7 * DAY_MS, hourly: HOUR_MS } as const;
const POINTS = { daily: 96, weekly: 168, hourly: 60 } as const;
const GROUPS = ["daily", "weekly", "hourly"] as const;
const ALL_ORDERS = { daily: 99, weekly: 99, hourly: 99 };

/** Ridge, as a share of each column's own sum of squares: about three observations' worth of a fortnight. */
const RIDGE = 0.0015;

/** Design of the largest `orders` that will be asked for. */
export function harmonicDesign(slots: SlotSums, orders: FourierOrders): HarmonicDesign {
  const terms = GROUPS.flatMap((group) =>
    Array.from({ length: orders[group] }, (_, k) => ({ group, order: k + 1, periodMs: PERIODS[group] })),
  );
  return { slots, terms, rows: designRows(slots, terms) };
}

/**
 * Sums of `values` over a design; with `changes`, `values` are changes from step to step, and those of the
 * terms are fitted to them (the regression of an integrated series). Values further than four robust standard
 * deviations from a first fit of all terms are pulled in to that distance.
 */
export function harmonicSums(values: Float64Array, design: HarmonicDesign, changes: boolean): HarmonicSums {
  const { slots, terms } = design;
  const levels = design.rows;
  const rows = changes ? levels.map((row, slot) => rowChange(row, levels.at(slot - 1))) : levels;
  const { gram, right } = gramOf(values, slots, rows);
  const first = { slots, terms, rows, gram, right, changes };
  return { ...first, right: pulledRight(values, first) };
}

/** The sums with the values, when outliers are pulled in: that leaves the sums of the terms as they are. */
function pulledRight(values: Float64Array, sums: HarmonicSums): Float64Array {
  const { slotOf } = sums.slots;
  const fitted = slotValues(sums, ALL_ORDERS);
  const errors = new Float64Array(values.length);
  for (let i = 0; i < errors.length; i++) errors[i] = (values[i] ?? 0) - (fitted[slotOf[i] ?? 0] ?? 0);
  const limit = 4 * robustScale(errors);
  const pulled = sums.right.slice();
  for (let i = 0; i < errors.length; i++) {
    const error = errors[i] ?? 0;
    if (!(Math.abs(error) > limit)) continue;
    const excess = error - Math.sign(error) * limit;
    addScaled(pulled, sums.rows[slotOf[i] ?? 0], -excess);
  }
  return pulled;
}

function addScaled(sum: Float64Array, row: Float64Array | undefined, factor: number): void {
  for (let c = 0; c < sum.length; c++) sum[c] = (sum[c] ?? 0) + factor * (row?.[c] ?? 0);
}

/** What the terms up to `orders` say in each slot (of values, or of changes). */
export function slotValues(sums: HarmonicSums, orders: FourierOrders): Float64Array {
  const { columns, beta } = solveOrders(sums, orders);
  return Float64Array.from(sums.rows, (row) => dotSome(row, columns, beta));
}

/** The terms up to `orders` as tables. Level 0 where the sums are of changes. */
export function harmonicPattern(sums: HarmonicSums, orders: FourierOrders): HarmonicPattern {
  const { columns, beta } = solveOrders(sums, orders);
  const tables = GROUPS.filter((group) => orders[group] > 0).map((group) => {
    const values = new Float32Array(POINTS[group]);
    columns.forEach((column, k) => {
      const term = sums.terms[(column - 1) >> 1];
      if (column > 0 && term?.group === group) addWave(values, term.order, column % 2 === 1, beta[k] ?? 0);
    });
    return { periodMs: PERIODS[group], values };
  });
  const level = columns[0] === 0 ? (beta[0] ?? 0) : 0;
  return { level, tables };
}

/** Adds `order` waves over the table: a sine or a cosine of height `beta`. */
function addWave(values: Float32Array, order: number, sine: boolean, beta: number): void {
  for (let point = 0; point < values.length; point++) {
    const angle = (2 * Math.PI * order * point) / values.length;
    values[point] = (values[point] ?? 0) + beta * (sine ? Math.sin(angle) : Math.cos(angle));
  }
}

/** The pattern at a local time. */
export function harmonicAt({ level, tables }: HarmonicPattern, localMs: number): number {
  let sum = level;
  for (const { periodMs, values } of tables) {
    const position = ((localMs % periodMs) / periodMs) * values.length;
    const low = Math.floor(position);
    const share = position - low;
    const first = values[low] ?? 0;
    sum += share === 0 ? first : first + ((values[low + 1] ?? values[0] ?? 0) - first) * share;
  }
  return sum;
}

/** Columns: the level, then sine and cosine of each term, at the local start of each slot. */
function designRows({ slots, stepMs, phaseMs }: SlotSums, terms: readonly HarmonicTerm[]): Float64Array[] {
  return Array.from({ length: slots }, (_, slot) => {
    const row = new Float64Array(1 + 2 * terms.length);
    row[0] = 1;
    terms.forEach(({ order, periodMs }, k) => {
      const angle = (2 * Math.PI * order * (phaseMs + slot * stepMs)) / periodMs;
      row[1 + 2 * k] = Math.sin(angle);
      row[2 + 2 * k] = Math.cos(angle);
    });
    return row;
  });
}

function rowChange(row: Float64Array, before: Float64Array | undefined): Float64Array {
  return row.map((value, i) => value - (before?.[i] ?? value));
}

function gramOf(
  values: Float64Array,
  slots: SlotSums,
  rows: readonly Float64Array[],
): { readonly gram: Float64Array; readonly right: Float64Array } {
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
  return { gram, right };
}

function solveOrders(
  { terms, gram, right, changes }: HarmonicSums,
  orders: FourierOrders,
): { readonly columns: readonly number[]; readonly beta: Float64Array } {
  const width = 1 + 2 * terms.length;
  const chosen = terms.flatMap(({ group, order }, k) =>
    order <= orders[group] ? [1 + 2 * k, 2 + 2 * k] : [],
  );
  const columns = changes ? chosen : [0, ...chosen];
  const size = columns.length;
  const part = new Float64Array(size * size);
  const ridge = new Float64Array(size);
  columns.forEach((row, i) => {
    for (let j = 0; j <= i; j++) part[i * size + j] = gram[row * width + (columns[j] ?? 0)] ?? 0;
    ridge[i] = row === 0 ? 1e-9 : RIDGE * (gram[row * width + row] ?? 0) + 1e-12;
  });
  const own = Float64Array.from(columns, (column) => right[column] ?? 0);
  return { columns, beta: solveSymmetric(part, own, size, ridge) };
}

function dotSome(row: Float64Array, columns: readonly number[], beta: Float64Array): number {
  let sum = 0;
  for (let k = 0; k < columns.length; k++) sum += (row[columns[k] ?? 0] ?? 0) * (beta[k] ?? 0);
  return sum;
}
