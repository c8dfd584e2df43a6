import { move, transferableSymbol, valueSymbol } from "piscina";
import { forecastEnsemble } from "./ensemble.ts";
import { buffersOf, type ForecastAnswer, type ForecastJob } from "./forecast-job.ts";
import { selectMembers } from "./registry.ts";

// The Stan module reports each line search that fails on stderr; those are retried and named in the evidence.
process.stderr.write = () => true;

/** Runs in a worker thread: one job, one answer, nothing kept. */
export function runJob(job: ForecastJob): unknown {
  const { members } = selectMembers(job.members);
  const outcome = forecastEnsemble({ ...job, members, monotonicMs: () => performance.now() });
  const answer: ForecastAnswer =
    outcome.kind === "forecast" && !job.wantMembers ? { ...outcome, byMember: {} } : outcome;
  return move({ [transferableSymbol]: [...buffersOf(answer)], [valueSymbol]: answer } as never);
}
