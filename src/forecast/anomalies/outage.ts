import type { Finding } from "../../model/finding.ts";
import type { AnomalyState } from "./anomaly-state.ts";
import { slotOf } from "./excursion.ts";
import { amount, clockTime, close, putOpen } from "./findings.ts";
import { RULES, stepsOf } from "./rules.ts";

type Silence = Pick<AnomalyState, "silent" | "silentSinceMs" | "findings">;

/**
 * Nothing known, or next to nothing where something is usual at this time of day, for a quarter of an hour: an outage.
 * A quiet night is none, and neither is a series of which it is not known what is usual.
 */
export function watchSilence(state: AnomalyState, ms: number, value: number, score: number): Silence {
  const gap = Number.isNaN(value);
  const usual = usualAt(state, ms);
  const unlikely = state.silent > 0 || score <= RULES.silentScore;
  const gone = !gap && unlikely && usual !== undefined && value <= RULES.nothingShare * usual;
  if (!gap && !gone) {
    const findings = close(state.findings, ["outage"], ms, "demand is back");
    return { silent: 0, silentSinceMs: -1, findings };
  }
  const silent = state.silent + 1;
  const silentSinceMs = state.silent === 0 ? ms : state.silentSinceMs;
  const open = state.findings.find(({ kind, endMs }) => kind === "outage" && endMs === null);
  if (silent < stepsOf(RULES.silentMs, state.stepMs, RULES.silentSteps)) {
    return { silent, silentSinceMs, findings: state.findings };
  }
  if (open === undefined && state.seen < RULES.warmSteps)
    return { silent, silentSinceMs, findings: state.findings };
  const instead = usual === undefined ? "" : ` instead of ${amount(usual)} requests/s`;
  const what = gap ? "nothing is known of demand" : `demand is gone, ${amount(value)}${instead}`;
  const finding: Finding = {
    kind: "outage",
    direction: "down",
    startMs: silentSinceMs,
    detectedMs: open?.detectedMs ?? ms,
    endMs: null,
    severity: "high",
    reason: `an outage at ${clockTime(silentSinceMs)}: ${what}, for ${silent} steps`,
  };
  // What looked like a drop was the beginning of this.
  const findings = state.findings.filter(
    ({ kind, endMs }) => endMs !== null || (kind !== "drop" && kind !== "point"),
  );
  return { silent, silentSinceMs, findings: putOpen(findings, finding, ["outage"]) };
}

/** What this time of day usually brings; undefined where that is not known or next to nothing. */
function usualAt({ profile }: AnomalyState, ms: number): number | undefined {
  const known = profile.filter((level) => level !== null);
  const usual = profile[slotOf(ms)] ?? null;
  if (usual === null || known.length < 6) return undefined;
  const mean = known.reduce((total, level) => total + level, 0) / known.length;
  return usual > RULES.quietShare * mean ? usual : undefined;
}
