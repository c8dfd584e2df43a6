import { type DemandSeries, sliceSeries } from "../model/series.ts";
import { DAY_MS, HOUR_MS } from "../model/time.ts";
import type { FittedForecaster, FittedState, Forecaster } from "./forecaster.ts";
import type { LocalClock } from "./local-clock.ts";
import { maskTraining } from "./masking.ts";

/** Levels kept of past forecasts: those the weights and the calibration score. */
export const TRACK_LEVELS: readonly number[] = [0.05, 0.1, 0.5, 0.9, 0.95];

/**
 * Days of past forecasts kept per member, and so the fits behind them. Heavy members cost 0.1 to 2 s a
 * fit.
 */
const TRACK_DAYS = { light: 7, heavy: 3, trained: 3 } as const;

/** What one member said at past cutoffs. */
export interface Track {
  readonly cutoffsMs: Float64Array;
  /** `values[(cutoff * knots + knot) * TRACK_LEVELS.length + level]`. */
  readonly values: Float64Array;
}

export interface StoredFit {
  readonly cutoffMs: number;
  readonly state: FittedState;
}

/**
 * Everything learned about one series, as plain data: goes to the worker with a job and comes back with
 * its answer.
 */
export interface LearnedState {
  readonly fits: Readonly<Record<string, readonly StoredFit[]>>;
  readonly tracks: Readonly<Record<string, Track>>;
  /** What the above was learned with; another grid or zone starts afresh. */
  readonly basis: string;
}

export interface RollingInput {
  readonly series: DemandSeries;
  readonly clock: LocalClock;
  readonly members: readonly Forecaster[];
  readonly knots: readonly number[];
  readonly trainMs: number;
  readonly learned: LearnedState;
}

/**
 * Brings every member's track up to the end of `series`: hourly cutoffs of the last days, each forecast from
 * what was known then, with parameters fitted at the midnight (UTC) before. What `learned` already holds is
 * kept, so that a series costs one fit per member and day, and a cold start the fits of a few days.
 */
export function rollTracks(input: RollingInput): {
  readonly learned: LearnedState;
  readonly failures: Readonly<Record<string, string>>;
} {
  const fits: Record<string, readonly StoredFit[]> = {};
  const tracks: Record<string, Track> = {};
  const failures: Record<string, string> = {};
  for (const member of input.members) {
    try {
      const rolled = rollMember(input, member);
      fits[member.name] = rolled.fits;
      tracks[member.name] = rolled.track;
    } catch (error) {
      failures[member.name] = `past forecasts failed: ${String(error).split("\n", 1)[0]}`;
    }
  }
  return { learned: { fits, tracks, basis: input.learned.basis }, failures };
}

function rollMember(input: RollingInput, member: Forecaster): { fits: readonly StoredFit[]; track: Track } {
  const { series, knots, learned } = input;
  const old = learned.tracks[member.name];
  const endMs = series.startMs + series.values.length * series.stepMs;
  const cutoffs = pastCutoffs(series, TRACK_DAYS[member.cost]);
  const stride = knots.length * TRACK_LEVELS.length;
  const values = new Float64Array(cutoffs.length * stride);
  const known = new Map(Array.from(old?.cutoffsMs ?? [], (ms, i) => [ms, i]));
  const store = new Map((learned.fits[member.name] ?? []).map((fit) => [fit.cutoffMs, fit.state]));
  const refused = new Set<number>();
  const kept: number[] = [];
  for (const cutoffMs of cutoffs) {
    const index = known.get(cutoffMs);
    const row =
      index === undefined || old === undefined
        ? modelFor(input, member, cutoffMs, store, refused)?.at(knots, TRACK_LEVELS)
        : old.values.subarray(index * stride, (index + 1) * stride);
    if (row === undefined) continue;
    values.set(row instanceof Float64Array ? row : interleave(row), kept.length * stride);
    kept.push(cutoffMs);
  }
  const oldest = endMs - (TRACK_DAYS[member.cost] + 1) * DAY_MS;
  const fits = [...store].filter(([ms]) => ms >= oldest).map(([cutoffMs, state]) => ({ cutoffMs, state }));
  return {
    fits,
    track: { cutoffsMs: Float64Array.from(kept), values: values.slice(0, kept.length * stride) },
  };
}

/** Rows per level to one run of levels per knot. */
function interleave(rows: readonly Float64Array[]): Float64Array {
  const knots = rows[0]?.length ?? 0;
  const values = new Float64Array(knots * rows.length);
  rows.forEach((row, l) => {
    for (let k = 0; k < knots; k++) values[k * rows.length + l] = row[k] ?? Number.NaN;
  });
  return values;
}

/**
 * The member with parameters of the midnight before `cutoffMs`, standing at `cutoffMs`; undefined when
 * refused.
 */
function modelFor(
  input: RollingInput,
  member: Forecaster,
  cutoffMs: number,
  store: Map<number, FittedState>,
  refused: Set<number>,
): FittedForecaster | undefined {
  const anchorMs = Math.floor(cutoffMs / DAY_MS) * DAY_MS;
  if (refused.has(anchorMs)) return undefined;
  const context = { clock: input.clock };
  const { series } = input;
  const history = sliceSeries(series, Math.max(series.startMs, cutoffMs - input.trainMs), cutoffMs);
  const stored = store.get(anchorMs);
  if (stored !== undefined) return member.restore(stored, history, context);
  const outcome = fitAt(input, member, anchorMs);
  if (outcome.kind === "refused") {
    refused.add(anchorMs);
    return undefined;
  }
  store.set(anchorMs, outcome.model.state);
  return outcome.model.advance(history);
}

/** A fit on the `trainMs` before `cutoffMs`, outages masked. */
export function fitAt(
  input: Pick<RollingInput, "series" | "clock" | "trainMs">,
  member: Forecaster,
  cutoffMs: number,
): ReturnType<Forecaster["fit"]> {
  const { series, clock, trainMs } = input;
  const fromMs = Math.max(series.startMs, cutoffMs - trainMs);
  if (cutoffMs <= fromMs) return { kind: "refused", reason: "no history" };
  return member.fit(maskTraining(sliceSeries(series, fromMs, cutoffMs), clock), { clock });
}

/**
 * One cutoff in each hour over the last `days`, never within the first six hours. The minute differs from
 * hour
 * to hour (golden ratio steps): demand that repeats every hour would else be scored at one phase only.
 */
function pastCutoffs({ startMs, stepMs, values }: DemandSeries, days: number): readonly number[] {
  const endMs = startMs + values.length * stepMs;
  const everyMs = Math.max(HOUR_MS, stepMs);
  const phases = Math.max(1, Math.floor(everyMs / stepMs));
  const cutoffs: number[] = [];
  const first = Math.ceil(Math.max(endMs - days * DAY_MS, startMs + DAY_MS / 4) / everyMs);
  for (let k = first; k * everyMs < endMs; k++) {
    const phase = Math.floor(((k * 0.618_033_988_749) % 1) * phases);
    const cutoffMs = startMs + (Math.ceil((k * everyMs - startMs) / stepMs) + phase) * stepMs;
    if (cutoffMs < endMs) cutoffs.push(cutoffMs);
  }
  return cutoffs;
}
