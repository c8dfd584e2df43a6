import { deserialize, serialize } from "node:v8";
import { type DemandSeries, endMs } from "../../model/series.ts";
import { DAY_MS } from "../../model/time.ts";
import type { FittedState } from "../forecaster.ts";
import { type LocalClock, localClock } from "../local-clock.ts";
import { trainShared } from "../neural/shared-training.ts";
import type { SharedWeights, TrainingJob } from "./forecast-job.ts";

/** Trains one member on many histories; undefined when there is nothing to learn from. Seeded: draws repeat. */
export type SharedTrainer = (
  histories: readonly { readonly history: DemandSeries; readonly clock: LocalClock }[],
  seed: number,
  previous: FittedState | undefined,
) => FittedState | undefined;

/** Members that can be trained on many series together, by name. */
export const SHARED_TRAINERS: Readonly<Record<string, SharedTrainer>> = {
  lstm: (histories, seed, previous) => trainShared("lstm", histories, seed, previous),
  transformer: (histories, seed, previous) => trainShared("transformer", histories, seed, previous),
};

/** Weights by member for all members of the job that can be trained together. */
export function trainTogether(
  { members, histories, timeZone, seed, previous }: TrainingJob,
  trainers: Readonly<Record<string, SharedTrainer>> = SHARED_TRAINERS,
): Readonly<Record<string, FittedState>> {
  const known = previous === undefined ? {} : readShared(previous);
  const trained: Record<string, FittedState> = { ...known };
  const clocked = histories.map((history) => ({
    history,
    clock: localClock(timeZone, history.startMs, endMs(history) + DAY_MS),
  }));
  for (const name of members) {
    const state = trainers[name]?.(clocked, seed, known[name]);
    if (state !== undefined) trained[name] = state;
  }
  return trained;
}

export function writeShared(weights: Readonly<Record<string, FittedState>>, version: number): SharedWeights {
  const packed = serialize(weights);
  const bytes = new SharedArrayBuffer(packed.length);
  new Uint8Array(bytes).set(packed);
  return { version, bytes };
}

export function readShared({ bytes }: SharedWeights): Readonly<Record<string, FittedState>> {
  return deserialize(new Uint8Array(bytes).slice()) as Readonly<Record<string, FittedState>>;
}
