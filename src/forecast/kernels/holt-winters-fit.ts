import type { CellLaw } from "./cell-smoothing.ts";
import { cellsPerDay, type LocalCells, placeOf } from "./local-cells.ts";
import { minimizeInBox } from "./nelder-mead.ts";
import { pulledIn } from "./pulled-in.ts";
import { clamp, robustScale } from "./statistics.ts";

/** The law of the cells; what steps add to it is learned later. */
export type CellRule = Omit<CellLaw, "stepLimit">;

/** ETS(A,Ad,A) over the cells of the local day, with what it starts from. */
export interface CellSmoothingFit {
  readonly law: CellRule;
  readonly level: number;
  readonly season: Float64Array;
  /** First step of the series whose errors were judged: those before made the starting pattern. */
  readonly firstStep: number;
  /** Corrected Akaike criterion of the one-cell errors judged. */
  readonly aicc: number;
  /** Sum of the means judged: with logarithms, what a comparison with plain values has to add. */
  readonly sumJudged: number;
}

interface Start {
  readonly cells: LocalCells;
  readonly places: Int32Array;
  readonly season: Float64Array;
  readonly level: number;
  readonly firstCell: number;
}

/** ln alpha, ln(beta / alpha), ln gamma, phi. */
const LOW = [Math.log(0.002), Math.log(0.0005), Math.log(0.001), 0.8];
const HIGH = [0, Math.log(0.5), Math.log(0.5), 0.98];
const STARTS = [0.05, 0.3, 0.8].flatMap((alpha) =>
  [0.02, 0.15].map((gamma) => [Math.log(alpha), Math.log(0.01), Math.log(gamma), 0.93]),
);
const EVALUATIONS = 160;

/**
 * Constants with the smallest mean squared one-cell error, errors beyond five robust standard deviations
 * pulled in. The first third of the history, at most a week, gives the starting pattern and is not judged.
 */
export function fitCellSmoothing(cells: LocalCells): CellSmoothingFit {
  const start = startOf(cells);
  const wide = lawOf(STARTS[3] ?? [], cells.cellMs, Number.POSITIVE_INFINITY);
  const errors = new Float64Array(cells.means.length);
  runMeans(start, wide, errors);
  // A history that the first guess meets exactly has no size of error: then every error counts in full.
  const limit = 5 * robustScale(errors.subarray(start.firstCell)) || Number.POSITIVE_INFINITY;
  const loss = (point: ArrayLike<number>): number => runMeans(start, lawOf(point, cells.cellMs, limit));
  const first = STARTS.reduce((best, next) => (loss(next) < loss(best) ? next : best));
  const { point, loss: variance } = minimizeInBox(loss, first, { low: LOW, high: HIGH }, EVALUATIONS);
  let judged = 0;
  let sumJudged = 0;
  for (const mean of cells.means.subarray(start.firstCell)) {
    if (Number.isNaN(mean)) continue;
    judged++;
    sumJudged += mean;
  }
  return {
    law: lawOf(point, cells.cellMs, limit),
    level: start.level,
    season: start.season,
    firstStep: cells.firstSteps[start.firstCell] ?? 0,
    aicc: judged * Math.log(variance),
    sumJudged,
  };
}

function lawOf(point: ArrayLike<number>, cellMs: number, limit: number): CellRule {
  const alpha = Math.exp(point[0] ?? 0);
  const beta = alpha * Math.exp(point[1] ?? 0);
  return { cellMs, alpha, beta, gamma: Math.exp(point[2] ?? 0), phi: point[3] ?? 0.93, limit };
}

function startOf(cells: LocalCells): Start {
  const { means, ids } = cells;
  const perDay = cellsPerDay(cells.cellMs);
  const places = ids.map((id) => placeOf(id, perDay));
  const firstCell = clamp(Math.floor(means.length / perDay / 3), 1, 7) * perDay;
  const sums = new Float64Array(perDay);
  const counts = new Float64Array(perDay);
  let total = 0;
  let known = 0;
  for (let c = 0; c < Math.min(firstCell, means.length); c++) {
    const mean = means[c] ?? Number.NaN;
    if (Number.isNaN(mean)) continue;
    const place = places[c] ?? 0;
    sums[place] = (sums[place] ?? 0) + mean;
    counts[place] = (counts[place] ?? 0) + 1;
    total += mean;
    known++;
  }
  const level = known === 0 ? firstKnown(means) : total / known;
  const season = sums.map((sum, place) => {
    const count = counts[place] ?? 0;
    return count === 0 ? 0 : sum / count - level;
  });
  return { cells, places, season, level, firstCell };
}

function firstKnown(means: Float64Array): number {
  return means.find((mean) => !Number.isNaN(mean)) ?? 0;
}

/** Mean squared error from the first judged cell on, errors beyond the limit pulled in to it. */
function runMeans(
  { cells, places, season, level, firstCell }: Start,
  law: CellRule,
  errors?: Float64Array,
): number {
  const { means } = cells;
  const { alpha, beta, gamma, phi, limit } = law;
  const pattern = season.slice();
  const cap = limit * limit;
  const side = { side: 0, bound: 0 };
  let current = level;
  let trend = 0;
  let squares = 0;
  let counted = 0;
  for (let c = 0; c < means.length; c++) {
    const place = places[c] ?? 0;
    trend *= phi;
    current += trend;
    const error = (means[c] ?? Number.NaN) - current - (pattern[place] ?? 0);
    if (errors !== undefined) errors[c] = error;
    if (Number.isNaN(error)) continue;
    if (c >= firstCell) {
      squares += Math.min(cap, error * error);
      counted++;
    }
    const taken = pulledIn(side, error, limit);
    current += alpha * taken;
    trend += beta * taken;
    pattern[place] = (pattern[place] ?? 0) + gamma * taken;
  }
  return counted === 0 ? 0 : squares / counted;
}
