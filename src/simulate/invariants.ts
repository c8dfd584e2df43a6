import { replayCycle } from "../controller/replay.ts";
import type { CycleRecord } from "../model/cycle.ts";
import type { Settings } from "../model/settings.ts";
import { TIERS, totalUnits } from "../model/tier.ts";
import type { Delivered } from "./simulated-demand.ts";
import { type WantedNow, wantedTotal } from "./simulated-platform.ts";

/** One cycle as seen from outside. */
export interface CycleView {
  readonly settings: Settings;
  /** Null: the process died in the middle. */
  readonly record: CycleRecord | null;
  readonly before: WantedNow;
  readonly after: WantedNow;
  readonly delivered: Delivered | undefined;
  /** Units that were ready when the cycle began and when it had ended; null when the platform could not be read. */
  readonly ready: { readonly before: number; readonly after: number } | null;
  readonly engineRuns: number;
  readonly isPaused: boolean;
  /** Somebody else changed sizes while the cycle ran: then sizes are not its doing alone. */
  readonly wasDisturbed: boolean;
}

/** Every promise that one cycle broke, in words; empty when it kept them all. */
export function brokenInvariants(view: CycleView): readonly string[] {
  return [...floorBroken(view), ...shrinkBroken(view), ...restraintBroken(view), ...replayBroken(view)];
}

/** Units for the demand that the source gave away, counted apart from `decide`. */
function reactiveUnits({ settings, delivered }: CycleView): number {
  const { freshRps } = delivered ?? { freshRps: null };
  if (freshRps === null) return 0;
  let units = 0;
  for (const resource of settings.resources) {
    if (resource.kind !== "amount") continue;
    const amount = resource.idle + resource.perRps * freshRps * (1 + settings.sizing.marginFraction);
    units = Math.max(units, 1, Math.ceil(amount / (resource.perUnit * resource.targetUtilization) - 1e-9));
  }
  return Math.min(units, settings.limits.maxTotalUnits);
}

function floorBroken(view: CycleView): readonly string[] {
  const { record, before, after, settings } = view;
  if (view.wasDisturbed) return [];
  const reactive = reactiveUnits(view);
  const total = wantedTotal(after);
  const broken: string[] = [];
  // What failed may not have grown yet, but nothing that happens may take away what demand needs.
  if (total < Math.min(reactive, wantedTotal(before)))
    broken.push(`sizes fell from ${wantedTotal(before)} to ${total}, below the reactive need of ${reactive}`);
  if (view.isPaused || settings.mode !== "active") return broken;
  const kind = record?.apply?.kind;
  if ((kind === "applied" || kind === "no-change") && total < reactive)
    broken.push(`${total} units wanted after "${kind}", demand now needs ${reactive}`);
  if (kind === "applied" && after.units.baseline < settings.tiers.baseline.minUnits)
    broken.push(`baseline of ${after.units.baseline} is below its floor`);
  // Only a journal without space may end a cycle: nothing else is worth more than serving demand.
  const error = record?.error ?? "";
  if (error !== "" && !error.includes("no space left")) broken.push(`no decision: ${error}`);
  return broken;
}

function shrinkBroken(view: CycleView): readonly string[] {
  const { before, after, delivered, settings, record } = view;
  const broken: string[] = [];
  const isDoubtful = delivered === undefined || delivered.freshRps === null || !delivered.isWindowWhole;
  const decision = record?.decision ?? null;
  if (decision !== null && isDoubtful && totalUnits(decision.after.units) < totalUnits(decision.before.units))
    broken.push("a scale-down was decided while demand is missing, stale or has a gap");
  if (view.wasDisturbed) return broken;
  if (isDoubtful && wantedTotal(after) < wantedTotal(before))
    broken.push(
      `sizes fell ${wantedTotal(before)} -> ${wantedTotal(after)} while demand is missing, stale or has a gap`,
    );
  for (const tier of TIERS) {
    const fell = before.units[tier] - after.units[tier];
    if (fell > settings.limits.maxStepDownUnits) broken.push(`${tier} fell by ${fell} in one cycle`);
  }
  return [...broken, ...readyBroken(view)];
}

/** Grow first, shrink last: units that are ready are not given up for units that are not. */
function readyBroken(view: CycleView): readonly string[] {
  const { ready, record } = view;
  // At the total maximum or the cost cap a reviewed baseline may be exchanged for what it replaces.
  const isExchange = record?.decision?.limits.some(
    ({ limit }) => limit !== "step-up" && limit !== "step-down",
  );
  if (ready === null || isExchange) return [];
  const needed = Math.min(ready.before, reactiveUnits(view));
  return ready.after >= needed
    ? []
    : [`ready units fell ${ready.before} -> ${ready.after}, demand now needs ${needed}`];
}

/** Modes that do not act, pauses and equal plans cost no engine run; a plan put forward costs its preview. */
function restraintBroken({ record, engineRuns, settings, isPaused }: CycleView): readonly string[] {
  const kind = record?.apply?.kind;
  const isIdle = kind === "no-change" || kind === "not-acting";
  const broken: string[] = [];
  if (isIdle && engineRuns > 0) broken.push(`${engineRuns} engine runs in a cycle that ended "${kind}"`);
  // The preview that a person is shown, once.
  if (kind === "awaiting-approval" && engineRuns > 1)
    broken.push(`${engineRuns} engine runs to put a plan forward`);
  if (settings.mode !== "active" && settings.mode !== "suggest" && engineRuns > 0)
    broken.push(`${engineRuns} engine runs in mode ${settings.mode}`);
  if (isPaused && engineRuns > 0) broken.push(`${engineRuns} engine runs while paused`);
  return broken;
}

function replayBroken({ record }: CycleView): readonly string[] {
  if (record === null || record.decision === null) return [];
  const read = JSON.parse(JSON.stringify(record)) as CycleRecord;
  return replayCycle(read).same ? [] : [`cycle ${record.cycle} replays to other bytes`];
}
