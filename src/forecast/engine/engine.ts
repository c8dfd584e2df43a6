import type { KnownAhead } from "../../model/known-ahead.ts";
import type { ForecastEngine } from "../../model/ports.ts";
import type { DemandSeries } from "../../model/series.ts";
import type { ForecastSettings } from "../../model/settings.ts";
import { DAY_MS } from "../../model/time.ts";
import { UserError } from "../../model/user-error.ts";
import { openSealed, sealLearned, unpackMemory } from "../ensemble/learned-bytes.ts";
import { memberReports } from "../ensemble/member-reports.ts";
import { selectMembers } from "../registry.ts";
import { answerSafely, type LadderAnswer, type Rung } from "./engine-ladder.ts";
import { type ForecastJob, usefulTail } from "./forecast-job.ts";
import { forecastPool } from "./forecast-pool.ts";
import { createOutages } from "./outages.ts";
import { createSharedModels } from "./shared-models.ts";
import { SHARED_TRAINERS } from "./shared-trainers.ts";

export interface ForecastEngineOptions {
  readonly settings: Pick<ForecastSettings, "members" | "refitMs" | "trainMs" | "capFactor">;
  /** IANA zone whose clock the daily and weekly rhythm follows. */
  readonly timeZone: string;
  /** Horizons, ms; forecasts reach the largest, step by step. */
  readonly horizons: readonly number[];
  readonly threads: number;
  /** Longest a job may run before its worker is ended; 60 s unless given. */
  readonly deadlineMs?: number;
  /** Heap of one worker, MiB. */
  readonly workerMemoryMiB?: number;
  /** Another worker module, for tests. */
  readonly workerFile?: URL;
}

/** All of the port is there. */
export type FullForecastEngine = ForecastEngine &
  Required<Pick<ForecastEngine, "exportLearned" | "importLearned" | "describe">>;

/**
 * Bytes of learned state that are kept; the series unused longest goes first and starts cold when it returns.
 * 5,000 series with all members take about 0.7 GB.
 */
const KEPT_BYTES = 1 << 30;

/**
 * The forecast engine: fits in worker threads, learned state kept per key as bytes. A member that hangs or kills its
 * worker is left out for hours and named in `evidence.failures`; only a series that even naive cannot answer
 * rejects. Throws a UserError for members nobody knows.
 */
export function createForecastEngine(options: ForecastEngineOptions): FullForecastEngine {
  const names = checkedMembers(options.settings.members);
  const { members } = selectMembers(names);
  const pool = forecastPool({
    threads: Math.max(1, options.threads),
    workerFile: options.workerFile,
    workerMemoryMiB: options.workerMemoryMiB,
  });
  const kept = keptBytes();
  const outages = createOutages();
  const sharedModels = createSharedModels({
    members: names.filter((name) => SHARED_TRAINERS[name] !== undefined),
    timeZone: options.timeZone,
    trainMs: options.settings.trainMs,
    train: pool.train,
  });
  const answer = async (key: string, series: DemandSeries, ahead?: KnownAhead): Promise<Answered> => {
    sharedModels.see(key, series);
    const ladder = {
      run: pool.run,
      names,
      outages,
      deadlineMs: options.deadlineMs ?? 60_000,
      monotonicMs: () => performance.now(),
      newJob: (rung: Rung) => ({
        ...newJob(options, key, series, rung),
        ahead,
        shared: sharedModels.current(),
      }),
    };
    return taken(key, await answerSafely(ladder, key, series, kept.get(key)), kept);
  };
  return {
    forecast: oneAtATime(answer),
    exportLearned: (key) => {
      const bytes = kept.get(key);
      return bytes === undefined ? undefined : sealLearned(bytes);
    },
    importLearned: (key, bytes) => {
      const packed = openSealed(bytes);
      if (packed === undefined) return false;
      // A job that waits reads what it was given: not written over.
      kept.delete(key);
      kept.set(key, packed);
      return true;
    },
    describe: (key) => {
      const bytes = kept.get(key);
      const memory = bytes === undefined ? undefined : unpackMemory(bytes);
      if (memory === undefined) return undefined;
      const plan = { refitMs: options.settings.refitMs, staggerMs: staggerOf(key) };
      const { learned } = memory;
      const without = outages.outFor(key, learned.lastMs);
      return memberReports({ ...plan, members, learned, horizonsMs: options.horizons, without });
    },
    close: () => pool.close(),
  };
}

