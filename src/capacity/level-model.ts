import { normalScore } from "../model/interpolate-quantile.ts";
import { DAY_RHYTHM, levelForecasts, WEEK_RHYTHM, withoutHoles } from "./level-forecasts.ts";
import type { Periods } from "./periods.ts";

/** Periods that must be known before a cut-off is looked back on. */
const FIRST_CUTOFF = 3;
/** What the history's own errors are mixed with, as so many of them. */
const PRIOR_ERRORS = 4;
/** Before anything is measured: a level moves by 3 % from one week to the next, days differ by 15 %. */
const PRIOR_STEP = { week: 0.03, day: 0.05 } as const;
const PRIOR_NOISE = { week: 0.03, day: 0.15 } as const;
/** Spread of peak over level that is taken for granted. */
const PRIOR_PEAK_SPREAD = 0.05;
/** Weight of a forecast falls with its error to this power. */
const ERROR_POWER = 2;
/** An interval is made wider or narrower by these factors at most, and it takes many past peaks to make it so. */
const WIDEST = 3;
const NARROWEST = 0.7;
const PEAKS_TO_BELIEVE = 10;
const MOST_FREEDOM = 60;
/** Level of the interval that past peaks are held against. */
const HELD_LEVEL = 0.9;
/** Cut-offs that must have measured an error before it counts as measured. */
const LEAST_MEASURED = 3;

/** The level of each period ahead as a distribution, and the peak over it. Everything is a logarithm. */
export interface LevelModel {
  readonly medians: Float64Array;
  /** Variance of a level `h` periods ahead: noise + h x step. Student's t with `freedom` degrees. */
  readonly noise: number;
  readonly step: number;
  readonly freedom: number;
  readonly peakMean: number;
  readonly peakSpread: number;
  /** Periods with a peak. */
  readonly peakCount: number;
  /** Factor on both spreads that past misses asked for. */
  readonly widening: number;
}

export interface PastPlans {
  readonly peaks: number;
  readonly inside: number;
  /** Periods ahead for which at least three cut-offs measured an error. */
  readonly measuredSteps: number;
  readonly usedSeason: boolean;
}

/** Everything that is learned while the cut-off moves through the history. */
interface Learning {
  readonly logLevels: Float64Array;
  readonly logPeakRatios: Float64Array;
  readonly known: (period: number) => boolean;
  readonly kind: "week" | "day";
  readonly steps: number;
  readonly names: readonly string[];
  /** By forecast and cut-off. */
  readonly forecasts: readonly (readonly (Float64Array | undefined)[])[];
  readonly models: LevelModel[];
  /** Sum of |error| / sqrt(steps ahead) and count, by forecast. */
  readonly losses: readonly { sum: number; count: number }[];
  /** Squared errors of what was planned, by steps ahead. */
  readonly squares: Float64Array;
  readonly counts: Float64Array;
  /** Sizes of past peak errors over the half width of their 90 % interval. */
  readonly misses: number[];
  readonly past: { peaks: number; inside: number };
}

/**
 * Learns levels and peaks by planning from each earlier cut-off in turn: which forecasts to trust, how errors grow
 * with the distance, and whether the intervals held. At each cut-off only what lies before it is used.
 */
export function learnLevels(
  periods: Periods,
  kind: "week" | "day",
  steps: number,
): { readonly model: LevelModel; readonly past: PastPlans } {
  const learning = beginLearning(periods, kind, steps);
  const count = learning.logLevels.length;
  for (let cutoff = Math.min(FIRST_CUTOFF, count); cutoff <= count; cutoff++) {
    takeErrors(learning, cutoff);
    learning.models[cutoff] = modelAt(learning, cutoff);
  }
  const model = learning.models[count] ?? modelAt(learning, count);
  const measuredSteps = learning.counts.findLastIndex((errors) => errors >= LEAST_MEASURED) + 1;
  const season = learning.names.indexOf("season");
  const usedSeason = learning.forecasts[season]?.[count] !== undefined;
  return { model, past: { ...learning.past, measuredSteps, usedSeason } };
}

