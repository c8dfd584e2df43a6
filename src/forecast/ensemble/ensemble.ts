import { FORECAST_LEVELS, type ForecastEvidence, type QuantileForecast } from "../../model/forecast.ts";
import { type DemandSeries, endMs } from "../../model/series.ts";
import { DAY_MS } from "../../model/time.ts";
import { type AnomalyNow, anomalyNow } from "../anomalies/anomaly-now.ts";
import type { StepForecast } from "../anomalies/standard-score.ts";
import { steadyHistory, watchSeries } from "../anomalies/watch-series.ts";
import { applyAnomaly } from "../anomaly.ts";
import type { MemberCost } from "../forecaster.ts";
import { localClock } from "../local-clock.ts";
import { calibratorFor } from "./conformal.ts";
import { mixNaive, shownWeights } from "./guard.ts";
import { type Learned, type LearnInput, learnSeries, outReasons } from "./learn-series.ts";
import type { LearnedState, OneStep } from "./learned-state.ts";
import { type Blend, blendAt, blendNow, nearTermOf } from "./learning.ts";
import { longRunScore, relativeError } from "./live-scores.ts";
import { firstLine } from "./member-models.ts";
import { blendStep } from "./step-weights.ts";
import { bucketOf, medianWeights } from "./weights.ts";

export interface EnsembleInput extends Omit<LearnInput, "clock" | "learnSteps" | "anomaly"> {
  readonly horizonSteps: number;
  /** Steps ahead that past forecasts are scored to; `horizonSteps` unless given, a day at most. */
  readonly learnSteps?: number;
  /** Horizons that evidence is given for. */
  readonly horizonsMs: readonly number[];
  readonly capFactor: number;
}

export type EnsembleOutcome =
  | {
      readonly kind: "forecast";
      readonly forecast: QuantileForecast;
      readonly evidence: ForecastEvidence;
      /** Each member's own forecast, by name. */
      readonly byMember: Readonly<Record<string, QuantileForecast>>;
      readonly learned: LearnedState;
      /** Cost class of each fit made for this answer. */
      readonly fitted: readonly MemberCost[];
    }
  | { readonly kind: "refused"; readonly reason: string };

type Rows = readonly (readonly Float64Array[] | undefined)[];

/**
 * The weighted ensemble: quantiles of all members that can answer, averaged with weights learned per series
 * and horizon from their past forecasts, pulled to naive where it loses to it (`naiveShares`), widths calibrated on
 * the ensemble's own. The ladder of a cold start
 * needs no rule: a member without enough history refuses, so naive is alone for hours, then seasonal members
 * join at par, then losses tell them apart.
 */
export function forecastEnsemble(input: EnsembleInput): EnsembleOutcome {
  const startedMs = input.monotonicMs();
  const { learn, made } = learnEnsemble(input);
  const served = serveEnsemble({ ...learn, capFactor: input.capFactor }, made, input.horizonSteps);
  const failures = outReasons(learn, made.learned);
  if (served === undefined) {
    return { kind: "refused", reason: failures[input.members[0]?.name ?? ""] ?? "no member can answer" };
  }
  const fitMs = input.monotonicMs() - startedMs;
  const evidence = { ...evidenceOf(input, made.learned, served), failures, fitMs };
  const { forecast, byMember } = served;
  return { kind: "forecast", forecast, evidence, byMember, learned: made.learned, fitted: made.fitted };
}

/** Learns up to the end of the series. `learn.series`: the history as members see it. */
export function learnEnsemble(input: Omit<EnsembleInput, "horizonsMs" | "capFactor">): {
  readonly learn: LearnInput;
  readonly made: Learned;
} {
  const { series } = input;
  const clock = localClock(input.timeZone, series.startMs, endMs(series) + DAY_MS);
  const watched = watchSeries(input.learned?.anomaly, series, servedSteps(input.learned?.recent ?? []));
  const steady = (history: DemandSeries): DemandSeries => steadyHistory(history, clock, watched);
  const learn = {
    ...input,
    series: steady(series),
    observed: input.observed === undefined ? undefined : steady(input.observed),
    clock,
    anomaly: watched,
    learnSteps: input.learnSteps ?? input.horizonSteps,
  };
  const made = learnSeries(learn);
  return { learn, made };
}

/** One-step forecasts as they were shown, by the start of their step. */
function servedSteps(recent: readonly OneStep[]): (ms: number) => StepForecast | undefined {
  return (ms) => {
    const step = recent.find(({ cutoffMs }) => cutoffMs === ms);
    if (step === undefined) return undefined;
    return { levels: [0.05, 0.5, 0.95], quantiles: [step.shownLower, step.middle, step.shownUpper] };
  };
}

export interface Served {
  readonly forecast: QuantileForecast;
  readonly byMember: Readonly<Record<string, QuantileForecast>>;
  readonly anomaly: AnomalyNow;
  readonly blend: Blend;
}

/**
 * The forecast of the next `horizonSteps` steps from what is learned; undefined while not even naive is fitted.
 * Remembers its first step in `made.learned`, for the anomaly score and the miss run of the calls to come.
 */
