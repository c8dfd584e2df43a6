import { forecastInContext } from "../context/in-context.ts";
import { forecastEnsemble } from "../ensemble/ensemble.ts";
import { packMemory, unpackMemory } from "../ensemble/learned-bytes.ts";
import type { FittedState, Forecaster } from "../forecaster.ts";
import type { ForecastAnswer, ForecastJob, SharedWeights } from "./forecast-job.ts";
import { readShared } from "./shared-trainers.ts";

let lastShared:
  | { readonly version: number; readonly weights: Readonly<Record<string, FittedState>> }
  | undefined;

/** One job answered by `members`, in the order of `job.members`, here and now. */
export function answerJob(
  job: ForecastJob,
  members: readonly Forecaster[],
  monotonicMs: () => number,
): ForecastAnswer {
  const { progress, ahead, wantMembers, shared: given, learned: packed, ...rest } = job;
  const memory = packed === undefined ? undefined : unpackMemory(packed);
  const shared = sharedWeights(given);
  const outcome = forecastInContext(
    {
      ...rest,
      members,
      monotonicMs,
      learned: memory?.learned,
      occurrences: memory?.occurrences ?? [],
      ...(ahead !== undefined && { ahead }),
      ...(shared !== undefined && { shared }),
      onMember: (index) => {
        if (progress !== undefined) Atomics.store(progress, 0, index + 1);
      },
    },
    forecastEnsemble,
  );
  if (progress !== undefined) Atomics.store(progress, 0, 0);
  if (outcome.kind === "refused") return outcome;
  const { learned, occurrences, eventEffects, leadingEffects } = outcome;
  return {
    kind: "forecast",
    forecast: outcome.forecast,
    evidence: {
      ...outcome.evidence,
      ...(eventEffects.length > 0 && { eventEffects }),
      ...(leadingEffects.length > 0 && { leading: leadingEffects }),
    },
    byMember: wantMembers ? outcome.byMember : {},
    learned: packMemory({ learned, occurrences }),
    costlyFits: outcome.fitted.filter((cost) => cost !== "light").length,
  };
}

/** The weights of one version are read once a worker. */
function sharedWeights(shared: SharedWeights | undefined): Readonly<Record<string, FittedState>> | undefined {
  if (shared === undefined) return undefined;
  if (lastShared?.version !== shared.version) {
    lastShared = { version: shared.version, weights: readShared(shared) };
  }
  return lastShared.weights;
}
