import type { Finding } from "../../model/finding.ts";
import { clamp } from "../kernels/statistics.ts";
import { type AnomalyState, type Excursion, HIT, SLOTS } from "./anomaly-state.ts";
import { amount, clockTime, severityOf } from "./findings.ts";
import { RULES, stepsOf } from "./rules.ts";
import { FARTHEST } from "./standard-score.ts";

/** One step as the rules see it. */
export interface SeenStep {
  readonly ms: number;
  readonly value: number;
  /** Median of the newest one-step forecast. */
  readonly expected: number;
  readonly score: number;
  /** Spread of the side on which the value lies. */
  readonly sigma: number;
}

/** Steps behind the verdict on a level. */
const RECENT = 12;

/** An excursion that begins with this step; undefined while nothing is far enough off. */
export function begin(state: AnomalyState, step: SeenStep): Excursion | undefined {
  const side = step.score > 0 ? 1 : -1;
  const pair = state.score * side >= RULES.pairScore && Math.abs(step.score) >= RULES.pairScore;
  if (Math.abs(step.score) < RULES.pointScore && !pair) return undefined;
  const slot = slotOf(step.ms);
  if (isHabit(state, slot) || isCalm(state, step)) return undefined;
  const first: Excursion = {
    side,
    startMs: step.ms,
    detectedMs: step.ms,
    base: step.expected,
    slot,
    sigma: step.sigma,
    steps: 0,
    back: 0,
    peakScore: 0,
    lastScore: 0,
    sumValue: 0,
    sumExpected: 0,
    recent: [],
    newScore: step.score,
    isShift: false,
  };
  if (!pair || state.value === null || state.expected === null) return add(state, first, step);
  const before = { ...step, ms: step.ms - state.stepMs, value: state.value, expected: state.expected };
  const opened = add(
    state,
    { ...first, startMs: before.ms, base: before.expected },
    { ...before, score: state.score },
  );
  return add(state, opened, step);
}

/** A forecast that followed a spike takes what is ordinary for a drop. */
function isCalm(state: AnomalyState, { ms, value, sigma }: SeenStep): boolean {
  const { calm } = state;
  if (calm === null || ms >= calm.untilMs) return false;
  return Math.abs(value - referenceAt(state, calm, ms)) < RULES.calmScore * sigma;
}

/** Something of the kind came at this time on most of the last days: a nightly job is a habit. */
function isHabit({ habit }: AnomalyState, slot: number): boolean {
  const at = (index: number): number => habit[(index + SLOTS) % SLOTS] ?? 0;
  const before = (value: number): number => (value > 0.5 ? value - HIT : value);
  // The next half hour was not there yet today: a day counts half.
  return Math.max(before(at(slot - 1)), before(at(slot)), at(slot + 1) / 2) >= RULES.habitAt;
}

/**
 * The excursion with one more step in it. What is expected of that step is what was expected before it all began,
 * carried along the usual course of the day: the newest forecasts already follow the new level.
 */
export function add(state: AnomalyState, excursion: Excursion, step: SeenStep): Excursion {
  const expected = referenceAt(state, excursion, step.ms);
  const away = awayScore(excursion, step.value, expected);
  const isBack = away < RULES.backScore;
  return {
    ...excursion,
    steps: excursion.steps + 1,
    back: isBack ? excursion.back + 1 : 0,
    peakScore: Math.max(excursion.peakScore, Math.min(FARTHEST, away)),
    lastScore: clamp(away, -FARTHEST, FARTHEST),
    sumValue: excursion.sumValue + step.value,
    sumExpected: excursion.sumExpected + expected,
    recent: [...excursion.recent, [step.value, expected] as const].slice(-RECENT),
    newScore: 0.8 * excursion.newScore + 0.2 * clamp(step.score, -RULES.clip * 2, RULES.clip * 2),
  };
}

/** What would be expected at `ms` had nothing happened. */
export function referenceAt(
  { profile }: AnomalyState,
  { base, slot }: Pick<Excursion, "base" | "slot">,
  ms: number,
): number {
  const then = profile[slot] ?? null;
  const now = profile[slotOf(ms)] ?? null;
  if (then === null || now === null || !(then > 0)) return base;
  return base * clamp(now / then, 0.1, 10);
}

