import type { ForecastRecord } from "../model/cycle.ts";
import { FORECAST_LEVELS, type ForecastEvidence } from "../model/forecast.ts";
import { DAY_MS } from "../model/time.ts";
import type { ForecastBlock } from "./replay-job.ts";
import type { TraceWorld } from "./world.ts";

/** What a cycle has of a forecast. */
export interface Forecasted {
  readonly forecast: ForecastRecord | null;
  readonly evidence: ForecastEvidence | null;
}

/** Forecasts of a replay by step; steps are asked for in rising order. */
export type StepForecasts = (step: number) => Forecasted;

/** Steps between two long forecasts, those that a baseline review reads: a day. */
export function reviewEverySteps({ stepMinutes }: TraceWorld): number {
  return Math.round(DAY_MS / (stepMinutes * 60_000));
}

/** Lead times up to this many sigmas above the median are looked ahead to. */
const LEAD_SIGMAS = 2;

/** Steps of a forecast made at each step: to the end of what the next decision cannot help any more. */
export function forecastSteps({ leadSteps, metricDelaySteps, disturbances }: TraceWorld): number {
  const sigma = disturbances?.settings.leadSigma ?? 0;
  return Math.ceil(leadSteps * Math.exp(LEAD_SIGMAS * sigma)) + 1 + metricDelaySteps;
}

/** Forecasts that were made by workers; the long one where a baseline review can be due. */
export function blockForecasts(world: TraceWorld, blocks: readonly ForecastBlock[]): StepForecasts {
  let at = 0;
  return (step) => {
    while (at + 1 < blocks.length && step >= (blocks[at + 1]?.fromStep ?? 0)) at += 1;
    const block = blocks[at];
    const index = block === undefined ? -1 : step - block.fromStep;
    if (block === undefined || index < 0 || Number.isNaN(block.anomalyScore[index] ?? Number.NaN)) {
      return { forecast: null, evidence: null };
    }
    const long = block.reviews.find((review) => review.step === step);
    const quantiles = long?.rows.map((row) => Array.from(row)) ?? shortRows(block, index);
    return { forecast: recordOf(world, step, quantiles), evidence: evidenceAt(block, index) };
  };
}

/**
 * Forecasts of a world in which what comes is known: every quantile is demand as it will be, a gap the last value
 * before it. Nobody has them; they bound what a better forecast can bring.
 */
export function perfectForecasts(world: TraceWorld): StepForecasts {
  const truthRps = heldForward(world.demandRps);
  const everySteps = reviewEverySteps(world);
  const shortSteps = forecastSteps(world);
  const evidence = { ...NO_EVIDENCE, coverage90: [1], relativeError: 0 };
  return (step) => {
    const isReview = (step - world.firstShown) % everySteps === 0;
    const from = step - world.metricDelaySteps;
    const count = isReview ? everySteps + world.metricDelaySteps : shortSteps;
    const last = truthRps.length - 1;
    const row = Array.from({ length: count }, (_, ahead) => truthRps[Math.min(last, from + ahead)] ?? 0);
    return {
      forecast: recordOf(
        world,
        step,
        FORECAST_LEVELS.map(() => row),
      ),
      evidence,
    };
  };
}

function recordOf(
  { series, metricDelaySteps }: TraceWorld,
  step: number,
  quantiles: ForecastRecord["quantiles"],
): ForecastRecord {
  const cutoffMs = series.startMs + (step - metricDelaySteps) * series.stepMs;
  return { cutoffMs, stepMs: series.stepMs, levels: FORECAST_LEVELS, quantiles };
}

function shortRows({ values, horizonSteps }: ForecastBlock, index: number): ForecastRecord["quantiles"] {
  const from = index * FORECAST_LEVELS.length * horizonSteps;
  return FORECAST_LEVELS.map((_, level) =>
    Array.from(values.subarray(from + level * horizonSteps, from + (level + 1) * horizonSteps)),
  );
}

const NO_EVIDENCE: ForecastEvidence = {
  weights: {},
  coverage90: [undefined],
  scoreCount: [0],
  relativeError: undefined,
  anomalyScore: 0,
  anomalyMultiplier: 1,
  failures: {},
  fitMs: 0,
};

function evidenceAt(block: ForecastBlock, index: number): ForecastEvidence {
  const known = (column: Float64Array) => {
    const value = column[index] ?? Number.NaN;
    return Number.isNaN(value) ? undefined : value;
  };
  const findings = block.findings.findLast(({ step }) => step <= block.fromStep + index)?.findings ?? [];
  return {
    ...NO_EVIDENCE,
    coverage90: [known(block.coverage90)],
    relativeError: known(block.relativeError),
    lossRatio: [known(block.lossRatio)],
    effectiveCount: [known(block.effectiveCount) ?? 0],
    anomalyScore: known(block.anomalyScore) ?? 0,
    findings,
  };
}

function heldForward(values: Float64Array): Float64Array {
  let last = values.find((value) => !Number.isNaN(value)) ?? 0;
  return values.map((value) => {
    if (!Number.isNaN(value)) last = value;
    return last;
  });
}