export function serveEnsemble(
  input: Pick<EnsembleInput, "series" | "members" | "trainMs" | "capFactor">,
  made: Learned,
  horizonSteps: number,
): Served | undefined {
  const { series, members } = input;
  const { learned } = made;
  if (learned.fits[members[0]?.name ?? ""]?.state === undefined) return undefined;
  const rows = askMembers(made, members.length, endMs(series), horizonSteps);
  const present = rows.map((row) => row !== undefined);
  if (!present.some(Boolean)) return undefined;
  const blend = blendNow(learned, present, nearTermOf(members));
  const { blended, firstStep } = blendRows(rows, blend, series.stepMs, horizonSteps);
  const first = (level: number): number => blended[FORECAST_LEVELS.indexOf(level)]?.[0] ?? Number.NaN;
  const raw = (level: number): number => firstStep[FORECAST_LEVELS.indexOf(level)] ?? Number.NaN;
  const now: OneStep = {
    cutoffMs: endMs(series),
    low: raw(0.1),
    middle: raw(0.5),
    high: raw(0.9),
    shownLower: first(0.05),
    shownUpper: first(0.95),
  };
  learned.recent = [...learned.recent.filter(({ cutoffMs }) => cutoffMs < now.cutoffMs), now].slice(-3);
  const anomaly = anomalyNow(learned.anomaly, now.middle);
  applyAnomaly(blended, anomaly, series.stepMs);
  capRows(blended, input.capFactor * highest(series, input.trainMs));
  const shape = { cutoffMs: endMs(series), stepMs: series.stepMs, levels: FORECAST_LEVELS };
  const byMember: Record<string, QuantileForecast> = {};
  members.forEach((member, m) => {
    const own = rows[m];
    if (own !== undefined) byMember[member.name] = { ...shape, quantiles: own };
  });
  return { forecast: { ...shape, quantiles: blended }, byMember, anomaly, blend };
}

function askMembers(made: Learned, members: number, cutoffMs: number, horizonSteps: number): Rows {
  return Array.from({ length: members }, (_, m) => {
    try {
      return made.stand(m, cutoffMs)?.ahead(horizonSteps, FORECAST_LEVELS);
    } catch (error) {
      made.drop(m, `forecast failed: ${firstLine(error)}`);
      return undefined;
    }
  });
}

const calibrate = calibratorFor(FORECAST_LEVELS);

/** The members' quantiles blended, guarded and calibrated step by step; `firstStep` as it was before calibration. */
function blendRows(
  rows: Rows,
  blend: Blend,
  stepMs: number,
  horizonSteps: number,
): { readonly blended: Float64Array[]; readonly firstStep: Float64Array } {
  const blended = FORECAST_LEVELS.map(() => new Float64Array(horizonSteps));
  const column = new Float64Array(FORECAST_LEVELS.length);
  let firstStep = column;
  for (let step = 0; step < horizonSteps; step++) {
    const { weights, naiveShare, calibration } = blendAt(blend, (step + 1) * stepMs);
    blendStep(column, FORECAST_LEVELS, weights, rows, step);
    mixNaive(column, naiveShare, rows[0], step);
    if (step === 0) firstStep = column.slice();
    calibrate(column, calibration);
    for (let l = 0; l < blended.length; l++) (blended[l] as Float64Array)[step] = column[l] as number;
  }
  return { blended, firstStep };
}

function capRows(rows: readonly Float64Array[], cap: number): void {
  for (const row of rows) for (let i = 0; i < row.length; i++) row[i] = Math.min(cap, row[i] ?? 0);
}

function highest({ values, stepMs }: DemandSeries, trainMs: number): number {
  let top = 0;
  for (const value of values.subarray(-Math.round(trainMs / stepMs))) if (value > top) top = value;
  return top;
}

/** What is shown of how the forecast came about, and of how right it was lately. */
export function evidenceOf(
  { horizonsMs, members }: Pick<EnsembleInput, "horizonsMs" | "members">,
  { scores }: LearnedState,
  { anomaly, blend }: Pick<Served, "anomaly" | "blend">,
): Omit<ForecastEvidence, "failures" | "fitMs"> {
  const buckets = horizonsMs.map((ms) => Math.max(0, bucketOf(ms)));
  const middle = blend.weights.map((weights, bucket) =>
    shownWeights(medianWeights(weights), blend.naiveShares[bucket]?.[0] ?? 0),
  );
  const weights: Record<string, readonly number[]> = {};
  members.forEach((member, m) => {
    weights[member.name] = buckets.map((bucket) => middle[bucket]?.[m] ?? 0);
  });
  const longRun = buckets.map((bucket) => longRunScore(scores, bucket));
  return {
    weights,
    coverage90: longRun.map((score) => score.coverage90),
    scoreCount: longRun.map((score) => Math.round(score.effectiveCount)),
    lossRatio: longRun.map((score) => score.lossRatio),
    effectiveCount: longRun.map((score) => score.effectiveCount),
    relativeError: relativeError(scores),
    anomalyScore: anomaly.score,
    anomalyMultiplier: anomaly.multiplier,
    findings: anomaly.findings,
  };
}