function beginLearning(periods: Periods, kind: "week" | "day", steps: number): Learning {
  const logLevels = withoutHoles(periods.logLevels);
  const named = levelForecasts(kind === "week" ? WEEK_RHYTHM : DAY_RHYTHM);
  const forecasts = named.map(([, forecast]) =>
    Array.from({ length: logLevels.length + 1 }, (_, cutoff) =>
      cutoff < Math.min(FIRST_CUTOFF, logLevels.length) ? undefined : forecast(logLevels, cutoff, steps),
    ),
  );
  return {
    logLevels,
    logPeakRatios: periods.logPeakRatios,
    known: (period) => !Number.isNaN(periods.logLevels[period]),
    kind,
    steps,
    names: named.map(([name]) => name),
    forecasts,
    models: [],
    losses: named.map(() => ({ sum: 0, count: 0 })),
    squares: new Float64Array(steps),
    counts: new Float64Array(steps),
    misses: [],
    past: { peaks: 0, inside: 0 },
  };
}

/** The period before `cutoff` has just become known: what was planned for it is scored. */
function takeErrors(learning: Learning, cutoff: number): void {
  const target = cutoff - 1;
  if (!learning.known(target)) return;
  const truth = learning.logLevels[target] ?? 0;
  for (let from = Math.max(FIRST_CUTOFF, cutoff - learning.steps); from <= target; from++) {
    const ahead = target - from;
    const model = learning.models[from];
    if (model === undefined) continue;
    learning.forecasts.forEach((byCutoff, which) => {
      const forecast = byCutoff[from];
      const loss = learning.losses[which];
      if (forecast === undefined || loss === undefined) return;
      loss.sum += Math.abs(truth - (forecast[ahead] ?? truth)) / Math.sqrt(ahead + 1);
      loss.count++;
    });
    const error = truth - (model.medians[ahead] ?? truth);
    learning.squares[ahead] = (learning.squares[ahead] ?? 0) + error * error;
    learning.counts[ahead] = (learning.counts[ahead] ?? 0) + 1;
    takePeak(learning, model, target, ahead);
  }
}

function takePeak(learning: Learning, model: LevelModel, target: number, ahead: number): void {
  const logPeak = (learning.logLevels[target] ?? 0) + (learning.logPeakRatios[target] ?? Number.NaN);
  if (Number.isNaN(logPeak)) return;
  const centre = (model.medians[ahead] ?? 0) + model.peakMean;
  const plain = peakDeviation({ ...model, widening: 1 }, ahead) * studentQuantile(model.freedom);
  const miss = plain > 0 ? Math.abs(logPeak - centre) / plain : 0;
  learning.misses.push(miss);
  learning.past.peaks++;
  if (miss <= model.widening) learning.past.inside++;
}

/** Standard deviation of the logarithm of a peak, `ahead` + 1 periods from the cut-off. */
function peakDeviation(model: LevelModel, ahead: number): number {
  const level = model.noise + (ahead + 1) * model.step;
  const peak = model.peakSpread ** 2 * (1 + kernelWidth(model.peakCount) ** 2);
  return model.widening * Math.sqrt(level + peak);
}

/** Silverman's rule (1986, section 3.4.2): the width of a kernel over `count` values, as a share of their spread. */
export function kernelWidth(count: number): number {
  return Math.min(1, 1.06 * Math.max(1, count) ** -0.2);
}

function modelAt(learning: Learning, cutoff: number): LevelModel {
  const { kind, steps } = learning;
  const { noise, step, errors } = errorGrowth(learning);
  return {
    medians: mixedForecast(learning, cutoff, steps),
    noise,
    step,
    freedom: Math.min(MOST_FREEDOM, Math.max(PRIOR_ERRORS, PRIOR_ERRORS - 1 + errors)),
    ...peakStatistics(learning.logPeakRatios, cutoff, kind),
    widening: wideningOf(learning.misses, Math.max(0, cutoff - FIRST_CUTOFF)),
  };
}

/** Forecasts weighted by their past errors; one that has none yet counts as average. */
function mixedForecast(learning: Learning, cutoff: number, steps: number): Float64Array {
  const { forecasts, losses } = learning;
  const scored = losses.filter(({ count }) => count > 0);
  const average = scored.reduce((sum, loss) => sum + loss.sum / loss.count, 0) / Math.max(1, scored.length);
  const mixed = new Float64Array(steps);
  let total = 0;
  forecasts.forEach((byCutoff, which) => {
    const forecast = byCutoff[cutoff];
    const { sum, count } = losses[which] ?? { sum: 0, count: 0 };
    if (forecast === undefined) return;
    const loss = (sum + PRIOR_ERRORS * average) / (count + PRIOR_ERRORS);
    const weight = (loss + 1e-6) ** -ERROR_POWER;
    total += weight;
    for (let step = 0; step < steps; step++)
      mixed[step] = (mixed[step] ?? 0) + weight * (forecast[step] ?? 0);
  });
  return mixed.map((value) => value / total);
}

