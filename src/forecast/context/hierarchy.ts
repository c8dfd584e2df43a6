import type { QuantileForecast } from "../../model/forecast.ts";

/** Forecasts of a whole and of breakdowns of it: segments, endpoints; each breakdown sums to the whole. */
export interface Hierarchy {
  readonly total: QuantileForecast;
  readonly breakdowns: readonly (readonly QuantileForecast[])[];
}

/** Width of the 0.1 to 0.9 range of a normal law, in standard deviations. */
const DECILES = 2.563;

/**
 * Makes the medians of each breakdown sum to the total's, step by step.
 *
 * Generalised least squares with diagonal weights (MinT with variance scaling, Wickramasuriya, Athanasopoulos
 * and Hyndman 2019): each forecast moves by its share of the error variance, taken from its own width, so a
 * sharp total hardly moves for noisy parts. In closed form, with `V` the variance of a breakdown's sum:
 *
 *     total' = (total / v + Σ sum / V) / (1 / v + Σ 1 / V)
 *     part'  = part + (v_part / V) (total' - sum)
 *
 * Quantiles move with their median and none is negative; a part that would be is 0 and the others carry what
 * it cannot. Throws a RangeError when grids or levels differ.
 */
export function reconcile({ total, breakdowns }: Hierarchy): Hierarchy {
  const all = [total, ...breakdowns.flat()];
  for (const one of all) checkSame(total, one);
  const rows = (forecast: QuantileForecast): Float64Array[] => forecast.quantiles.map((row) => row.slice());
  const totalRows = rows(total);
  const partRows = breakdowns.map((parts) => parts.map(rows));
  const at = { median: levelIndex(total, 0.5), low: levelIndex(total, 0.1), high: levelIndex(total, 0.9) };
  const steps = totalRows[0]?.length ?? 0;
  for (let step = 0; step < steps; step++) reconcileStep(totalRows, partRows, step, at);
  const back = (forecast: QuantileForecast, quantiles: Float64Array[]): QuantileForecast => ({
    ...forecast,
    quantiles,
  });
  return {
    total: back(total, totalRows),
    breakdowns: breakdowns.map((parts, b) =>
      parts.map((part, p) => back(part, partRows[b]?.[p] ?? rows(part))),
    ),
  };
}

interface LevelRows {
  readonly median: number;
  readonly low: number;
  readonly high: number;
}

function reconcileStep(
  total: readonly Float64Array[],
  breakdowns: readonly (readonly (readonly Float64Array[])[])[],
  step: number,
  at: LevelRows,
): void {
  const used = breakdowns.filter((parts) => parts.length > 0);
  if (used.length === 0) return;
  const middle = (rows: readonly Float64Array[]): number => rows[at.median]?.[step] ?? 0;
  const variance = (rows: readonly Float64Array[]): number => {
    const width = ((rows[at.high]?.[step] ?? 0) - (rows[at.low]?.[step] ?? 0)) / DECILES;
    return Math.max(width, 1e-6 * middle(rows), 1e-9) ** 2;
  };
  const sums = used.map((parts) => ({
    sum: parts.reduce((sum, rows) => sum + middle(rows), 0),
    variance: parts.reduce((sum, rows) => sum + variance(rows), 0),
  }));
  let weight = 1 / variance(total);
  let weighted = middle(total) * weight;
  for (const one of sums) {
    weight += 1 / one.variance;
    weighted += one.sum / one.variance;
  }
  const agreed = Math.max(0, weighted / weight);
  shiftRows(total, step, middle(total), agreed);
  for (const parts of used) {
    const medians = parts.map(middle);
    const shared = shareOut(medians, parts.map(variance), agreed);
    parts.forEach((rows, p) => {
      shiftRows(rows, step, medians[p] ?? 0, shared[p] ?? 0);
    });
  }
}

/** `medians` moved in proportion to `variances` so that they sum to `wanted`; none below 0. */
function shareOut(
  medians: readonly number[],
  variances: readonly number[],
  wanted: number,
): readonly number[] {
  const values = [...medians];
  const isFree = values.map(() => true);
  // Each round fixes at least one part at 0, so there are at most as many rounds as parts.
  for (let round = 0; round < values.length; round++) {
    const missing = wanted - values.reduce((sum, value) => sum + value, 0);
    const room = variances.reduce((sum, variance, i) => sum + (isFree[i] ? variance : 0), 0);
    if (room <= 0) break;
    let isDone = true;
    values.forEach((value, i) => {
      if (!isFree[i]) return;
      const moved = value + (missing * (variances[i] ?? 0)) / room;
      values[i] = Math.max(0, moved);
      if (moved < 0) {
        isFree[i] = false;
        isDone = false;
      }
    });
    if (isDone) break;
  }
  return values;
}

function shiftRows(rows: readonly Float64Array[], step: number, from: number, to: number): void {
  for (const row of rows) row[step] = Math.max(0, (row[step] ?? 0) + to - from);
}

function levelIndex({ levels }: QuantileForecast, level: number): number {
  const index = levels.indexOf(level);
  if (index < 0) throw new RangeError(`a forecast without level ${level} cannot be reconciled`);
  return index;
}

function checkSame(total: QuantileForecast, other: QuantileForecast): void {
  const same =
    total.cutoffMs === other.cutoffMs &&
    total.stepMs === other.stepMs &&
    total.levels.join() === other.levels.join() &&
    total.quantiles[0]?.length === other.quantiles[0]?.length;
  if (!same) throw new RangeError("forecasts of a hierarchy differ in cutoff, step, levels or length");
}
