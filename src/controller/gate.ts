import { nextGate } from "../assess/accuracy-gate.ts";
import { gateScores } from "../assess/gate-scores.ts";
import { nextMode } from "../assess/mode-ladder.ts";
import type { DecideSettings } from "../model/decide-input.ts";
import type { GateEvent, GateState, ModeState } from "../model/gate.ts";
import type { GateSettings } from "../model/settings.ts";
import { decisionWindowMs, type Pass } from "./pass.ts";

/** Changes of gate and mode that are kept to be shown. */
const EVENTS_KEPT = 50;

/**
 * Looks at the forecast's scores once a cycle: may it act, and which mode is in force? Each change is an event, in
 * the journal and in the log.
 */
export async function judgeForecast(pass: Pass): Promise<void> {
  const { parts, state, record } = pass;
  const { settings, clock } = parts;
  const nowMs = clock.nowMs();
  const gate = nextGate({
    previous: state.gate,
    scores: gateScores(record.evidence, settings.horizons, decisionWindowMs(pass)),
    findings: record.evidence?.findings ?? [],
    settings: settings.gate,
    nowMs,
  });
  const mode = nextMode({
    previous: state.mode,
    asked: settings.mode,
    promotion: settings.promotion,
    gate,
    hasApplied: state.applied !== null,
    nowMs,
  });
  const events = [...gateEvents(state.gate, gate, nowMs), ...modeEvents(state.mode, mode, nowMs)];
  for (const event of events) {
    const line = `${event.kind} ${event.from} -> ${event.to}: ${event.reason}`;
    if (event.kind === "forecast" && event.to !== "acts") parts.log.warn("assess", line);
    else parts.log.info("assess", line);
  }
  state.gate = gate;
  state.mode = mode;
  if (events.length > 0) state.gateEvents = [...state.gateEvents, ...events].slice(-EVENTS_KEPT);
}

/** The reactive rule alone sees growth only when it is there: the margin is what the forecast would have added. */
export function withHeadroom(settings: DecideSettings, { headroomFraction }: GateSettings): DecideSettings {
  const { sizing } = settings;
  const marginFraction = Math.max(sizing.marginFraction, headroomFraction);
  return { ...settings, sizing: { ...sizing, marginFraction } };
}

function gateEvents(before: GateState | null, after: GateState, atMs: number): readonly GateEvent[] {
  const from = before === null ? "none" : gateWord(before);
  const to = gateWord(after);
  return from === to ? [] : [{ atMs, kind: "forecast", from, to, reason: after.reason }];
}

function gateWord({ forecastActs, cause }: GateState): string {
  if (forecastActs) return "acts";
  return cause === "unproven" ? "unproven" : "stopped";
}

function modeEvents(before: ModeState | null, after: ModeState, atMs: number): readonly GateEvent[] {
  if (before?.mode === after.mode) return [];
  return [{ atMs, kind: "mode", from: before?.mode ?? "none", to: after.mode, reason: after.reason }];
}
