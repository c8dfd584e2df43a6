import type { DemandSeries } from "../../model/series.ts";
import { DAY_MS, MINUTE_MS } from "../../model/time.ts";
import type { LocalClock } from "../local-clock.ts";

/** Means of the known demand per cell of a grid that does not move with the history. */
export interface Cells {
  readonly gridMs: number;
  /** Starts of the cells, ms UTC, rising; cells without any known value are left out. */
  readonly startsMs: Float64Array;
  readonly means: Float64Array;
}

/** The Fourier terms of one seasonality: Prophet's name, period and order. */
export interface Seasonality {
  readonly name: "weekly" | "daily";
  readonly periodDays: number;
  readonly order: number;
}

export const WEEKLY: Seasonality = { name: "weekly", periodDays: 7, order: 3 };
export const DAILY: Seasonality = { name: "daily", periodDays: 1, order: 4 };

/** What Prophet's Stan program is given, in its own words and units (Taylor and Letham 2018, prophet.stan). */
export interface StanData {
  /** Cells, changepoints, features. */
  readonly T: number;
  readonly S: number;
  readonly K: number;
  readonly y: Float64Array;
  readonly t: Float64Array;
  readonly t_change: Float64Array;
  /** One row of K features per cell, all additive. */
  readonly X: readonly Float64Array[];
  readonly sigmas: Float64Array;
  readonly tau: number;
  readonly trend_indicator: 0 | 2;
}

export type Growth = "linear" | "flat";

const GRID_MS = 15 * MINUTE_MS;
const CHANGEPOINTS = 25;
/** Share of the history, from its start, in which the trend may bend. */
const CHANGEPOINT_RANGE = 0.8;
const CHANGEPOINT_PRIOR = 0.05;
const SEASONALITY_PRIOR = 10;
/** As for Prophet's holidays, in Python and in augurs alike 10; an effect of 10 times the peak is no limit. */
const EVENT_PRIOR = 10;

/**
 * 15-minute means, or the series itself where its steps are longer. The grid is counted from 1970, so the
 * cells of a later history are the same ones, and a fit can start where the one before ended. A cell that
 * the history cuts at either end is left out.
 */
export function gridCells({ startMs, stepMs, values }: DemandSeries): Cells {
  const perCell = Math.max(1, Math.round(GRID_MS / stepMs));
  const firstStep = Math.floor(startMs / stepMs);
  const phaseMs = startMs - firstStep * stepMs;
  const firstCell = Math.ceil(firstStep / perCell);
  const count = Math.max(0, Math.floor((firstStep + values.length) / perCell) - firstCell);
  const startsMs = new Float64Array(count);
  const means = new Float64Array(count);
  let kept = 0;
  for (let c = 0; c < count; c++) {
    const from = (firstCell + c) * perCell - firstStep;
    const mean = knownMean(values, from, from + perCell);
    if (Number.isNaN(mean)) continue;
    startsMs[kept] = (firstCell + c) * perCell * stepMs + phaseMs;
    means[kept++] = mean;
  }
  return { gridMs: perCell * stepMs, startsMs: startsMs.slice(0, kept), means: means.slice(0, kept) };
}

function knownMean(values: Float64Array, from: number, to: number): number {
  let sum = 0;
  let count = 0;
  for (let i = from; i < to; i++) {
    const value = values[i] ?? Number.NaN;
    if (Number.isNaN(value)) continue;
    sum += value;
    count++;
  }
  return count === 0 ? Number.NaN : sum / count;
}

/** Which seasonalities `spanMs` of history can tell apart; two weeks of it nearly suffice for the week. */
export function seasonalitiesFor(spanMs: number): readonly Seasonality[] {
  return spanMs >= 13.5 * DAY_MS ? [WEEKLY, DAILY] : [DAILY];
}

/** Fourier columns of `seasonalities`, then those of `events`, at each cell. */
export function designMatrix(
  cells: Cells,
  clock: LocalClock,
  seasonalities: readonly Seasonality[],
  events: readonly Float64Array[],
): Float64Array[] {
  return Array.from(cells.startsMs, (startMs, i) => {
    const terms = fourierSize(seasonalities);
    const row = new Float64Array(terms + events.length);
    writeFourier(row, clock.localMs(startMs) / DAY_MS, seasonalities);
    events.forEach((column, e) => {
      row[terms + e] = column[i] ?? 0;
    });
    return row;
  });
}

export function fourierSize(seasonalities: readonly Seasonality[]): number {
  return seasonalities.reduce((sum, { order }) => sum + 2 * order, 0);
}

/** Sines and cosines at local time `days` (since 1970), as Prophet orders them: sin, cos per multiple. */
export function writeFourier(row: Float64Array, days: number, seasonalities: readonly Seasonality[]): void {
  let f = 0;
  for (const { periodDays, order } of seasonalities) {
    const angle = (2 * Math.PI * (days % periodDays)) / periodDays;
    const sine = Math.sin(angle);
    const cosine = Math.cos(angle);
    let s = sine;
    let c = cosine;
    for (let k = 0; k < order; k++) {
      row[f++] = s;
      row[f++] = c;
      // Angle addition: two trigonometric calls a seasonality, not two a term.
      const next = s * cosine + c * sine;
      c = c * cosine - s * sine;
      s = next;
    }
  }
}

/** Prophet's data for Stan; demand is scaled by its largest mean, time to 0..1 over the cells. */
export function stanData(
  cells: Cells,
  rows: readonly Float64Array[],
  events: number,
  growth: Growth,
): StanData {
  const { scale, fromMs, spanMs } = scaling(cells);
  const t = cells.startsMs.map((startMs) => (startMs - fromMs) / spanMs);
  const t_change = changepoints(t);
  const K = rows[0]?.length ?? 0;
  return {
    T: t.length,
    S: t_change.length,
    K,
    y: cells.means.map((mean) => mean / scale),
    t,
    t_change,
    X: rows,
    sigmas: new Float64Array(K).fill(SEASONALITY_PRIOR, 0, K - events).fill(EVENT_PRIOR, K - events),
    tau: CHANGEPOINT_PRIOR,
    trend_indicator: growth === "linear" ? 0 : 2,
  };
}

export function scaling({ startsMs, means }: Cells): { scale: number; fromMs: number; spanMs: number } {
  const fromMs = startsMs[0] ?? 0;
  const scale = means.reduce((most, mean) => Math.max(most, Math.abs(mean)), 0) || 1;
  return { scale, fromMs, spanMs: (startsMs[startsMs.length - 1] ?? 0) - fromMs || 1 };
}

/** Evenly spaced over the first 80 % of the cells, the first cell itself left out. */
function changepoints(t: Float64Array): Float64Array {
  const last = Math.floor(t.length * CHANGEPOINT_RANGE) - 1;
  const count = Math.min(CHANGEPOINTS, last);
  return Float64Array.from({ length: count }, (_, i) => t[Math.round(((i + 1) * last) / count)] ?? 0);
}
