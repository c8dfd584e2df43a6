import { FORECAST_LEVELS, type ForecastEvidence, type QuantileForecast } from "../model/forecast.ts";
import { type DemandSeries, endMs, sliceSeries } from "../model/series.ts";
import { DAY_MS } from "../model/time.ts";
import { type Anomaly, anomalyOf, applyAnomaly } from "./anomaly.ts";
import { type WidthFactors, widthFactors } from "./conformal.ts";
import { horizonKnots } from "./error-quantiles.ts";
import type { FittedForecaster, Forecaster } from "./forecaster.ts";
import { type LocalClock, localClock } from "./local-clock.ts";
import { learnOnline, type OnlineResult, withinHour } from "./online.ts";
import { fitAt, type LearnedState, rollTracks, type StoredFit } from "./rolling.ts";
import { stepWeights, weighted } from "./step-weights.ts";
import { BUCKET_ENDS_MS, bucketOf, bucketWeights } from "./weights.ts";

export interface EnsembleInput {
  readonly series: DemandSeries;
  readonly timeZone: string;
  readonly horizonSteps: number;
  /** Horizons that evidence is given for. */
  readonly horizonsMs: readonly number[];
  /** Naive first. */
  readonly members: readonly Forecaster[];
  readonly trainMs: number;
  readonly refitMs: number;
  readonly capFactor: number;
  /** Offset of heavy refits, so that many series do not refit at the same instant. */
  readonly staggerMs: number;
  readonly learned: LearnedState | undefined;
  /** Wall milliseconds that only rise: the folder has no clock of its own. */
  readonly monotonicMs: () => number;
}

export type EnsembleOutcome =
  | {
      readonly kind: "forecast";
      readonly forecast: QuantileForecast;
      readonly evidence: ForecastEvidence;
      /** Each member's own forecast, by name. */
      readonly byMember: Readonly<Record<string, QuantileForecast>>;
      readonly learned: LearnedState;
    }
  | { readonly kind: "refused"; readonly reason: string };

/**
 * The weighted ensemble: quantiles of all members that can answer, averaged with weights learned per series
 * and horizon from their past forecasts, widths calibrated on the ensemble's own. The ladder of a cold start
 * needs no rule: a member without enough history refuses, so naive is alone for hours, then seasonal members
 * join at par, then losses tell them apart.
 */
export function forecastEnsemble(input: EnsembleInput): EnsembleOutcome {
  const startedMs = input.monotonicMs();
  const { series } = input;
  const clock = localClock(input.timeZone, series.startMs, endMs(series) + DAY_MS);
  const knots = horizonKnots(Math.max(1, Math.min(input.horizonSteps, Math.round(DAY_MS / series.stepMs))));
  const previous = usableState(input, knots);
  const rolled = rollTracks({ ...input, clock, knots, learned: previous });
  const serving = serveMembers(input, clock, rolled.learned);
  const failures = { ...serving.failures, ...rolled.failures };
  const naive = serving.fitted[0];
  if (naive?.model === undefined) {
    return { kind: "refused", reason: failures[naive?.name ?? "naive"] ?? "no member can answer" };
  }
  const tracks = input.members.map((member) => rolled.learned.tracks[member.name]);
  const online = learnOnline(series, tracks, knots);
  const { forecasts, broken } = askMembers(serving.fitted, input.horizonSteps);
  const present = input.members.map((member) => forecasts[member.name] !== undefined);
  if (!present.some(Boolean)) return { kind: "refused", reason: broken["naive"] ?? "no member can answer" };
  const weights = BUCKET_ENDS_MS.map((_, bucket) => bucketWeights(online.losses, bucket, present));
  const rows = input.members.map((member) => forecasts[member.name]?.quantiles);
  const blended = blend(rows, weights, series.stepMs, input.horizonSteps);
  calibrate(blended, online, series.stepMs);
  const anomaly = anomalyOf(serving.history, serving.fitted, weights[0] ?? new Float64Array(0));
  applyAnomaly(blended, anomaly, series.stepMs);
  capRows(blended, input.capFactor * highest(series, input.trainMs));
  const forecast: QuantileForecast = {
    cutoffMs: endMs(series),
    stepMs: series.stepMs,
    levels: FORECAST_LEVELS,
    quantiles: blended,
  };
  const evidence = evidenceOf(input, weights, online, anomaly, {
    failures: { ...failures, ...broken },
    fitMs: input.monotonicMs() - startedMs,
  });
  const learned = { ...rolled.learned, fits: serving.fits };
  return { kind: "forecast", forecast, evidence, byMember: forecasts, learned };
}

/** What was learned before, when it was learned on the same grid, zone and horizon; else nothing. */
function usableState(input: EnsembleInput, knots: readonly number[]): LearnedState {
  const { series, timeZone } = input;
  const basis = `${series.stepMs} ${series.startMs % series.stepMs} ${timeZone} ${knots.join(" ")}`;
  if (input.learned?.basis === basis) return input.learned;
  return { fits: {}, tracks: {}, basis };
}

interface Serving {
  readonly history: DemandSeries;
  readonly fitted: readonly { readonly name: string; readonly model: FittedForecaster | undefined }[];
  readonly failures: Readonly<Record<string, string>>;
  readonly fits: LearnedState["fits"];
}

