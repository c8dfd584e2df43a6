import type { QuantileForecast } from "../../model/forecast.ts";
import type { EventEffect, KnownAhead, LeadingEffect, ScheduledEvent } from "../../model/known-ahead.ts";
import { type DemandSeries, endMs } from "../../model/series.ts";
import { DAY_MS } from "../../model/time.ts";
import type { EnsembleInput, EnsembleOutcome } from "../ensemble/ensemble.ts";
import { localClock } from "../local-clock.ts";
import type { Occurrence } from "./event-occurrences.ts";
import { type EventOutlook, eventOutlook } from "./event-outlook.ts";
import { type LeadingFound, shiftByLeading } from "./leading.ts";
import { multiplyStep } from "./spread.ts";

/** What the ensemble is told beside the ordinary series. */
type EventFields = Pick<EnsembleInput, "observed" | "events" | "eventFactor" | "excluded">;

export interface ContextInput extends EnsembleInput {
  readonly ahead?: KnownAhead;
  /** `occurrences` of the outcome before: effects outlive the history they were seen in. */
  readonly occurrences?: readonly Occurrence[];
}

export type ContextOutcome =
  | (Extract<EnsembleOutcome, { readonly kind: "forecast" }> & {
      /** Scheduled events between now and the horizon, with what they are taken to do. */
      readonly eventEffects: readonly EventEffect[];
      /** The leading series that moved the forecast; undefined when none did. */
      readonly leading: LeadingFound | undefined;
      /** What each leading series did. */
      readonly leadingEffects: readonly LeadingEffect[];
      readonly occurrences: readonly Occurrence[];
    })
  | Extract<EnsembleOutcome, { readonly kind: "refused" }>;

/**
 * The ensemble's forecast with what is known beside the series.
 *
 * Effects of events are taken out of the history (divided by the learned factor; a gap where an effect was
 * seen for the first time), the ensemble forecasts the ordinary series, a leading series moves its first
 * hours where it proved to help, and the factors of the events to come are put on, uncertainty included.
 * Only events announced by the end of the history are used. Without events and leading series the answer is
 * the ensemble's own, untouched.
 */
export function forecastInContext(
  input: ContextInput,
  ensemble: (input: EnsembleInput) => EnsembleOutcome,
): ContextOutcome {
  const { ahead, occurrences = [], ...plain } = input;
  const { series, horizonSteps } = input;
  const events = ahead?.events ?? [];
  const clock = localClock(input.timeZone, series.startMs, endMs(series) + DAY_MS);
  const outlook = eventOutlook({ series, clock, events, horizonSteps, remembered: occurrences });
  const ordinary = outlook === undefined ? series : withoutEvents(series, outlook);
  const outcome = ensemble(
    outlook === undefined
      ? plain
      : { ...plain, series: ordinary, ...fieldsOf(series, knownEvents(events, endMs(series)), outlook) },
  );
  if (outcome.kind === "refused") return outcome;
  const isChanged = (atMs: number): boolean => outlook?.isChanged(atMs) ?? false;
  const led = shiftByLeading(outcome.forecast, ordinary, ahead?.leading ?? [], clock, isChanged);
  const forecast = outlook === undefined ? led.forecast : withEvents(led.forecast, outlook);
  return {
    ...outcome,
    forecast,
    eventEffects: outlook?.effects ?? [],
    leading: led.found,
    leadingEffects: led.effects,
    occurrences: outlook?.occurrences ?? occurrences,
  };
}

function knownEvents(events: readonly ScheduledEvent[], nowMs: number): readonly ScheduledEvent[] {
  return events.filter((event) => event.announcedMs <= nowMs);
}

function fieldsOf(
  observed: DemandSeries,
  events: readonly ScheduledEvent[],
  outlook: EventOutlook,
): EventFields {
  return {
    observed,
    events,
    eventFactor: (atMs) => Math.exp(outlook.logAt(atMs)),
    excluded: (atMs) => outlook.isChanged(atMs),
  };
}

/** Demand as it would have been without events; gaps where that is not known. */
function withoutEvents(series: DemandSeries, outlook: EventOutlook): DemandSeries {
  const values = series.values.map((value, i) => {
    const atMs = series.startMs + i * series.stepMs;
    return outlook.isMasked(atMs) ? Number.NaN : value / Math.exp(outlook.logAt(atMs));
  });
  return { ...series, values };
}

function withEvents(forecast: QuantileForecast, outlook: EventOutlook): QuantileForecast {
  const quantiles = forecast.quantiles.map((row) => row.slice());
  const steps = quantiles[0]?.length ?? 0;
  for (let step = 0; step < steps; step++) {
    const atMs = forecast.cutoffMs + step * forecast.stepMs;
    const effect = { log: outlook.logAt(atMs), variance: outlook.varianceAt(atMs) };
    if (effect.log !== 0 || effect.variance > 0) multiplyStep(quantiles, forecast.levels, step, effect);
  }
  return { ...forecast, quantiles };
}
