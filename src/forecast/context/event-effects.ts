import { clamp } from "../kernels/statistics.ts";
import { BINS, FIRST_AFTER, FIRST_INSIDE, INSIDE_BINS } from "./event-bins.ts";
import { binRatio, type Occurrence } from "./event-occurrences.ts";

/** What a kind of event does, learned from its occurrences: logarithms of factors, over an event's own time. */
export interface KindEffect {
  /** Mean over the event, and the variance of that mean. */
  readonly mean: number;
  readonly meanVariance: number;
  /** Variance from one occurrence to the next. */
  readonly betweenVariance: number;
  /** Per bin: what is added to the mean inside, the whole effect in the tails. */
  readonly shape: Float64Array;
  readonly shapeVariance: Float64Array;
  /** Occurrences that are over. */
  readonly occurrences: number;
  /** False: nothing was said of it and nothing seen. */
  readonly isKnown: boolean;
}

/** Where a kind starts from before it was seen: a lift, a Sunday, or nothing. */
export interface EffectPrior {
  readonly mean: number;
  readonly variance: number;
  readonly shape: Float64Array | undefined;
}

/** Noise of a measurement: of one step, and of a whole event's mean; variances of logarithms. */
export interface MeasureNoise {
  readonly step: number;
  readonly event: number;
}

/** Effects beyond fifty-fold are typing errors. */
export const MAX_LOG_FACTOR = Math.log(50);
/** Newest occurrences that count. */
const KEPT = 12;
/** Occurrences of one kind differ by about 10 % unless they show otherwise; worth two of them. */
const USUAL_BETWEEN = 0.01;
const BETWEEN_WEIGHT = 2;
/** Without a lift, one occurrence is nearly believed: a kind could do anything. */
const OPEN_VARIANCE = 0.5;

/** The planner's lift is off by about a third of itself (of its logarithm), at least by 25 %. */
export function liftPrior(lift: number | undefined): EffectPrior {
  if (lift === undefined || !(lift > 0)) return { mean: 0, variance: OPEN_VARIANCE, shape: undefined };
  const mean = clamp(Math.log(lift), -MAX_LOG_FACTOR, MAX_LOG_FACTOR);
  return { mean, variance: Math.max(0.25, 0.35 * Math.abs(mean)) ** 2, shape: undefined };
}

/**
 * The effect of a kind: a normal mean with known measurement noise and a common prior (the planner's lift, or
 * none), over which the shape in time is laid, shrunk by how far it stands out of its noise (James and Stein
 * 1961, positive part). `prior.variance` plays the part of the number of occurrences a lift is worth.
 *
 *     occurrences of x2.0, no lift    0      1      2      3
 *     factor forecast               x1.0   x1.95  x1.97  x1.98
 */
export function learnKind(
  all: readonly Occurrence[],
  prior: EffectPrior,
  noise: MeasureNoise,
  isStated: boolean,
): KindEffect {
  const over = all.filter((occurrence) => occurrence.isOver);
  const seen = over.sort((a, b) => a.startMs - b.startMs).slice(-KEPT);
  const levels = seen.map((occurrence) => insideLevel(occurrence, noise));
  const centre = weightedMean(levels.map(({ log, variance }) => ({ log, weight: 1 / variance })));
  let scatter = 0;
  for (const { log, variance } of levels) scatter += Math.max(0, (log - centre) ** 2 - variance);
  const betweenVariance =
    (BETWEEN_WEIGHT * USUAL_BETWEEN + scatter) / (BETWEEN_WEIGHT + Math.max(0, seen.length - 1));
  const weighted = levels.map(({ log, variance }) => ({ log, weight: 1 / (variance + betweenVariance) }));
  const precision = 1 / prior.variance + weighted.reduce((sum, { weight }) => sum + weight, 0);
  const mean =
    (prior.mean / prior.variance + weighted.reduce((sum, one) => sum + one.weight * one.log, 0)) / precision;
  const { shape, shapeVariance } = shapeOf(seen, levels, prior, noise);
  const isKnown = isStated || seen.length > 0;
  const occurrences = seen.length;
  return { mean, meanVariance: 1 / precision, betweenVariance, shape, shapeVariance, occurrences, isKnown };
}

/**
 * The effect of one event: of its kind, moved by what was seen of this very one (it is on, or over). Log
 * factors per bin with their variances.
 */
export function effectOf(
  kind: KindEffect,
  own: Occurrence | undefined,
  noise: MeasureNoise,
): { readonly logs: Float64Array; readonly variances: Float64Array } {
  let mean = kind.mean;
  let variance = kind.meanVariance + kind.betweenVariance;
  if (own !== undefined) {
    const level = insideLevel(own, noise);
    // Where only a part was seen, that part's shape is no news of the level.
    const seenLog = level.log - seenShape(own, kind);
    const share = variance / (variance + level.variance);
    mean += share * (seenLog - mean);
    variance *= 1 - share;
  }
  const logs = new Float64Array(BINS);
  const variances = new Float64Array(BINS);
  const isSilent = !kind.isKnown && own === undefined;
  for (let bin = 0; bin < BINS; bin++) {
    const isInside = bin >= FIRST_INSIDE && bin < FIRST_AFTER;
    const shape = kind.shape[bin] ?? 0;
    if (isSilent) continue;
    logs[bin] = clamp(isInside ? mean + shape : shape, -MAX_LOG_FACTOR, MAX_LOG_FACTOR);
    variances[bin] = Math.min(1, (isInside ? variance : 0) + (kind.shapeVariance[bin] ?? 0));
  }
  return { logs, variances };
}

