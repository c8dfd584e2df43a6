import { nextGate } from "../assess/accuracy-gate.ts";
import { gateScores } from "../assess/gate-scores.ts";
import { withHeadroom } from "../controller/gate.ts";
import { type DecideSettings, decideSettings } from "../model/decide-input.ts";
import type { ForecastEvidence } from "../model/forecast.ts";
import type { GateState, GateVerdict } from "../model/gate.ts";
import type { Settings } from "../model/settings.ts";

/**
 * The accuracy gate along a replay, as the daemon looks through it once a cycle; undefined where it is left out. It
 * goes by scores and findings alone: the same for every knob.
 */
export function replayGate(
  settings: Settings,
  rule: Settings["gate"]["rule"] | undefined,
): (nowMs: number, evidence: ForecastEvidence | null) => GateVerdict | undefined {
  if (rule === undefined || rule === "off") return () => undefined;
  let state: GateState | null = null;
  const gate = { ...settings.gate, rule };
  const windowMs = settings.leadTime.priorMs + settings.schedule.intervalMs;
  return (nowMs, evidence) => {
    const scores = gateScores(evidence, settings.horizons, windowMs);
    state = nextGate({ previous: state, scores, findings: evidence?.findings ?? [], settings: gate, nowMs });
    const { forecastActs, sinceMs, reason } = state;
    return { forecastActs, sinceMs, reason };
  };
}

/** What is decided by while the forecast acts, and while it does not. */
export function settingsByGate(settings: Settings): {
  readonly acts: DecideSettings;
  readonly stopped: DecideSettings;
} {
  const acts = decideSettings(settings);
  return { acts, stopped: withHeadroom(acts, settings.gate) };
}
