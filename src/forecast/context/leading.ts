import type { QuantileForecast } from "../../model/forecast.ts";
import type { LeadingEffect, LeadingSeries } from "../../model/known-ahead.ts";
import { type DemandSeries, endMs } from "../../model/series.ts";
import { DAY_MS, HOUR_MS } from "../../model/time.ts";
import { pinball } from "../ensemble/weights.ts";
import { addOuter, solveSymmetric } from "../kernels/linear-algebra.ts";
import { fitPattern, localSlots, patternAt, patternErrors } from "../kernels/seasonal-fit.ts";
import { clamp, median, sortedQuantile } from "../kernels/statistics.ts";
import type { LocalClock } from "../local-clock.ts";
import { type ComparedLeading, leadingEffect } from "./leading-effect.ts";
import { onGrid } from "./on-grid.ts";
import { plausible } from "./usual-level.ts";

/** A leading series that moved a forecast. */
export interface LeadingFound {
  readonly name: string;
  /** By how much it goes before demand. */
  readonly lagMs: number;
  /** Loss on held-out demand with it, over that without it, at the horizon where it helps most. */
  readonly lossRatio: number;
}

export interface Led {
  readonly forecast: QuantileForecast;
  readonly found: LeadingFound | undefined;
  /** One for each leading series, in their order. */
  readonly effects: readonly LeadingEffect[];
}

interface Compared extends ComparedLeading {
  readonly gains: readonly HorizonGain[];
}

/** Leading indicators of capacity act within two hours, or they are seasonality. */
const REACH_MS = 2 * HOUR_MS;
/** Pairs of values below which nothing is fitted. */
const LEAST_ROWS = 200;
/** Seven coefficients are no better known from more. */
const MOST_ROWS = 2_000;
/** Held-out loss has to fall by a tenth, and in five of six stretches of time. */
const ACCEPT_RATIO = 0.9;
const BLOCKS = 6;
const ACCEPT_BLOCKS = 5;
const SCORED_LEVELS = [0.1, 0.5, 0.9];

/** Relative deviations from the usual pattern, per step; NaN where not known or changed by an event. */
interface Deviations {
  readonly demand: Float64Array;
  readonly leading: Float64Array;
  readonly lag: number;
}

/** What was learned at one horizon, in steps. */
interface HorizonGain {
  readonly steps: number;
  /** Added to demand, as a share of its usual value. */
  readonly shift: number;
  /** Factor on the interval's width, at most 1. */
  readonly width: number;
  readonly lossRatio: number;
}

/**
 * Moves the first two hours of `forecast` by what a leading series knows, where it proved to know it.
 *
 * Per horizon two ridge regressions of demand's deviation from its usual pattern are compared on the latest
 * 30 % of the history: on demand's own last values, and on these and the leading series at the lag of the
 * highest cross-correlation of changes. Where the second has the lower pinball loss throughout, the forecast
 * moves by the difference of the two, and its interval narrows by their spreads. Series that prove nothing
 * leave the very same forecast.
 */
export function shiftByLeading(
  forecast: QuantileForecast,
  demand: DemandSeries,
  leading: readonly LeadingSeries[],
  clock: LocalClock,
  isChanged: (atMs: number) => boolean,
): Led {
  const { values, startMs, stepMs } = demand;
  const aside = (reason: string): Led => {
    const effects = leading.map(({ name }) => ({ name, accepted: false, lagMs: undefined, reason }));
    return { forecast, found: undefined, effects };
  };
  if (stepMs > HOUR_MS) return aside("steps of more than an hour are too coarse");
  if (leading.length === 0) return aside("");
  if (recentlyChanged(demand, isChanged)) return aside("an event changes demand now, or just did");
  const known = plausible(demand);
  const usual = usualValues(known, clock, isChanged);
  const compared: Compared[] = [];
  for (const { name, series } of leading) {
    const aligned = onGrid(plausible(series), demand);
    if (aligned === undefined) continue;
    const lead = usualValues(aligned, clock, isChanged).deviations;
    const lag = bestLag(usual.deviations, lead, Math.round(REACH_MS / stepMs));
    const gains = gainsAt({ demand: usual.deviations, leading: lead, lag }, stepMs);
    compared.push({ name, lagMs: lag * stepMs, lossRatio: bestRatio(gains), gains });
  }
  const best = bestOf(compared);
  const effects = leading.map(({ name }) => leadingEffect(name, compared, best));
  if (best === undefined) return { forecast, found: undefined, effects };
  const toBase = (step: number): number => usual.at(startMs + (values.length + step) * stepMs);
  const found = { name: best.name, lagMs: best.lagMs, lossRatio: best.lossRatio };
  return { forecast: shifted(forecast, best.gains, toBase, isChanged), found, effects };
}

