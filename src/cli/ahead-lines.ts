import type { EventEffect, LeadingEffect } from "../model/known-ahead.ts";
import { shortDuration } from "../model/time.ts";
import { escapeText } from "./escape-text.ts";
import { figure } from "./figures.ts";
import { isoTime } from "./instants.ts";

const EFFECT_WORDS = {
  seen: "as before",
  lift: "as planned",
  sunday: "as on a Sunday",
  unknown: "effect not known",
} as const;

/** What a scheduled event is taken to do, in one line. */
export function eventLine(effect: EventEffect): string {
  const { kind, id, startMs, factor, lower, upper, occurrences, source } = effect;
  return (
    `event: ${escapeText(kind)} ${escapeText(id)} from ${isoTime(startMs)}: demand x ${figure(factor)} ` +
    `(${figure(lower)} to ${figure(upper)}; ${EFFECT_WORDS[source]}, ${occurrences} seen)`
  );
}

/** What a leading series did to the forecast, in one line. */
export function leadingLine({ name, accepted, lagMs, reason }: LeadingEffect): string {
  const ahead = lagMs === undefined ? "" : `, ${lagMs === 0 ? "no lead" : `${shortDuration(lagMs)} ahead`}`;
  const verdict = accepted ? "moves the forecast" : "left aside";
  return `leading: ${escapeText(name)}${ahead}: ${verdict} (${escapeText(reason)})`;
}
