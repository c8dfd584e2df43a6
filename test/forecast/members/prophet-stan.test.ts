import { Prophet, type ProphetOptions } from "@bsull/augurs/prophet";
import { beforeAll, describe, expect, it } from "vitest";
import { localClock } from "../../../src/forecast/local-clock.ts";
import { curveOf, evaluateCurve } from "../../../src/forecast/prophet/prophet-curve.ts";
import {
  DAILY,
  designMatrix,
  gridCells,
  type Seasonality,
  scaling,
  stanData,
  WEEKLY,
} from "../../../src/forecast/prophet/prophet-design.ts";
import { fitProphet } from "../../../src/forecast/prophet/prophet-fit.ts";
import { newProphet } from "../../../src/forecast/prophet/prophet-module.ts";
import { maximizePosterior, type StanParams } from "../../../src/forecast/prophet/prophet-posterior.ts";
import { climbWithStan } from "../../../src/forecast/prophet/prophet-stan.ts";
import type { ScheduledEvent } from "../../../src/model/known-ahead.ts";
import { type DemandSeries, endMs } from "../../../src/model/series.ts";
import { DAY_MS, epochMs, HOUR_MS } from "../../../src/model/time.ts";
import { DAY_STEPS, dailyWave, START_MS, STEP_MS, seriesOf } from "../fixtures.ts";

/** What the library hands to its optimizer. */
interface LibraryData {
  readonly T: number;
  readonly S: number;
  readonly K: number;
  readonly y: readonly number[];
  readonly t: readonly number[];
  readonly t_change: readonly number[];
  readonly X: readonly (readonly number[])[];
  readonly sigmas: readonly number[];
  readonly tau: number;
  readonly trend_indicator: number;
}

/** Two weeks with a bend, a quieter weekend, a gap and ten unknown steps. */
function bentWave(): DemandSeries {
  const values = dailyWave(14, { level: 150, noise: 0.2 }).values.map((value, i) => {
    const weekend = Math.floor(i / DAY_STEPS) % 7 >= 5 ? 0.7 : 1;
    return value * weekend + Math.max(0, i - 5 * DAY_STEPS) * 0.05;
  });
  values.fill(Number.NaN, 700, 720);
  values[1500] = Number.NaN;
  return seriesOf(values);
}

const SEASONALITIES: readonly Seasonality[] = [WEEKLY, DAILY];
const SALE: ScheduledEvent = {
  id: "s",
  kind: "sale",
  startMs: epochMs(START_MS + 3 * DAY_MS + 10 * HOUR_MS),
  endMs: epochMs(START_MS + 3 * DAY_MS + 12 * HOUR_MS),
  lift: undefined,
  announcedMs: epochMs(START_MS),
};

const seconds = (ms: number): number => Math.round(ms / 1000);

/** The library on `cells`, its optimizer replaced by one that answers `params` in the library's own order. */
function libraryWith(
  cells: ReturnType<typeof gridCells>,
  holiday: boolean,
  answer: (data: LibraryData) => StanParams,
): { data: LibraryData; model: Prophet } {
  let seen: LibraryData | undefined;
  const optimizer = {
    optimize: (_init: unknown, json: string) => {
      seen = JSON.parse(json) as LibraryData;
      return {
        logs: { debug: "", info: "", warn: "", error: "", fatal: "" },
        params: { ...answer(seen), trend: new Float64Array(seen.T) },
      };
    },
  };
  const occurrences = [{ start: seconds(SALE.startMs), end: seconds(SALE.endMs) }];
  const model = new Prophet({
    optimizer,
    uncertaintySamples: 0,
    yearlySeasonality: { type: "manual", enabled: false },
    weeklySeasonality: { type: "manual", enabled: true },
    dailySeasonality: { type: "manual", enabled: true },
    ...(holiday ? { holidays: new Map([["sale", { occurrences, priorScale: 10 }]]) } : {}),
  } as unknown as ProphetOptions);
  model.fit({ ds: Array.from(cells.startsMs, seconds), y: Array.from(cells.means) });
  if (seen === undefined) throw new Error("the library never called its optimizer");
  return { data: seen, model };
}

/** Index in the library's rows of each of our columns, found by value. */
function matchColumns(ours: readonly Float64Array[], theirs: readonly (readonly number[])[]): number[] {
  const rows = [1, 5, 47, 300, 325, 326, 327, 328, 1000];
  const taken = new Set<number>();
  return Array.from(ours[0] ?? [], (_, column) => {
    const found = Array.from(theirs[0] ?? []).findIndex(
      (_value, c) =>
        !taken.has(c) &&
        rows.every((r) => Math.abs((ours[r]?.[column] ?? 9) - (theirs[r]?.[c] ?? -9)) < 1e-6),
    );
    expect(found).toBeGreaterThanOrEqual(0);
    taken.add(found);
    return found;
  });
}