/** The first of those that help most; undefined when none helps. */
function bestOf(compared: readonly Compared[]): Compared | undefined {
  let best: Compared | undefined;
  for (const each of compared) if (each.lossRatio < (best?.lossRatio ?? 1)) best = each;
  return best;
}

/** During an event, and just after one, both series move for a reason that is already counted. */
function recentlyChanged(demand: DemandSeries, isChanged: (atMs: number) => boolean): boolean {
  const nowMs = endMs(demand);
  for (let atMs = nowMs - demand.stepMs; atMs >= nowMs - HOUR_MS; atMs -= demand.stepMs) {
    if (isChanged(atMs)) return true;
  }
  return false;
}

function bestRatio(gains: readonly HorizonGain[]): number {
  return Math.min(1, ...gains.map((gain) => gain.lossRatio));
}

function usualValues(
  series: DemandSeries,
  clock: LocalClock,
  isChanged: (atMs: number) => boolean,
): { readonly deviations: Float64Array; at(atMs: number): number } {
  const { startMs, stepMs } = series;
  const values = series.values.map((value, i) => (isChanged(startMs + i * stepMs) ? Number.NaN : value));
  const isWeekly = values.length * stepMs >= 14 * DAY_MS;
  const orders = { daily: 6, weekly: isWeekly ? 6 : 0, hourly: 0 };
  const slots = localSlots(series, clock, isWeekly);
  const pattern = fitPattern(values, slots, orders);
  const negated = patternErrors(new Float64Array(values.length), slots, pattern);
  const floor = Math.max(0.1 * median(values), 1e-9) || 1e-9;
  const at = (atMs: number): number => Math.max(floor, patternAt(pattern, clock, atMs));
  // Some bots and outages are a thousand times the usual: they would own the regression.
  const deviations = values.map((value, i) => clamp(value / Math.max(floor, -(negated[i] ?? 0)) - 1, -1, 10));
  return { deviations, at };
}

/** Steps by which `leading` goes before `demand`: the highest correlation of changes; 0 when none is positive. */
function bestLag(demand: Float64Array, leading: Float64Array, furthest: number): number {
  const changes = (values: Float64Array): Float64Array =>
    values.map((value, i) => value - (values[i - 1] ?? Number.NaN));
  const own = changes(demand);
  const other = changes(leading);
  let best = 0;
  let highest = 0;
  for (let lag = 0; lag <= furthest; lag++) {
    let both = 0;
    let ownSquares = 0;
    let otherSquares = 0;
    for (let i = lag; i < own.length; i++) {
      const a = own[i] ?? Number.NaN;
      const b = other[i - lag] ?? Number.NaN;
      if (Number.isNaN(a + b)) continue;
      both += a * b;
      ownSquares += a * a;
      otherSquares += b * b;
    }
    const correlation = both / Math.sqrt(Math.max(ownSquares * otherSquares, Number.MIN_VALUE));
    if (correlation > highest + 1e-9) {
      highest = correlation;
      best = lag;
    }
  }
  return best;
}

function gainsAt(deviations: Deviations, stepMs: number): readonly HorizonGain[] {
  const reach = Math.max(1, Math.round(REACH_MS / stepMs));
  const steps = [1, 2, 3, 4, 6, 9, 12, 18, 24, 36, 60, 90, 120].filter((step) => step <= reach);
  return steps.flatMap((step) => horizonGain(deviations, step) ?? []);
}

/** Undefined where the leading series does not help. */
function horizonGain(deviations: Deviations, steps: number): HorizonGain | undefined {
  const length = deviations.demand.length;
  const now = features(deviations, length - 1, steps);
  if (now === undefined) return undefined;
  const rows: { readonly x: Float64Array; readonly y: number }[] = [];
  const stride = Math.max(1, Math.ceil(length / MOST_ROWS));
  for (let t = length - 1 - steps; t > 0; t -= stride) {
    const y = deviations.demand[t + steps] ?? Number.NaN;
    const x = features(deviations, t, steps);
    if (x !== undefined && !Number.isNaN(y)) rows.push({ x, y });
  }
  if (rows.length < LEAST_ROWS) return undefined;
  rows.reverse();
  const split = Math.floor(0.7 * rows.length);
  const train = rows.slice(0, split);
  const test = rows.slice(split);
  const alone = heldOut(train, test, OWN_FEATURES);
  const both = heldOut(train, test, ALL_FEATURES);
  const lossRatio = sum(both.losses) / Math.max(sum(alone.losses), Number.MIN_VALUE);
  if (!(lossRatio < ACCEPT_RATIO) || blocksWon(both.losses, alone.losses) < ACCEPT_BLOCKS) return undefined;
  const shift =
    dot(ridge(rows, ALL_FEATURES), now, ALL_FEATURES) - dot(ridge(rows, OWN_FEATURES), now, OWN_FEATURES);
  return { steps, shift, width: clamp(both.spread / alone.spread, 0.3, 1), lossRatio };
}

