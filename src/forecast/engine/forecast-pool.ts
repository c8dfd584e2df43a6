import { fileURLToPath } from "node:url";
import { Piscina } from "piscina";
import { moduleFile } from "../../model/module-file.ts";
import type { ForecastAnswer, ForecastJob, SharedWeights, TrainingJob } from "./forecast-job.ts";

/** Jobs done off the main thread, at most `threads` at a time; the rest wait in order. */
export interface ForecastPool {
  /**
   * Makes the job when a thread is free and hands its series over (that array is gone afterwards). Rejects when the
   * worker dies, runs out of memory, or `deadlineMs` pass once it runs; the worker is then replaced.
   */
  run(newJob: () => ForecastJob, deadlineMs: number, signal?: AbortSignal): Promise<ForecastAnswer>;
  /** In a thread beside the others, which ends with it. */
  train(job: TrainingJob, deadlineMs: number): Promise<SharedWeights>;
  close(): Promise<void>;
}

export interface ForecastPoolOptions {
  readonly threads: number;
  /** Another worker module, for tests. */
  readonly workerFile?: URL | undefined;
  /** Heap of one worker, MiB; 768 unless given. */
  readonly workerMemoryMiB?: number | undefined;
}

/**
 * WebAssembly memory never shrinks (up to 0.5 MB for a Prophet that needs Stan, which few do): workers are replaced
 * after so many costly fits. A new one costs seconds until its code is compiled, and both are there meanwhile.
 */
const COSTLY_FITS_PER_GENERATION = 1_000;
const JOBS_PER_GENERATION = 20_000;
const WORKER_MIB = 768;
const NURSERY_MIB = 32;

export function forecastPool(options: ForecastPoolOptions): ForecastPool {
  const { threads } = options;
  const closing = new Set<Promise<void>>();
  const beside = new Set<Piscina>();
  const gate = turnstile(threads);
  let jobs = 0;
  let costlyFits = 0;
  let pool: Piscina | undefined;
  const current = (): Piscina => {
    const isWorn =
      jobs >= JOBS_PER_GENERATION * threads || costlyFits >= COSTLY_FITS_PER_GENERATION * threads;
    if (pool !== undefined && !isWorn) return pool;
    if (pool !== undefined) retire(pool, closing);
    jobs = 0;
    costlyFits = 0;
    pool = newPool(options, threads);
    return pool;
  };
  return {
    run: async (newJob, deadlineMs, signal) => {
      await gate.enter();
      try {
        signal?.throwIfAborted();
        jobs++;
        const job = newJob();
        const deadline = AbortSignal.timeout(deadlineMs);
        const both = signal === undefined ? deadline : AbortSignal.any([deadline, signal]);
        const given = { transferList: [job.series.values.buffer as ArrayBuffer], signal: both };
        const answer = (await current().run(job, given)) as ForecastAnswer;
        if (answer.kind === "forecast") costlyFits += answer.costlyFits;
        return answer;
      } finally {
        gate.leave();
      }
    },
    train: async (job, deadlineMs) => {
      const own = newPool(options, 1);
      beside.add(own);
      try {
        const given = { name: "runTraining", signal: AbortSignal.timeout(deadlineMs) };
        return (await own.run(job, given)) as SharedWeights;
      } finally {
        beside.delete(own);
        await own.destroy();
      }
    },
    close: async () => {
      const last = pool;
      pool = undefined;
      await Promise.all([...closing, last?.destroy(), ...[...beside].map((own) => own.destroy())]);
    },
  };
}

/** Lets `places` in at a time, the others in the order they came. */
export function turnstile(places: number): { enter(): Promise<void>; leave(): void } {
  const waiting: (() => void)[] = [];
  let inside = 0;
  return {
    enter: async () => {
      if (inside >= places) await new Promise<void>((resolve) => waiting.push(resolve));
      else inside++;
    },
    leave: () => {
      const next = waiting.shift();
      if (next === undefined) inside--;
      else next();
    },
  };
}

function newPool({ workerFile, workerMemoryMiB }: ForecastPoolOptions, threads: number): Piscina {
  const file = workerFile ?? moduleFile(import.meta.url, "./forecast-worker");
  const pool = new Piscina({
    filename: file.protocol === "file:" ? fileURLToPath(file) : file.href,
    name: "runJob",
    minThreads: 1,
    maxThreads: Math.max(1, threads),
    idleTimeout: 60_000,
    resourceLimits: {
      maxOldGenerationSizeMb: workerMemoryMiB ?? WORKER_MIB,
      // Fits make much that is gone at once: a larger nursery is swept less often.
      maxYoungGenerationSizeMb: NURSERY_MIB,
    },
    // A waiting worker must still drain its stderr and answer its own helper thread.
    atomics: "async",
  });
  // A worker that dies between jobs is replaced; the next job reports what matters.
  pool.on("error", () => undefined);
  return pool;
}

function retire(pool: Piscina, closing: Set<Promise<void>>): void {
  const closed = pool.close().finally(() => closing.delete(closed));
  closing.add(closed);
}
