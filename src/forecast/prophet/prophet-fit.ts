import type { ScheduledEvent } from "../../model/known-ahead.ts";
import type { LocalClock } from "../local-clock.ts";
import { curveOf, evaluateCurve, type ProphetCurve } from "./prophet-curve.ts";
import {
  type Cells,
  designMatrix,
  fourierSize,
  type Seasonality,
  scaling,
  stanData,
} from "./prophet-design.ts";
import { type EventEffect, kindsWithin, plannedChange, strengthWithin } from "./prophet-events.ts";
import { maximizePosterior, type StanParams } from "./prophet-posterior.ts";
import { climbWithStan } from "./prophet-stan.ts";

export interface ProphetFit {
  readonly curve: ProphetCurve;
  /** Of the kinds that occurred among the cells. */
  readonly effects: readonly EventEffect[];
}

/** Fewer ordinary cells than this, and events are too much of the history to be told from it. */
const FEWEST_ORDINARY = 96;
/** Cells' worth of an event that must have been seen before it counts as seen. */
const LEAST_SEEN = 0.3;

/**
 * Prophet on cells. Each kind of event is one of Prophet's holidays, with its window to the second, and its
 * column is what is usual at that time instead of 1: its coefficient is then a factor, the same at night and
 * at noon. What is usual comes from a first fit without the cells that events touch.
 */
export function fitProphet(
  cells: Cells,
  clock: LocalClock,
  seasonalities: readonly Seasonality[],
  events: readonly ScheduledEvent[],
  solve = maximizePosterior,
): ProphetFit {
  const fourier = designMatrix(cells, clock, seasonalities, []);
  const columns = eventColumns(cells, events);
  if (columns.length === 0) return fitColumns(cells, fourier, seasonalities, [], solve);
  const ordinary = cells.startsMs.map((_, i) => (columns.some(({ column }) => column[i] !== 0) ? 0 : 1));
  const usual = usualDemand(cells, clock, fourier, seasonalities, ordinary, solve);
  const scaled = columns.map((entry) => ({
    ...entry,
    column: entry.column.map((share, i) => share * (usual[i] ?? 0)),
  }));
  return fitColumns(cells, fourier, seasonalities, scaled, solve);
}

interface EventColumn {
  readonly kind: string;
  readonly plannedChange: number;
  readonly column: Float64Array;
}

function eventColumns({ startsMs, gridMs }: Cells, events: readonly ScheduledEvent[]): EventColumn[] {
  const fromMs = startsMs[0] ?? 0;
  const toMs = (startsMs[startsMs.length - 1] ?? 0) + gridMs;
  return kindsWithin(events, fromMs, toMs).flatMap(({ kind, events: own }) => {
    const planned = plannedChange(own);
    const column = startsMs.map((startMs) => strengthWithin(own, planned, startMs, startMs + gridMs));
    const seen = column.reduce((sum, share) => sum + share, 0);
    return seen < LEAST_SEEN ? [] : [{ kind, plannedChange: planned, column }];
  });
}

/** Demand without events at each cell, in Prophet's units, not negative. */
function usualDemand(
  cells: Cells,
  clock: LocalClock,
  fourier: readonly Float64Array[],
  seasonalities: readonly Seasonality[],
  ordinary: Float64Array,
  solve: typeof maximizePosterior,
): Float64Array {
  const keep = (_: unknown, i: number): boolean => ordinary[i] === 1;
  const startsMs = cells.startsMs.filter(keep);
  const few = startsMs.length < FEWEST_ORDINARY;
  const kept = few ? cells : { ...cells, startsMs, means: cells.means.filter(keep) };
  const { curve } = fitColumns(kept, few ? fourier : fourier.filter(keep), seasonalities, [], solve);
  const { scale } = scaling(cells);
  return evaluateCurve(curve, clock, cells.startsMs).map((demand) => Math.max(0, demand) / scale);
}

function fitColumns(
  cells: Cells,
  fourier: readonly Float64Array[],
  seasonalities: readonly Seasonality[],
  columns: readonly EventColumn[],
  solve: typeof maximizePosterior,
): ProphetFit {
  const terms = fourierSize(seasonalities);
  const rows =
    columns.length === 0
      ? fourier
      : fourier.map((row, i) => Float64Array.from([...row, ...columns.map(({ column }) => column[i] ?? 0)]));
  const data = stanData(cells, rows, columns.length, "linear");
  const { params, exact } = solve(data);
  const found: StanParams = exact ? params : climbWithStan(data, params);
  const effects = columns.map(({ kind, plannedChange: planned }, e) => ({
    kind,
    change: found.beta[terms + e] ?? 0,
    plannedChange: planned,
  }));
  return { curve: curveOf(cells, data.t_change, found, seasonalities), effects };
}
