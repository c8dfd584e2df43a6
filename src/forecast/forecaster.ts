import type { QuantileForecast } from "../model/forecast.ts";
import type { ScheduledEvent } from "../model/known-ahead.ts";
import { type DemandSeries, endMs } from "../model/series.ts";
import { epochMs } from "../model/time.ts";
import type { LocalClock } from "./local-clock.ts";

/** What a member is given beside the history. */
export interface ForecastContext {
  /** Local clock of the series: daily and weekly terms follow it, so a peak stays at 09:00 over DST. */
  readonly clock: LocalClock;
  /**
   * Scheduled events known at the end of the history, past and coming. Only members with `takesEvents` look
   * at them: the others are given the history with the effects of events taken out.
   */
  readonly events?: readonly ScheduledEvent[];
  /** Weights of this member trained on many series together, where there are any. */
  readonly shared?: FittedState;
}

/** Fitted parameters as plain data (numbers, strings, typed arrays): survives a trip between threads. */
export type FittedState = object;

/**
 * How often a member is refitted; between refits its parameters are advanced over new data, which all do in
 * well under a millisecond. `light`: every hour, at most tens of milliseconds. `heavy`: every `refitMs`, at
 * most a second. `trained`: once a day, at most some seconds.
 */
export type MemberCost = "light" | "heavy" | "trained";

/**
 * A model without data. Every member of the ensemble is one.
 *
 * Histories are as observed: `NaN` is a gap, values are not negative, the last value may be a gap.
 */
export interface Forecaster {
  readonly name: string;
  readonly cost: MemberCost;
  /** Models events itself (see `ForecastContext.events`). */
  readonly takesEvents: boolean;
  /** Its interval follows the state of now: the ensemble leans on it within the hour. At most one member is. */
  readonly nearTerm: boolean;
  /** Known demand the model asks for; less is refused. */
  readonly needs: { readonly knownSteps: number; readonly spanMs: number };
  /** `previous`: the parameters of the fit before, on older data: a warm start, never needed. */
  fit(history: DemandSeries, context: ForecastContext, previous?: FittedState): FitOutcome;
  /** The same parameters on newer (or older) data: `state` of a fit, no estimation. */
  restore(state: FittedState, history: DemandSeries, context: ForecastContext): FittedForecaster;
}

export type FitOutcome =
  | { readonly kind: "fitted"; readonly model: FittedForecaster }
  /** Not enough, or nothing to learn from; the reason in words. An expected ending, never thrown. */
  | { readonly kind: "refused"; readonly reason: string };

/** A model with parameters, standing at the end of a history. */
export interface FittedForecaster {
  readonly state: FittedState;
  /** Quantiles of the next `horizonSteps` steps. */
  forecast(horizonSteps: number, levels: readonly number[]): QuantileForecast;
  /**
   * Quantiles at chosen steps only (1 is the first step ahead, rising): `rows[k][j]` is `levels[k]` at
   * `steps[j]`.
   */
  at(steps: readonly number[], levels: readonly number[]): Float64Array[];
  /** The same parameters at the end of another history. */
  advance(history: DemandSeries): FittedForecaster;
}

/** What the author of a member writes; `defineForecaster` adds the guards and the guarantees. */
export interface ForecasterSpec<State extends object> {
  readonly name: string;
  readonly cost: MemberCost;
  /** False unless given. */
  readonly takesEvents?: boolean;
  /** False unless given. */
  readonly nearTerm?: boolean;
  readonly needs: { readonly knownSteps: number; readonly spanMs: number };
  /**
   * Parameters from a history that meets `needs`; a string refuses, with that reason. May throw: becomes a
   * refusal.
   */
  readonly estimate: (history: DemandSeries, context: ForecastContext, previous?: State) => State | string;
  /** `rows[k][j]`: `levels[k]` at `steps[j]` ahead. Need not be sorted, finite or above zero. */
  readonly quantiles: (
    state: State,
    history: DemandSeries,
    context: ForecastContext,
    steps: readonly number[],
    levels: readonly number[],
  ) => Float64Array[];
}

/**
 * A forecaster from its two formulas. Guarantees what every member owes: short or empty histories and
 * exceptions become refusals, quantiles are finite, sorted and not negative.
 */
export function defineForecaster<State extends object>(spec: ForecasterSpec<State>): Forecaster {
  const restore = (
    state: FittedState,
    history: DemandSeries,
    context: ForecastContext,
  ): FittedForecaster => ({
    state,
    at: (steps, levels) => tidyRows(spec.quantiles(state as State, history, context, steps, levels)),
    forecast: (horizonSteps, levels) => {
      const steps = Array.from({ length: horizonSteps }, (_, i) => i + 1);
      const rows = tidyRows(spec.quantiles(state as State, history, context, steps, levels));
      return { cutoffMs: epochMs(endMs(history)), stepMs: history.stepMs, levels, quantiles: rows };
    },
    advance: (newer) => restore(state, newer, context),
  });
  const fit = (history: DemandSeries, context: ForecastContext, previous?: FittedState): FitOutcome => {
    const short = tooShort(spec, history);
    if (short !== undefined) return { kind: "refused", reason: short };
    try {
      const state = spec.estimate(history, context, previous as State | undefined);
      if (typeof state === "string") return { kind: "refused", reason: state };
      const model = restore(state, history, context);
      // Sums that overflow show in the first answer; better refused now than thrown at every forecast.
      model.at([1], [0.5]);
      return { kind: "fitted", model };
    } catch (error) {
      return { kind: "refused", reason: `fit failed: ${String(error).split("\n", 1)[0]}` };
    }
  };
  const { name, cost, needs, takesEvents = false, nearTerm = false } = spec;
  return { name, cost, needs, takesEvents, nearTerm, fit, restore };
}

function tooShort(spec: Pick<Forecaster, "name" | "needs">, history: DemandSeries): string | undefined {
  const { values, stepMs } = history;
  let known = 0;
  let first = -1;
  for (let i = 0; i < values.length; i++) {
    if (Number.isNaN(values[i])) continue;
    known++;
    if (first < 0) first = i;
  }
  if (known < spec.needs.knownSteps) return `needs ${spec.needs.knownSteps} known steps, has ${known}`;
  const spanMs = (values.length - first) * stepMs;
  if (spanMs >= spec.needs.spanMs) return undefined;
  const hours = (ms: number): string => (ms / 3_600_000).toFixed(1);
  return `needs ${hours(spec.needs.spanMs)} h of history, has ${hours(spanMs)} h`;
}

/**
 * Finite, not negative, rising with the level at each step. A non-finite quantile breaks an assumption:
 * throws.
 */
function tidyRows(rows: Float64Array[]): Float64Array[] {
  rows.forEach((row, k) => {
    for (let j = 0; j < row.length; j++) {
      const value = row[j] ?? Number.NaN;
      if (!Number.isFinite(value)) throw new Error(`quantile ${k} at step ${j} is ${value}`);
      row[j] = Math.max(0, value);
    }
  });
  const unsorted = new Set<number>();
  for (let k = 1; k < rows.length; k++) {
    const row = rows[k] as Float64Array;
    const below = rows[k - 1] as Float64Array;
    for (let j = 0; j < row.length; j++) if ((row[j] as number) < (below[j] as number)) unsorted.add(j);
  }
  const column = new Float64Array(rows.length);
  for (const j of unsorted) {
    rows.forEach((row, k) => {
      column[k] = row[j] ?? 0;
    });
    column.sort();
    rows.forEach((row, k) => {
      row[j] = column[k] ?? 0;
    });
  }
  return rows;
}
