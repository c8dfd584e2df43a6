import type { Finding } from "../../model/finding.ts";
import { clamp } from "../kernels/statistics.ts";
import type { AnomalyState } from "./anomaly-state.ts";
import { amount, clockTime, close, putOpen } from "./findings.ts";
import { RULES } from "./rules.ts";

/** Share of the way to today that the usual miss rate goes in one step. */
const OUTSIDE_FADE = 1 / 600;
/** A score this far out is outside the 90 % interval. */
const OUTSIDE_SCORE = 1.645;

type Sums = Pick<AnomalyState, "above" | "below" | "misses" | "outside">;

/**
 * Cumulated sums (Page 1954; Montgomery 2009, chapter 9): what scores lie above or below zero beyond the slack, and
 * how often the 90 % interval is missed beyond what the series is used to. Both only ever look at clipped scores, so
 * that no single step makes a drift; both run down by themselves.
 */
export function addToSums(state: AnomalyState, score: number, plainScore: number): Sums {
  const clipped = clamp(score, -RULES.clip, RULES.clip);
  const missed = Math.abs(plainScore) > OUTSIDE_SCORE ? 1 : 0;
  const used = clamp(state.outside + RULES.missSlack, 0.25, 0.8);
  const sum = (before: number, more: number, alarm: number): number => clamp(before + more, 0, 1.5 * alarm);
  return {
    above: sum(state.above, clipped - RULES.slack, RULES.biasAlarm),
    below: sum(state.below, -clipped - RULES.slack, RULES.biasAlarm),
    misses: sum(state.misses, missed - used, RULES.missAlarm),
    outside: state.outside + OUTSIDE_FADE * (missed - state.outside),
  };
}

/** A drift begins when a sum passes its alarm and ends when all are below a third of it. */
export function driftFindings(state: AnomalyState, ms: number): readonly Finding[] {
  const { above, below, misses, findings } = state;
  const open = findings.find(({ kind, endMs }) => kind === "drift" && endMs === null);
  const strength = Math.max(above / RULES.biasAlarm, below / RULES.biasAlarm, misses / RULES.missAlarm);
  if (open !== undefined) {
    if (strength >= 1 / 3) return findings;
    return close(findings, ["drift"], ms + state.stepMs, "the forecast holds again");
  }
  if (strength < 1) return findings;
  const bias = Math.max(above, below) / RULES.biasAlarm >= misses / RULES.missAlarm;
  const up = above >= below;
  const what = bias
    ? `demand keeps ${up ? "above" : "below"} its forecast, ${amount(Math.max(above, below))} sigma in all beyond ` +
      `${RULES.slack} a step, and lately ${amount(state.value ?? Number.NaN)} instead of ` +
      `${amount(state.expected ?? Number.NaN)} requests/s`
    : `the 90 % interval is missed far more often than the usual ${Math.round(state.outside * 100)} % of steps, ` +
      `${amount(misses)} times too many`;
  return putOpen(
    findings,
    {
      kind: "drift",
      direction: up ? "up" : "down",
      startMs: ms,
      detectedMs: ms,
      endMs: null,
      severity: "medium",
      reason: `drift at ${clockTime(ms)}: ${what}`,
    },
    ["drift"],
  );
}
