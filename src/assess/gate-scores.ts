import type { ForecastEvidence } from "../model/forecast.ts";
import type { GateScores } from "../model/gate.ts";

/** Scores over long windows, per configured horizon; where there are none, those of all recent targets stand in. */
interface LongWindow {
  readonly lossRatio?: readonly (number | null | undefined)[];
  readonly effectiveCount?: readonly (number | null | undefined)[];
}

/**
 * The scores that speak for sizes: those of the first configured horizon that reaches over `windowMs` (lead time and
 * cycle), else of the longest. No evidence, or a record read back with null for undefined, is "not known".
 */
export function gateScores(
  evidence: (ForecastEvidence & LongWindow) | null,
  horizonsMs: readonly number[],
  windowMs: number,
): GateScores {
  const reaching = horizonsMs.findIndex((horizonMs) => horizonMs >= windowMs);
  const at = reaching < 0 ? horizonsMs.length - 1 : reaching;
  const horizonMs = horizonsMs[at] ?? windowMs;
  if (evidence === null) return { horizonMs, coverage90: null, lossRatio: null, count: 0 };
  // Evidence for fewer horizons than are configured: the last one it has.
  const pick = (list: readonly (number | null | undefined)[] | undefined): number | null =>
    list === undefined || list.length === 0 ? null : finite(list[Math.min(at, list.length - 1)]);
  const lossRatio =
    evidence.lossRatio === undefined ? finite(evidence.relativeError) : pick(evidence.lossRatio);
  const count = pick(evidence.effectiveCount ?? evidence.scoreCount) ?? 0;
  return { horizonMs, coverage90: pick(evidence.coverage90), lossRatio, count };
}

function finite(value: number | null | undefined): number | null {
  return typeof value === "number" && Number.isFinite(value) ? value : null;
}
