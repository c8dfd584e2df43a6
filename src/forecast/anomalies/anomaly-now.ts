import type { Finding } from "../../model/finding.ts";
import { clamp } from "../kernels/statistics.ts";
import type { AnomalyState } from "./anomaly-state.ts";

/** What the detector says of the present. */
export interface AnomalyNow {
  /**
   * How unlike the forecast the present is, in standard deviations: of the last value's own forecast, or while demand
   * is out for less than an hour, of what was expected before it left. 0 when the last value is a gap.
   */
  readonly score: number;
  /** Factor >= 1 on the first step ahead: demand surges, and the next forecast still expects it to fall back. */
  readonly multiplier: number;
  readonly findings: readonly Finding[];
}

const MAX_MULTIPLIER = 1.5;

/**
 * `nextMedian`: median of the forecast for the next step, before any multiplier; left out, that of the last step. A
 * lone point lifts nothing: it is over before capacity could follow.
 */
export function anomalyNow(state: AnomalyState, nextMedian?: number): AnomalyNow {
  const { findings, excursion, value } = state;
  const score = value === null ? 0 : presentScore(state);
  const reference = nextMedian ?? state.expected;
  const surges = excursion !== null && excursion.side > 0 && excursion.steps >= 2 && excursion.back === 0;
  if (!surges || value === null || reference === null) return { score, multiplier: 1, findings };
  const ratio = reference > 0 ? value / reference : MAX_MULTIPLIER;
  return { score, multiplier: clamp(ratio, 1, MAX_MULTIPLIER), findings };
}

/** The newest forecasts follow a surge: what is still out there is judged by what was expected before. */
function presentScore({ score, excursion }: AnomalyState): number {
  if (excursion === null || excursion.isShift || excursion.back > 0) return score;
  const away = excursion.side * excursion.lastScore;
  return Math.abs(away) > Math.abs(score) ? away : score;
}
