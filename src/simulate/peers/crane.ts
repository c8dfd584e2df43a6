import type { FigureWorld } from "../figures.ts";

const MARGIN = 0.1;
const HISTORY_DAYS = 28;
const DAY_CYCLES = 3;
const WEEK_CYCLES = 2;
const LEAST_CORRELATION = 0.5;

/**
 * What Crane's DSP predictor expects at most within [t, t + lead], requests/s; NaN where it finds no rhythm.
 *
 * Once a day the autocorrelation at one day and one week (at least 0.5) picks the period; the forecast is
 * the highest value of the same window in the last 3 days (or 2 weeks), values clipped to P0.1 and P99.9,
 * times 1.1. Source: gocrane/crane, its DSP package (`maxValue`, margin fraction) and pkg/controller/ehpa:
 * the forecast is one more metric of the HPA, the larger wins.
 */
export function craneForecast(world: FigureWorld): Float64Array {
  const { demandRps, leadSteps } = world;
  const day = Math.round(1440 / world.stepMinutes);
  const steps = demandRps.length;
  const line = interpolated(demandRps);
  const held = heldForward(demandRps);
  const forecastRps = new Float64Array(steps).fill(Number.NaN);
  for (let from = day; from < steps; from += day) {
    const first = Math.max(0, from - HISTORY_DAYS * day);
    // The line over a gap that is still open would know its far end.
    const isOpen = Number.isNaN(demandRps[from - 1] ?? Number.NaN);
    const history = (isOpen ? held : line).slice(first, from);
    const rhythm = rhythmOf(history, day);
    if (rhythm === undefined) continue;
    for (let step = from; step < Math.min(from + day, steps); step++) {
      const most = highest(history, step - first, leadSteps, rhythm);
      if (most !== undefined) forecastRps[step] = most * (1 + MARGIN);
    }
  }
  return forecastRps;
}

interface Rhythm {
  readonly period: number;
  readonly cycles: number;
}

/**
 * The period that the last weeks repeat, `history` clipped in place; undefined: none, or too little is
 * known.
 */
function rhythmOf(history: Float64Array, day: number): Rhythm | undefined {
  if (history.length < 3 * day) return undefined;
  clip(history);
  const daily = correlation(history.subarray(Math.max(0, history.length - 14 * day)), day);
  const weekly = correlation(history, 7 * day);
  if (Math.max(daily, weekly) < LEAST_CORRELATION) return undefined;
  return weekly > daily ? { period: 7 * day, cycles: WEEK_CYCLES } : { period: day, cycles: DAY_CYCLES };
}

/** What the HPA rule is shown: the larger of demand and forecast. */
export function craneSignal(seenRps: Float64Array, forecastRps: Float64Array): Float64Array {
  return seenRps.map((seen, step) => {
    const forecast = forecastRps[step] ?? Number.NaN;
    if (Number.isNaN(seen)) return forecast;
    return Number.isNaN(forecast) ? seen : Math.max(seen, forecast);
  });
}

function highest(history: Float64Array, at: number, leadSteps: number, rhythm: Rhythm): number | undefined {
  let most: number | undefined;
  for (let cycle = 1; cycle <= rhythm.cycles; cycle++) {
    for (let ahead = 0; ahead <= leadSteps; ahead++) {
      const value = history[at + ahead - cycle * rhythm.period];
      if (value !== undefined && (most === undefined || value > most)) most = value;
    }
  }
  return most;
}

function clip(values: Float64Array): void {
  const sorted = values.slice().sort();
  const at = (share: number): number => {
    const rank = (sorted.length - 1) * share;
    const low = sorted[Math.floor(rank)] ?? 0;
    return low + ((sorted[Math.ceil(rank)] ?? low) - low) * (rank - Math.floor(rank));
  };
  const [low, high] = [at(0.001), at(0.999)];
  for (let i = 0; i < values.length; i++) values[i] = Math.min(high, Math.max(low, values[i] ?? 0));
}

function correlation(values: Float64Array, lag: number): number {
  const { length } = values;
  if (length < 2 * lag + 10) return -1;
  let sum = 0;
  for (const value of values) sum += value;
  const mean = sum / length;
  let square = 0;
  for (const value of values) square += (value - mean) ** 2;
  let cross = 0;
  for (let i = lag; i < length; i++) cross += ((values[i - lag] ?? 0) - mean) * ((values[i] ?? 0) - mean);
  return cross / (length - lag) / Math.max(square / length, 1e-12);
}

/** Gaps filled by a straight line, ends held. */
function interpolated(values: ArrayLike<number>): Float64Array {
  const filled = Float64Array.from(values);
  let last = -1;
  for (let i = 0; i < filled.length; i++) {
    if (Number.isNaN(filled[i] ?? Number.NaN)) continue;
    const to = filled[i] ?? 0;
    const from = last < 0 ? to : (filled[last] ?? 0);
    for (let k = last + 1; k < i; k++) filled[k] = from + ((to - from) * (k - last)) / (i - last);
    last = i;
  }
  if (last >= 0) filled.fill(filled[last] ?? 0, last + 1);
  return filled;
}

/** Gaps filled with the last value; those at the start with the first one. */
function heldForward(values: ArrayLike<number>): Float64Array {
  const filled = Float64Array.from(values);
  let last = filled.find((value) => !Number.isNaN(value)) ?? Number.NaN;
  return filled.map((value) => {
    if (!Number.isNaN(value)) last = value;
    return last;
  });
}