describe("Prophet against the library", () => {
  const history = bentWave();
  const clock = localClock("UTC", history.startMs, endMs(history) + 3 * DAY_MS);
  const cells = gridCells(history);
  const isSale = cells.startsMs.map((ms) => (ms >= SALE.startMs && ms < SALE.endMs ? 1 : 0));
  const rows = designMatrix(cells, clock, SEASONALITIES, [isSale]);
  const own = stanData(cells, rows, 1, "linear");

  beforeAll(() => {
    // Loads the library's module.
    newProphet({}).free();
  });

  it("gives Stan the data that the library gives, in whatever order the library has its columns", () => {
    for (let instance = 0; instance < 6; instance++) {
      const { data } = libraryWith(cells, true, (seen) => ({
        k: 0,
        m: 0,
        delta: new Float64Array(seen.S),
        beta: new Float64Array(seen.K),
        sigmaObs: 1,
      }));
      const order = matchColumns(own.X, data.X);
      expect([data.T, data.S, data.K, data.tau, data.trend_indicator]).toEqual([
        own.T,
        own.S,
        own.K,
        own.tau,
        own.trend_indicator,
      ]);
      expect(largestGap(own.y, data.y)).toBeLessThan(1e-12);
      expect(largestGap(own.t, data.t)).toBeLessThan(1e-12);
      expect(largestGap(own.t_change, data.t_change)).toBeLessThan(1e-12);
      expect(order.map((column) => data.sigmas[column])).toEqual(Array.from(own.sigmas));
      own.X.forEach((row, i) => {
        const theirs = order.map((column) => data.X[i]?.[column] ?? Number.NaN);
        expect(largestGap(row, theirs)).toBeLessThan(1e-9);
      });
    }
  });

  it("evaluates parameters as the library does, to 1e-9 of the largest demand, two days ahead too", () => {
    const { params } = maximizePosterior(own);
    const { model } = libraryWith(cells, true, (seen) => {
      const beta = new Float64Array(seen.K);
      matchColumns(own.X, seen.X).forEach((column, i) => {
        beta[column] = params.beta[i] ?? 0;
      });
      return { ...params, beta };
    });
    const atMs = Array.from({ length: 16 * 96 }, (_, i) => START_MS + i * 15 * 60_000);
    const { ds, yhat } = model.predict({ ds: atMs.map(seconds) });
    expect(ds.map(Number)).toEqual(atMs.map(seconds));
    const base = evaluateCurve(curveOf(cells, own.t_change, params, SEASONALITIES), clock, atMs);
    const { scale } = scaling(cells);
    const sale = (params.beta[params.beta.length - 1] ?? Number.NaN) * scale;
    const curve = base.map((value, i) => {
      const ms = atMs[i] ?? 0;
      return ms >= SALE.startMs && ms < SALE.endMs ? value + sale : value;
    });
    expect(largestGap(curve, yhat.point) / scale).toBeLessThan(1e-9);
    model.free();
  });

  it("finds parameters at least as probable as Stan's, and the same curve to 5 % of the spread", () => {
    const { params, exact } = maximizePosterior(own);
    expect(exact).toBe(true);
    const stan = climbWithStan(own, coldStart(own));
    const gain = logPosterior(own, params) - logPosterior(own, stan);
    expect(gain).toBeGreaterThan(-1e-6);
    const pair = [params, stan].map((found) =>
      evaluateCurve(curveOf(cells, own.t_change, found, SEASONALITIES), clock, cells.startsMs),
    );
    const gap = meanGap(pair[0] ?? [], pair[1] ?? []) / spreadOf(cells.means);
    expect(gap).toBeLessThan(0.05);
    expect(gap).toBeGreaterThan(0);
  });

  it("is at the top: any parameter moved either way is less probable", () => {
    const { params } = maximizePosterior(own);
    const top = logPosterior(own, params);
    const shifted = (array: Float64Array, i: number, by: number): Float64Array =>
      array.map((value, j) => (i === j ? value + by : value));
    for (const by of [-1e-4, 1e-4]) {
      expect(logPosterior(own, { ...params, k: params.k + by })).toBeLessThan(top);
      expect(logPosterior(own, { ...params, m: params.m + by })).toBeLessThan(top);
      expect(logPosterior(own, { ...params, sigmaObs: params.sigmaObs + by / 10 })).toBeLessThan(top);
      params.delta.forEach((_, s) => {
        expect(logPosterior(own, { ...params, delta: shifted(params.delta, s, by) })).toBeLessThan(top);
      });
      params.beta.forEach((_, f) => {
        expect(logPosterior(own, { ...params, beta: shifted(params.beta, f, by) })).toBeLessThan(top);
      });
    }
  });

  it("weighs Prophet's prior of the noise, which few cells do not drown", () => {
    const few = firstCells(own, 12);
    const { params, exact } = maximizePosterior(few);
    expect(exact).toBe(true);
    const top = logPosterior(few, params);
    for (const factor of [0.999, 1.001]) {
      expect(logPosterior(few, { ...params, sigmaObs: params.sigmaObs * factor })).toBeLessThan(top);
    }
  });

  it("leaves it to Stan where the exact way does not settle, and ends at the same curve", () => {
    const settled = fitProphet(cells, clock, SEASONALITIES, []);
    const climbed = fitProphet(cells, clock, SEASONALITIES, [], (data) => ({
      params: coldStart(data),
      exact: false,
    }));
    const pair = [settled, climbed].map(({ curve }) => evaluateCurve(curve, clock, cells.startsMs));
    const gap = meanGap(pair[0] ?? [], pair[1] ?? []) / spreadOf(cells.means);
    expect(gap).toBeLessThan(0.05);
    expect(gap).toBeGreaterThan(0);
  });

  it("has a flat trend when only that can be had", () => {
    const flat = stanData(cells, rows, 1, "flat");
    const { params, exact } = maximizePosterior(flat);
    expect(exact).toBe(true);
    expect([params.k, ...params.delta].every((value) => value === 0)).toBe(true);
    const stan = climbWithStan(flat, coldStart(flat));
    expect(Math.abs(params.m - stan.m)).toBeLessThan(1e-3);
  });

  it("keeps its cells when the history moves on by a step", () => {
    const moved = {
      ...history,
      startMs: epochMs(history.startMs + STEP_MS),
      values: history.values.slice(1),
    };
    const later = gridCells(moved);
    expect(later.startsMs).toEqual(cells.startsMs.slice(1));
    expect(later.means).toEqual(cells.means.slice(1));
  });
});

