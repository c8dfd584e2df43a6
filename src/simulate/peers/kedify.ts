import { newProphet } from "../../forecast/prophet/prophet-module.ts";
import type { DemandSeries } from "../../model/series.ts";
import { MINUTE_MS } from "../../model/time.ts";

const REFIT_HOURS = 24;
const BACK_DAYS = 21;
const GRID_MINUTES = 10;
/** The forecast is left out while the last day's mean absolute percentage error is above this. */
const GATE = 0.3;
const LEAST_SAMPLES = 1800;
const LEAST_MEANS = 20;
const DAY_MINUTES = 1440;

export interface KedifyRequest {
  readonly series: DemandSeries;
  readonly firstScored: number;
  readonly leadMinutes: number;
}

interface Grid {
  readonly minutes: number;
  readonly startMs: number;
  readonly means: Float64Array;
  /** Samples of the trace per mean. */
  readonly ratio: number;
}

/**
 * Demand one lead time after each step as Kedify's predictive scaler would say it; NaN while its gate is
 * shut. Real Prophet (Taylor and Letham 2018) on 10-minute means of the last 21 days, refitted daily;
 * weekly season from 14 days on. The gate is shut before 1,800 samples and while the previous model's error
 * over its day is above 30 %. Source: Kedify documentation, "Predictive autoscaling" (Prophet per metric,
 * MAPE threshold, formula mixing measured and forecast value).
 */
export function kedifyForecast(request: KedifyRequest): Float64Array {
  const grid = gridOf(request.series);
  const count = grid.means.length;
  const perFit = Math.floor((REFIT_HOURS * 60) / grid.minutes);
  const forecast = new Float64Array(count + 1).fill(Number.NaN);
  const first = Math.max(0, Math.floor(request.firstScored / grid.ratio) - perFit);
  let previous: Float64Array | undefined;
  for (let from = first; from < count; from += perFit) {
    const to = Math.min(from + perFit + Math.ceil(request.leadMinutes / grid.minutes) + 1, count);
    const fit = fitDay(request.series, grid, from, to);
    if (fit === undefined) continue;
    const dayMeans = Math.floor(DAY_MINUTES / grid.minutes);
    const judged =
      previous === undefined
        ? relativeError(grid, Math.max(fit.from, from - dayMeans), fit.past.slice(-dayMeans))
        : relativeError(grid, from - perFit, previous.subarray(0, perFit));
    previous = fit.ahead;
    if (judged <= GATE) forecast.set(fit.ahead, from);
  }
  return atLead(forecast, grid, request);
}

/** What the HPA rule is shown: 0.7 of measured, 0.3 of forecast. */
export function kedifySignal(seenRps: Float64Array, forecastRps: Float64Array): Float64Array {
  return seenRps.map((seen, step) => {
    const forecast = forecastRps[step] ?? Number.NaN;
    return Number.isNaN(forecast) ? seen : 0.7 * seen + 0.3 * forecast;
  });
}

function gridOf({ values, startMs, stepMs }: DemandSeries): Grid {
  const stepMinutes = stepMs / MINUTE_MS;
  const minutes = Math.max(GRID_MINUTES, stepMinutes);
  const ratio = Math.floor(minutes / stepMinutes);
  const means = Float64Array.from({ length: Math.floor(values.length / ratio) }, (_, cell) => {
    let sum = 0;
    let known = 0;
    for (const value of values.subarray(cell * ratio, (cell + 1) * ratio)) {
      if (Number.isNaN(value)) continue;
      sum += value;
      known += 1;
    }
    return known === 0 ? Number.NaN : sum / known;
  });
  return { minutes, startMs, means, ratio };
}

/**
 * Prophet's curve over the means before `from` and over `from..to - 1`; undefined: too few, or no optimum.
 */
