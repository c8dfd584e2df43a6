import { FORECAST_LEVELS, type QuantileForecast } from "../../model/forecast.ts";
import { type DemandSeries, sliceSeries } from "../../model/series.ts";
import { DAY_MS, HOUR_MS } from "../../model/time.ts";
import { UserError } from "../../model/user-error.ts";
import type { Forecaster } from "../forecaster.ts";
import { localClock } from "../local-clock.ts";
import { naive } from "../members/naive.ts";
import { seasonalNaive } from "../members/seasonal-naive.ts";
import {
  type ForecastLoss,
  forecastLoss,
  type HorizonScore,
  horizonScore,
  type ReferenceLosses,
  SCORE_LEVELS,
} from "./scoring.ts";

export interface BacktestForecast {
  readonly model: string;
  /** Start of the last known step. */
  readonly originMs: number;
  readonly stepMs: number;
  /** One row per level of `SCORE_LEVELS`, every step to 24 h (or the largest horizon). */
  readonly quantiles: readonly Float64Array[];
}

export interface ModelScores {
  readonly model: string;
  /** In the order of the horizons asked for. */
  readonly horizons: readonly HorizonScore[];
}

/** What one origin said, by model name. */
export interface OriginRun {
  readonly originMs: number;
  readonly forecasts: Readonly<Record<string, QuantileForecast>>;
  readonly failures: Readonly<Record<string, string>>;
  /** Of each member at each horizon. */
  readonly weights: Readonly<Record<string, readonly number[]>>;
  readonly fitMs: number;
}

/** How one origin of the ensemble ended, at each horizon. */
export interface OriginScore {
  readonly originMs: number;
  readonly horizons: readonly {
    /** Steps with a truth; 0: the rest is NaN. */
    readonly scored: number;
    /** Mean loss per step, in the unit of demand. */
    readonly loss: number;
    /** Share of truths inside the 90 % interval. */
    readonly coverage90: number;
  }[];
  /** Of each member at each horizon. */
  readonly weights: Readonly<Record<string, readonly number[]>>;
}

export interface BacktestScores {
  /** The ensemble first, then its members, then `naive`; only models that answered at every origin. */
  readonly models: readonly ModelScores[];
  /**
   * What every ratio is to: naive and, where it can answer at every origin, seasonal naive, on the history as it
   * was, members or not.
   */
  readonly references: readonly ModelScores[];
  /** Members that did not answer at every origin, with the last reason. */
  readonly skipped: Readonly<Record<string, string>>;
  readonly forecasts: readonly BacktestForecast[];
  readonly byOrigin: readonly OriginScore[];
}

export interface ScoreRequest {
  readonly series: DemandSeries;
  readonly horizonsMs: readonly number[];
  readonly timeZone: string;
}

/** Scores of every model over all origins, and of the ensemble at each; `horizonSteps` is how far forecasts go. */
export function scoreRuns(
  request: ScoreRequest,
  horizonSteps: number,
  runs: readonly OriginRun[],
): BacktestScores {
  const names = [...new Set(runs.flatMap((run) => Object.keys(run.forecasts)))];
  const complete = names.filter((name) => runs.every((run) => run.forecasts[name] !== undefined));
  const skipped: Record<string, string> = {};
  for (const run of runs) {
    for (const [name, reason] of Object.entries(run.failures))
      if (!complete.includes(name)) skipped[name] = reason;
  }
  const losses = complete.map((name) =>
    runs.map(({ originMs, forecasts }) => lossesOf(request, originMs, forecasts[name]?.quantiles ?? [])),
  );
  const ofNaive = runs.map(({ originMs }) => referenceLosses(request, horizonSteps, originMs, naive));
  const ofSeasonal = seasonalLosses(request, horizonSteps, runs);
  const scale = seasonalScale(request.series, runs[0]?.originMs ?? 0);
  const scored = (model: string, own: readonly (readonly ForecastLoss[])[]): ModelScores => ({
    model,
    horizons: request.horizonsMs.map((horizonMs, h) => {
      const at = (list: readonly (readonly ForecastLoss[])[]) => list.flatMap((one) => one[h] ?? []);
      const references: ReferenceLosses = { naive: at(ofNaive), seasonal: ofSeasonal && at(ofSeasonal) };
      return horizonScore(at(own), references, scale, { horizonMs, steps: stepsOf(request, horizonMs) });
    }),
  });
  return {
    models: complete.map((model, m) => scored(model, losses[m] ?? [])),
    references: [
      scored(naive.name, ofNaive),
      ...(ofSeasonal === undefined ? [] : [scored(seasonalNaive.name, ofSeasonal)]),
    ],
    skipped,
    forecasts: complete.flatMap((model) => runs.map((run) => emitted(model, run))),
    byOrigin: runs.map((run, i) => originScore(run, losses[complete.indexOf("ensemble")]?.[i] ?? [])),
  };
}