function insideLevel(
  occurrence: Occurrence,
  noise: MeasureNoise,
): { readonly log: number; readonly variance: number } {
  const { log, steps } = binRatio(occurrence, FIRST_INSIDE, FIRST_AFTER);
  const event = occurrence.isOver ? noise.event : 2 * noise.event;
  return { log: clamp(log, -MAX_LOG_FACTOR, MAX_LOG_FACTOR), variance: Math.max(noise.step / steps, event) };
}

/** Mean of the kind's shape over the bins of which something was seen. */
function seenShape(own: Occurrence, kind: KindEffect): number {
  let sum = 0;
  let steps = 0;
  for (let bin = FIRST_INSIDE; bin < FIRST_AFTER; bin++) {
    sum += (own.steps[bin] ?? 0) * (kind.shape[bin] ?? 0);
    steps += own.steps[bin] ?? 0;
  }
  return steps > 0 ? sum / steps : 0;
}

/** Bins taken together so that each holds about two steps of the shortest occurrence; divides 24. */
function groupSize(seen: readonly Occurrence[]): number {
  const steps = seen.map((one) =>
    one.steps.slice(FIRST_INSIDE, FIRST_AFTER).reduce((sum, count) => sum + count, 0),
  );
  const groups = Math.min(...steps) / 2;
  return [1, 2, 3, 4, 6, 8, 12].find((size) => INSIDE_BINS / size <= groups) ?? INSIDE_BINS;
}

interface Deviation {
  readonly from: number;
  readonly to: number;
  readonly log: number;
  readonly variance: number;
}

function shapeOf(
  seen: readonly Occurrence[],
  levels: readonly { readonly log: number }[],
  prior: EffectPrior,
  noise: MeasureNoise,
): Pick<KindEffect, "shape" | "shapeVariance"> {
  const shape = prior.shape?.slice() ?? new Float64Array(BINS);
  const shapeVariance = new Float64Array(BINS);
  if (seen.length === 0) return { shape, shapeVariance };
  const size = groupSize(seen);
  const inside: Deviation[] = [];
  for (let from = FIRST_INSIDE; from < FIRST_AFTER; from += size) {
    inside.push(deviation(seen, levels, from, from + size, noise));
  }
  const base = inside.map(({ from, to }) => meanOf(shape, from, to));
  shrinkTogether(inside, base, shape, shapeVariance);
  // Before and after are two things: what is felt beforehand says nothing of the aftermath.
  const zero = levels.map(() => ({ log: 0 }));
  for (const [from, to] of [
    [0, FIRST_INSIDE],
    [FIRST_AFTER, BINS],
  ] as const) {
    // Unlike the bins inside, these are not taken against the event's own mean: its noise is in them.
    const bins = [deviation(seen, zero, from, from + 1, noise), deviation(seen, zero, to - 1, to, noise)].map(
      (bin) => ({ ...bin, variance: bin.variance + noise.event / seen.length }),
    );
    shrinkTogether(bins, [0, 0], shape, shapeVariance);
  }
  return { shape, shapeVariance };
}

/** Mean over the occurrences of a group's log ratio less the occurrence's own level. */
function deviation(
  seen: readonly Occurrence[],
  levels: readonly { readonly log: number }[],
  from: number,
  to: number,
  noise: MeasureNoise,
): Deviation {
  let sum = 0;
  let steps = 0;
  seen.forEach((occurrence, o) => {
    const ratio = binRatio(occurrence, from, to);
    sum += ratio.steps * (ratio.log - (levels[o]?.log ?? 0));
    steps += ratio.steps;
  });
  if (!(steps > 0)) return { from, to, log: 0, variance: Number.POSITIVE_INFINITY };
  return { from, to, log: sum / steps, variance: noise.step / steps };
}

/** Deviations from `base`, all pulled in by the share of their spread that noise explains. */
function shrinkTogether(
  groups: readonly Deviation[],
  base: readonly number[],
  shape: Float64Array,
  shapeVariance: Float64Array,
): void {
  const known = groups.filter(({ variance }) => Number.isFinite(variance));
  if (known.length === 0) return;
  let spread = 0;
  let expected = 0;
  groups.forEach(({ log, variance }, g) => {
    if (!Number.isFinite(variance)) return;
    spread += (log - (base[g] ?? 0)) ** 2;
    expected += variance;
  });
  // One group's chance excursion is not yet a shape: twice the noise is asked for.
  const keep = Math.max(0, 1 - (2 * expected) / Math.max(spread, Number.MIN_VALUE));
  groups.forEach(({ from, to, log, variance }, g) => {
    if (!Number.isFinite(variance)) return;
    for (let bin = from; bin < to; bin++) {
      shape[bin] = (shape[bin] ?? 0) + keep * (log - (base[g] ?? 0));
      shapeVariance[bin] = keep * variance;
    }
  });
}

function meanOf(values: Float64Array, from: number, to: number): number {
  let sum = 0;
  for (let i = from; i < to; i++) sum += values[i] ?? 0;
  return sum / (to - from);
}

function weightedMean(list: readonly { readonly log: number; readonly weight: number }[]): number {
  let sum = 0;
  let total = 0;
  for (const { log, weight } of list) {
    sum += weight * log;
    total += weight;
  }
  return total > 0 ? sum / total : 0;
}
