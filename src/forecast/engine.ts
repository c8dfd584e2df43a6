import type { ForecastEngine } from "../model/ports.ts";
import { type DemandSeries, sliceSeries } from "../model/series.ts";
import type { ForecastSettings } from "../model/settings.ts";
import { UserError } from "../model/user-error.ts";
import { forecastEnsemble } from "./ensemble.ts";
import { type ForecastAnswer, type ForecastJob, usefulTail } from "./forecast-job.ts";
import { forecastPool } from "./forecast-pool.ts";
import { selectMembers } from "./registry.ts";
import type { LearnedState } from "./rolling.ts";

export interface ForecastEngineOptions {
  readonly settings: Pick<ForecastSettings, "members" | "refitMs" | "trainMs" | "capFactor">;
  /** IANA zone whose clock the daily and weekly rhythm follows. */
  readonly timeZone: string;
  /** Horizons, ms; forecasts reach the largest, step by step. */
  readonly horizons: readonly number[];
  readonly threads: number;
  /** Longest a job may run before its worker is ended; 60 s unless given. */
  readonly deadlineMs?: number;
  /** Another worker module, for tests. */
  readonly workerFile?: URL;
}

/** Series whose learned state is kept; the one unused longest goes first and starts cold when it returns. */
const KEPT_SERIES = 500;

/**
 * The forecast engine: fits in worker threads, learned state cached per key. A worker that dies or runs over
 * its deadline costs its heavy members, then all but naive, and is named in `evidence.failures`; only a
 * series that even naive cannot answer rejects. Throws a UserError for members nobody knows.
 */
export function createForecastEngine(options: ForecastEngineOptions): ForecastEngine {
  const names = checkedMembers(options.settings.members);
  const pool = forecastPool(Math.max(1, options.threads), options.workerFile);
  const learned = new Map<string, LearnedState>();
  const queues = new Map<string, Promise<unknown>>();
  const answer = async (key: string, series: DemandSeries): Promise<Answered> => {
    const known = learned.get(key);
    learned.delete(key);
    const result = await degrade(pool.run, names, options, key, series, known);
    if (result.answer.kind === "refused") {
      throw new UserError(`demand of ${key} cannot be forecast yet: ${result.answer.reason}`, 1);
    }
    learned.set(key, result.answer.learned);
    const oldest = learned.keys().next().value;
    if (learned.size > KEPT_SERIES && oldest !== undefined) learned.delete(oldest);
    const { forecast, evidence } = result.answer;
    return { forecast, evidence: { ...evidence, failures: { ...evidence.failures, ...result.failures } } };
  };
  return {
    forecast: (key, series) => {
      // One job a key at a time: the learned state travels with the job.
      const before = queues.get(key) ?? Promise.resolve();
      const job = before.then(
        () => answer(key, series),
        () => answer(key, series),
      );
      queues.set(key, job);
      const forget = (): void => {
        if (queues.get(key) === job) queues.delete(key);
      };
      job.then(forget, forget);
      return job;
    },
    close: () => pool.close(),
  };
}

type Answered = Awaited<ReturnType<ForecastEngine["forecast"]>>;

function checkedMembers(names: readonly string[]): readonly string[] {
  const { members, unknown } = selectMembers(names);
  if (unknown.length === 0) return members.map((member) => member.name);
  const all = selectMembers([]).known.join(", ");
  throw new UserError(`forecast.members: unknown ${unknown.join(", ")}; choose from ${all}`);
}

/** All members in a worker; light ones in a fresh worker; naive right here. */
async function degrade(
  run: ReturnType<typeof forecastPool>["run"],
  names: readonly string[],
  options: ForecastEngineOptions,
  key: string,
  series: DemandSeries,
  learned: LearnedState | undefined,
): Promise<{ answer: ForecastAnswer; failures: Record<string, string> }> {
  const failures: Record<string, string> = {};
  const light = selectMembers(names).members.filter((member) => member.cost === "light");
  const lightNames = light.map((member) => member.name);
  const attempts = [
    { members: names, learned },
    { members: lightNames, learned: undefined },
  ];
  for (const attempt of attempts) {
    try {
      const job = newJob(options, key, series, attempt.members, attempt.learned);
      return { answer: await run(job, options.deadlineMs ?? 60_000), failures };
    } catch (error) {
      const heavy = attempt.members.filter((name) => !lightNames.includes(name));
      const reason = lostReason(error, options.deadlineMs);
      for (const name of heavy.length > 0 ? heavy : lightNames.slice(1)) failures[name] = reason;
    }
  }
  const job = newJob(options, key, series, ["naive"], undefined);
  const { members } = selectMembers(["naive"]);
  return { answer: forecastEnsemble({ ...job, members, monotonicMs: () => performance.now() }), failures };
}

function lostReason(error: unknown, deadlineMs = 60_000): string {
  const text = String(error).split("\n", 1)[0] ?? "";
  if (/abort|timeout/i.test(text)) return `no answer within ${deadlineMs} ms: worker ended`;
  return `worker died: ${text}`;
}

function newJob(
  options: ForecastEngineOptions,
  key: string,
  series: DemandSeries,
  members: readonly string[],
  learned: LearnedState | undefined,
): ForecastJob {
  const { settings, timeZone, horizons } = options;
  const longestMs = Math.max(series.stepMs, ...horizons);
  const tail = usefulTail(series, settings.trainMs);
  return {
    // A copy: the arrays of a job are handed over to the worker.
    series: sliceSeries(tail, tail.startMs, tail.startMs + tail.values.length * tail.stepMs),
    timeZone,
    horizonSteps: Math.max(1, Math.ceil(longestMs / series.stepMs)),
    horizonsMs: horizons,
    members,
    trainMs: settings.trainMs,
    refitMs: settings.refitMs,
    capFactor: settings.capFactor,
    staggerMs: staggerOf(key, series.stepMs, settings.refitMs),
    learned,
    wantMembers: false,
  };
}

/** An offset within the refit period, on the grid, that differs from key to key (FNV-1a). */
function staggerOf(key: string, stepMs: number, refitMs: number): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193) >>> 0;
  return (hash % Math.max(1, Math.floor(refitMs / stepMs))) * stepMs;
}