function fitDay(
  series: DemandSeries,
  grid: Grid,
  from: number,
  to: number,
): { readonly from: number; readonly past: Float64Array; readonly ahead: Float64Array } | undefined {
  const first = Math.max(0, from - Math.floor((BACK_DAYS * DAY_MINUTES) / grid.minutes));
  const seconds = (cell: number): number =>
    Math.round((grid.startMs + cell * grid.minutes * MINUTE_MS) / 1000);
  const ds: number[] = [];
  const y: number[] = [];
  for (let cell = first; cell < from; cell++) {
    const value = grid.means[cell] ?? Number.NaN;
    if (Number.isNaN(value)) continue;
    ds.push(seconds(cell));
    y.push(value);
  }
  const samples = series.values
    .subarray(0, from * grid.ratio)
    .reduce((n, v) => n + (Number.isNaN(v) ? 0 : 1), 0);
  if (samples < LEAST_SAMPLES || y.length < LEAST_MEANS) return undefined;
  const spanDays = ((from - first) * grid.minutes) / DAY_MINUTES;
  const asked = Array.from({ length: to - first }, (_, i) => seconds(first + i));
  const curve = fitProphet(ds, y, asked, spanDays);
  if (curve === undefined) return undefined;
  return {
    from: first,
    past: curve.slice(0, from - first),
    ahead: curve.slice(from - first).map(atLeastZero),
  };
}

const atLeastZero = (value: number): number => Math.max(0, value);

function fitProphet(
  ds: number[],
  y: number[],
  asked: readonly number[],
  spanDays: number,
): Float64Array | undefined {
  // A constant traps the module; no scaler would ask it of a model either.
  if (y.every((value) => value === y[0])) return Float64Array.from(asked, () => y[0] ?? 0);
  for (const algorithm of ["lbfgs", "bfgs"] as const) {
    const model = newProphet({
      uncertaintySamples: 0,
      yearlySeasonality: { type: "manual", enabled: false },
      weeklySeasonality: { type: "manual", enabled: spanDays >= 14 },
      dailySeasonality: { type: "manual", enabled: spanDays >= 2 },
    });
    try {
      model.fit({ ds, y }, { algorithm });
      const { yhat } = model.predict({ ds: [...asked] });
      if (yhat.point.every(Number.isFinite)) return Float64Array.from(yhat.point);
    } catch {
      // The next optimizer, as Python's Prophet does.
    } finally {
      model.free();
    }
  }
  return undefined;
}

/** Mean of |said - seen| / seen where something was seen; infinite where nothing was. */
function relativeError({ means }: Grid, from: number, said: Float64Array): number {
  let sum = 0;
  let known = 0;
  said.forEach((value, i) => {
    const seen = means[from + i] ?? Number.NaN;
    if (!(seen > 0)) return;
    sum += Math.abs(value - seen) / seen;
    known += 1;
  });
  return known === 0 ? Number.POSITIVE_INFINITY : sum / known;
}

/** The forecast read one lead time after each step, linear between the middles of the means. */
function atLead(
  forecast: Float64Array,
  grid: Grid,
  { series, leadMinutes }: Pick<KedifyRequest, "series" | "leadMinutes">,
): Float64Array {
  const count = forecast.length - 1;
  const leadSteps = leadMinutes / (series.stepMs / MINUTE_MS);
  const value = (cell: number): number => forecast[Math.min(count - 1, Math.max(0, cell))] ?? Number.NaN;
  return Float64Array.from(series.values, (_, step) => {
    const place = (step + leadSteps) / grid.ratio - 0.5;
    if (grid.ratio === 1) return forecast[Math.min(count, halfEven(place))] ?? Number.NaN;
    if (place <= 0 || place >= count - 1) return value(Math.round(place));
    const low = Math.floor(place);
    const share = place - low;
    return share === 0 ? value(low) : value(low) + (value(low + 1) - value(low)) * share;
  });
}

function halfEven(value: number): number {
  const low = Math.floor(value);
  if (value - low !== 0.5) return Math.round(value);
  return low % 2 === 0 ? low : low + 1;
}
