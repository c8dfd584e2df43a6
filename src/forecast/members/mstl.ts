import type { DemandSeries } from "../../model/series.ts";
import { DAY_MS } from "../../model/time.ts";
import { defineForecaster, type ForecastContext, type Forecaster } from "../forecaster.ts";
import { type CellState, cellQuantiles, fitCells } from "../kernels/cell-forecast.ts";
import { fitSmoothing } from "../kernels/exponential-smoothing.ts";
import { cellsPerDay, type LocalCells, localCells, placeOf } from "../kernels/local-cells.ts";
import { fillByPlace, localLine, patternTable } from "../kernels/pattern-table.ts";
import { clamp, median, robustScale } from "../kernels/statistics.ts";
import { inUnits } from "../kernels/unit-scale.ts";

/** Days at the end that are forecast from patterns of what came before them. */
const JUDGED_DAYS = 5;

/**
 * MSTL (Bandara, Hyndman and Bergmeir 2021) over half-hour means at the local clock: patterns of the day and,
 * where two weeks are there and it pays, of the week, by robust loess. What is left is smoothed with a damped
 * trend, its errors follow an AR law at the grid of the series.
 *
 * A pattern has seen every day that it is taken from, so errors against it are too small. The last five days
 * are therefore forecast with patterns of the days before them, and give the intervals.
 */
export const mstl: Forecaster = defineForecaster(
  inUnits<CellState>({
    name: "mstl",
    cost: "light",
    needs: { knownSteps: 96, spanMs: 3 * DAY_MS },
    estimate: (history, context) => {
      if (history.stepMs > DAY_MS / 4) return "needs at least four steps a day";
      const cells = localCells(history, context.clock);
      const days = (history.values.length * history.stepMs) / DAY_MS;
      const day = fitVariant(history, context, cells, false);
      if (days < 13.5) return day.state;
      const week = fitVariant(history, context, cells, true);
      return week.size < day.size ? week.state : day.state;
    },
    quantiles: (state, history, { clock }, steps, levels) =>
      cellQuantiles(state, history, clock, steps, levels),
  }),
);

function fitVariant(
  history: DemandSeries,
  { clock }: ForecastContext,
  cells: LocalCells,
  weekly: boolean,
): { readonly state: CellState; readonly size: number } {
  const perDay = cellsPerDay(cells.cellMs);
  const line = localLine(cells);
  const firstId = cells.ids[0] ?? 0;
  // Before a week and a half, too many places of the week were never seen, or only once.
  const before = weekly ? 10.5 : 2;
  const judgedDays = clamp(Math.floor(line.length / perDay - before), 1, JUDGED_DAYS);
  const tables = Array.from({ length: judgedDays + 1 }, (_, k) => {
    const end = line.length - (judgedDays - k) * perDay;
    return {
      fromStep: stepOf(cells, firstId + end),
      season: patternTable(fillByPlace(line.subarray(0, end), perDay), firstId, perDay, weekly),
    };
  });
  const final = tables.pop()?.season ?? new Float64Array(perDay);
  const left = withoutSeason(cells, tables);
  const limit = 5 * robustScale(steps(left)) || Number.POSITIVE_INFINITY;
  const { alpha, beta, phi } = fitSmoothing(left, limit, ["none", "damped"]);
  const known = left.subarray(0, perDay).filter((value) => !Number.isNaN(value));
  const { state, size } = fitCells({
    history,
    clock,
    law: { cellMs: cells.cellMs, alpha, beta, gamma: 0, phi, limit },
    level: known.length === 0 ? 0 : median(known),
    season: tables[0]?.season ?? final,
    changes: tables.slice(1),
    firstStep: tables[0]?.fromStep ?? 0,
  });
  return { state: { ...state, start: { ...state.start, season: final } }, size };
}

/** First step of the first cell with `id` or later. */
function stepOf({ ids, firstSteps }: LocalCells, id: number): number {
  const cell = ids.findIndex((own) => own >= id);
  return cell < 0 ? (firstSteps.at(-1) ?? 0) : (firstSteps[cell] ?? 0);
}

/** Each cell's mean minus the pattern that was known before it. */
function withoutSeason(
  { means, ids, firstSteps }: LocalCells,
  tables: readonly { readonly fromStep: number; readonly season: Float64Array }[],
): Float64Array {
  let k = 0;
  return means.map((mean, c) => {
    while ((tables[k + 1]?.fromStep ?? Number.POSITIVE_INFINITY) <= (firstSteps[c] ?? 0)) k++;
    const season = tables[k]?.season ?? means;
    return mean - (season[placeOf(ids[c] ?? 0, season.length)] ?? 0);
  });
}

/** From each known value to the next. */
function steps(values: Float64Array): Float64Array {
  const known = values.filter((value) => !Number.isNaN(value));
  return known.subarray(1).map((value, i) => value - (known[i] ?? value));
}
