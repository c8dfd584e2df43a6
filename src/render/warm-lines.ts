import type { Decision } from "../model/decision.ts";
import type { PrewarmState, PrewarmTaskState } from "../model/prewarm.ts";
import { shortDuration } from "../model/time.ts";
import { type WarmKindState, warmKindsOf } from "../model/warm.ts";

/** What a decision holds warm beside units, a line per kind. */
export function warmKindLines(decision: Pick<Decision, "atMs" | "warmKinds">): readonly string[] {
  return warmKindsOf(decision.warmKinds).map(({ name, before, count, expiresMs, reason }) => {
    const end = expiresMs === undefined ? "" : `; expires in ${shortDuration(expiresMs - decision.atMs)}`;
    return `${name} ${before === count ? count : `${before} -> ${count}`}: ${reason}${end}`;
  });
}

/** What the platform has of each kind, a line each. */
export function warmStateLines(kinds: Readonly<Record<string, WarmKindState>>): readonly string[] {
  return Object.entries(kinds).map(([name, kind]) => {
    const { wantedCount, idleCount, openingCount, inUseCount, brokenCount, note, socket } = kind;
    const counts = `${idleCount} of ${wantedCount} idle, ${openingCount} opening, ${inUseCount} in use`;
    const trouble = note === "" ? "" : ` (${note})`;
    return `${name} ${counts}, ${brokenCount} broken${trouble}, taken at ${socket}`;
  });
}

/** What is prepared for the next peak: why, then a line per task. */
export function prewarmLines({ plan, tasks }: PrewarmState, nowMs: number): readonly string[] {
  return [
    `${plan.id}: ${plan.troughUnits} -> ${plan.peakUnits} units, ${windowText(plan, nowMs)}`,
    ...plan.tasks.map((task) => {
      const state = tasks.find(({ name }) => name === task.name);
      return `  ${task.name} x ${task.count}: ${state === undefined ? "waiting" : taskText(state)}`;
    }),
  ];
}

function windowText({ dueMs, untilMs, peakMs }: PrewarmState["plan"], nowMs: number): string {
  const peak = nowMs < peakMs ? `the peak in ${shortDuration(peakMs - nowMs)}` : "the peak is over";
  if (nowMs < dueMs) return `due in ${shortDuration(dueMs - nowMs)}, ${peak}`;
  if (nowMs < untilMs) return `due for another ${shortDuration(untilMs - nowMs)}, ${peak}`;
  return `its window is over, ${peak}`;
}

function taskText({ state, attempts, note }: PrewarmTaskState): string {
  const tries = attempts > 1 ? ` after ${attempts} tries` : "";
  return `${state}${tries}${note === "" ? "" : `, ${note}`}`;
}