/**
 * Variance of an error as noise + steps x step, fitted to the squared errors at each distance, neither below 0. An
 * error `h` ahead overlaps with its neighbours, so it counts 1/h.
 */
function errorGrowth({ squares, counts, kind }: Learning): {
  readonly noise: number;
  readonly step: number;
  readonly errors: number;
} {
  let [s0, s1, s2, y0, y1] = [0, 0, 0, 0, 0];
  counts.forEach((count, at) => {
    if (count === 0) return;
    const ahead = at + 1;
    // Variances scatter in proportion to themselves: far ones are taken in proportion too.
    const weight = count / ahead / ahead ** 2;
    const mean = (squares[at] ?? 0) / count;
    s0 += weight;
    s1 += weight * ahead;
    s2 += weight * ahead * ahead;
    y0 += weight * mean;
    y1 += weight * mean * ahead;
  });
  const fitted = notNegativeLine(s0, s1, s2, y0, y1);
  const errors = counts[0] ?? 0;
  const blend = (prior: number, value: number): number =>
    (PRIOR_ERRORS * prior ** 2 + errors * value) / (PRIOR_ERRORS + errors);
  return {
    noise: blend(PRIOR_NOISE[kind], fitted.base),
    step: blend(PRIOR_STEP[kind], fitted.slope),
    errors,
  };
}

function notNegativeLine(
  s0: number,
  s1: number,
  s2: number,
  y0: number,
  y1: number,
): { readonly base: number; readonly slope: number } {
  if (s0 === 0) return { base: 0, slope: 0 };
  const determinant = s0 * s2 - s1 * s1;
  const isLine = determinant > 1e-9 * s0 * s2;
  const slope = isLine ? (s0 * y1 - s1 * y0) / determinant : 0;
  const base = isLine ? (s2 * y0 - s1 * y1) / determinant : y0 / s0;
  if (slope < 0) return { base: y0 / s0, slope: 0 };
  // Errors that begin at nothing grow from there.
  return base < 0 ? { base: 0, slope: y1 / s2 } : { base, slope };
}

function peakStatistics(
  logPeakRatios: Float64Array,
  cutoff: number,
  kind: "week" | "day",
): Pick<LevelModel, "peakMean" | "peakSpread" | "peakCount"> {
  const known = logPeakRatios.slice(0, cutoff).filter((ratio) => !Number.isNaN(ratio));
  if (known.length === 0) return { peakMean: 0, peakSpread: 4 * PRIOR_NOISE[kind], peakCount: 0 };
  const mean = known.reduce((sum, ratio) => sum + ratio, 0) / known.length;
  const squares = known.reduce((sum, ratio) => sum + (ratio - mean) ** 2, 0);
  const spread = Math.sqrt(
    (squares + PRIOR_ERRORS * PRIOR_PEAK_SPREAD ** 2) / (known.length - 1 + PRIOR_ERRORS),
  );
  return { peakMean: mean, peakSpread: spread, peakCount: known.length };
}

/**
 * The factor at which 90 % of past peaks would have been inside. Being too narrow is believed after few misses; being
 * too wide only after many periods, as misses of one period from many cut-offs are nearly the same.
 */
function wideningOf(misses: readonly number[], targets: number): number {
  const place = Math.ceil(HELD_LEVEL * (misses.length + 1)) - 1;
  const asked = misses.toSorted((a, b) => a - b)[Math.min(place, misses.length - 1)] ?? 1;
  const count = asked > 1 ? misses.length : targets;
  const widening = 1 + ((asked - 1) * count) / (count + PEAKS_TO_BELIEVE);
  return Math.min(WIDEST, Math.max(NARROWEST, widening));
}

/**
 * The 0.95 quantile of Student's t with `freedom` degrees (3 or more), by the expansion around the normal one
 * (Abramowitz and Stegun 26.7.5); within 1 % from 4 degrees on.
 */
export function studentQuantile(freedom: number): number {
  const z = normalScore(0.5 + HELD_LEVEL / 2);
  const [z3, z5, z7] = [z ** 3, z ** 5, z ** 7];
  return (
    z +
    (z3 + z) / (4 * freedom) +
    (5 * z5 + 16 * z3 + 3 * z) / (96 * freedom ** 2) +
    (3 * z7 + 19 * z5 + 17 * z3 - 15 * z) / (384 * freedom ** 3)
  );
}
