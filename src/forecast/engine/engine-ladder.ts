import { type DemandSeries, endMs } from "../../model/series.ts";
import { selectMembers } from "../registry.ts";
import { answerJob } from "./answer-job.ts";
import type { ForecastAnswer, ForecastJob } from "./forecast-job.ts";
import type { ForecastPool } from "./forecast-pool.ts";
import type { Outages } from "./outages.ts";

export interface Ladder {
  readonly run: ForecastPool["run"];
  readonly names: readonly string[];
  readonly outages: Outages;
  readonly deadlineMs: number;
  readonly monotonicMs: () => number;
  /** The job for a rung: its members, what was learned, and who is out. */
  readonly newJob: (rung: Rung) => ForecastJob;
}

export type Rung = Pick<ForecastJob, "members" | "learned" | "without" | "progress">;

export interface LadderAnswer {
  readonly answer: ForecastAnswer;
  /** Members lost on the way, with the reason. */
  readonly failures: Readonly<Record<string, string>>;
  /** False when what came back is not worth learning on from. */
  readonly isWhole: boolean;
}

/** Members that may be found out one after the other before all costly ones are left out. */
const CULPRITS = 2;

/**
 * All members in a worker. One that hangs or takes the worker down is found out by the progress it wrote into shared
 * memory and left out, for hours; when it cannot be named, all costly members are; in the end naive answers right
 * here.
 */
export async function answerSafely(
  ladder: Ladder,
  key: string,
  series: DemandSeries,
  learned: Uint8Array | undefined,
): Promise<LadderAnswer> {
  const { names, outages } = ladder;
  const nowMs = endMs(series);
  const failures: Record<string, string> = {};
  for (let tries = 0; tries <= CULPRITS; tries++) {
    const tried = await tryRung(ladder, { members: names, learned, without: outages.outFor(key, nowMs) });
    if ("answer" in tried) return { answer: tried.answer, failures, isWhole: true };
    const culprit = names[tried.inHand - 1];
    if (culprit === undefined || culprit === "naive") {
      Object.assign(failures, reasonsFor(costly(names), tried.reason));
      break;
    }
    failures[culprit] = tried.reason;
    outages.note(key, culprit, tried.reason, nowMs);
  }
  const out = { ...outages.outFor(key, nowMs), ...reasonsFor(costly(names), "left out after a lost worker") };
  const light = await tryRung(ladder, { members: names, learned, without: { ...out, ...failures } });
  if ("answer" in light) return { answer: light.answer, failures, isWhole: true };
  Object.assign(failures, reasonsFor(names.slice(1), light.reason), { ...failures });
  const job = ladder.newJob({ members: ["naive"], learned: undefined, without: {} });
  const { members } = selectMembers(job.members);
  return { answer: answerJob(job, members, ladder.monotonicMs), failures, isWhole: false };
}

type Tried =
  | { readonly answer: ForecastAnswer }
  /** Place of the member in hand when the worker was lost, from 1; 0 when there was none. */
  | { readonly inHand: number; readonly reason: string };

async function tryRung(ladder: Ladder, rung: Rung): Promise<Tried> {
  const progress = new Int32Array(new SharedArrayBuffer(4));
  try {
    return { answer: await ladder.run(() => ladder.newJob({ ...rung, progress }), ladder.deadlineMs) };
  } catch (error) {
    return { inHand: Atomics.load(progress, 0), reason: lostReason(error, ladder.deadlineMs) };
  }
}

function costly(names: readonly string[]): readonly string[] {
  return selectMembers(names)
    .members.filter((member) => member.cost !== "light")
    .map((member) => member.name);
}

function reasonsFor(names: readonly string[], reason: string): Record<string, string> {
  return Object.fromEntries(names.map((name) => [name, reason]));
}

function lostReason(error: unknown, deadlineMs: number): string {
  const text = String(error).split("\n", 1)[0] ?? "";
  if (/abort|timeout/i.test(text)) return `no answer within ${deadlineMs} ms: worker ended`;
  return `worker died: ${text}`;
}
