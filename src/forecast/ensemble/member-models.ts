import type { ScheduledEvent } from "../../model/known-ahead.ts";
import { type DemandSeries, endMs } from "../../model/series.ts";
import { epochMs } from "../../model/time.ts";
import type {
  FitOutcome,
  FittedForecaster,
  FittedState,
  ForecastContext,
  Forecaster,
} from "../forecaster.ts";
import { perHistory } from "../kernels/per-history.ts";
import type { LocalClock } from "../local-clock.ts";
import { maskTraining } from "../masking.ts";

/** What members are fitted on and answer from. */
export interface ModelInput {
  /** Demand with the effects of events taken out. */
  readonly series: DemandSeries;
  /** Demand as it was, on the same grid; `series` unless given. */
  readonly observed?: DemandSeries | undefined;
  readonly events?: readonly ScheduledEvent[] | undefined;
  /** Factor that events put on demand in the step that starts at `ms`. */
  readonly eventFactor?: ((ms: number) => number) | undefined;
  /** Weights trained on many series together, by member. */
  readonly shared?: Readonly<Record<string, FittedState>> | undefined;
  readonly clock: LocalClock;
  readonly trainMs: number;
}

/** The history a member sees at `cutoffMs`: a view, nothing is copied. */
export function historyAt(input: ModelInput, member: Forecaster, cutoffMs: number): DemandSeries {
  const source = member.takesEvents ? (input.observed ?? input.series) : input.series;
  const { startMs, stepMs, values } = source;
  const to = Math.min(values.length, Math.max(0, Math.round((cutoffMs - startMs) / stepMs)));
  const from = Math.max(0, to - Math.round(input.trainMs / stepMs));
  return viewsOf(source)(from, to, () => ({
    startMs: epochMs(startMs + from * stepMs),
    stepMs,
    values: values.subarray(from, to),
  }));
}

/** The last view on a series: the members that stand at one cutoff share it, and what follows from it alone. */
const viewsOf = perHistory(() => {
  let last: { readonly from: number; readonly to: number; readonly view: DemandSeries } | undefined;
  return (from: number, to: number, make: () => DemandSeries): DemandSeries => {
    if (last?.from !== from || last.to !== to) last = { from, to, view: make() };
    return last.view;
  };
});

/** Outages masked once per cutoff, however many members are fitted there. */
export function maskedHistories(input: ModelInput): (member: Forecaster, cutoffMs: number) => DemandSeries {
  let atMs = Number.NaN;
  let masked = new Map<boolean, DemandSeries>();
  return (member, cutoffMs) => {
    if (cutoffMs !== atMs) {
      masked = new Map();
      atMs = cutoffMs;
    }
    const raw = member.takesEvents && input.observed !== undefined;
    const known = masked.get(raw) ?? maskTraining(historyAt(input, member, cutoffMs), input.clock);
    masked.set(raw, known);
    return known;
  };
}

export function fitMember(
  input: ModelInput,
  member: Forecaster,
  history: DemandSeries,
  previous: FittedState | undefined,
): FitOutcome {
  if (history.values.length === 0) return { kind: "refused", reason: "no history" };
  const context = contextAt(input, member, endMs(history));
  // A member that is not made by `defineForecaster` may throw.
  try {
    return member.fit(history, context, previous);
  } catch (error) {
    return { kind: "refused", reason: `fit failed: ${firstLine(error)}` };
  }
}

/** Quantiles of one member as the ensemble blends them: with the effects of events taken out. */
export interface StandingMember {
  at(steps: readonly number[], levels: readonly number[]): readonly Float64Array[];
  /** Steps 1 to `horizonSteps`. */
  ahead(horizonSteps: number, levels: readonly number[]): readonly Float64Array[];
}

/** `member` with the parameters `state`, standing at `cutoffMs`. What it answers may throw. */
export function standAt(
  input: ModelInput,
  member: Forecaster,
  state: FittedState,
  cutoffMs: number,
): StandingMember {
  const context = contextAt(input, member, cutoffMs);
  const history = historyAt(input, member, cutoffMs);
  const model: FittedForecaster = member.restore(state, history, context);
  const mostRps = LARGEST_ANSWER * highestOf(history);
  const factor = member.takesEvents ? input.eventFactor : undefined;
  const { stepMs } = input.series;
  return {
    at: (steps, levels) =>
      withoutEvents(capped(model.at(steps, levels), mostRps), steps, factor, cutoffMs, stepMs),
    ahead: (horizonSteps, levels) => {
      const rows = capped(model.forecast(horizonSteps, levels).quantiles, mostRps);
      if (factor === undefined) return rows;
      const steps = Array.from({ length: horizonSteps }, (_, i) => i + 1);
      return withoutEvents(rows, steps, factor, cutoffMs, stepMs);
    },
  };
}

/**
 * No member is believed beyond this times the highest demand it has seen: with the smallest of weights one that
 * explodes would carry the others with it.
 */
const LARGEST_ANSWER = 20;

const highestOf = perHistory(({ values }) => {
  let most = 0;
  for (const value of values) if (value > most) most = value;
  return most;
});

function capped(rows: readonly Float64Array[], most: number): readonly Float64Array[] {
  for (const row of rows) for (let j = 0; j < row.length; j++) if ((row[j] ?? 0) > most) row[j] = most;
  return rows;
}

/** First line of what was thrown. */
export function firstLine(error: unknown): string {
  return String(error).split("\n", 1)[0] ?? "";
}

function withoutEvents(
  rows: readonly Float64Array[],
  steps: readonly number[],
  factor: ((ms: number) => number) | undefined,
  cutoffMs: number,
  stepMs: number,
): readonly Float64Array[] {
  if (factor === undefined) return rows;
  const factors = steps.map((step) => Math.max(1e-6, factor(cutoffMs + (step - 1) * stepMs)));
  return rows.map((row) => row.map((value, j) => value / (factors[j] ?? 1)));
}

function contextAt(input: ModelInput, member: Forecaster, cutoffMs: number): ForecastContext {
  const shared = input.shared?.[member.name];
  return {
    clock: input.clock,
    ...(shared !== undefined && { shared }),
    // What was announced later was not known at a past cutoff.
    ...(member.takesEvents &&
      input.events !== undefined && {
        events: input.events.filter((event) => event.announcedMs <= cutoffMs),
      }),
  };
}