/** Demand of alternating size at the first cells, an offset as the only term. */
function firstCells(data: ReturnType<typeof stanData>, count: number): ReturnType<typeof stanData> {
  const y = Float64Array.from({ length: count }, (_, i) => (i % 2 === 0 ? 1 : 0.1));
  const X = Array.from(y, () => new Float64Array(0));
  const t = data.t.slice(0, count);
  return { ...data, T: count, K: 0, y, t, X, sigmas: new Float64Array(0), trend_indicator: 2 };
}

function coldStart(data: { S: number; K: number; y: Float64Array }): StanParams {
  const first = data.y[0] ?? 0;
  const k = (data.y[data.y.length - 1] ?? 0) - first;
  return { k, m: first, delta: new Float64Array(data.S), beta: new Float64Array(data.K), sigmaObs: 1 };
}

/** Log density of prophet.stan, up to a constant. */
function logPosterior(data: ReturnType<typeof stanData>, params: StanParams): number {
  const { k, m, delta, beta, sigmaObs } = params;
  let density = -data.T * Math.log(sigmaObs) - sigmaObs ** 2 / 0.5 - (k ** 2 + m ** 2) / 50;
  for (let i = 0; i < data.T; i++) {
    const t = data.t[i] ?? 0;
    let expected = m + k * t;
    delta.forEach((change, s) => {
      expected += change * Math.max(0, t - (data.t_change[s] ?? 0));
    });
    beta.forEach((coefficient, f) => {
      expected += coefficient * (data.X[i]?.[f] ?? 0);
    });
    density -= ((data.y[i] ?? 0) - expected) ** 2 / (2 * sigmaObs ** 2);
  }
  for (const change of delta) density -= Math.abs(change) / data.tau;
  beta.forEach((coefficient, f) => {
    density -= coefficient ** 2 / (2 * (data.sigmas[f] ?? 1) ** 2);
  });
  return density;
}

function largestGap(one: ArrayLike<number>, other: ArrayLike<number>): number {
  expect(one.length).toBe(other.length);
  return Array.from(one).reduce(
    (most, value, i) => Math.max(most, Math.abs(value - (other[i] ?? Infinity))),
    0,
  );
}

function meanGap(one: ArrayLike<number>, other: ArrayLike<number>): number {
  return Array.from(one).reduce((sum, value, i) => sum + Math.abs(value - (other[i] ?? 0)), 0) / one.length;
}

function spreadOf(values: Float64Array): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
}
