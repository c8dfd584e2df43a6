import { parentPort, workerData } from "node:worker_threads";
import { selectMembers } from "../forecast/registry.ts";
import { FORECAST_LEVELS } from "../model/forecast.ts";
import { kedifyForecast } from "./peers/kedify.ts";
import { type ForecastWalk, walkForecasts } from "./replay-forecasts.ts";
import type { ForecastBlock, ReplayJob, ReplayMessage } from "./replay-job.ts";

/** Steps per message: often enough for a progress bar. */
const BLOCK_STEPS = 288;

function run(job: ReplayJob): void {
  if (job.kind === "kedify") {
    const beganMs = performance.now();
    const forecastRps = kedifyForecast(job);
    post({ kind: "kedify", forecastRps, spentMs: performance.now() - beganMs });
  } else {
    const { members } = selectMembers(job.members);
    const walk = walkForecasts({ ...job, members });
    for (let from = job.fromStep; from < job.toStep; from += BLOCK_STEPS) {
      const beganMs = performance.now();
      const fitsBefore = walk.fits();
      const block = makeBlock(job, walk, from, Math.min(job.toStep, from + BLOCK_STEPS));
      const spent = { fits: walk.fits() - fitsBefore, spentMs: performance.now() - beganMs };
      post({ kind: "block", block: { ...block, ...spent } });
    }
  }
  post({ kind: "done" });
}

type ForecastsJob = Extract<ReplayJob, { kind: "forecasts" }>;

function makeBlock(
  job: ForecastsJob,
  walk: ForecastWalk,
  fromStep: number,
  toStep: number,
): Omit<ForecastBlock, "fits" | "spentMs"> {
  const { horizonSteps } = job;
  const steps = toStep - fromStep;
  const stride = FORECAST_LEVELS.length * horizonSteps;
  const nothing = (length: number): Float64Array => new Float64Array(length).fill(Number.NaN);
  const values = nothing(steps * stride);
  const anomalyScore = nothing(steps);
  const coverage90 = nothing(steps);
  const relativeError = nothing(steps);
  const reviews: { step: number; rows: readonly Float64Array[] }[] = [];
  for (let i = 0; i < steps; i++) {
    const step = fromStep + i;
    const forecast = walk.at(step, horizonSteps);
    if (forecast === undefined) continue;
    forecast.rows.forEach((row, level) => {
      values.set(row, i * stride + level * horizonSteps);
    });
    anomalyScore[i] = forecast.anomalyScore;
    coverage90[i] = forecast.evidence.coverage90;
    relativeError[i] = forecast.evidence.relativeError;
    if ((step - job.fromStep) % job.reviewEverySteps !== 0) continue;
    const review = walk.at(step, job.reviewHorizonSteps);
    if (review !== undefined) reviews.push({ step, rows: review.rows });
  }
  return { fromStep, steps, horizonSteps, values, anomalyScore, coverage90, relativeError, reviews };
}

function post(message: ReplayMessage): void {
  parentPort?.postMessage(message);
}

run(workerData as ReplayJob);
