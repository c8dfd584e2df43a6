import type { EventEffect, ScheduledEvent } from "../../model/known-ahead.ts";
import { type DemandSeries, endMs } from "../../model/series.ts";
import { DAY_MS, HOUR_MS } from "../../model/time.ts";
import { patternAt } from "../kernels/seasonal-fit.ts";
import { clamp } from "../kernels/statistics.ts";
import type { LocalClock } from "../local-clock.ts";
import {
  BINS,
  binEdges,
  type EventSpan,
  eventSpan,
  FIRST_AFTER,
  FIRST_INSIDE,
  forEachBin,
} from "./event-bins.ts";
import {
  type EffectPrior,
  effectOf,
  type KindEffect,
  learnKind,
  liftPrior,
  MAX_LOG_FACTOR,
  type MeasureNoise,
} from "./event-effects.ts";
import { measureOccurrence, type Occurrence } from "./event-occurrences.ts";
import { plausible, quietVariance, type UsualLevel, usualLevel } from "./usual-level.ts";

/** What scheduled events did and will do to one series, known at its end. */
export interface EventOutlook {
  /** Log factor of the step that begins at an instant of the series' grid, past or to come; 0 without events. */
  logAt(atMs: number): number;
  /** Variance of it. */
  varianceAt(atMs: number): number;
  /** Steps of the history whose demand says nothing of ordinary days: an effect seen for the first time. */
  isMasked(atMs: number): boolean;
  /** Steps in which an event changes demand. */
  isChanged(atMs: number): boolean;
  /** Events between the end of the history and the horizon, soonest first. */
  readonly effects: readonly EventEffect[];
  /** Everything measured, remembered occurrences included: plain data, to be given back next time. */
  readonly occurrences: readonly Occurrence[];
}

export interface OutlookInput {
  readonly series: DemandSeries;
  readonly clock: LocalClock;
  readonly events: readonly ScheduledEvent[];
  readonly horizonSteps: number;
  /** Occurrences measured before, of times the series no longer covers. */
  readonly remembered: readonly Occurrence[];
}

/** Events in reach of one series that are looked at; the nearest to now count. */
const MAX_EVENTS = 2_000;
/** Occurrences remembered over all kinds. */
const MAX_REMEMBERED = 500;
/** An effect below 2 % is none. */
const MATERIAL = 0.02;
/** First sights of longer events are not masked: a gap that long costs more than a doubtful level. */
const MASK_AT_MOST_MS = 6 * HOUR_MS;
/** Below this factor dividing by it would blow noise up. */
const NEARLY_NOTHING = Math.log(0.2);

/** Undefined when no known event is in reach. Uses events announced by the end of the series, no others. */
export function eventOutlook(input: OutlookInput): EventOutlook | undefined {
  const spans = spansInReach(input);
  if (spans.length === 0) return undefined;
  const { clock } = input;
  const series = plausible(input.series);
  const usual = usualLevel(series, clock, markEvents(series, spans));
  const noises = new Map<number, MeasureNoise>();
  const noiseOf = (span: EventSpan): MeasureNoise => {
    const steps = Math.max(1, Math.round((span.event.endMs - span.event.startMs) / series.stepMs));
    const known = noises.get(steps) ?? {
      step: Math.max(usual.stepSigma ** 2, 1e-6),
      event: Math.max(1e-6, quietVariance(usual, steps)),
    };
    noises.set(steps, known);
    return known;
  };
  return assemble(input, learn(input, spans, usual, noiseOf));
}

interface SpanEffect {
  readonly span: EventSpan;
  /** Log factors of the kind alone, whatever this occurrence did. */
  readonly pooled: Float64Array;
  readonly kind: KindEffect;
  readonly own: Occurrence | undefined;
  readonly source: EventEffect["source"];
  readonly logs: Float64Array;
  readonly variances: Float64Array;
}

interface Learned {
  readonly effects: readonly SpanEffect[];
  readonly occurrences: readonly Occurrence[];
}

function spansInReach({ series, events, horizonSteps }: OutlookInput): readonly EventSpan[] {
  const nowMs = endMs(series);
  const untilMs = nowMs + horizonSteps * series.stepMs;
  const spans = events
    .filter((event) => event.announcedMs <= nowMs && event.endMs > event.startMs)
    .map((event) => eventSpan(event, series.stepMs))
    .filter((span) => span.toMs > series.startMs && span.fromMs < untilMs);
  const distance = ({ event }: EventSpan): number => Math.abs(event.startMs - nowMs);
  if (spans.length > MAX_EVENTS) spans.sort((a, b) => distance(a) - distance(b)).length = MAX_EVENTS;
  return spans.sort((a, b) => a.event.startMs - b.event.startMs);
}

