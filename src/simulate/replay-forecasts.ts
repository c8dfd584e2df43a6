import { evidenceOf, learnEnsemble, serveEnsemble } from "../forecast/ensemble/ensemble.ts";
import type { LearnedState } from "../forecast/ensemble/learned-state.ts";
import { BACKFILL_DAYS } from "../forecast/ensemble/refits.ts";
import type { Forecaster } from "../forecast/forecaster.ts";
import type { Finding } from "../model/finding.ts";
import type { DemandSeries } from "../model/series.ts";
import { DAY_MS, epochMs } from "../model/time.ts";

export interface ReplayRequest {
  /** The whole trace; a forecast at step t is made from the steps before t alone. */
  readonly series: DemandSeries;
  readonly timeZone: string;
  readonly members: readonly Forecaster[];
  readonly trainMs: number;
  readonly capFactor: number;
  /** Members get new parameters at each multiple of this (UTC). */
  readonly refitMs: number;
}

/** What `assess` and the accuracy gate read of the evidence. */
export interface ReplayEvidence {
  /** Measured coverage of 90 % intervals at the end of the window; NaN before 20 scores. */
  readonly coverage90: number;
  readonly relativeError: number;
  /** Loss over naive's and faded count of scores at the end of the window, as the accuracy gate reads them. */
  readonly lossRatio: number;
  readonly effectiveCount: number;
  readonly findings: readonly Finding[];
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

/**
 * The shipped ensemble on a trace's past, step by step: what it has learned at one step it takes to the next, as the
 * engine does. Only the refits are fewer: all members at each multiple of `refitMs`, as fits every hour of 10,000
 * steps would take long. Steps are meant to rise; a step back starts cold there.
 */
export function walkForecasts(request: ReplayRequest): ForecastWalk {
  const { members, trainMs, capFactor, timeZone } = request;
  const { stepMs } = request.series;
  const plan = { refitMs: request.refitMs, staggerMs: 0, together: true, monotonicMs: () => 0 };
  let learned: LearnedState | undefined;
  let now: ReturnType<typeof learnEnsemble> | undefined;
  let nowAt = -1;
  let fits = 0;
  const learnedAt = (step: number): ReturnType<typeof learnEnsemble> => {
    if (now !== undefined && nowAt === step) return now;
    const known = { series: before(request, step), members, timeZone, trainMs, learned };
    now = learnEnsemble({ ...plan, ...known, horizonSteps: Math.max(1, Math.round(DAY_MS / stepMs)) });
    nowAt = step;
    learned = now.made.learned;
    fits += now.made.fitted.length;
    return now;
  };
  return {
    fits: () => fits,
    at: (step, horizonSteps) => {
      const { learn, made } = learnedAt(step);
      const served = serveEnsemble({ ...learn, capFactor }, made, horizonSteps);
      if (served === undefined) return undefined;
      const horizonsMs = [horizonSteps * stepMs];
      const evidence = evidenceOf({ horizonsMs, members }, made.learned, served);
      const { coverage90, relativeError, lossRatio, effectiveCount, findings } = evidence;
      return {
        rows: served.forecast.quantiles,
        anomalyScore: served.anomaly.score,
        evidence: {
          coverage90: coverage90[0] ?? Number.NaN,
          relativeError: relativeError ?? Number.NaN,
          lossRatio: lossRatio?.[0] ?? Number.NaN,
          effectiveCount: effectiveCount?.[0] ?? 0,
          findings: findings ?? [],
        },
      };
    },
  };
}

/** What is known at the start of `step`, as far back as learning reaches: a view, nothing is copied. */
function before({ series, trainMs }: ReplayRequest, step: number): DemandSeries {
  const reach = Math.round((trainMs + (BACKFILL_DAYS.light + 2) * DAY_MS) / series.stepMs);
  const from = Math.max(0, step - reach);
  return {
    startMs: epochMs(series.startMs + from * series.stepMs),
    stepMs: series.stepMs,
    values: series.values.subarray(from, step),
  };
}
