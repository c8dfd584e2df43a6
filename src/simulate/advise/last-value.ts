import type { FittedForecaster } from "../../forecast/forecaster.ts";
import { localClock } from "../../forecast/local-clock.ts";
import { naive } from "../../forecast/members/naive.ts";
import { FORECAST_LEVELS } from "../../model/forecast.ts";
import { endMs, sliceSeries } from "../../model/series.ts";
import { DAY_MS, epochMs } from "../../model/time.ts";
import { forecastSteps, reviewEverySteps, type StepForecasts } from "../replay-source.ts";
import type { TraceWorld } from "../world.ts";

/**
 * Naive at each step of a world from the first shown one on: the last value known there, with how far demand has
 * moved over so many steps, measured anew once a day. Undefined where it cannot answer.
 */
export type LastValue = (step: number) => FittedForecaster | undefined;

/** As far back as naive looks. */
const NAIVE_DAYS = 14;
const NAIVE_HOURLY_DAYS = 56;

/** Serves all lead times of one history: a fit takes as long as a day of decisions. */
export function lastValues(world: TraceWorld): LastValue {
  const { series, firstShown } = world;
  const everySteps = reviewEverySteps(world);
  const fitted = new Map<number, FittedForecaster | undefined>();
  const fittedAt = (step: number): FittedForecaster | undefined => {
    if (!fitted.has(step)) fitted.set(step, fittedNaive(world, step));
    return fitted.get(step);
  };
  return (step) => {
    const days = Math.floor((step - firstShown) / everySteps);
    const model = fittedAt(Math.max(1, firstShown + days * everySteps));
    const known = lastKnown(series.values, step);
    if (model === undefined || known < 0) return undefined;
    // Naive stands on the last value alone.
    return model.advance({ ...series, values: series.values.subarray(known, known + 1) });
  };
}

function fittedNaive({ series, stepMinutes }: TraceWorld, step: number) {
  const atMs = series.startMs + step * series.stepMs;
  const days = stepMinutes < 60 ? NAIVE_DAYS : NAIVE_HOURLY_DAYS;
  const history = sliceSeries(series, Math.max(series.startMs, atMs - days * DAY_MS), atMs);
  const outcome = naive.fit(history, { clock: localClock("UTC", history.startMs, endMs(history)) });
  return outcome.kind === "fitted" ? outcome.model : undefined;
}

function lastKnown(values: Float64Array, step: number): number {
  for (let at = step - 1; at >= 0; at--) if (!Number.isNaN(values[at] ?? Number.NaN)) return at;
  return -1;
}

/**
 * The forecasts of someone who forecasts nothing: the control beside which a real forecast has to show that it
 * knows more than how far demand usually moves within a lead time.
 */
export function lastValueForecasts(world: TraceWorld, at: LastValue): StepForecasts {
  const { series, firstShown } = world;
  const everySteps = reviewEverySteps(world);
  const shortSteps = forecastSteps(world);
  return (step) => {
    const isReview = (step - firstShown) % everySteps === 0;
    const count = isReview ? Math.max(everySteps, shortSteps) : shortSteps;
    const model = at(step);
    if (model === undefined) return { forecast: null, evidence: null };
    const { stepMs } = series;
    const quantiles = model.forecast(count, FORECAST_LEVELS).quantiles.map((row) => Array.from(row));
    return {
      forecast: {
        cutoffMs: epochMs(series.startMs + step * stepMs),
        stepMs,
        levels: FORECAST_LEVELS,
        quantiles,
      },
      evidence: NO_EVIDENCE,
    };
  };
}

const NO_EVIDENCE = {
  weights: {},
  coverage90: [undefined],
  scoreCount: [0],
  relativeError: undefined,
  anomalyScore: 0,
  anomalyMultiplier: 1,
  failures: {},
  fitMs: 0,
};