function markEvents(series: DemandSeries, spans: readonly EventSpan[]): Uint8Array {
  const marks = new Uint8Array(series.values.length);
  for (const { fromMs, toMs } of spans) {
    const from = Math.max(0, Math.floor((fromMs - series.startMs) / series.stepMs));
    marks.fill(1, from, Math.max(from, Math.ceil((toMs - series.startMs) / series.stepMs)));
  }
  return marks;
}

/**
 * Kind after kind, each measured on demand over what the others are taken to do there, three times: events
 * that overlap now and then are told apart, those that always do share their effect as it comes.
 */
function learn(
  input: OutlookInput,
  spans: readonly EventSpan[],
  usual: UsualLevel,
  noiseOf: (span: EventSpan) => MeasureNoise,
): Learned {
  const { series } = input;
  const total = new Float64Array(series.values.length);
  const byKind = new Map<string, EventSpan[]>();
  for (const span of spans) byKind.set(span.event.kind, [...(byKind.get(span.event.kind) ?? []), span]);
  const effects = new Map<string, readonly SpanEffect[]>();
  const passes = byKind.size > 1 ? 3 : 1;
  for (let pass = 0; pass < passes; pass++) {
    for (const [kind, own] of byKind) {
      addTo(total, series, effects.get(kind) ?? [], -1);
      const learned = kindEffects(input, own, usual, noiseOf, (step) => total[step] ?? 0);
      addTo(total, series, learned, 1);
      effects.set(kind, learned);
    }
  }
  const all = [...effects.values()].flat();
  const measured = all.flatMap(({ own }) => (own?.isOver ? [own] : []));
  const fresh = new Set(measured.map(occurrenceKey));
  const older = input.remembered.filter((one) => !fresh.has(occurrenceKey(one)));
  const occurrences = [...older, ...measured].sort((a, b) => a.startMs - b.startMs).slice(-MAX_REMEMBERED);
  return { effects: all, occurrences };
}

function occurrenceKey({ kind, startMs, endMs: toMs }: Occurrence): string {
  return `${kind} ${startMs} ${toMs}`;
}

function kindEffects(
  input: OutlookInput,
  spans: readonly EventSpan[],
  usual: UsualLevel,
  noiseOf: (span: EventSpan) => MeasureNoise,
  others: (step: number) => number,
): readonly SpanEffect[] {
  const nowMs = endMs(input.series);
  const own = spans.map((span) =>
    span.event.startMs < nowMs ? measureOccurrence(span, usual, others) : undefined,
  );
  const fresh = own.flatMap((one) => one ?? []);
  const keys = new Set(fresh.map(occurrenceKey));
  const kind = spans[0]?.event.kind;
  const older = input.remembered.filter((one) => one.kind === kind && !keys.has(occurrenceKey(one)));
  const lastLift = spans.reduce<number | undefined>((lift, { event }) => event.lift ?? lift, undefined);
  return spans.map((span, i) => {
    const noise = noiseOf(span);
    const lift = span.event.lift ?? lastLift;
    const sunday = lift === undefined ? sundayPrior(span, usual) : undefined;
    const prior = sunday ?? liftPrior(lift);
    const isStated = lift !== undefined || sunday !== undefined;
    const effect = learnKind([...older, ...fresh], prior, noise, isStated);
    const source = effect.occurrences > 0 ? "seen" : unseenSource(lift, sunday, own[i]);
    const pooled = effectOf(effect, undefined, noise).logs;
    return { span, kind: effect, own: own[i], source, pooled, ...effectOf(effect, own[i], noise) };
  });
}

function unseenSource(
  lift: number | undefined,
  sunday: EffectPrior | undefined,
  own: Occurrence | undefined,
): EventEffect["source"] {
  if (own !== undefined) return "seen";
  if (lift !== undefined) return "lift";
  return sunday === undefined ? "unknown" : "sunday";
}

/**
 * A public holiday that was never seen behaves like the Sunday of that week: the weekly pattern's Sunday over
 * its own day, at the same local time. Undefined for other events, and before two weeks are known.
 */
function sundayPrior(span: EventSpan, usual: UsualLevel): EffectPrior | undefined {
  const { clock, pattern, series } = usual;
  if (!span.event.kind.startsWith("holiday:")) return undefined;
  if (pattern.slots * series.stepMs <= DAY_MS) return undefined;
  const shape = new Float64Array(BINS);
  const floor = usual.base.reduce((least, value) => Math.min(least, value), Number.POSITIVE_INFINITY);
  let mean = 0;
  for (let bin = FIRST_INSIDE; bin < FIRST_AFTER; bin++) {
    const [low, high] = binEdges(span, bin);
    const atMs = (low + high) / 2;
    const weekday = (Math.floor(clock.localMs(atMs) / DAY_MS) + 4) % 7;
    const ordinary = Math.max(floor, patternAt(pattern, clock, atMs));
    const sunday = Math.max(floor, patternAt(pattern, clock, clock.sameTimeBefore(atMs, weekday)));
    shape[bin] = Math.log(sunday / ordinary);
    mean += (shape[bin] ?? 0) / (FIRST_AFTER - FIRST_INSIDE);
  }
  for (let bin = FIRST_INSIDE; bin < FIRST_AFTER; bin++) shape[bin] = (shape[bin] ?? 0) - mean;
  return { mean, variance: 0.04, shape };
}