function originScore({ originMs, weights }: OriginRun, losses: readonly ForecastLoss[]): OriginScore {
  const horizons = losses.map(({ scored, quantileLoss, inside }) => ({
    scored,
    loss: quantileLoss / scored,
    coverage90: inside / scored,
  }));
  return { originMs, horizons, weights };
}

function emitted(model: string, { originMs, forecasts }: OriginRun): BacktestForecast {
  const forecast = forecasts[model];
  const quantiles = SCORE_LEVELS.map((level) => {
    const row = forecast?.levels.indexOf(level) ?? -1;
    return forecast?.quantiles[row] ?? new Float64Array(0);
  });
  return { model, originMs, stepMs: forecast?.stepMs ?? 1, quantiles };
}

function stepsOf({ series }: ScoreRequest, horizonMs: number): number {
  return Math.max(1, Math.round(horizonMs / series.stepMs));
}

/** `quantiles` holds one row per level of `FORECAST_LEVELS`. */
function lossesOf(
  request: ScoreRequest,
  originMs: number,
  quantiles: readonly Float64Array[],
): readonly ForecastLoss[] {
  const { series, horizonsMs } = request;
  const first = Math.round((originMs - series.startMs) / series.stepMs) + 1;
  return horizonsMs.map((horizonMs) => {
    const steps = stepsOf(request, horizonMs);
    return forecastLoss(series.values.subarray(first, first + steps), quantiles, steps);
  });
}

/** As much as naive looks back at hourly steps. */
const REFERENCE_MS = 56 * DAY_MS;

/** A reference on the history as it was: not even outages masked. */
function referenceLosses(
  request: ScoreRequest,
  horizonSteps: number,
  originMs: number,
  reference: Forecaster,
): readonly ForecastLoss[] {
  const { series, timeZone } = request;
  const fromMs = Math.max(series.startMs, originMs + series.stepMs - REFERENCE_MS);
  const history = sliceSeries(series, fromMs, originMs + series.stepMs);
  const toMs = originMs + (horizonSteps + 1) * series.stepMs;
  const outcome = reference.fit(history, { clock: localClock(timeZone, fromMs, toMs) });
  if (outcome.kind === "refused")
    throw new UserError(`backtest at ${new Date(originMs).toISOString()}: ${outcome.reason}`);
  const { quantiles } = outcome.model.forecast(horizonSteps, FORECAST_LEVELS);
  return lossesOf(request, originMs, quantiles);
}

/** Undefined where seasonal naive refuses at any origin. */
function seasonalLosses(
  request: ScoreRequest,
  horizonSteps: number,
  runs: readonly OriginRun[],
): readonly (readonly ForecastLoss[])[] | undefined {
  try {
    return runs.map(({ originMs }) => referenceLosses(request, horizonSteps, originMs, seasonalNaive));
  } catch (error) {
    if (error instanceof UserError) return undefined;
    throw error;
  }
}

/** Mean absolute change over a day in the training window of the first origin: the scale of MASE. */
function seasonalScale({ values, startMs, stepMs }: DemandSeries, originMs: number): number {
  const day = Math.round(DAY_MS / stepMs);
  const last = Math.round((originMs - startMs) / stepMs);
  const first = Math.max(0, last + 1 - (stepMs < HOUR_MS ? 14 : 56) * day);
  let sum = 0;
  let count = 0;
  for (let i = first + day; i <= last; i++) {
    const change = Math.abs((values[i] ?? Number.NaN) - (values[i - day] ?? Number.NaN));
    if (Number.isNaN(change)) continue;
    sum += change;
    count++;
  }
  return count === 0 || sum === 0 ? Number.NaN : sum / count;
}
