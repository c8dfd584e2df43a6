import type { DecideInput } from "../model/decide-input.ts";
import {
  type LatencyObservation,
  type LatencyRaise,
  type LatencySettings,
  type LatencyState,
  NO_LATENCY_STATE,
  percentileOf,
} from "../model/latency.ts";
import { leadTimeMs } from "../model/lead-time.ts";
import { type TierUnits, totalUnits } from "../model/tier.ts";
import { shortDuration } from "../model/time.ts";
import { readyUnits } from "./grow-first.ts";
import { shortNumber, unitsText } from "./words.ts";

export interface LatencyRule {
  readonly kind: "silent" | "calm" | "hold" | "raise";
  /** Units asked for in total: more than there are for a raise, those that are there for a hold, else 0. */
  readonly units: number;
  readonly why: string;
}

/** Raises in a row without effect after which more capacity is taken to cure nothing. */
const MOST_IDLE_RAISES = 3;
/** A raise had an effect where the percentile came down to this share of what it was. */
const EFFECT_SHARE = 0.9;
/** Where load per unit did not fall to this share, demand ate the raise: it proves nothing. */
const LESS_LOAD_SHARE = 0.95;
/** Units that are not ready after so many lead times are not waited for any more. */
const PATIENCE_LEAD_TIMES = 2;

/**
 * What response times ask for; undefined without a latency policy. Like the ratio rule of the HPA (Kubernetes
 * documentation, "Algorithm details"), desired = ready x measured / threshold, but only once the percentile has been
 * above the threshold for `for`, at most `maxStepFraction` more at a time, and not again before the units of the last
 * raise are ready and were measured. It only adds: no latency, or too few requests, say nothing.
 *
 *     threshold 250, release below 0.7, most 1.0     ready   asked
 *     400 ms for 1 m of the 2 m                          4   hold
 *     400 ms for 2 m                                     4   7
 *     900 ms for 2 m                                     4   8     at most doubled
 *     900 ms, 4 of 8 still starting                      4   hold
 *     200 ms                                             8   hold  not below 175
 *     170 ms                                             8   -
 *
 * More capacity does not cure a slow dependency: after three raises in a row that did not bring the percentile down by
 * a tenth, although load per unit fell, nothing more is added until it fell by itself.
 */
export function latencyRule(input: DecideInput): LatencyRule | undefined {
  const { latency: policy } = input.settings;
  if (policy === undefined) return undefined;
  const look = lookAt(input, policy);
  if (look.latency === undefined) return unheard(input, look);
  const { measuredMs } = look.latency;
  const measured = `p${shortNumber(100 * policy.percentile)} ${ms(measuredMs)}`;
  if (measuredMs <= look.releaseMs) {
    return { kind: "calm", units: 0, why: `${measured} is at or below ${ms(look.releaseMs)}` };
  }
  if (measuredMs <= policy.thresholdMs) {
    return hold(input, `${measured} is not yet below ${ms(look.releaseMs)}: nothing is released`);
  }
  const above = `${measured} is above ${ms(policy.thresholdMs)}`;
  const waits = whyNotYet(input, policy, look);
  return waits === undefined ? raise(input, policy, look, above) : hold(input, `${above}; ${waits}`);
}

function hold(input: DecideInput, why: string): LatencyRule {
  return { kind: "hold", units: totalUnits(input.current.units), why };
}

/** Missing response times raise nothing; what was held for high ones stays for a while. */
function unheard(input: DecideInput, { state: { seen }, releaseMs, note }: Look): LatencyRule {
  const isHeld =
    seen !== null && seen.measuredMs > releaseMs && input.nowMs - seen.atMs < input.settings.missing.holdMs;
  return isHeld
    ? hold(input, `${note}; the last was ${ms(seen.measuredMs)}: held`)
    : { kind: "silent", units: 0, why: note };
}

function raise(input: DecideInput, policy: LatencySettings, look: Look, above: string): LatencyRule {
  const { readyUnits: ready = 0, latency } = look;
  const sizeUnits = totalUnits(input.current.units);
  const ratio = Math.min(1 + policy.maxStepFraction, (latency?.measuredMs ?? 0) / policy.thresholdMs);
  const units = Math.ceil(ready * ratio - 1e-9);
  if (units <= sizeUnits) return hold(input, `${above}; ${unitsText(sizeUnits)} are already asked for`);
  const span = shortDuration(input.nowMs - (look.aboveSinceMs ?? input.nowMs));
  const asked = `${unitsText(ready)} ready x ${shortNumber(ratio)} ask for ${units}`;
  return { kind: "raise", units, why: `${above} for ${span}: ${asked}` };
}

/** What this look leaves for the next one; `after` is what was decided. Undefined without a latency policy. */
export function nextLatencyState(input: DecideInput, after: TierUnits): LatencyState | undefined {
  const { latency: policy } = input.settings;
  if (policy === undefined) return undefined;
  const look = lookAt(input, policy);
  const { state, latency, aboveSinceMs, settledMs } = look;
  if (latency === undefined) return { ...state, aboveSinceMs, raise: settled(state.raise, settledMs) };
  const { measuredMs, toMs } = latency;
  const seen = { atMs: toMs, measuredMs };
  if (measuredMs <= look.releaseMs) return { ...NO_LATENCY_STATE, seen };
  const kept = settled(state.raise, settledMs);
  const idleRaises = hasFallen(kept, latency) ? 0 : state.idleRaises;
  const toUnits = totalUnits(after);
  const isRaise = latencyRule(input)?.kind === "raise" && toUnits > totalUnits(input.current.units);
  if (!isRaise) return { aboveSinceMs, seen, raise: kept, idleRaises };
  const { demandRps } = input.observation;
  const rpsPerUnit = demandRps === null || !look.readyUnits ? null : demandRps / look.readyUnits;
  return {
    aboveSinceMs,
    seen,
    raise: { atMs: input.nowMs, toUnits, measuredMs, rpsPerUnit, settledMs: null },
    idleRaises: idleRaises + (isTelling(input, state, rpsPerUnit) ? 1 : 0),
  };
}

