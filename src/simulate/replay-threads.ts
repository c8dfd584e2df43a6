import { Worker } from "node:worker_threads";
import { moduleFile } from "../model/module-file.ts";
import type { ForecastBlock, ReplayJob, ReplayMessage } from "./replay-job.ts";

export interface ReplayRun {
  readonly signal?: AbortSignal | undefined;
  readonly onMessage: (message: ReplayMessage) => void;
}

/**
 * One job in a worker thread of its own. Rejects with the signal's reason when aborted, and when the worker
 * dies; the thread is ended in any case.
 */
export async function runReplayJob(job: ReplayJob, { signal, onMessage }: ReplayRun): Promise<void> {
  signal?.throwIfAborted();
  // The Stan module reports on stderr each line search that fails; those are retried.
  const worker = new Worker(moduleFile(import.meta.url, "./replay-worker"), {
    workerData: job,
    stderr: true,
  });
  try {
    await new Promise<void>((resolve, reject) => {
      signal?.addEventListener("abort", () => reject(signal.reason), { once: true });
      worker.on("error", reject);
      worker.on("exit", (code) => reject(new Error(`the replay worker ended early (${code})`)));
      worker.on("message", (message: ReplayMessage) => {
        if (message.kind === "done") resolve();
        else onMessage(message);
      });
    });
  } finally {
    await worker.terminate();
  }
}

export type ForecastsJob = Extract<ReplayJob, { kind: "forecasts" }>;

/**
 * Lanes that a replay is cut into, whatever the number of threads: each starts cold where it begins, and the threads
 * must change nothing but the time.
 */
const LANES = 4;

/** All forecasts of `job`, in order of steps: consecutive lanes of it, `threads` at a time in workers. */
export async function replayForecasts(
  job: ForecastsJob,
  threads: number,
  run: { readonly signal?: AbortSignal | undefined; readonly onSteps?: (done: number) => void },
): Promise<readonly ForecastBlock[]> {
  const steps = job.toStep - job.fromStep;
  const perReview = job.reviewEverySteps;
  const lanes = Math.max(1, Math.min(LANES, Math.floor(steps / perReview)));
  // Lanes start where a review is due, so that reviews fall on the same steps however many lanes there are.
  const laneSteps = Math.ceil(steps / lanes / perReview) * perReview;
  const blocks: ForecastBlock[] = [];
  let done = 0;
  let next = 0;
  const lane = (index: number): Promise<void> => {
    const fromStep = job.fromStep + index * laneSteps;
    const toStep = Math.min(job.toStep, fromStep + laneSteps);
    if (fromStep >= toStep) return Promise.resolve();
    const onMessage = (message: ReplayMessage): void => {
      if (message.kind !== "block") return;
      blocks.push(message.block);
      done += message.block.steps;
      run.onSteps?.(done);
    };
    return runReplayJob({ ...job, fromStep, toStep }, { signal: run.signal, onMessage });
  };
  const thread = async (): Promise<void> => {
    while (next < lanes) await lane(next++);
  };
  await Promise.all(Array.from({ length: Math.max(1, Math.min(threads, lanes)) }, thread));
  return blocks.sort((a, b) => a.fromStep - b.fromStep);
}
