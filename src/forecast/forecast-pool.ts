import { fileURLToPath } from "node:url";
import { Piscina } from "piscina";
import { moduleFile } from "../model/module-file.ts";
import { buffersOf, type ForecastAnswer, type ForecastJob } from "./forecast-job.ts";

/** Jobs done off the main thread, at most `threads` at a time; the rest wait in order. */
export interface ForecastPool {
  /**
   * Hands `job` over (its arrays are gone afterwards). Rejects when the worker dies or `deadlineMs` pass once
   * it runs; the worker is then replaced.
   */
  run(job: ForecastJob, deadlineMs: number, signal?: AbortSignal): Promise<ForecastAnswer>;
  close(): Promise<void>;
}

/**
 * WebAssembly memory never shrinks (up to 0.5 MB a Prophet fit): workers are replaced after this many
 * jobs.
 */
const JOBS_PER_GENERATION = 200;

export function forecastPool(
  threads: number,
  workerFile: URL = moduleFile(import.meta.url, "./forecast-worker"),
): ForecastPool {
  const closing = new Set<Promise<void>>();
  const waiting: (() => void)[] = [];
  let running = 0;
  let jobs = 0;
  let pool: Piscina | undefined;
  const current = (): Piscina => {
    if (pool !== undefined && jobs < JOBS_PER_GENERATION * threads) return pool;
    if (pool !== undefined) retire(pool, closing);
    jobs = 0;
    pool = newPool(threads, workerFile);
    return pool;
  };
  const turn = async (): Promise<void> => {
    if (running >= threads) await new Promise<void>((resolve) => waiting.push(resolve));
    else running++;
  };
  const done = (): void => {
    const next = waiting.shift();
    if (next === undefined) running--;
    else next();
  };
  return {
    run: async (job, deadlineMs, signal) => {
      await turn();
      try {
        signal?.throwIfAborted();
        jobs++;
        const deadline = AbortSignal.timeout(deadlineMs);
        const both = signal === undefined ? deadline : AbortSignal.any([deadline, signal]);
        const options = { transferList: [...buffersOf(job)], signal: both };
        return (await current().run(job, options)) as ForecastAnswer;
      } finally {
        done();
      }
    },
    close: async () => {
      const last = pool;
      pool = undefined;
      await Promise.all([...closing, last?.destroy()]);
    },
  };
}

function newPool(threads: number, workerFile: URL): Piscina {
  const pool = new Piscina({
    filename: workerFile.protocol === "file:" ? fileURLToPath(workerFile) : workerFile.href,
    name: "runJob",
    minThreads: 1,
    maxThreads: Math.max(1, threads),
    idleTimeout: 60_000,
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