function settled(last: LatencyRaise | null, settledMs: number | null): LatencyRaise | null {
  return last === null ? null : { ...last, settledMs };
}

/** Measured since its units were ready, the percentile is well below what it was at the raise. */
function hasFallen(last: LatencyRaise | null, latency: Measured): boolean {
  if (last === null || last.settledMs === null || latency.fromMs < last.settledMs) return false;
  return latency.measuredMs <= EFFECT_SHARE * last.measuredMs;
}

/** Whether another raise says something: the last one was carried out, and took load off each unit. */
function isTelling(input: DecideInput, { raise }: LatencyState, rpsPerUnit: number | null): boolean {
  if (raise === null) return true;
  if (!isCarriedOut(input, raise.toUnits)) return false;
  if (raise.rpsPerUnit === null || rpsPerUnit === null) return true;
  return rpsPerUnit <= LESS_LOAD_SHARE * raise.rpsPerUnit;
}

type Measured = LatencyObservation & { readonly measuredMs: number };

interface Look {
  readonly state: LatencyState;
  readonly releaseMs: number;
  /** Undefined: not known, not fresh, or too few requests; then `note` says which. */
  readonly latency: Measured | undefined;
  readonly note: string;
  readonly aboveSinceMs: number | null;
  readonly settledMs: number | null;
  /** Undefined: not known. */
  readonly readyUnits: number | undefined;
}

function lookAt(input: DecideInput, policy: LatencySettings): Look {
  const state = input.latency ?? NO_LATENCY_STATE;
  const { observation, platform, current } = input;
  const note = silence(observation.latency, input, policy);
  const latency =
    observation.latency === undefined || note !== ""
      ? undefined
      : { ...observation.latency, measuredMs: percentileOf(observation.latency, policy.percentile) };
  const ready = platform === null ? undefined : totalUnits(readyUnits(current.units, platform));
  const isAbove = latency !== undefined && latency.measuredMs > policy.thresholdMs;
  // A begin in the future is of a clock that was set back since.
  const since = state.aboveSinceMs !== null && state.aboveSinceMs <= input.nowMs ? state.aboveSinceMs : null;
  return {
    state,
    releaseMs: policy.releaseBelowFraction * policy.thresholdMs,
    latency,
    note,
    aboveSinceMs: isAbove ? (since ?? latency.fromMs) : null,
    settledMs: settledAt(input, state, ready),
    readyUnits: ready,
  };
}

/** Why response times say nothing; empty when they do. */
function silence(
  latency: LatencyObservation | undefined,
  input: DecideInput,
  policy: LatencySettings,
): string {
  if (latency === undefined) return "response times are not known";
  const ageMs = input.nowMs - latency.toMs;
  if (ageMs > input.settings.staleAfterMs) return `response times are ${shortDuration(ageMs)} old`;
  if (latency.requests < policy.minRequests) {
    return `${latency.requests} requests say nothing of a percentile, ${policy.minRequests} would`;
  }
  return "";
}

function settledAt(input: DecideInput, { raise }: LatencyState, ready: number | undefined): number | null {
  if (raise === null) return null;
  if (raise.settledMs !== null) return raise.settledMs;
  const patienceMs = PATIENCE_LEAD_TIMES * leadTimeMs(input.leadTimesMs, input.settings.leadTime);
  const isReady = ready !== undefined && ready >= raise.toUnits;
  return isReady || input.nowMs - raise.atMs >= patienceMs ? input.nowMs : null;
}

function isCarriedOut(input: DecideInput, toUnits: number): boolean {
  return totalUnits(input.current.units) >= toUnits;
}

/** What keeps a percentile above the threshold from raising now; undefined: nothing does. */
function whyNotYet(input: DecideInput, policy: LatencySettings, look: Look): string | undefined {
  const { state, readyUnits: ready, aboveSinceMs } = look;
  if (ready === undefined) return "how many units are ready is not known";
  const last = state.raise !== null && isCarriedOut(input, state.raise.toUnits) ? state.raise : null;
  const settledMs = last === null ? Number.NEGATIVE_INFINITY : look.settledMs;
  if (settledMs === null) return `units of the raise to ${last?.toUnits} are still starting`;
  if (state.idleRaises >= MOST_IDLE_RAISES) {
    return `latency does not follow capacity: ${state.idleRaises} raises had no effect, nothing more is added`;
  }
  const forMs = input.nowMs - Math.max(aboveSinceMs ?? input.nowMs, settledMs);
  // Half of what was measured before the units were ready says nothing about them.
  const isMeasured = look.latency !== undefined && look.latency.fromMs >= settledMs;
  if (forMs >= policy.forMs && isMeasured) return undefined;
  return `for ${shortDuration(forMs)} of the ${shortDuration(policy.forMs)} that it takes`;
}

function ms(value: number): string {
  return `${shortNumber(value)} ms`;
}
