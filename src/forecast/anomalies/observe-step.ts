import type { Finding } from "../../model/finding.ts";
import { HOUR_MS } from "../../model/time.ts";
import { clamp } from "../kernels/statistics.ts";
import { type AnomalyState, type Excursion, HIT, newAnomalyState, SHIFTS_KEPT } from "./anomaly-state.ts";
import { addToSums, driftFindings } from "./drift.ts";
import {
  add,
  begin,
  excursionFinding,
  isLevelShift,
  overBecause,
  type SeenStep,
  shiftRatio,
  slotOf,
} from "./excursion.ts";
import { close, putOpen } from "./findings.ts";
import { watchSilence } from "./outage.ts";
import { RULES } from "./rules.ts";
import { middleOf, type StepForecast, sigmaOf, standardScore } from "./standard-score.ts";

/** One grid step and the forecast that was made for it one step ahead. */
export interface ObservedStep extends StepForecast {
  /** Start of the step. */
  readonly ms: number;
  readonly stepMs: number;
  /** What demand was; NaN for a gap. */
  readonly value: number;
}

const EXCURSIONS: readonly Finding["kind"][] = ["point", "surge", "drop", "level-shift"];
/** Share of the way that the usual level of a time of day goes towards today's. */
const PROFILE_FADE = 0.15;
/** Least spread, as a share of the forecast and of the mean residual. */
const LEAST_SHARE = 1e-3;
const LEAST_RESIDUAL = 0.1;

/**
 * The detector, one grid step on: sequential rules on standardised residuals. Pure; same steps, same state.
 *
 *     quiet -> excursion     one score beyond 5.5, or two in a row beyond 4 on the same side: a point
 *     point -> surge, drop   three steps out there
 *     surge -> level shift   an hour out there, the level moved by a tenth or more
 *     excursion -> quiet     two steps back, or forecasts have taken the level in, or a day is over
 *     quiet -> drift         cumulated scores on one side, or misses of the 90 % interval, beyond their alarm
 *     any -> outage          a quarter of an hour of nothing where something is usual, or of gaps
 *
 * Steps are to come in order; one from before the last is ignored. A step of another length starts afresh.
 */
export function observeStep(before: AnomalyState, step: ObservedStep): AnomalyState {
  const fresh = before.stepMs !== 0 && before.stepMs !== step.stepMs;
  const state: AnomalyState = { ...(fresh ? newAnomalyState() : before), stepMs: step.stepMs };
  if (step.ms + step.stepMs <= state.atMs) return before;
  const middle = middleOf(step);
  const known = !Number.isNaN(step.value) && Number.isFinite(middle);
  const scored = known ? scoreStep(state, step, middle) : undefined;
  const silence = watchSilence(state, step.ms, step.value, scored?.seen.score ?? 0);
  const listened = { ...state, ...silence, atMs: step.ms + step.stepMs };
  if (scored === undefined) return { ...listened, score: 0, value: null, expected: null };
  if (silence.silent > 0 && isOutage(silence.findings)) {
    // What is not there says nothing about the forecast.
    return { ...listened, score: scored.seen.score, value: step.value, expected: middle, excursion: null };
  }
  return learn(withHit(follow(withDay(listened, state.atMs), scored.seen), scored.seen), scored);
}

/** A time of day comes once a day: what was in it before counts half from then on. */
function withDay(state: AnomalyState, lastMs: number): AnomalyState {
  const slot = slotOf(state.atMs - state.stepMs);
  const isNew = lastMs < 0 || slotOf(lastMs - state.stepMs) !== slot || state.atMs - lastMs > HOUR_MS;
  return isNew ? withHabit(state, slot, (state.habit[slot] ?? 0) / 2) : state;
}

function withHit(state: AnomalyState, { ms, score }: SeenStep): AnomalyState {
  const slot = slotOf(ms);
  const known = state.habit[slot] ?? 0;
  return Math.abs(score) >= RULES.pairScore && known <= 0.5 ? withHabit(state, slot, known + HIT) : state;
}

function withHabit(state: AnomalyState, slot: number, value: number): AnomalyState {
  if (state.habit[slot] === value) return state;
  const habit = state.habit.map((known, at) => (at === slot ? Math.round(value * 1000) / 1000 : known));
  return { ...state, habit };
}

interface Scored {
  readonly seen: SeenStep;
  /** Score before the series' own tails are allowed for. */
  readonly plainScore: number;
}

function scoreStep(state: AnomalyState, step: ObservedStep, expected: number): Scored {
  const least = Math.max(LEAST_SHARE * Math.abs(expected), LEAST_RESIDUAL * state.residual, Number.MIN_VALUE);
  const plainScore = standardScore(step.value, step, least);
  const swollen = Math.max(1, state.usual95 / 1.96, state.usual995 / 2.81);
  const sigma = swollen * Math.max(least, sigmaOf(step, step.value >= expected));
  const score = clamp(plainScore / swollen, -99, 99);
  return { seen: { ms: step.ms, value: step.value, expected, score, sigma }, plainScore };
}

