import type { DemandSeries } from "../../model/series.ts";
import type { ForecasterSpec } from "../forecaster.ts";
import { perHistory } from "./per-history.ts";
import { median } from "./statistics.ts";

/** Parameters learned in units of `unit` demand. */
export interface InUnits<State extends object> {
  readonly unit: number;
  readonly inner: State;
}

/**
 * The same formulas on demand divided by its median. Squares of 1e300 overflow, and squares of 1e-200 vanish;
 * squares of what is near one do neither. The unit is a power of two, so that dividing by it rounds nothing.
 */
export function inUnits<State extends object>(spec: ForecasterSpec<State>): ForecasterSpec<InUnits<State>> {
  return {
    ...spec,
    estimate: (history, context, previous) => {
      const unit = unitOf(history.values);
      // A start from parameters in another unit would be no start.
      const warm = previous?.unit === unit ? previous.inner : undefined;
      const inner = spec.estimate(divided(history, unit), context, warm);
      return typeof inner === "string" ? inner : { unit, inner };
    },
    quantiles: ({ unit, inner }, history, context, steps, levels) => {
      const rows = spec.quantiles(inner, divided(history, unit), context, steps, levels);
      for (const row of rows) for (let j = 0; j < row.length; j++) row[j] = (row[j] ?? 0) * unit;
      return rows;
    },
  };
}

/** The power of two below the median of the values that are neither gap nor zero; 1 where there is none. */
function unitOf(values: Float64Array): number {
  const sizes = values.filter((value) => Math.abs(value) > 0).map(Math.abs);
  const middle = median(sizes);
  if (Number.isNaN(middle)) return 1;
  return 2 ** Math.min(1000, Math.max(-1000, Math.floor(Math.log2(middle))));
}

function divided(history: DemandSeries, unit: number): DemandSeries {
  if (unit === 1) return history;
  const known = dividedBy(history);
  const before = known.get(unit);
  if (before !== undefined) return before;
  const own = { ...history, values: history.values.map((value) => value / unit) };
  known.set(unit, own);
  return own;
}

/** By unit: most members have the same. */
const dividedBy = perHistory(() => new Map<number, DemandSeries>());