function addTo(
  total: Float64Array,
  series: DemandSeries,
  effects: readonly SpanEffect[],
  sign: 1 | -1,
): void {
  for (const effect of effects) {
    const { from, to } = stepRange(effect.span, series, total.length);
    for (let i = from; i < to; i++) {
      const atMs = series.startMs + i * series.stepMs;
      const { log } = stepEffect({ ...effect, logs: effect.pooled }, atMs, atMs + series.stepMs);
      total[i] = (total[i] ?? 0) + sign * log;
    }
  }
}

function stepRange(
  span: EventSpan,
  series: DemandSeries,
  length: number,
): { readonly from: number; readonly to: number } {
  const from = Math.max(0, Math.floor((span.fromMs - series.startMs) / series.stepMs));
  return { from, to: Math.min(length, Math.ceil((span.toMs - series.startMs) / series.stepMs)) };
}

/** Log of the mean factor over `[fromMs, toMs)`, and its variance; outside of the event the factor is 1. */
function stepEffect(
  effect: SpanEffect,
  fromMs: number,
  toMs: number,
): { readonly log: number; readonly variance: number } {
  let factor = 0;
  let covered = 0;
  let variance = 0;
  forEachBin(effect.span, fromMs, toMs, (bin, share) => {
    factor += share * Math.exp(effect.logs[bin] ?? 0);
    variance += share * (effect.variances[bin] ?? 0);
    covered += share;
  });
  return { log: Math.log(factor + Math.max(0, 1 - covered)), variance };
}

function assemble({ series, horizonSteps }: OutlookInput, learned: Learned): EventOutlook {
  const length = series.values.length + horizonSteps;
  const logs = new Float64Array(length);
  const variances = new Float64Array(length);
  const masked = new Uint8Array(length);
  for (const effect of learned.effects) {
    const { from, to } = stepRange(effect.span, series, length);
    const firstSight = isFirstSight(effect);
    for (let i = from; i < to; i++) {
      const atMs = series.startMs + i * series.stepMs;
      const { log, variance } = stepEffect(effect, atMs, atMs + series.stepMs);
      logs[i] = (logs[i] ?? 0) + log;
      variances[i] = (variances[i] ?? 0) + variance;
      if ((firstSight && Math.abs(log) > MATERIAL) || log < NEARLY_NOTHING) masked[i] = 1;
    }
  }
  const index = (atMs: number): number => Math.round((atMs - series.startMs) / series.stepMs);
  const nowMs = endMs(series);
  const untilMs = nowMs + horizonSteps * series.stepMs;
  const ahead = learned.effects.filter(
    ({ span }) => span.event.endMs > nowMs && span.event.startMs < untilMs,
  );
  return {
    // Several events at once are no more than the strongest one may be.
    logAt: (atMs) => clamp(logs[index(atMs)] ?? 0, -MAX_LOG_FACTOR, MAX_LOG_FACTOR),
    varianceAt: (atMs) => Math.min(1, variances[index(atMs)] ?? 0),
    isMasked: (atMs) => masked[index(atMs)] === 1,
    isChanged: (atMs) => masked[index(atMs)] === 1 || Math.abs(logs[index(atMs)] ?? 0) > MATERIAL,
    effects: ahead.map(toEventEffect),
    occurrences: learned.occurrences,
  };
}

/** The only occurrence there is: what it did is not told apart from what was wrong with the ordinary forecast. */
function isFirstSight({ span, kind, own }: SpanEffect): boolean {
  const others = kind.occurrences - (own?.isOver ? 1 : 0);
  return own !== undefined && others === 0 && span.toMs - span.fromMs <= MASK_AT_MOST_MS;
}

/** z of the ends of a 90 % interval. */
const Z90 = 1.645;

function toEventEffect({ span, kind, source, logs, variances }: SpanEffect): EventEffect {
  const { id, kind: name, startMs, endMs: toMs } = span.event;
  let mean = 0;
  let variance = 0;
  for (let bin = FIRST_INSIDE; bin < FIRST_AFTER; bin++) {
    mean += (logs[bin] ?? 0) / (FIRST_AFTER - FIRST_INSIDE);
    variance += (variances[bin] ?? 0) / (FIRST_AFTER - FIRST_INSIDE);
  }
  const spread = Z90 * Math.sqrt(variance);
  const at = (log: number): number => Number(Math.exp(log).toPrecision(4));
  const range = { factor: at(mean), lower: at(mean - spread), upper: at(mean + spread) };
  return { id, kind: name, startMs, endMs: toMs, ...range, occurrences: kind.occurrences, source };
}
