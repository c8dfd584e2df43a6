import { anomalyOf, applyAnomaly, NO_ANOMALY } from "../forecast/anomaly.ts";
import { horizonKnots } from "../forecast/error-quantiles.ts";
import type { FittedForecaster, FittedState, Forecaster } from "../forecast/forecaster.ts";
import { type LocalClock, localClock } from "../forecast/local-clock.ts";
import { learnOnline } from "../forecast/online.ts";
import { fitAt, type LearnedState, rollTracks } from "../forecast/rolling.ts";
import { bucketOf } from "../forecast/weights.ts";
import { FORECAST_LEVELS } from "../model/forecast.ts";
import type { DemandSeries } from "../model/series.ts";
import { DAY_MS, epochMs } from "../model/time.ts";
import { blendRows, type Learned, learnedOf, weightsOf } from "./replay-blend.ts";

export interface ReplayRequest {
  /** The whole trace; a forecast at step t is made from the steps before t alone. */
  readonly series: DemandSeries;
  readonly timeZone: string;
  readonly members: readonly Forecaster[];
  readonly trainMs: number;
  readonly capFactor: number;
  /** Members get new parameters at each multiple of this (UTC). */
  readonly refitMs: number;
  /** Weights and widths are learned anew at each multiple of this (UTC). */
  readonly learnMs: number;
}

/** What `assess` reads of the evidence. */
export interface ReplayEvidence {
  /** Measured coverage of 90 % intervals at the end of the window; NaN before 20 scores. */
  readonly coverage90: number;
  readonly relativeError: number;
}

export interface StepForecast {
  /** `rows[level][step]` from the cutoff on. */
  readonly rows: readonly Float64Array[];
  readonly anomalyScore: number;
  readonly evidence: ReplayEvidence;
}

/** The ensemble walking along a trace. */
export interface ForecastWalk {
  /** Forecast of the steps from `step` on, made from what came before it; undefined: no member can answer. */
  at(step: number, horizonSteps: number): StepForecast | undefined;
  /** Fits so far. */
  fits(): number;
}

/** History before the oldest past forecast that is scored. */
const TRACK_MS = 9 * DAY_MS;

/**
 * The real ensemble (members, tracks, weights, conformal widths, anomaly, cap) on a trace's past, step by
 * step. Parameters are those of the last multiple of `refitMs`, standing at the end of what is known;
 * everything is a function of the series before `step`, so walks that start elsewhere agree. A fit at each
 * of 10,000 steps would take hours: between refits only the history moves on.
 */
export function walkForecasts(request: ReplayRequest): ForecastWalk {
  const { series, members } = request;
  const end = series.startMs + series.values.length * series.stepMs;
  const clock = localClock(request.timeZone, series.startMs, end + DAY_MS);
  const walk: Walk = {
    request,
    clock,
    knots: horizonKnots(Math.max(1, Math.round(DAY_MS / series.stepMs))),
    state: { fits: {}, tracks: {}, basis: "" },
    serving: members.map(() => undefined),
    servingMs: Number.NaN,
    learnedMs: Number.NaN,
    learned: undefined,
    memory: new Map(),
    fits: 0,
  };
  return {
    at: (step, horizonSteps) => forecastAt(walk, step, horizonSteps),
    fits: () => walk.fits,
  };
}

interface Walk {
  readonly request: ReplayRequest;
  readonly clock: LocalClock;
  readonly knots: readonly number[];
  state: LearnedState;
  serving: readonly (FittedState | undefined)[];
  servingMs: number;
  learnedMs: number;
  learned: Learned | undefined;
  /** One step ahead at 0.1, 0.5, 0.9, by step and member: the anomaly score looks two steps back. */
  memory: Map<number, readonly (readonly Float64Array[] | undefined)[]>;
  fits: number;
}

function forecastAt(walk: Walk, step: number, horizonSteps: number): StepForecast | undefined {
  const { request } = walk;
  const { stepMs } = request.series;
  const nowMs = request.series.startMs + step * stepMs;
  refresh(walk, step, nowMs);
  const { learned } = walk;
  if (learned === undefined) return undefined;
  const steps = Array.from({ length: horizonSteps }, (_, i) => i + 1);
  const rows = askMembers(walk, step, steps, FORECAST_LEVELS);
  const present = rows.map((row) => row !== undefined);
  if (!present.some(Boolean)) return undefined;
  const weights = weightsOf(learned, present);
  const blended = blendRows(rows, weights, learned, stepMs);
  remember(walk, step, rows);
  const near = weights[0] ?? new Float64Array(0);
  const anomaly = step < 4 ? NO_ANOMALY : anomalyOf(before(walk, step), recalling(walk), near);
  applyAnomaly(blended, anomaly, stepMs);
  const cap = request.capFactor * highestBefore(walk, step);
  for (const row of blended) for (let i = 0; i < row.length; i++) row[i] = Math.min(cap, row[i] ?? 0);
  return { rows: blended, anomalyScore: anomaly.score, evidence: evidenceOf(learned, horizonSteps * stepMs) };
}

