import type { Prophet } from "@bsull/augurs/prophet";
import type { DemandSeries } from "../../model/series.ts";
import { DAY_MS, MINUTE_MS } from "../../model/time.ts";
import { type Autoregression, arErrorQuantiles, continueAr, fitAr } from "../autoregression.ts";
import { offsetRows } from "../error-quantiles.ts";
import { type ErrorScale, errorScale, scaleAt } from "../error-scale.ts";
import { defineForecaster, type ForecastContext, type Forecaster } from "../forecaster.ts";
import { newProphet } from "../prophet-module.ts";
import { localSlots } from "../seasonal-fit.ts";

interface ProphetState extends Autoregression {
  /** Prophet's curve every `gridMs` from `startMs`, over the history and `REACH_MS` beyond. */
  readonly startMs: number;
  readonly gridMs: number;
  /** From the start of a step to the start of the mean whose middle is the step's. */
  readonly shiftMs: number;
  readonly curve: Float64Array;
  readonly scale: ErrorScale;
}

const GRID_MS = 15 * MINUTE_MS;
/** How far past its history a fit is asked about: a day of use, then a day ahead. */
const REACH_MS = 2.25 * DAY_MS;
const MAX_AR = 18;

/**
 * Prophet (Taylor and Letham 2018; the Stan model itself, compiled to WebAssembly) on 15-minute means, with
 * an AR law on its errors: alone it ignores the last value and is 1.6 times worse than naive an hour ahead.
 * Intervals come from past errors, as its own are drawn at random.
 */
export const prophet: Forecaster = defineForecaster<ProphetState>({
  name: "prophet",
  cost: "heavy",
  needs: { knownSteps: 96, spanMs: 2 * DAY_MS },
  estimate: (history, context) => {
    if (history.stepMs > DAY_MS / 8) return "needs at least eight steps a day";
    const gridMs = Math.max(GRID_MS, history.stepMs);
    const { times, means } = gridMeans(history, gridMs);
    if (times.length < 100) return `needs 100 known means of ${gridMs / MINUTE_MS} min, has ${times.length}`;
    // Constant or all-zero series trap the module; the other members answer them exactly.
    if (spread(means) <= 1e-9 * Math.abs(means[0] ?? 0)) return "demand is constant";
    const curve = fitCurve(history, gridMs, times, means, context);
    if (typeof curve === "string") return curve;
    const shiftMs = (gridMs - history.stepMs) / 2;
    const base = { startMs: history.startMs, gridMs, shiftMs, curve };
    const errors = history.values.map(
      (value, i) => value - curveAt(base, history.startMs + i * history.stepMs),
    );
    const slots = localSlots(history, context.clock, false);
    const scale = errorScale(errors, slots);
    const scales = Float64Array.from(slots.slotOf, (slot) => scale.values[slot] ?? 1);
    const { coefficients } = fitAr(errors, MAX_AR, 0);
    const dayAhead = Math.round(DAY_MS / history.stepMs);
    const table = arErrorQuantiles(coefficients, errors, scales, dayAhead);
    return { ...base, coefficients, errors: table, scale };
  },
  quantiles: (state, history, { clock }, steps, levels) => {
    const { stepMs, startMs, values } = history;
    const from = Math.max(0, values.length - state.coefficients.length);
    const errors = values
      .subarray(from)
      .map((value, i) => value - curveAt(state, startMs + (from + i) * stepMs));
    const path = continueAr(state.coefficients, errors, steps[steps.length - 1] ?? 1);
    const rows = offsetRows(state.errors, steps, levels);
    steps.forEach((step, j) => {
      const atMs = startMs + (values.length + step - 1) * stepMs;
      const point = curveAt(state, atMs) + (path[step - 1] ?? 0);
      const width = scaleAt(state.scale, clock, atMs);
      for (const row of rows) row[j] = point + (row[j] ?? 0) * width;
    });
    return rows;
  },
});

/**
 * Means of the known values per `gridMs`, aligned to the start of the history; times in ms, cells without
 * any left out.
 */
function gridMeans(
  { startMs, stepMs, values }: DemandSeries,
  gridMs: number,
): { times: number[]; means: number[] } {
  const times: number[] = [];
  const means: number[] = [];
  const perCell = Math.max(1, Math.round(gridMs / stepMs));
  for (let i = 0; i < values.length; i += perCell) {
    let sum = 0;
    let count = 0;
    for (let k = i; k < Math.min(values.length, i + perCell); k++) {
      const value = values[k] ?? Number.NaN;
      if (Number.isNaN(value)) continue;
      sum += value;
      count++;
    }
    if (count === 0) continue;
    times.push(startMs + i * stepMs);
    means.push(sum / count);
  }
  return { times, means };
}

type Attempt = readonly [growth: "linear" | "flat", algorithm: "lbfgs" | "bfgs"];

/**
 * `fit` throws when its line search fails. Python's Prophet then takes Newton, which traps in this build: so
 * BFGS, then a flat trend.
 */
const ATTEMPTS: readonly Attempt[] = [
  ["linear", "lbfgs"],
  ["linear", "bfgs"],
  ["flat", "bfgs"],
];

/** Prophet's curve over the history and `REACH_MS` beyond, or why no attempt converged. */
function fitCurve(
  history: DemandSeries,
  gridMs: number,
  times: readonly number[],
  means: number[],
  { clock }: ForecastContext,
): Float64Array | string {
  const localS = (ms: number): number => Math.round(clock.localMs(ms) / 1000);
  const spanMs = history.values.length * history.stepMs;
  const asked = Array.from({ length: Math.ceil((spanMs + REACH_MS) / gridMs) + 2 }, (_, i) =>
    localS(history.startMs + i * gridMs),
  );
  let reason = "";
  for (const [growth, algorithm] of ATTEMPTS) {
    const model = newProphet({
      growth,
      uncertaintySamples: 0,
      yearlySeasonality: { type: "manual", enabled: false },
      weeklySeasonality: { type: "manual", enabled: spanMs >= 13.5 * DAY_MS },
      dailySeasonality: { type: "manual", enabled: true },
    });
    try {
      model.fit({ ds: times.map(localS), y: means }, { algorithm });
      const curve = readCurve(model, asked);
      if (curve.every(Number.isFinite)) return curve;
      reason = `${growth} ${algorithm}: curve not finite`;
    } catch (error) {
      reason = `${growth} ${algorithm}: ${String(error).split("\n", 1)[0]}`;
    } finally {
      model.free();
    }
  }
  return `no optimizer converged, last ${reason}`;
}

/** Answers are read by time: an hour that the clock shows twice is asked for once. */
function readCurve(model: Prophet, asked: readonly number[]): Float64Array {
  const ds = [...new Set(asked)].sort((a, b) => a - b);
  const { ds: answered, yhat } = model.predict({ ds });
  const byTime = new Map(answered.map((time, i) => [Number(time), yhat.point[i] ?? Number.NaN]));
  return Float64Array.from(asked, (time) => byTime.get(time) ?? Number.NaN);
}

/** The curve for the step that starts at `utcMs`, linear between its points, held at both ends. */
function curveAt(state: Omit<ProphetState, "scale" | keyof Autoregression>, utcMs: number): number {
  const { startMs, gridMs, shiftMs, curve } = state;
  const position = Math.min(curve.length - 1, Math.max(0, (utcMs - shiftMs - startMs) / gridMs));
  const low = Math.floor(position);
  const first = curve[low] ?? 0;
  return first + ((curve[low + 1] ?? first) - first) * (position - low);
}

function spread(values: readonly number[]): number {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const value of values) {
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  return high - low;
}
