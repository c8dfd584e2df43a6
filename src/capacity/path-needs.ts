import { DAY_MS } from "../model/time.ts";
import { type DemandPath, ratioExceededFor } from "./demand-paths.ts";
import type { Drawn } from "./drawn.ts";
import { heldFor, type PathNeeds } from "./limits-reached.ts";
import type { Periods, Shape } from "./periods.ts";
import { unitsAt } from "./unit-table.ts";

/** Periods of history that say whether a limit binds already. */
const RECENT_PERIODS = 4;

/** What each path asks of the limits, a period at a time; `peaksRps` by path. */
export function pathNeeds(drawn: Drawn, peaksRps: readonly Float64Array[]): readonly PathNeeds[] {
  const { pool, paths, table, periods, baselineShare } = drawn;
  const busyRatios = pool.shapes.map((shape) => busiestDayRatio(shape, periods, baselineShare));
  const held = (path: DemandPath, period: number): number =>
    (path.levels[period] ?? 0) * (busyRatios[path.shapes[period] ?? 0] ?? 0);
  return paths.map((path, at) => {
    const peaks = peaksRps[at] ?? new Float64Array();
    return {
      peakUnits: peaks.map((peak) => unitsAt(table, peak)),
      baselineUnits: peaks.map((_, period) => (baselineShare < 1 ? unitsAt(table, held(path, period)) : 0)),
    };
  });
}

/** The same of the last periods of history that are known. */
export function historyNeeds({ request, periods, baselineShare }: Drawn): PathNeeds {
  const recent = periods.shapes.flatMap((shape, at) =>
    shape === undefined || at < periods.shapes.length - RECENT_PERIODS
      ? []
      : [{ shape, level: Math.exp(periods.logLevels[at] ?? Number.NEGATIVE_INFINITY) }],
  );
  return {
    peakUnits: Float64Array.from(recent, ({ shape, level }) => request.needUnits(level * shape.peakRatio)),
    baselineUnits: Float64Array.from(recent, ({ shape, level }) =>
      baselineShare < 1 ? request.needUnits(level * busiestDayRatio(shape, periods, baselineShare)) : 0,
    ),
  };
}

/** The ratio exceeded for `share` of the day on which that is the most: the daily review of the baseline sees days. */
function busiestDayRatio(shape: Shape, { slotMs, slotCount }: Periods, share: number): number {
  const daySlots = Math.max(1, Math.round(DAY_MS / slotMs));
  let most = 0;
  for (let from = 0; from < slotCount; from += daySlots) {
    const at = Array.from(shape.slots.keys()).filter((i) => {
      const slot = shape.slots[i] ?? 0;
      return slot >= from && slot < from + daySlots;
    });
    const day = {
      ...shape,
      ratios: Float64Array.from(at, (i) => shape.ratios[i] ?? 0),
      hours: Float64Array.from(at, (i) => shape.hours[i] ?? 0),
    };
    most = Math.max(most, ratioExceededFor(day, share));
  }
  return most;
}

/** The baseline that the daily review makes of the last day of history, within its limits. */
export function baselineNow({ request, baselineShare }: Drawn): number {
  const { history, needUnits, today } = request;
  const { minUnits, maxUnits } = today.tiers.baseline;
  const fromStep = Math.max(0, history.values.length - Math.round(DAY_MS / history.stepMs));
  const lastDay = history.values.slice(fromStep).filter((value) => value >= 0);
  const held = heldFor(Array.from(lastDay, needUnits), baselineShare);
  return Math.min(maxUnits, Math.max(minUnits, held));
}