/** Light members fitted now; heavy ones at the last multiple of `refitMs`, from the store where it has it. */
function serveMembers(input: EnsembleInput, clock: LocalClock, learned: LearnedState): Serving {
  const { series, refitMs, staggerMs } = input;
  const nowMs = endMs(series);
  const history = sliceSeries(series, Math.max(series.startMs, nowMs - input.trainMs), nowMs);
  const failures: Record<string, string> = {};
  const fits: Record<string, readonly StoredFit[]> = { ...learned.fits };
  const heavyMs = Math.floor((nowMs - staggerMs) / refitMs) * refitMs + staggerMs;
  const fitted = input.members.map((member) => {
    const cutoffMs = member.cost !== "light" ? heavyMs : nowMs;
    const stored = fits[member.name]?.find((fit) => fit.cutoffMs === cutoffMs);
    if (stored !== undefined && member.cost !== "light") {
      return { name: member.name, model: member.restore(stored.state, history, { clock }) };
    }
    const outcome = fitAt({ series, clock, trainMs: input.trainMs }, member, cutoffMs);
    if (outcome.kind === "refused") {
      failures[member.name] = outcome.reason;
      return { name: member.name, model: undefined };
    }
    if (member.cost !== "light") {
      const kept = (fits[member.name] ?? []).filter((fit) => fit.cutoffMs % DAY_MS === 0);
      fits[member.name] = [...kept, { cutoffMs, state: outcome.model.state }];
    }
    return { name: member.name, model: outcome.model.advance(history) };
  });
  return { history, fitted, failures, fits };
}

function askMembers(
  fitted: Serving["fitted"],
  horizonSteps: number,
): { forecasts: Record<string, QuantileForecast>; broken: Record<string, string> } {
  const forecasts: Record<string, QuantileForecast> = {};
  const broken: Record<string, string> = {};
  for (const { name, model } of fitted) {
    if (model === undefined) continue;
    try {
      forecasts[name] = model.forecast(horizonSteps, FORECAST_LEVELS);
    } catch (error) {
      broken[name] = `forecast failed: ${String(error).split("\n", 1)[0]}`;
    }
  }
  return { forecasts, broken };
}

/**
 * Weighted average of quantiles level by level (Vincent's method): keeps the shape, and rising levels stay
 * rising.
 */
function blend(
  rows: readonly (readonly Float64Array[] | undefined)[],
  weights: readonly Float64Array[],
  stepMs: number,
  horizonSteps: number,
): Float64Array[] {
  const blended = FORECAST_LEVELS.map(() => new Float64Array(horizonSteps));
  for (let step = 0; step < horizonSteps; step++) {
    const shares = stepWeights(weights, (step + 1) * stepMs);
    blended.forEach((row, l) => {
      row[step] = weighted(shares, rows, l, step);
    });
  }
  return blended;
}

function calibrate(rows: readonly Float64Array[], online: OnlineResult, stepMs: number): void {
  const middle = rows[FORECAST_LEVELS.indexOf(0.5)];
  if (middle === undefined) return;
  const factors = online.calibrations.map((calibration, b) => widthFactors(calibration, withinHour(b)));
  for (let step = 0; step < middle.length; step++) {
    const factor: WidthFactors = factors[bucketOf((step + 1) * stepMs)] ?? { above: 1, below: 1 };
    const centre = middle[step] ?? 0;
    for (const row of rows) {
      const width = (row[step] ?? centre) - centre;
      row[step] = Math.max(0, centre + width * (width > 0 ? factor.above : factor.below));
    }
  }
}

function capRows(rows: readonly Float64Array[], cap: number): void {
  for (const row of rows) for (let i = 0; i < row.length; i++) row[i] = Math.min(cap, row[i] ?? 0);
}

function highest({ values, stepMs }: DemandSeries, trainMs: number): number {
  let top = 0;
  for (const value of values.subarray(-Math.round(trainMs / stepMs))) if (value > top) top = value;
  return top;
}

function evidenceOf(
  input: EnsembleInput,
  weights: readonly Float64Array[],
  online: OnlineResult,
  anomaly: Anomaly,
  rest: Pick<ForecastEvidence, "failures" | "fitMs">,
): ForecastEvidence {
  const buckets = input.horizonsMs.map((ms) => Math.max(0, bucketOf(ms)));
  const byMember: Record<string, readonly number[]> = {};
  input.members.forEach((member, m) => {
    byMember[member.name] = buckets.map((bucket) => weights[bucket]?.[m] ?? 0);
  });
  const scores = buckets.map((bucket) => online.calibrations[bucket]);
  const scoreCount = scores.map((score) => score?.scored ?? 0);
  const enough = Math.max(0, ...online.calibrations.map((calibration) => calibration.scored)) >= 20;
  return {
    weights: byMember,
    coverage90: scores.map((score) =>
      score && score.scored >= 20 ? score.inside / score.scored : undefined,
    ),
    scoreCount,
    relativeError: enough && online.naiveError > 0 ? online.ensembleError / online.naiveError : undefined,
    anomalyScore: anomaly.score,
    anomalyMultiplier: anomaly.multiplier,
    ...rest,
  };
}