/** Findings and excursion after this step. */
function follow(state: AnomalyState, seen: SeenStep): AnomalyState {
  if (state.seen < RULES.warmSteps) return noted(state, seen, null, state.findings);
  const running = state.excursion;
  const excursion = running === null ? begin(state, seen) : add(state, running, seen);
  if (excursion === undefined) return noted(state, seen, null, state.findings);
  const next: Excursion = { ...excursion, isShift: isLevelShift(excursion, state.stepMs) };
  const finding = excursionFinding(next, state.stepMs);
  const shown = next.back > 0 ? state.findings : putOpen(state.findings, finding, EXCURSIONS);
  const isNew = next.isShift && running?.isShift !== true;
  const wanting = isNew ? withShift(wantRefit(state, finding), next.startMs) : state;
  const over = overBecause(next, state.stepMs);
  return over === undefined ? noted(wanting, seen, next, shown) : ended(wanting, seen, next, shown, over);
}

function ended(
  state: AnomalyState,
  seen: SeenStep,
  excursion: Excursion,
  shown: readonly Finding[],
  because: string,
): AnomalyState {
  const { back, base, slot, startMs, isShift } = excursion;
  const isBack = back >= RULES.backSteps;
  const endMs = seen.ms + state.stepMs - (isBack ? state.stepMs * RULES.backSteps : 0);
  const after = noted(state, seen, null, close(shown, EXCURSIONS, endMs, because));
  if (isBack) {
    const calm = { base, slot, untilMs: seen.ms + RULES.calmMs };
    return { ...after, calm, shifts: after.shifts.filter((ms) => ms !== startMs) };
  }
  return isShift ? relevelledProfile(after, shiftRatio(excursion)) : after;
}

function withShift(state: AnomalyState, startMs: number): AnomalyState {
  return { ...state, shifts: [...state.shifts, startMs].slice(-SHIFTS_KEPT) };
}

function noted(
  state: AnomalyState,
  seen: SeenStep,
  excursion: Excursion | null,
  findings: readonly Finding[],
): AnomalyState {
  return { ...state, score: seen.score, value: seen.value, expected: seen.expected, excursion, findings };
}

function wantRefit(state: AnomalyState, { detectedMs, reason }: Finding): AnomalyState {
  return state.wantsRefit === null ? { ...state, wantsRefit: { sinceMs: detectedMs, reason } } : state;
}

/** The usual level of each time of day is the new one from now on. */
function relevelledProfile(state: AnomalyState, ratio: number): AnomalyState {
  const factor = Number.isFinite(ratio) ? clamp(ratio, 0.01, 100) : 1;
  return { ...state, profile: state.profile.map((level) => (level === null ? null : short(level * factor))) };
}

/** What is usual: taken from ordinary steps and from the first of an excursion, which counts against alarms to come. */
function learn(state: AnomalyState, { seen, plainScore }: Scored): AnomalyState {
  const warm = Math.min(RULES.warmSteps, state.seen + 1);
  if ((state.excursion?.steps ?? 0) > 2) return { ...state, seen: warm, above: 0, below: 0 };
  const sums = addToSums(state, seen.score, plainScore);
  const next: AnomalyState = {
    ...state,
    ...sums,
    seen: warm,
    usual95: tail(state.usual95, Math.abs(plainScore), 0.05, 0.04, 1.2),
    usual995: tail(state.usual995, Math.abs(plainScore), 0.005, 0.5, 2),
    residual: state.residual + Math.max(0.02, 1 / (state.seen + 1)) * residualStep(state, seen),
    profile: state.excursion === null ? withSlot(state, seen) : state.profile,
    calm: calmAfter(state, seen, plainScore),
  };
  if (state.seen < RULES.warmSteps) return { ...next, above: 0, below: 0, misses: 0 };
  const findings = driftFindings(next, seen.ms);
  const drift = findings.find(({ kind, detectedMs }) => kind === "drift" && detectedMs === seen.ms);
  return drift === undefined ? { ...next, findings } : wantRefit({ ...next, findings }, drift);
}

/** A spike that is no anomaly here still draws forecasts after it: what was expected before it stays the reference. */
function calmAfter(
  state: AnomalyState,
  { ms, expected }: SeenStep,
  plainScore: number,
): AnomalyState["calm"] {
  const { calm, excursion } = state;
  const isSpike = excursion === null && Math.abs(plainScore) >= RULES.pairScore;
  if (!isSpike || (calm !== null && ms < calm.untilMs)) return calm;
  return { base: expected, slot: slotOf(ms), untilMs: ms + RULES.calmMs };
}

function residualStep({ residual }: AnomalyState, { value, expected }: SeenStep): number {
  const size = Math.abs(value - expected);
  // One absurd value must not make the next one look small.
  return Math.min(size, residual > 0 ? 10 * residual : size) - residual;
}

/**
 * The size of score that a share `1 - exceed` of steps stays below, one step on: stochastic approximation (Robbins and
 * Monro 1951), in ratios so that it is never negative.
 */
function tail(before: number, size: number, exceed: number, gain: number, least: number): number {
  const grown = before * (1 + gain * ((size > before ? 1 : 0) - exceed));
  return short(clamp(grown, least, 30));
}

function withSlot({ profile }: AnomalyState, { ms, value }: SeenStep): readonly (number | null)[] {
  const slot = slotOf(ms);
  const known = profile[slot] ?? null;
  const next = profile.slice();
  next[slot] = short(known === null ? value : known + PROFILE_FADE * (value - known));
  return next;
}

/** Five digits are enough to remember, and keep the state small. */
function short(value: number): number {
  return Number(value.toPrecision(5));
}

function isOutage(findings: readonly Finding[]): boolean {
  return findings.some(({ kind, endMs }) => kind === "outage" && endMs === null);
}
