import type { Finding } from "../../model/finding.ts";
import { ENDED_KEPT } from "./anomaly-state.ts";

/** `finding` in place of the one of its kinds that lasts, or added. */
export function putOpen(
  findings: readonly Finding[],
  finding: Finding,
  kinds: readonly Finding["kind"][],
): readonly Finding[] {
  const others = findings.filter((known) => known.endMs !== null || !kinds.includes(known.kind));
  return bounded([...others, finding]);
}

/** Those of `kinds` that last end at `endMs`, for the reason `because`. */
export function close(
  findings: readonly Finding[],
  kinds: readonly Finding["kind"][],
  endMs: number,
  because: string,
): readonly Finding[] {
  return bounded(
    findings.map((known) =>
      known.endMs === null && kinds.includes(known.kind)
        ? { ...known, endMs, reason: `${known.reason}; ${because}` }
        : known,
    ),
  );
}

/** At most three last at a time (excursion, drift, outage); of the ended ones the newest are kept. */
function bounded(findings: readonly Finding[]): readonly Finding[] {
  const ended = findings.filter((known) => known.endMs !== null);
  const old = new Set(ended.slice(0, Math.max(0, ended.length - ENDED_KEPT)));
  return findings.filter((known) => !old.has(known));
}

export function clockTime(ms: number): string {
  return `${new Date(ms).toISOString().slice(11, 16)} UTC`;
}

/** Three digits, thousands kept: 0.0871, 3.2, 412, 12340. */
export function amount(value: number): string {
  if (!Number.isFinite(value)) return "?";
  return String(Math.abs(value) >= 100 ? Math.round(value) : Number(value.toPrecision(3)));
}

export function severityOf(score: number): Finding["severity"] {
  if (score >= 12) return "high";
  return score >= 6 ? "medium" : "low";
}