function refresh(walk: Walk, step: number, nowMs: number): void {
  const { request } = walk;
  const fitMs = Math.floor(nowMs / request.refitMs) * request.refitMs;
  const learnMs = Math.floor(nowMs / request.learnMs) * request.learnMs;
  if (walk.servingMs !== fitMs) {
    walk.serving = request.members.map((member) => fitMember(walk, member, fitMs));
    walk.servingMs = fitMs;
    walk.memory.clear();
  }
  if (walk.learnedMs === learnMs) return;
  walk.learnedMs = learnMs;
  const known = Math.min(step, Math.round((learnMs - request.series.startMs) / request.series.stepMs));
  const history = before(walk, Math.max(known, 1), request.trainMs + TRACK_MS);
  const { clock, knots } = walk;
  const rolled = rollTracks({
    series: history,
    clock,
    members: request.members,
    knots,
    trainMs: request.trainMs,
    learned: walk.state,
  });
  walk.state = rolled.learned;
  const tracks = request.members.map((member) => rolled.learned.tracks[member.name]);
  walk.learned = learnedOf(learnOnline(history, tracks, knots));
}

/**
 * Parameters of one member fitted on what came before `fitMs`; kept, since the tracks ask for those of
 * midnight.
 */
function fitMember(walk: Walk, member: Forecaster, fitMs: number): FittedState | undefined {
  const { request, clock } = walk;
  const stored = walk.state.fits[member.name]?.find((fit) => fit.cutoffMs === fitMs);
  if (stored !== undefined) return stored.state;
  walk.fits += 1;
  const outcome = fitAt({ series: request.series, clock, trainMs: request.trainMs }, member, fitMs);
  if (outcome.kind === "refused") return undefined;
  const { state } = outcome.model;
  if (fitMs % DAY_MS === 0) {
    const kept = walk.state.fits[member.name] ?? [];
    const fits = { ...walk.state.fits, [member.name]: [...kept, { cutoffMs: fitMs, state }] };
    walk.state = { ...walk.state, fits };
  }
  return state;
}

/** What is known at the start of `step`, at most `spanMs` of it: a view, nothing is copied. */
function before(walk: Walk, step: number, spanMs = walk.request.trainMs): DemandSeries {
  const { series } = walk.request;
  const from = Math.max(0, step - Math.round(spanMs / series.stepMs));
  return {
    startMs: epochMs(series.startMs + from * series.stepMs),
    stepMs: series.stepMs,
    values: series.values.subarray(from, step),
  };
}

type Rows = readonly (readonly Float64Array[] | undefined)[];

function askMembers(walk: Walk, step: number, steps: readonly number[], levels: readonly number[]): Rows {
  const history = before(walk, step);
  return walk.request.members.map((member, m) => {
    const state = walk.serving[m];
    if (state === undefined) return undefined;
    try {
      return member.restore(state, history, { clock: walk.clock }).at(steps, levels);
    } catch {
      return undefined; // As the engine does: a member that cannot answer has no say.
    }
  });
}

const DECILES = [0.1, 0.5, 0.9];
const DECILE_ROWS = DECILES.map((level) => FORECAST_LEVELS.indexOf(level));

function remember(walk: Walk, step: number, rows: Rows): void {
  const first = rows.map((row) =>
    row === undefined ? undefined : DECILE_ROWS.map((k) => row[k] ?? new Float64Array(1)),
  );
  walk.memory.set(step, first);
  walk.memory.delete(step - 4);
}

/** Members that answer the anomaly score's question from memory: it asks for one step ahead, lately made. */
function recalling(walk: Walk): readonly { readonly model: FittedForecaster | undefined }[] {
  const { series, members } = walk.request;
  return members.map((member, m) => {
    const state = walk.serving[m];
    if (state === undefined) return { model: undefined };
    const model: FittedForecaster = {
      ...member.restore(state, series, { clock: walk.clock }),
      advance: (history) => ({
        ...model,
        at: () => {
          const step = Math.round((history.startMs - series.startMs) / series.stepMs + history.values.length);
          let made = walk.memory.get(step);
          if (made === undefined) {
            made = askMembers(walk, step, [1], DECILES);
            walk.memory.set(step, made);
          }
          return [...(made[m] ?? DECILES.map(() => new Float64Array(1)))];
        },
      }),
    };
    return { model };
  });
}

function highestBefore(walk: Walk, step: number): number {
  let top = 0;
  for (const value of before(walk, step).values) if (value > top) top = value;
  return top;
}

function evidenceOf({ online }: Learned, windowMs: number): ReplayEvidence {
  const score = online.calibrations[Math.max(0, bucketOf(windowMs))];
  const enough = Math.max(0, ...online.calibrations.map((calibration) => calibration.scored)) >= 20;
  return {
    coverage90: score !== undefined && score.scored >= 20 ? score.inside / score.scored : Number.NaN,
    relativeError: enough && online.naiveError > 0 ? online.ensembleError / online.naiveError : Number.NaN,
  };
}
