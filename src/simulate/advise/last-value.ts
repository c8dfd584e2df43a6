import { pinball } from "../../forecast/ensemble/weights.ts";
import type { FittedForecaster } from "../../forecast/forecaster.ts";
import { localClock } from "../../forecast/local-clock.ts";
import { naive } from "../../forecast/members/naive.ts";
import { LOSS_LEVELS } from "../../forecast/scores/scoring.ts";
import { FORECAST_LEVELS } from "../../model/forecast.ts";
import { type DemandSeries, endMs, sliceSeries } from "../../model/series.ts";
import { DAY_MS, epochMs, HOUR_MS } from "../../model/time.ts";
import { forecastSteps, reviewEverySteps, type StepForecasts } from "../replay-source.ts";
import type { TraceWorld } from "../world.ts";

/**
 * Naive at each step of a world from the first shown one on: the last value known there, with how far demand has
 * moved over so many steps, measured anew once a day. Undefined where it cannot answer.
 */
export interface LastValue {
  /** Quantiles of each of the next `steps` steps. */
  rows(step: number, steps: number, levels: readonly number[]): readonly Float64Array[] | undefined;
  /** Quantiles at one step ahead, 1 is the first. */
  at(step: number, ahead: number, levels: readonly number[]): readonly number[] | undefined;
}

/** How demand is taken to move: by amounts, or by shares of itself. */
export type Moves = "amounts" | "shares";

/** As far back as naive looks. */
const NAIVE_DAYS = 14;
const NAIVE_HOURLY_DAYS = 56;

/** Serves all lead times of one history: a fit takes as long as a day of decisions. */
export function lastValues(world: TraceWorld, moves: Moves = "amounts"): LastValue {
  const { firstShown } = world;
  const { series, back } = moves === "shares" ? logSeries(world.series) : asIs(world.series);
  const everySteps = reviewEverySteps(world);
  const fitted = new Map<number, FittedForecaster | undefined>();
  const fittedAt = (step: number): FittedForecaster | undefined => {
    if (!fitted.has(step)) fitted.set(step, fittedNaive(series, step));
    return fitted.get(step);
  };
  const modelAt = (step: number): FittedForecaster | undefined => {
    const days = Math.floor((step - firstShown) / everySteps);
    const model = fittedAt(Math.max(1, firstShown + days * everySteps));
    const known = lastKnown(series.values, step);
    // Naive stands on the last value alone.
    return known < 0
      ? undefined
      : model?.advance({ ...series, values: series.values.subarray(known, known + 1) });
  };
  return {
    rows: (step, steps, levels) =>
      modelAt(step)
        ?.forecast(steps, levels)
        .quantiles.map((row) => row.map(back)),
    at: (step, ahead, levels) =>
      modelAt(step)
        ?.at([ahead], levels)
        .map((row) => back(row[0] ?? Number.NaN)),
  };
}

/** Of moves by amounts and by shares, what lost less over the scored part: a demand that grows moves by shares. */
export function betterLastValue(world: TraceWorld): LastValue {
  const [amounts, shares] = [lastValues(world, "amounts"), lastValues(world, "shares")];
  return lossAhead(world, shares) < lossAhead(world, amounts) ? shares : amounts;
}

/** A loss for each hour: enough to tell the two apart. */
function lossAhead(world: TraceWorld, naiveAt: LastValue): number {
  const every = Math.max(1, Math.round(HOUR_MS / world.series.stepMs));
  let sum = 0;
  for (let step = world.firstScored; step < world.demandRps.length; step += every) {
    const truth = world.demandRps[step] ?? Number.NaN;
    const quantiles = naiveAt.at(step - world.leadSteps, world.leadSteps + 1, LOSS_LEVELS);
    if (Number.isNaN(truth) || quantiles === undefined) continue;
    LOSS_LEVELS.forEach((level, row) => {
      sum += pinball(truth, quantiles[row] ?? Number.NaN, level);
    });
  }
  return sum;
}

function asIs(series: DemandSeries) {
  return { series, back: (value: number): number => value };
}

/** Naive answers with nothing below 0: logarithms are lifted clear of it. */
const LIFT = 100;
/** Demand below this share of its mean counts as this. */
const LEAST_SHARE = 1e-3;

function logSeries(series: DemandSeries) {
  const known = series.values.filter((value) => !Number.isNaN(value));
  const least = (LEAST_SHARE * known.reduce((sum, value) => sum + value, 0)) / Math.max(1, known.length);
  const values = series.values.map((value) => LIFT + Math.log(Math.max(value, least)));
  return { series: { ...series, values }, back: (value: number): number => Math.exp(value - LIFT) };
}

function fittedNaive(series: DemandSeries, step: number): FittedForecaster | undefined {
  const atMs = series.startMs + step * series.stepMs;
  const days = series.stepMs < HOUR_MS ? NAIVE_DAYS : NAIVE_HOURLY_DAYS;
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
    const quantiles = at.rows(step, count, FORECAST_LEVELS)?.map((row) => Array.from(row));
    if (quantiles === undefined) return { forecast: null, evidence: null };
    const { stepMs } = series;
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
