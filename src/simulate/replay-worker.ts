import { parentPort, workerData } from "node:worker_threads";
import { selectMembers } from "../forecast/registry.ts";
import type { Finding } from "../model/finding.ts";
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
  const { horizonSteps, delaySteps } = job;
  const steps = toStep - fromStep;
  const stride = FORECAST_LEVELS.length * horizonSteps;
  const nothing = (length: number): Float64Array => new Float64Array(length).fill(Number.NaN);
  const values = nothing(steps * stride);
  const columns = {
    anomalyScore: nothing(steps),
    coverage90: nothing(steps),
    relativeError: nothing(steps),
    lossRatio: nothing(steps),
    effectiveCount: nothing(steps),
  };
  const reviews: { step: number; rows: readonly Float64Array[] }[] = [];
  const findings: { step: number; findings: readonly Finding[] }[] = [];
  for (let i = 0; i < steps; i++) {
    const step = fromStep + i;
    const forecast = walk.at(step - delaySteps, horizonSteps);
    if (forecast === undefined) continue;
    forecast.rows.forEach((row, level) => {
      values.set(row, i * stride + level * horizonSteps);
    });
    const { evidence } = forecast;
    columns.anomalyScore[i] = forecast.anomalyScore;
    columns.coverage90[i] = evidence.coverage90;
    columns.relativeError[i] = evidence.relativeError;
    columns.lossRatio[i] = evidence.lossRatio;
    columns.effectiveCount[i] = evidence.effectiveCount;
    const before = findings.at(-1)?.findings;
    if (before === undefined || !isSame(before, evidence.findings))
      findings.push({ step, findings: evidence.findings });
    if ((step - job.fromStep) % job.reviewEverySteps !== 0) continue;
    const review = walk.at(step - delaySteps, job.reviewHorizonSteps);
    if (review !== undefined) reviews.push({ step, rows: review.rows });
  }
  return { fromStep, steps, horizonSteps, values, ...columns, reviews, findings };
}

/** Findings are plain and few. */
function isSame(before: readonly Finding[], after: readonly Finding[]): boolean {
  return before.length === after.length && JSON.stringify(before) === JSON.stringify(after);
}

function post(message: ReplayMessage): void {
  parentPort?.postMessage(message);
}

run(workerData as ReplayJob);
