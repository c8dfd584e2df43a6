import type { Finding } from "../model/finding.ts";
import type { GateCause, GateScores, GateState } from "../model/gate.ts";
import type { GateSettings } from "../model/settings.ts";
import { shortDuration } from "../model/time.ts";

export interface GateInput {
  /** Null: there never was one. */
  readonly previous: GateState | null;
  readonly scores: GateScores;
  readonly findings: readonly Finding[];
  readonly settings: GateSettings;
  readonly nowMs: number;
}

/**
 * Whether the forecast may act, from its scores over long windows: never from a few recent wins, which are noise.
 *
 *     state      look                                             next
 *     none       for                                              acts: proven on its history
 *     none       else                                             does not act: not proven yet
 *     acts       against                                          does not act
 *     acts       for, between, too few scores                     acts
 *     unproven   for                                              acts
 *     stopped    for, at every look of the last `dwellMs`         acts
 *     stopped    else                                             does not act
 *
 * A look is `against` where coverage is below `demoteCoverage`, the loss ratio above `demoteLoss`, or demand drifts;
 * `for` where coverage is above `promoteCoverage`, the loss ratio below `promoteLoss` and no level shift or outage
 * lasts.
 * Pure: the same input gives the same state.
 */
export function nextGate(input: GateInput): GateState {
  const { settings, nowMs, scores } = input;
  const previous = input.previous === null ? null : notAhead(input.previous, nowMs);
  if (settings.rule === "off") return switchedOff(previous, scores, nowMs);
  const look = lookAt(input);
  // What acted only because nobody looked has proven nothing.
  if (previous === null || previous.cause === "off") return first(look, scores, nowMs);
  const goodSinceMs = look.kind === "for" ? (previous.goodSinceMs ?? nowMs) : null;
  const same = { ...previous, goodSinceMs, scores };
  if (previous.forecastActs) return look.kind === "against" ? stopped(look, scores, nowMs) : same;
  if (previous.cause === "unproven")
    return { ...first(look, scores, nowMs), ...unprovenSince(look, previous) };
  return afterDwell(same, look, settings.dwellMs, nowMs);
}

/** Nothing has changed for the operator until the forecast acts. */
function unprovenSince(look: Look, { sinceMs }: GateState): Partial<GateState> {
  return look.kind === "for" ? {} : { sinceMs };
}

function afterDwell(same: GateState, look: Look, dwellMs: number, nowMs: number): GateState {
  const { goodSinceMs, sinceMs, scores } = same;
  if (goodSinceMs === null) return same;
  const goodMs = nowMs - Math.max(goodSinceMs, sinceMs);
  if (goodMs < dwellMs) return same;
  return acting(`${look.reason}, for ${shortDuration(goodMs)}`, goodSinceMs, scores, nowMs);
}

type Look =
  | { readonly kind: "for" | "between" | "unknown"; readonly reason: string }
  | { readonly kind: "against"; readonly reason: string; readonly cause: "accuracy" | "regime-change" };

function lookAt({ scores, findings, settings }: GateInput): Look {
  const { coverage90, lossRatio, count, horizonMs } = scores;
  const drift = findings.find((finding) => finding.kind === "drift" && finding.endMs === null);
  if (drift !== undefined) return { kind: "against", cause: "regime-change", reason: drift.reason };
  if (coverage90 === null || lossRatio === null || count < settings.minScores) {
    const have = Math.floor(count);
    return { kind: "unknown", reason: `not proven yet: ${have} of ${settings.minScores} scores` };
  }
  const ahead = shortDuration(horizonMs);
  const held = `the 90 % interval at ${ahead} held ${percent(coverage90)} of ${Math.round(count)} truths`;
  const loss = `the loss at ${ahead} is ${lossRatio.toFixed(2)} of naive's`;
  const against = (reason: string): Look => ({ kind: "against", cause: "accuracy", reason });
  if (coverage90 < settings.demoteCoverage)
    return against(`${held}, below ${percent(settings.demoteCoverage)}`);
  if (lossRatio > settings.demoteLoss) return against(`${loss}, above ${settings.demoteLoss}`);
  if (!(coverage90 > settings.promoteCoverage))
    return { kind: "between", reason: `${held}, not above ${percent(settings.promoteCoverage)}` };
  if (!(lossRatio < settings.promoteLoss))
    return { kind: "between", reason: `${loss}, not below ${settings.promoteLoss}` };
  const unsettled = findings.find(
    ({ kind, endMs }) => endMs === null && (kind === "level-shift" || kind === "outage"),
  );
  if (unsettled !== undefined) return { kind: "between", reason: unsettled.reason };
  return { kind: "for", reason: `${held} and ${loss}` };
}

function first(look: Look, scores: GateScores, nowMs: number): GateState {
  if (look.kind === "for") return acting(look.reason, nowMs, scores, nowMs);
  if (look.kind === "against") return stopped(look, scores, nowMs);
  return {
    forecastActs: false,
    cause: "unproven",
    sinceMs: nowMs,
    reason: look.reason,
    goodSinceMs: null,
    scores,
  };
}

function acting(reason: string, goodSinceMs: number | null, scores: GateScores, nowMs: number): GateState {
  return { forecastActs: true, cause: "proven", sinceMs: nowMs, reason, goodSinceMs, scores };
}

function stopped(look: Extract<Look, { kind: "against" }>, scores: GateScores, nowMs: number): GateState {
  const { cause, reason } = look;
  return { forecastActs: false, cause, sinceMs: nowMs, reason, goodSinceMs: null, scores };
}

function switchedOff(previous: GateState | null, scores: GateScores, nowMs: number): GateState {
  const cause: GateCause = "off";
  const sinceMs = previous?.cause === cause ? previous.sinceMs : nowMs;
  const reason = "the gate is off: the forecast always acts";
  return { forecastActs: true, cause, sinceMs, reason, goodSinceMs: null, scores };
}

/** A clock that was set back must not leave the gate waiting for an instant that was already there. */
function notAhead(state: GateState, nowMs: number): GateState {
  const goodSinceMs = state.goodSinceMs === null ? null : Math.min(state.goodSinceMs, nowMs);
  return { ...state, sinceMs: Math.min(state.sinceMs, nowMs), goodSinceMs };
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}
