import { type DemandSeries, endMs, sliceSeries } from "../../model/series.ts";
import { DAY_MS } from "../../model/time.ts";
import type { SharedWeights, TrainingJob } from "./forecast-job.ts";
import type { ForecastPool } from "./forecast-pool.ts";

/** Weights that all series share, trained once a day beside the forecasts. */
export interface SharedModels {
  /** The newest weights; undefined before the first training has ended. */
  current(): SharedWeights | undefined;
  /** Takes a series in as one to train on, and starts a training when one is due. */
  see(key: string, series: DemandSeries): void;
  /** Resolves when no training is on its way. */
  settled(): Promise<void>;
}

export interface SharedModelsOptions {
  /** Members that can be trained together; none: nothing is ever trained. */
  readonly members: readonly string[];
  readonly timeZone: string;
  readonly trainMs: number;
  readonly train: ForecastPool["train"];
}

/** Fewer series than this learn as well each for itself. */
const ENOUGH_SERIES = 4;
/** More series than this make a training longer, not better. */
const KEPT_SERIES = 24;
const EVERY_MS = DAY_MS;
const DEADLINE_MS = 15 * 60_000;

export function createSharedModels({ members, timeZone, trainMs, train }: SharedModelsOptions): SharedModels {
  const histories = new Map<string, DemandSeries>();
  let weights: SharedWeights | undefined;
  let triedMs = Number.NEGATIVE_INFINITY;
  let running: Promise<void> | undefined;
  const start = (nowMs: number): void => {
    triedMs = nowMs;
    const job: TrainingJob = {
      members,
      histories: [...histories.values()],
      timeZone,
      seed: Math.floor(nowMs / EVERY_MS),
      previous: weights,
    };
    running = train(job, DEADLINE_MS).then(
      (trained) => {
        weights = trained;
        running = undefined;
      },
      // The weights of the day before serve on; members train on their own series where there are none.
      () => {
        running = undefined;
      },
    );
  };
  return {
    current: () => weights,
    see: (key, series) => {
      if (members.length === 0) return;
      if (!histories.has(key) && histories.size >= KEPT_SERIES) return;
      const nowMs = endMs(series);
      const isDue = nowMs - triedMs >= EVERY_MS;
      const known = histories.get(key);
      // Histories are copied when they are needed next, not at each forecast.
      if (known !== undefined && !isDue && nowMs - endMs(known) < EVERY_MS / 2) return;
      histories.set(key, sliceSeries(series, Math.max(series.startMs, nowMs - trainMs), nowMs));
      if (isDue && running === undefined && histories.size >= ENOUGH_SERIES) start(nowMs);
    },
    settled: async () => {
      await running;
    },
  };
}
