import { replayCycle } from "../controller/replay.ts";
import type { CycleRecord } from "../model/cycle.ts";
import type { Mode, Settings } from "../model/settings.ts";
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
  /** Paused all the time. */
  readonly isPaused: boolean;
  /** Paused when it ended: then it need not have done anything. */
  readonly endedPaused?: boolean;
  /** Somebody else changed sizes while the cycle ran: then sizes are not its doing alone. */
  readonly wasDisturbed: boolean;
  /** Words that only the settings may hold. */
  readonly secrets?: readonly string[];
}

/** Every promise that one cycle broke, in words; empty when it kept them all. */
export function brokenInvariants(view: CycleView): readonly string[] {
  return [
    ...floorBroken(view),
    ...limitsBroken(view),
    ...shrinkBroken(view),
    ...restraintBroken(view),
    ...forecastBroken(view),
    ...recordBroken(view),
  ];
}

/** Units for the demand that the source gave away, counted apart from `decide`; hard limits bind them. */
export function reactiveUnits({ settings, delivered }: Pick<CycleView, "settings" | "delivered">): number {
  const { freshRps } = delivered ?? { freshRps: null };
  if (freshRps === null) return 0;
  let units = 0;
  for (const resource of settings.resources) {
    if (resource.kind !== "amount") continue;
    const amount = resource.idle + resource.perRps * freshRps * (1 + settings.sizing.marginFraction);
    units = Math.max(units, 1, Math.ceil(amount / (resource.perUnit * resource.targetUtilization) - 1e-9));
  }
  const { maxTotalUnits, maxCostUsdPerHour } = settings.limits;
  const dearest = Math.max(...TIERS.map((tier) => settings.tiers[tier].priceUsdPerUnitHour));
  return Math.min(units, maxTotalUnits, Math.floor(maxCostUsdPerHour / dearest + 1e-9));
}

function floorBroken(view: CycleView): readonly string[] {
  const { record, before, after, settings } = view;
  if (view.wasDisturbed) return [];
  const reactive = reactiveUnits(view);
  const total = wantedTotal(after);
  const broken: string[] = [];
  // What failed may not have grown yet, but nothing that happens may take away what demand needs.
  if (total < Math.min(reactive, heldBefore(view)))
    broken.push(
      `I1: sizes fell from ${wantedTotal(before)} to ${total}, below the reactive need of ${reactive}`,
    );
  if (view.isPaused || view.endedPaused || modeOf(view) !== "active") return broken;
  const kind = record?.apply?.kind;
  if ((kind === "applied" || kind === "no-change") && total < reactive)
    broken.push(`I1: ${total} units wanted after "${kind}", demand now needs ${reactive}`);
  const { minUnits } = settings.tiers.baseline;
  const reach = before.units.baseline + settings.limits.maxStepUpUnits;
  if (kind === "applied" && after.units.baseline < Math.min(minUnits, reach))
    broken.push(`I1: baseline of ${after.units.baseline} is below its floor`);
  // Only a journal without space may end a cycle: nothing else is worth more than serving demand.
  const error = record?.error ?? "";
  if (error !== "" && !error.includes("no space left")) broken.push(`I1: no decision: ${error}`);
  return broken;
}

/**
 * What nothing may take away: the units wanted before. Where an update was cut off amid its effects, those of them that
 * were ready: units still starting in one tier may have been given up for others that were not asked for any more.
 */
function heldBefore({ before, ready, record }: CycleView): number {
  const kind = record?.apply?.kind;
  const isCutOff = record === null || kind === "failed" || kind === "interrupted" || kind === "timeout";
  return isCutOff && ready !== null ? Math.min(ready.before, wantedTotal(before)) : wantedTotal(before);
}

/** The mode in force when it was decided: promotion may hold it below the one asked for. */
function modeOf({ record, settings }: CycleView): Mode {
  return record?.decision?.mode ?? settings.mode;
}

/** However absurd a forecast is: the largest sizes bind. */
function limitsBroken({ record, before, after, settings, wasDisturbed }: CycleView): readonly string[] {
  // Amid an update that outlived its process one tier may have grown and the other not yet shrunk.
  if (wasDisturbed || record === null) return [];
  const broken: string[] = [];
  const { maxTotalUnits } = settings.limits;
  const total = wantedTotal(after);
  if (total > maxTotalUnits && total > wantedTotal(before))
    broken.push(`B5-9: ${total} units wanted, at most ${maxTotalUnits} are allowed`);
  for (const tier of TIERS) {
    const units = after.units[tier];
    if (units > settings.tiers[tier].maxUnits && units > before.units[tier])
      broken.push(`B5-9: ${units} units in ${tier}, at most ${settings.tiers[tier].maxUnits} are allowed`);
  }
  if (after.warmUnits > settings.warm.maxUnits && after.warmUnits > before.warmUnits)
    broken.push(`B5-9: ${after.warmUnits} warm units, at most ${settings.warm.maxUnits} are allowed`);
  return broken;
}

