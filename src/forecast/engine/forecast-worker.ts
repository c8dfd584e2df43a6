import { move, transferableSymbol, valueSymbol } from "piscina";
import { selectMembers } from "../registry.ts";
import { answerJob } from "./answer-job.ts";
import { buffersOf, type ForecastJob, type TrainingJob } from "./forecast-job.ts";
import { trainTogether, writeShared } from "./shared-trainers.ts";

// The Stan module reports each line search that fails on stderr; those are retried and named in the evidence.
process.stderr.write = () => true;

/** Runs in a worker thread: one job, one answer, nothing kept. */
export function runJob(job: ForecastJob): unknown {
  const answer = answerJob(job, selectMembers(job.members).members, () => performance.now());
  return move({ [transferableSymbol]: [...buffersOf(answer)], [valueSymbol]: answer } as never);
}

/** Runs in a worker thread of its own: weights of the members that learn from many series at once. */
export function runTraining(job: TrainingJob): unknown {
  return writeShared(trainTogether(job), (job.previous?.version ?? 0) + 1);
}
