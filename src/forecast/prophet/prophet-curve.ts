import { DAY_MS } from "../../model/time.ts";
import type { LocalClock } from "../local-clock.ts";
import {
  type Cells,
  DAILY,
  fourierSize,
  type Seasonality,
  scaling,
  WEEKLY,
  writeFourier,
} from "./prophet-design.ts";
import type { StanParams } from "./prophet-posterior.ts";

/** Prophet's parameters, enough to evaluate it anywhere: about 200 bytes. */
export interface ProphetCurve {
  /** Where the scaled time is 0, and how long it takes to 1. */
  readonly fromMs: number;
  readonly spanMs: number;
  /** Demand at 1 in Prophet's units. */
  readonly scale: number;
  readonly weekly: boolean;
  /** Rate and offset of the trend at `fromMs`. */
  readonly k: number;
  readonly m: number;
  /** The changepoints at which the rate changes, scaled time, and by how much; most do not. */
  readonly bendAt: Float64Array;
  readonly bendBy: Float64Array;
  /** Fourier coefficients: of the week if `weekly`, then of the day; sine before cosine. */
  readonly beta: Float64Array;
}

/** The part of `params` that does not belong to events. */
export function curveOf(
  cells: Cells,
  changepoints: Float64Array,
  params: StanParams,
  seasonalities: readonly Seasonality[],
): ProphetCurve {
  const bends = Array.from(params.delta.keys()).filter((s) => params.delta[s] !== 0);
  return {
    ...scaling(cells),
    weekly: seasonalities.includes(WEEKLY),
    k: params.k,
    m: params.m,
    bendAt: Float64Array.from(bends, (s) => changepoints[s] ?? 0),
    bendBy: Float64Array.from(bends, (s) => params.delta[s] ?? 0),
    beta: params.beta.slice(0, fourierSize(seasonalities)),
  };
}

const ROW = new Float64Array(fourierSize([WEEKLY, DAILY]));

/** Trend plus seasonality at the instants `atMs`, without events, in the units of demand; may be negative. */
export function evaluateCurve(curve: ProphetCurve, clock: LocalClock, atMs: ArrayLike<number>): Float64Array {
  const { fromMs, spanMs, scale, k, m, bendAt, bendBy, beta } = curve;
  const seasonalities = curve.weekly ? [WEEKLY, DAILY] : [DAILY];
  const values = new Float64Array(atMs.length);
  for (let i = 0; i < values.length; i++) {
    const utcMs = atMs[i] as number;
    const t = (utcMs - fromMs) / spanMs;
    let value = m + k * t;
    for (let s = 0; s < bendAt.length; s++) {
      value += (bendBy[s] as number) * Math.max(0, t - (bendAt[s] as number));
    }
    writeFourier(ROW, clock.localMs(utcMs) / DAY_MS, seasonalities);
    for (let f = 0; f < beta.length; f++) value += (beta[f] as number) * (ROW[f] as number);
    values[i] = value * scale;
  }
  return values;
}