/** Distance on its side. An expectation gets less sure the older it is: like a random walk, up to 3 times. */
function awayScore({ side, sigma, steps }: Excursion, value: number, expected: number): number {
  const spread = sigma * Math.min(3, Math.sqrt(1 + steps / 4));
  return (side * (value - expected)) / Math.max(spread, Number.MIN_VALUE);
}

export function slotOf(ms: number): number {
  return Math.floor((((ms % 86_400_000) + 86_400_000) % 86_400_000) / (86_400_000 / SLOTS));
}

/** Level over the last steps against what would have been expected of them. */
export function shiftRatio({ recent }: Excursion): number {
  const sum = (at: 0 | 1): number => recent.reduce((total, pair) => total + pair[at], 0);
  return sum(1) > 0 ? sum(0) / sum(1) : Number.NaN;
}

/** Long enough out there, and the level moved by enough: a level shift. */
export function isLevelShift(excursion: Excursion, stepMs: number): boolean {
  if (excursion.isShift) return true;
  if (excursion.steps < stepsOf(RULES.shiftMs, stepMs, RULES.shiftSteps) || excursion.back > 0) return false;
  return Math.abs(shiftRatio(excursion) - 1) >= RULES.shiftShare || Number.isNaN(shiftRatio(excursion));
}

/** Why it is over; undefined while it lasts. */
export function overBecause(excursion: Excursion, stepMs: number): string | undefined {
  if (excursion.back >= RULES.backSteps) return "it is back where it was expected";
  const lasted = excursion.steps * stepMs;
  if (lasted >= RULES.longestMs) return "it is the level now";
  const learned = lasted >= RULES.takenInMs && Math.abs(excursion.newScore) < RULES.takenInScore;
  return learned ? "forecasts have taken it in" : undefined;
}

export function excursionFinding(excursion: Excursion, stepMs: number): Finding {
  const { side, startMs, detectedMs, peakScore, steps, back } = excursion;
  const kind = excursion.isShift ? "level-shift" : outKind(excursion);
  const out = steps - back;
  return {
    kind,
    direction: side > 0 ? "up" : "down",
    startMs,
    detectedMs,
    endMs: null,
    severity: severityOf(excursion.isShift ? peakScore : (peakScore * Math.min(3, out)) / 2),
    reason: reasonOf(excursion, kind, stepMs),
  };
}

function outKind({ steps, back, side }: Excursion): Finding["kind"] {
  if (steps - back < RULES.surgeSteps) return "point";
  return side > 0 ? "surge" : "drop";
}

const NAMES: Readonly<Record<Finding["kind"], string>> = {
  point: "a point far off",
  surge: "a surge",
  drop: "a drop",
  "level-shift": "a level shift",
  drift: "drift",
  outage: "an outage",
};

/** `level shift up at 14:05 UTC: the last 6 steps lie 3.2 sigma above the forecast, 412 instead of 290 requests/s`. */
function reasonOf(excursion: Excursion, kind: Finding["kind"], stepMs: number): string {
  const { recent, side, steps, back, startMs } = excursion;
  const out = recent.slice(-steps).slice(0, Math.max(1, recent.length - back));
  const mean = (at: 0 | 1): number => out.reduce((total, pair) => total + pair[at], 0) / out.length;
  const sigmas = Math.abs(mean(0) - mean(1)) / Math.max(excursion.sigma, Number.MIN_VALUE);
  const which = side > 0 ? "up" : "down";
  const where = side > 0 ? "above" : "below";
  const count = out.length === 1 ? "one step lies" : `${out.length} steps lie`;
  const shown = amount(Math.min(FARTHEST, sigmas));
  const minutes = Math.round((steps * stepMs) / 60_000);
  const lasts = kind === "level-shift" ? ` for ${minutes} min` : "";
  return (
    `${NAMES[kind]} ${which} at ${clockTime(startMs)}${lasts}: ${count} ${shown} sigma ${where} the forecast, ` +
    `${amount(mean(0))} instead of ${amount(mean(1))} requests/s`
  );
}
