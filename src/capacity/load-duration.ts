import { type DemandPath, type PooledShape, peakAt, type ShapePool, valueAt } from "./demand-paths.ts";
import { type UnitTable, unitsAt } from "./unit-table.ts";

/** Hours at each number of units: `hours[u]` at exactly `u`. */
export type LoadHours = Float64Array;

/** Periods of a path that count, and how much of each: a horizon may end within one. */
export interface PathWindow {
  readonly periods: number;
  /** Share of the last of them. */
  readonly lastShare: number;
  /** Factors by slot on demand in a period, where an event lies in it. */
  readonly factors: ReadonlyMap<number, Float64Array>;
}

export function pathWindow(lengthMs: number, periodMs: number, factors: PathWindow["factors"]): PathWindow {
  const periods = Math.max(1, Math.ceil(lengthMs / periodMs - 1e-9));
  return { periods, lastShare: lengthMs / periodMs - (periods - 1), factors };
}

/** A path's period with all that its values need. */
interface PathPeriod {
  readonly shape: PooledShape;
  readonly level: number;
  readonly stretch: number;
  /** Of the period that counts. */
  readonly share: number;
  readonly factors: Float64Array | undefined;
}

/** Adds the hours of one path at each number of units to `into`. */
export function addLoadHours(
  into: LoadHours,
  path: DemandPath,
  {
    pool,
    table,
    window,
  }: { readonly pool: ShapePool; readonly table: UnitTable; readonly window: PathWindow },
): void {
  for (const period of pathPeriods(path, pool, window)) {
    const { hours } = period.shape;
    for (let at = 0; at < hours.length; at++) {
      const units = unitsAt(table, demandAt(period, at));
      into[units] = (into[units] ?? 0) + period.share * (hours[at] ?? 0);
    }
  }
}

/** Largest demand of each period of a path, requests/s. */
export function periodPeaks(path: DemandPath, pool: ShapePool, window: PathWindow): Float64Array {
  return Float64Array.from(pathPeriods(path, pool, window), (period) => {
    let peak = peakAt(period.shape, period.level, period.stretch);
    if (period.factors === undefined) return peak;
    for (let at = 0; at < period.shape.hours.length; at++) peak = Math.max(peak, demandAt(period, at));
    return peak;
  });
}

function pathPeriods(path: DemandPath, pool: ShapePool, window: PathWindow): readonly PathPeriod[] {
  return Array.from({ length: window.periods }, (_, period) => {
    const shape = pool.shapes[path.shapes[period] ?? 0];
    if (shape === undefined) throw new RangeError(`path: shape ${path.shapes[period]} is not in the pool`);
    return {
      shape,
      level: path.levels[period] ?? 0,
      stretch: path.stretches[period] ?? 1,
      share: period === window.periods - 1 ? window.lastShare : 1,
      factors: window.factors.get(period),
    };
  });
}

function demandAt({ shape, level, stretch, factors }: PathPeriod, at: number): number {
  const value = valueAt(shape, at, level, stretch);
  return factors === undefined ? value : value * (factors[shape.slots[at] ?? 0] ?? 1);
}

/**
 * Break-even on a load-duration curve: the largest b whose unit b is busy for at least `share` of all hours. A price
 * ratio as the share makes it the newsvendor's size: one unit more would cost more than it saves.
 *
 *     10 units for 15 h, 30 for 9 h:   share 0.60: 10   share 0.30: 30   share 1 or more: 0
 */
export function breakEvenUnits(hours: LoadHours, share: number): number {
  if (!(share < 1)) return 0;
  const wanted = share * hours.reduce((sum, each) => sum + each, 0);
  let busy = 0;
  for (let units = hours.length - 1; units > 0; units--) {
    busy += hours[units] ?? 0;
    if (busy >= wanted - 1e-9) return busy > 0 ? units : 0;
  }
  return 0;
}

export interface HeldPrices {
  readonly committedUsd: number;
  readonly baselineUsd: number;
  readonly onDemandUsd: number;
}

/**
 * What serving these hours costs, USD: committed units and those held beside them for every hour, the rest while they
 * are needed.
 */
export function costUsd(
  hours: LoadHours,
  held: { readonly committedUnits: number; readonly baselineUnits: number },
  prices: HeldPrices,
): number {
  const heldUnits = Math.max(held.committedUnits, held.baselineUnits);
  const everyHour =
    held.committedUnits * prices.committedUsd + (heldUnits - held.committedUnits) * prices.baselineUsd;
  let total = 0;
  hours.forEach((each, units) => {
    total += each * (everyHour + Math.max(0, units - heldUnits) * prices.onDemandUsd);
  });
  return total;
}

/**
 * The share by which all demand may fall before `units` held for every hour at `priceShare` of the on-demand price cost
 * more than they save; 0 when they do already.
 */
export function fallUntilLoss(hours: LoadHours, units: number, priceShare: number): number {
  const all = hours.reduce((sum, each) => sum + each, 0);
  const pays = (fall: number): boolean => {
    let used = 0;
    hours.forEach((each, need) => {
      used += each * Math.min(units, need * (1 - fall));
    });
    return used >= priceShare * units * all;
  };
  if (units === 0 || !pays(0)) return 0;
  let [low, high] = [0, 1];
  for (let half = 0; half < 30; half++) {
    const middle = (low + high) / 2;
    if (pays(middle)) low = middle;
    else high = middle;
  }
  return low;
}