type Answered = Awaited<ReturnType<ForecastEngine["forecast"]>>;

function taken(key: string, { answer, failures, isWhole }: LadderAnswer, kept: KeptBytes): Answered {
  if (answer.kind === "refused") {
    throw new UserError(`demand of ${key} cannot be forecast yet: ${answer.reason}`, 1);
  }
  // State that cost every worker its life is not tried again.
  if (isWhole) kept.set(key, answer.learned);
  else kept.delete(key);
  const { forecast, evidence } = answer;
  return { forecast, evidence: { ...evidence, failures: { ...evidence.failures, ...failures } } };
}

/** One job a key at a time, in the order of the calls: what is learned travels with the job. */
function oneAtATime(
  answer: (key: string, series: DemandSeries, ahead?: KnownAhead) => Promise<Answered>,
): ForecastEngine["forecast"] {
  const queues = new Map<string, Promise<unknown>>();
  return (key, series, ahead) => {
    const before = queues.get(key) ?? Promise.resolve();
    const job = before.then(
      () => answer(key, series, ahead),
      () => answer(key, series, ahead),
    );
    queues.set(key, job);
    const forget = (): void => {
      if (queues.get(key) === job) queues.delete(key);
    };
    job.then(forget, forget);
    return job;
  };
}

interface KeptBytes {
  get(key: string): Uint8Array | undefined;
  set(key: string, bytes: Uint8Array): void;
  delete(key: string): void;
}

/** Room for a state is made in steps of this: its size hardly changes from cycle to cycle. */
const ROOM_BYTES = 8192;

/**
 * States are copied into memory of their own, written over cycle by cycle: buffers handed over by workers would be
 * scattered over the memory of threads that are long gone, and none of it could be given back.
 */
function keptBytes(): KeptBytes {
  const byKey = new Map<string, Uint8Array<ArrayBuffer>>();
  let total = 0;
  const remove = (key: string): void => {
    total -= byKey.get(key)?.buffer.byteLength ?? 0;
    byKey.delete(key);
  };
  return {
    get: (key) => byKey.get(key),
    set: (key, bytes) => {
      const room = byKey.get(key)?.buffer;
      remove(key);
      const needed = Math.ceil(bytes.length / ROOM_BYTES) * ROOM_BYTES;
      const own = new Uint8Array(
        room?.byteLength === needed ? room : new ArrayBuffer(needed),
        0,
        bytes.length,
      );
      own.set(bytes);
      byKey.set(key, own);
      total += needed;
      for (const oldest of byKey.keys()) {
        if (total <= KEPT_BYTES || oldest === key) break;
        remove(oldest);
      }
    },
    delete: remove,
  };
}

function checkedMembers(names: readonly string[]): readonly string[] {
  const { members, unknown } = selectMembers(names);
  if (unknown.length === 0) return members.map((member) => member.name);
  const all = selectMembers([]).known.join(", ");
  throw new UserError(`forecast.members: unknown ${unknown.join(", ")}; choose from ${all}`);
}

function newJob(options: ForecastEngineOptions, key: string, series: DemandSeries, rung: Rung): ForecastJob {
  const { settings, timeZone, horizons } = options;
  const longestMs = Math.max(series.stepMs, ...horizons);
  return {
    // A copy: the array of a job is handed over to the worker.
    series: usefulTail(series, settings.trainMs),
    timeZone,
    horizonSteps: Math.max(1, Math.ceil(longestMs / series.stepMs)),
    horizonsMs: horizons,
    trainMs: settings.trainMs,
    refitMs: settings.refitMs,
    capFactor: settings.capFactor,
    staggerMs: staggerOf(key),
    wantMembers: false,
    ...rung,
  };
}

/** An offset within the day, in seconds, that differs from key to key (FNV-1a). */
export function staggerOf(key: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193) >>> 0;
  return (hash % (DAY_MS / 1000)) * 1000;
}
