import { DAY_MS, HOUR_MS, MINUTE_MS } from "../../model/time.ts";
import { candidates, type LateMeans, lateMeans } from "./candidates.ts";
import { type DemandSource, knownShare, meanBetween, spreadBetween } from "./demand-source.ts";

/**
 * Inputs per token, per query, and past values mixed into the forecast. The day of the week is no input: in
 * two weeks of history it names the days themselves, and a network learns them by heart. Last week's value
 * is, among the past values.
 */
export const TOKEN_INPUTS = 6;
export const QUERY_INPUTS = 18;
export const CANDIDATES = 10;

/** Token ends, minutes before the origin: full grid in the last half hour, 90 minutes a day back. */
const TOKEN_MINUTES: readonly number[] = [
  0, 5, 10, 15, 20, 25, 30, 40, 50, 60, 80, 100, 120, 150, 180, 240, 300, 360, 450, 540, 630, 720, 810, 900,
  990, 1080, 1170, 1260, 1350, 1440,
];

/** Windows as a network takes them; all values in scales of their window around its location. */
export interface WindowBatch {
  readonly batch: number;
  readonly tokens: number;
  readonly queries: number;
  /** Row of token `t` of sample `b`: `b * sampleStride + t * tokenStride`; oldest token first. */
  readonly sampleStride: number;
  readonly tokenStride: number;
  /** `[batch x tokens x TOKEN_INPUTS]`. */
  readonly tokenInputs: Float64Array;
  /** `[batch x queries x QUERY_INPUTS]`; rows `b * queries + k`, as below. */
  readonly queryInputs: Float64Array;
  /** `[batch x queries x CANDIDATES]`, and the logarithms of the shares they start with. */
  readonly candidates: Float64Array;
  readonly priors: Float64Array;
  /** What came; 0 weight where it is not known. */
  readonly targets: Float64Array;
  readonly weights: Float64Array;
}

/** Token borders in steps before the origin, rising; borders finer than the grid fall together. */
export function tokenBorders(stepMs: number): readonly number[] {
  return [...new Set(TOKEN_MINUTES.map((minutes) => Math.round((minutes * MINUTE_MS) / stepMs)))];
}

/** An empty batch; `order` says whose rows of tokens lie together: a step's, or a sample's. */
export function newWindowBatch(
  batch: number,
  tokens: number,
  queries: number,
  order: "by-step" | "by-sample",
): WindowBatch {
  const rows = batch * queries;
  return {
    batch,
    tokens,
    queries,
    sampleStride: order === "by-step" ? 1 : tokens,
    tokenStride: order === "by-step" ? batch : 1,
    tokenInputs: new Float64Array(batch * tokens * TOKEN_INPUTS),
    queryInputs: new Float64Array(rows * QUERY_INPUTS),
    candidates: new Float64Array(rows * CANDIDATES),
    priors: new Float64Array(rows * CANDIDATES),
    targets: new Float64Array(rows),
    weights: new Float64Array(rows),
  };
}

/**
 * Writes sample `b`: what was known before index `origin`, and for each of `steps` ahead what is asked and,
 * where the source goes on, what came.
 */
export function writeWindow(
  batch: WindowBatch,
  b: number,
  source: DemandSource,
  borders: readonly number[],
  origin: number,
  steps: ArrayLike<number>,
): void {
  const window = windowAt(source, origin);
  writeTokens(batch, b, source, borders, origin, window);
  for (let k = 0; k < batch.queries; k++) {
    writeQuery(batch, b * batch.queries + k, source, origin, steps[k] ?? 1, window);
  }
}

/** What the numbers of a window are relative to, and its latest means. */
export interface Window {
  readonly location: number;
  readonly scale: number;
  readonly late: LateMeans;
}

/** Mean and standard deviation of the day before `origin`; the scale never below a tenth of the usual. */
export function windowAt(source: DemandSource, origin: number): Window {
  const spread = spreadBetween(source, origin - Math.round(DAY_MS / source.stepMs), origin);
  return {
    location: spread?.mean ?? 0,
    scale: spread === undefined ? 1 : Math.max(spread.deviation, 0.1),
    late: lateMeans(source, origin),
  };
}

