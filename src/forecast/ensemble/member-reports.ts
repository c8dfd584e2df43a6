import type { MemberReport, VersionReport } from "../../model/forecast.ts";
import type { Forecaster } from "../forecaster.ts";
import { naiveShares, shownWeights } from "./guard.ts";
import type { LearnedState, MemberFit, VersionScore } from "./learned-state.ts";
import { nearTermOf } from "./learning.ts";
import { lastDueMs, periodOf, type RefitPlan } from "./refits.ts";
import { bucketOf, bucketWeights, medianWeights, recentLossRatio } from "./weights.ts";

export interface ReportInput extends RefitPlan {
  /** As they were when `learned` was made, in the same order. */
  readonly members: readonly Forecaster[];
  readonly learned: LearnedState;
  readonly horizonsMs: readonly number[];
  /** Members out for other reasons than what was learned. */
  readonly without: Readonly<Record<string, string>>;
}

/** What there is to say about each member of a series' ensemble. */
export function memberReports(input: ReportInput): readonly MemberReport[] {
  const { learned, members, horizonsMs } = input;
  const buckets = horizonsMs.map((ms) => Math.max(0, bucketOf(ms)));
  const outReasons = members.map(({ name }) => outReason(learned.fits[name], input.without[name]));
  const present = outReasons.map((reason) => reason === undefined);
  const shares = naiveShares(learned.guard, present[0] === true);
  const weights = buckets.map((bucket) =>
    shownWeights(
      medianWeights(bucketWeights(learned.losses, bucket, present, nearTermOf(members))),
      shares[bucket]?.[0] ?? 0,
    ),
  );
  return members.map((member, m) => {
    const fit = learned.fits[member.name];
    return {
      name: member.name,
      cost: member.cost,
      outReason: outReasons[m],
      weights: weights.map((row) => row[m] ?? 0),
      lossRatio: buckets.map((bucket) => recentLossRatio(learned.losses, bucket, m)),
      lastFitMs: fit?.fittedMs,
      nextFitMs: lastDueMs(input, member, learned.lastMs) + periodOf(input, member),
      fitCostMs: fit?.costMs ?? 0,
      current: versionReport(fit?.score) ?? { version: 0, fittedMs: 0, lossRatio: undefined, scores: 0 },
      previous: versionReport(fit?.previous),
    };
  });
}

function outReason(fit: MemberFit | undefined, other: string | undefined): string | undefined {
  if (other !== undefined) return other;
  if (fit === undefined) return "not fitted yet";
  return fit.state === undefined ? (fit.reason ?? "not fitted yet") : undefined;
}

function versionReport(score: VersionScore | undefined): VersionReport | undefined {
  if (score === undefined) return undefined;
  const { version, fittedMs, loss, naiveLoss, count } = score;
  return { version, fittedMs, lossRatio: naiveLoss > 0 ? loss / naiveLoss : undefined, scores: count };
}