/** What no sizing may go by is not gone by: crossed quantiles, and a forecast whose scores speak against it. */
function forecastBroken({ record, settings }: CycleView): readonly string[] {
  if (record === null || record.decision === null) return [];
  const { forecast, evidence, decision } = record;
  const broken: string[] = [];
  const rows = forecast?.quantiles ?? [];
  const isCrossed = rows.some((row, k) => row.some((value, step) => !(value >= (rows[k - 1]?.[step] ?? 0))));
  if (isCrossed) broken.push("B5-9: quantiles that cross were sized by");
  const worst = Math.min(...(evidence?.coverage90 ?? []).map((share) => share ?? 1));
  if (worst < settings.gate.demoteCoverage && decision.need.aheadUnits > 0)
    broken.push(`B5-9: a forecast whose interval held ${worst} of truths was sized by`);
  return broken;
}

function shrinkBroken(view: CycleView): readonly string[] {
  const { before, after, delivered, settings, record } = view;
  const broken: string[] = [];
  const isDoubtful = delivered === undefined || delivered.freshRps === null || !delivered.isWindowWhole;
  const decision = record?.decision ?? null;
  const isCut = decision?.limits.some(({ limit }) => CUTS.has(limit)) ?? false;
  if (
    decision !== null &&
    isDoubtful &&
    !isCut &&
    totalUnits(decision.after.units) < totalUnits(decision.before.units)
  )
    broken.push("I2: a scale-down was decided while demand is missing, stale or has a gap");
  if (view.wasDisturbed) return broken;
  if (isDoubtful && !isCut && wantedTotal(after) < wantedTotal(before))
    broken.push(
      `I2: sizes fell ${wantedTotal(before)} -> ${wantedTotal(after)} while demand is missing, stale or has a gap`,
    );
  for (const tier of TIERS) {
    const fell = before.units[tier] - after.units[tier];
    if (fell > settings.limits.maxStepDownUnits) broken.push(`I1: ${tier} fell by ${fell} in one cycle`);
  }
  return [...broken, ...readyBroken(view)];
}

/** Limits that bind even a size that is held. */
const CUTS: ReadonlySet<string> = new Set(["tier-max", "total-max", "cost-max", "burst-reserve"]);

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
    : [`I1: ready units fell ${ready.before} -> ${ready.after}, demand now needs ${needed}`];
}

/** B5-25: modes that do not act, pauses and equal plans cost no engine run; a plan put forward costs its preview. */
function restraintBroken({ record, engineRuns, settings, isPaused }: CycleView): readonly string[] {
  const kind = record?.apply?.kind;
  const isIdle = kind === "no-change" || kind === "not-acting";
  const broken: string[] = [];
  if (isIdle && engineRuns > 0)
    broken.push(`B5-25: ${engineRuns} engine runs in a cycle that ended "${kind}"`);
  // The preview that a person is shown, once.
  const previews = record?.verdict?.kind === "roll-back" ? 2 : 1;
  if (kind === "awaiting-approval" && engineRuns > previews)
    broken.push(`B5-25: ${engineRuns} engine runs to put a plan forward`);
  if (settings.mode !== "active" && settings.mode !== "suggest" && engineRuns > 0)
    broken.push(`B5-25: ${engineRuns} engine runs in mode ${settings.mode}`);
  if (isPaused && engineRuns > 0) broken.push(`B5-25: ${engineRuns} engine runs while paused`);
  return broken;
}

/** As it is on disk: no secret in it, and its decision is made again from what it says it was given. */
function recordBroken({ record, secrets = [] }: CycleView): readonly string[] {
  if (record === null) return [];
  const text = JSON.stringify(record);
  const broken = secrets.filter((secret) => text.includes(secret)).map(() => "I8: a secret in the record");
  if (record.decision === null || replayCycle(JSON.parse(text) as CycleRecord).same) return broken;
  return [...broken, `I9: cycle ${record.cycle} replays to other bytes`];
}