function writeTokens(
  batch: WindowBatch,
  b: number,
  source: DemandSource,
  borders: readonly number[],
  origin: number,
  { location, scale }: Window,
): void {
  const { tokenInputs, tokens } = batch;
  for (let t = 0; t < tokens; t++) {
    const near = borders[tokens - 1 - t] ?? 0;
    const far = borders[tokens - t] ?? 0;
    const from = origin - far;
    const to = origin - near;
    const value = meanBetween(source, from, to);
    const middleMs = source.startMs + ((from + to) / 2) * source.stepMs;
    const back = Math.round((source.clock.sameTimeBefore(middleMs, 1) - middleMs) / source.stepMs);
    const before = meanBetween(source, from + back, to + back);
    const angle = dayAngle(source, middleMs);
    const at = (b * batch.sampleStride + t * batch.tokenStride) * TOKEN_INPUTS;
    tokenInputs[at] = bounded((value - location) / scale);
    tokenInputs[at + 1] = bounded((value - before) / scale);
    tokenInputs[at + 2] = 1 - knownShare(source, from, to);
    tokenInputs[at + 3] = Math.fround(0.5 * Math.log(((near + far) * source.stepMs) / (2 * HOUR_MS)));
    tokenInputs[at + 4] = Math.fround(Math.sin(angle));
    tokenInputs[at + 5] = Math.fround(Math.cos(angle));
  }
}

function writeQuery(
  batch: WindowBatch,
  row: number,
  source: DemandSource,
  origin: number,
  step: number,
  { location, scale, late }: Window,
): void {
  const target = origin + step - 1;
  const aheadMs = Math.min(DAY_MS, step * source.stepMs);
  const values = batch.candidates.subarray(row * CANDIDATES, (row + 1) * CANDIDATES);
  candidates(values, source, origin, step, late);
  const at = row * QUERY_INPUTS;
  const inputs = batch.queryInputs;
  for (let c = 0; c < CANDIDATES; c++) {
    const value = Math.fround(((values[c] as number) - location) / scale);
    values[c] = value;
    inputs[at + c] = bounded(value);
  }
  const utcMs = source.startMs + target * source.stepMs;
  const day = dayAngle(source, utcMs);
  inputs[at + 10] = Math.fround(0.4 * Math.log(aheadMs / HOUR_MS));
  inputs[at + 11] = Math.fround(aheadMs / DAY_MS);
  inputs[at + 12] = Math.fround(Math.sin(day));
  inputs[at + 13] = Math.fround(Math.cos(day));
  inputs[at + 14] = Math.fround(Math.sin(2 * day));
  inputs[at + 15] = Math.fround(Math.cos(2 * day));
  inputs[at + 16] = Math.fround(Math.log(scale));
  inputs[at + 17] = Math.fround(0.3 * Math.log(0.01 + late.hourDeviation / scale));
  writePriors(batch.priors, row * CANDIDATES, aheadMs);
  const truth = source.values[target] ?? Number.NaN;
  const known = !Number.isNaN(truth);
  batch.targets[row] = known ? Math.fround((truth - location) / scale) : 0;
  batch.weights[row] = known ? Math.min(3, scale) : 0;
}

/** Before any training: the last values near, the daily pattern with today's level later. */
function writePriors(priors: Float64Array, at: number, aheadMs: number): void {
  const near = 1 / (1 + aheadMs / HOUR_MS);
  const start = [3 * near, 3 * near, 1, 0, 0, 0.5, 1.5, 0, 2, -1];
  for (let c = 0; c < CANDIDATES; c++) priors[at + c] = start[c] as number;
}

/** Large distances grow as their logarithm; a gap is 0. */
function bounded(value: number): number {
  return Number.isNaN(value) ? 0 : Math.fround(Math.asinh(value));
}

function dayAngle({ clock }: DemandSource, utcMs: number): number {
  return (2 * Math.PI * (clock.localMs(utcMs) % DAY_MS)) / DAY_MS;
}
