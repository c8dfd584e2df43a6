import type { ApplyOutcome, Verdict } from "../model/cycle.ts";
import type { PlatformState, TrafficSample } from "../model/platform.ts";
import { type Sizes, TIERS, totalUnits } from "../model/tier.ts";
import { shortDuration } from "../model/time.ts";
import { violationsAfterShrink } from "./regression.ts";

/** What was decided and applied last, against what the platform says it has. */
export interface VerifyInput {
  readonly nowMs: number;
  /** Null: nothing was ever applied. */
  readonly expected: ExpectedState | null;
  /** How this cycle's engine run ended, or the last one's; null: none ran. */
  readonly lastApply: ApplyOutcome | null;
  /** Tries in a row that failed or came late for these sizes. */
  readonly attempts: number;
  readonly leadTimeMs: number;
  /** Null: the platform did not answer. */
  readonly platform: PlatformState | null;
  /** Traffic before the last update and since; null: not measured. */
  readonly trafficBefore: TrafficSample | null;
  readonly trafficSince: TrafficSample | null;
}

export interface ExpectedState {
  readonly sizes: Sizes;
  /** Warm pieces of other kinds, by name; absent: none. */
  readonly warmKinds?: Readonly<Record<string, number>>;
  /** Sizes before that update, to go back to. */
  readonly previous: Sizes;
  readonly appliedAtMs: number;
}

/** Failures in a row after which a person should look; each cycle still tries once, so that it ends by itself. */
export const MAX_RETRIES = 3;

/** Units not ready after this many lead times are not late but broken. */
const BROKEN_LEAD_TIMES = 3;

/**
 * Expected against actual: ready in time, keep; not yet due, wait; late or failed, retry;
 * wanted sizes that are not those applied, drift; units that do not get ready in three lead times, or violations
 * that rise sharply after a shrink, roll back. Never lowers anything by itself: `decide` sizes again from what it sees.
 */
export function verify(input: VerifyInput): Verdict {
  const failure = applyFailure(input);
  if (failure !== undefined) return failure;
  const { expected, platform } = input;
  if (expected === null) return { kind: "keep", note: "nothing was applied yet" };
  if (platform === null) return { kind: "waiting", note: "the platform did not answer" };
  const drift = [driftNote(expected.sizes, platform), kindDrift(expected, platform)]
    .filter((note) => note !== "")
    .join("; ");
  if (drift !== "") return { kind: "drift", note: drift };
  const regression = violationsAfterShrink(expected, input.trafficBefore, input.trafficSince);
  if (regression !== undefined) return { kind: "roll-back", note: regression };
  return readiness(input, expected, platform);
}

function applyFailure(input: VerifyInput): Verdict | undefined {
  const { lastApply } = input;
  switch (lastApply?.kind) {
    case "failed":
    case "interrupted":
    case "timeout":
      return retry(input, `the update ended as ${lastApply.kind}: ${lastApply.reason}`);
    case "locked":
      return { kind: "waiting", note: `the stack is held by ${lastApply.by}` };
    case "stale-plan":
    case "engine-missing":
    case "no-policy-evidence":
      return { kind: "waiting", note: `nothing was changed, ${lastApply.kind}: ${lastApply.reason}` };
    case "policy-violation":
      return { kind: "keep", note: `last good state kept, policy says: ${lastApply.violations.join("; ")}` };
    case undefined:
    case "no-change":
    case "not-acting":
    case "awaiting-approval":
    case "applied":
      return undefined;
  }
}

function retry(input: VerifyInput, what: string): Verdict {
  const { attempts } = input;
  if (attempts < MAX_RETRIES)
    return { kind: "retry", note: `${what}; try ${attempts + 1} of ${MAX_RETRIES}` };
  return {
    kind: "waiting",
    note: `${what}; ${attempts} times in a row: tried once in each cycle, somebody should look`,
  };
}

function driftNote(sizes: Sizes, platform: PlatformState): string {
  const notes = TIERS.filter((tier) => platform.tiers[tier].wantedUnits !== sizes.units[tier]).map(
    (tier) => `${tier} wants ${platform.tiers[tier].wantedUnits}, applied were ${sizes.units[tier]}`,
  );
  if (platform.warm.wantedUnits !== sizes.warmUnits) {
    notes.push(`warm pool wants ${platform.warm.wantedUnits}, applied were ${sizes.warmUnits}`);
  }
  return notes.join("; ");
}

/** Fewer wanted than applied is no drift: what is beyond the least ends there by the platform's own clock. */
function kindDrift({ warmKinds = {} }: ExpectedState, platform: PlatformState): string {
  const notes = Object.entries(warmKinds).flatMap(([name, count]) => {
    const kind = platform.warmKinds?.[name];
    if (kind === undefined) return [`warm ${name} is gone, applied were ${count}`];
    if (kind.wantedCount <= count) return [];
    return [`warm ${name} wants ${kind.wantedCount}, applied were ${count}`];
  });
  return notes.join("; ");
}

/** Open pieces short of those wanted: said, and no reason to roll sizes back. */
function kindShortage(platform: PlatformState): string {
  const notes = Object.entries(platform.warmKinds ?? {}).flatMap(([name, kind]) => {
    const { wantedCount, idleCount, note } = kind;
    if (idleCount >= wantedCount) return [];
    return [`; ${idleCount} of ${wantedCount} warm ${name} open${note === "" ? "" : ` (${note})`}`];
  });
  return notes.join("");
}

function readiness(input: VerifyInput, expected: ExpectedState, platform: PlatformState): Verdict {
  const { sizes, previous } = expected;
  const ready = TIERS.reduce(
    (sum, tier) => sum + Math.min(platform.tiers[tier].readyUnits, sizes.units[tier]),
    0,
  );
  const wanted = totalUnits(sizes.units);
  const elapsedMs = Math.max(0, input.nowMs - expected.appliedAtMs);
  const after = `${shortDuration(elapsedMs)} after the update${kindShortage(platform)}`;
  const state = `${ready} of ${wanted} units ready ${after}`;
  if (ready >= wanted) return { kind: "keep", note: state };
  const lead = `lead time ${shortDuration(input.leadTimeMs)}`;
  if (elapsedMs <= input.leadTimeMs) return { kind: "waiting", note: `${state}, ${lead}` };
  if (elapsedMs <= BROKEN_LEAD_TIMES * input.leadTimeMs) return retry(input, `${state}, late by its ${lead}`);
  if (TIERS.every((tier) => previous.units[tier] === sizes.units[tier])) {
    return retry(input, `${state}, more than ${BROKEN_LEAD_TIMES} times its ${lead}`);
  }
  const back = totalUnits(previous.units);
  // More units than now would be late as well: going back up would only take turns with the next scale-down.
  if (back >= wanted) return retry(input, `${state}, more than ${BROKEN_LEAD_TIMES} times its ${lead}`);
  return {
    kind: "roll-back",
    note: `${state}, more than ${BROKEN_LEAD_TIMES} times its ${lead}: back to ${back}`,
  };
}