const OWN_FEATURES = 4;
const ALL_FEATURES = 7;

/**
 * Demand's last values, then the leading series where it tells of `t + steps` (its newest value beyond the
 * lag), just before that, and where it told of `t`. Undefined where one is not known.
 */
function features({ demand, leading, lag }: Deviations, t: number, steps: number): Float64Array | undefined {
  const told = Math.min(t, t + steps - lag);
  const row = Float64Array.of(
    1,
    demand[t] ?? Number.NaN,
    demand[t - 1] ?? Number.NaN,
    ((demand[t - 2] ?? Number.NaN) + (demand[t - 3] ?? Number.NaN)) / 2,
    leading[told] ?? Number.NaN,
    leading[told - 1] ?? Number.NaN,
    leading[t - lag] ?? Number.NaN,
  );
  return row.some(Number.isNaN) ? undefined : row;
}

type Row = { readonly x: Float64Array; readonly y: number };

/** Pinball losses on `test` of a regression fitted on `train`, and the spread of its errors there. */
function heldOut(
  train: readonly Row[],
  test: readonly Row[],
  size: number,
): { readonly losses: Float64Array; readonly spread: number } {
  const beta = ridge(train, size);
  const errors = Float64Array.from(train, ({ x, y }) => y - dot(beta, x, size)).sort();
  const offsets = SCORED_LEVELS.map((level) => sortedQuantile(errors, level));
  const losses = Float64Array.from(test, ({ x, y }) => {
    const point = dot(beta, x, size);
    let loss = 0;
    SCORED_LEVELS.forEach((level, l) => {
      loss += pinball(y, point + (offsets[l] ?? 0), level);
    });
    return loss;
  });
  const seen = Float64Array.from(test, ({ x, y }) => y - dot(beta, x, size)).sort();
  return { losses, spread: Math.max(1e-9, sortedQuantile(seen, 0.95) - sortedQuantile(seen, 0.05)) };
}

function ridge(rows: readonly Row[], size: number): Float64Array {
  const gram = new Float64Array(size * size);
  const right = new Float64Array(size);
  for (const { x, y } of rows) addOuter(gram, right, x.subarray(0, size), 1, y);
  // A thousandth of the diagonal: enough for two columns that are one.
  const penalty = Float64Array.from({ length: size }, (_, i) => 1e-3 * (gram[i * size + i] ?? 0) + 1e-12);
  penalty[0] = 1e-12;
  return solveSymmetric(gram, right, size, penalty);
}

function dot(beta: Float64Array, x: Float64Array, size: number): number {
  let total = 0;
  for (let i = 0; i < size; i++) total += (beta[i] ?? 0) * (x[i] ?? 0);
  return total;
}

function blocksWon(own: Float64Array, other: Float64Array): number {
  const size = Math.ceil(own.length / BLOCKS);
  let won = 0;
  for (let from = 0; from < own.length; from += size) {
    if (sum(own.subarray(from, from + size)) < sum(other.subarray(from, from + size))) won++;
  }
  return won;
}

function sum(values: Float64Array): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}

/** Between the horizons looked at shifts are on a line; beyond the last of them nothing moves. */
function shifted(
  forecast: QuantileForecast,
  gains: readonly HorizonGain[],
  toBase: (step: number) => number,
  isChanged: (atMs: number) => boolean,
): QuantileForecast {
  const quantiles = forecast.quantiles.map((row) => row.slice());
  const middle = forecast.levels.indexOf(0.5);
  const last = gains.at(-1)?.steps ?? 0;
  for (let step = 0; step < Math.min(last, quantiles[0]?.length ?? 0); step++) {
    if (isChanged(forecast.cutoffMs + step * forecast.stepMs)) continue;
    const centre = quantiles[middle]?.[step] ?? 0;
    const { shift, width } = gainAt(gains, step + 1);
    for (const row of quantiles) {
      const moved = centre + shift * toBase(step) + ((row[step] ?? 0) - centre) * width;
      row[step] = Math.max(0, moved);
    }
  }
  return { ...forecast, quantiles };
}

function gainAt(
  gains: readonly HorizonGain[],
  steps: number,
): { readonly shift: number; readonly width: number } {
  const after = gains.findIndex((gain) => gain.steps >= steps);
  const high = gains[after];
  const low = gains[after - 1];
  if (high === undefined) return { shift: 0, width: 1 };
  if (low === undefined) return high.steps === steps ? high : { shift: 0, width: 1 };
  const share = (steps - low.steps) / (high.steps - low.steps);
  return {
    shift: low.shift + (high.shift - low.shift) * share,
    width: low.width + (high.width - low.width) * share,
  };
}
