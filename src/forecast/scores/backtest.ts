import type { KnownAhead } from "../../model/known-ahead.ts";
import { type DemandSeries, endMs, sliceSeries } from "../../model/series.ts";
import { DAY_MS, HOUR_MS } from "../../model/time.ts";
import { UserError } from "../../model/user-error.ts";
import { type ForecastJob, usefulTail } from "../engine/forecast-job.ts";
import { type ForecastPool, forecastPool } from "../engine/forecast-pool.ts";
import { selectMembers } from "../registry.ts";
import { type BacktestScores, type OriginRun, scoreRuns } from "./backtest-scores.ts";
import { SCORE_LEVELS } from "./scoring.ts";

export interface BacktestOptions {
  readonly series: DemandSeries;
  /**
   * Where to forecast from: start of the last known step, ms, each; or how many, spread over what lies behind
   * `fromMs`, or else behind the first 60 % of the history.
   */
  readonly origins:
    | { readonly atMs: readonly number[] }
    | { readonly count: number; readonly fromMs?: number };
  readonly horizonsMs: readonly number[];
  readonly members: readonly string[];
  readonly timeZone: string;
  readonly threads: number;
  /** 28 days unless given. */
  readonly trainMs?: number;
  readonly refitMs?: number;
  readonly capFactor?: number;
  /** Events and leading series; of those only what was announced or known at an origin is used there. */
  readonly ahead?: KnownAhead | undefined;
  readonly onProgress?: (done: number, total: number) => void;
  readonly signal?: AbortSignal;
}

export interface BacktestResult extends BacktestScores {
  readonly originsMs: readonly number[];
  /** Mean time of one origin in its worker, ms: all fits and forecasts. */
  readonly meanFitMs: number;
}

const HEADER = "model,origin,target,level,value";

/**
 * Forecasts from past origins and scores what came: nothing at or after an origin's end is seen, weights and
 * calibration included. Origins run in parallel worker threads. Rejects with a UserError for origins off the
 * series and when no model can answer, with the signal's reason when aborted.
 */
export async function runBacktest(options: BacktestOptions): Promise<BacktestResult> {
  const originsMs = chooseOrigins(options);
  const names = selectMembers(options.members).members.map((member) => member.name);
  const pool = forecastPool({ threads: Math.max(1, options.threads) });
  try {
    const runs = await runLanes(options, pool, originsMs, names);
    const meanFitMs = runs.reduce((sum, run) => sum + run.fitMs, 0) / Math.max(1, runs.length);
    return { ...scoreRuns(options, emitSteps(options), runs), originsMs, meanFitMs };
  } finally {
    await pool.close();
  }
}

/**
 * Lines of the forecasts as CSV, header first: columns model, origin, target, level, value; times ISO 8601
 * UTC.
 */
export function* formatEmitRows(result: Pick<BacktestResult, "forecasts">): Generator<string> {
  yield HEADER;
  for (const { model, originMs, stepMs, quantiles } of result.forecasts) {
    const origin = isoSeconds(originMs);
    const steps = quantiles[0]?.length ?? 0;
    for (let h = 0; h < steps; h++) {
      const target = isoSeconds(originMs + (h + 1) * stepMs);
      for (let l = 0; l < SCORE_LEVELS.length; l++) {
        const value = Number((quantiles[l]?.[h] ?? 0).toPrecision(10));
        yield `${model},${origin},${target},${SCORE_LEVELS[l]},${value}`;
      }
    }
  }
}

/** Consecutive origins that hand on what is learned: as many lanes as make use of a few threads, however many. */
const LANES = 4;

/**
 * Each lane starts cold at its first origin. The number of lanes does not hang on the number of threads, so nor do
 * the forecasts.
 */
async function runLanes(
  options: BacktestOptions,
  pool: ForecastPool,
  originsMs: readonly number[],
  members: readonly string[],
): Promise<readonly OriginRun[]> {
  const lanes = Math.min(LANES, originsMs.length);
  const perLane = Math.ceil(originsMs.length / lanes);
  const runs: OriginRun[] = [];
  let done = 0;
  const runLane = async (first: number): Promise<void> => {
    let learned: Uint8Array | undefined;
    for (let i = first; i < Math.min(first + perLane, originsMs.length); i++) {
      const newJob = (): ForecastJob => originJob(options, originsMs[i] ?? 0, members, learned);
      const answer = await pool.run(newJob, 300_000, options.signal);
      if (answer.kind === "refused") {
        throw new UserError(`backtest at ${isoSeconds(originsMs[i] ?? 0)}: ${answer.reason}`);
      }
      learned = answer.learned;
      runs[i] = {
        originMs: originsMs[i] ?? 0,
        weights: answer.evidence.weights,
        forecasts: { ensemble: answer.forecast, ...answer.byMember },
        failures: answer.evidence.failures,
        fitMs: answer.evidence.fitMs,
      };
      options.onProgress?.(++done, originsMs.length);
    }
  };
  await Promise.all(Array.from({ length: lanes }, (_, lane) => runLane(lane * perLane)));
  return runs;
}

function originJob(
  options: BacktestOptions,
  originMs: number,
  members: readonly string[],
  learned: Uint8Array | undefined,
): ForecastJob {
  const { series, horizonsMs } = options;
  const trainMs = options.trainMs ?? 28 * DAY_MS;
  return {
    series: usefulTail(sliceSeries(series, series.startMs, originMs + series.stepMs), trainMs),
    timeZone: options.timeZone,
    horizonSteps: emitSteps(options),
    horizonsMs,
    members,
    trainMs,
    refitMs: options.refitMs ?? HOUR_MS,
    capFactor: options.capFactor ?? 3,
    staggerMs: 0,
    ahead: options.ahead,
    learned,
    wantMembers: true,
  };
}

function emitSteps({ series, horizonsMs }: BacktestOptions): number {
  return Math.max(1, Math.round(Math.max(DAY_MS, ...horizonsMs) / series.stepMs));
}

function chooseOrigins({ series, origins }: BacktestOptions): readonly number[] {
  const { startMs, stepMs } = series;
  const steps = series.values.length;
  if ("atMs" in origins) {
    if (origins.atMs.length === 0) throw new UserError("backtest: no origin given");
    for (const ms of origins.atMs) {
      const index = (ms - startMs) / stepMs;
      if (Number.isInteger(index) && index >= 1 && index < steps - 1) continue;
      const range = `${isoSeconds(startMs)} to ${isoSeconds(endMs(series))} in steps of ${stepMs / 1000} s`;
      throw new UserError(
        `backtest: origin ${isoSeconds(ms)} is not on the series with truth after it (${range})`,
      );
    }
    return [...origins.atMs].sort((a, b) => a - b);
  }
  const first = firstOrigin(series, origins.fromMs);
  const last = Math.max(first, Math.min(steps - 2, steps - 1 - Math.round(DAY_MS / stepMs)));
  if (steps < 10 || origins.count < 1)
    throw new UserError(`backtest: ${steps} steps are too few for an origin`);
  const count = Math.min(origins.count, last - first + 1);
  return Array.from(
    { length: count },
    (_, i) => startMs + Math.round(first + ((last - first) * i) / Math.max(1, count - 1)) * stepMs,
  );
}

function firstOrigin({ startMs, stepMs, values }: DemandSeries, fromMs: number | undefined): number {
  if (fromMs === undefined) return Math.floor(values.length * 0.6);
  return Math.min(values.length - 2, Math.max(1, Math.ceil((fromMs - startMs) / stepMs)));
}

function isoSeconds(ms: number): string {
  return new Date(ms).toISOString().replace(".000Z", "Z");
}
