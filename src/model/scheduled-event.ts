import type { ScheduledEvent } from "./known-ahead.ts";
import { DAY_MS, epochMs } from "./time.ts";

/** An event as people give it, its instants already read. NaN: something that is no time stood there. */
export interface EventFields {
  readonly id: string | undefined;
  readonly kind: string;
  readonly startMs: number;
  readonly endMs: number;
  readonly lift: number | undefined;
  readonly announcedMs: number | undefined;
}

export type EventReading =
  | { readonly kind: "event"; readonly event: ScheduledEvent }
  /** What is wrong and how to mend it, without a place. */
  | { readonly kind: "mistake"; readonly what: string; readonly fix: string };

/** Without a date of announcement an event counts as known this long before it starts. */
export const KNOWN_BEFORE_MS = 7 * DAY_MS;
/** Longer than this is a period, not an event: a slip in the year, mostly. */
const LONGEST_MS = 62 * DAY_MS;
const LEAST_LIFT = 0.01;
const MOST_LIFT = 50;
/** One line of visible text in any script. */
const TEXT = /^[^\p{C}]{1,80}$/u;

/** The event, or the mistake in it. An id that is not given is made of kind and start. */
export function readEvent(fields: EventFields): EventReading {
  const kind = fields.kind.trim();
  const id = fields.id?.trim() || `${kind} ${isoText(fields.startMs)}`;
  const announcedMs = fields.announcedMs ?? fields.startMs - KNOWN_BEFORE_MS;
  const wrong = nameMistake(kind, fields.id) ?? timeMistake(fields) ?? liftMistake(fields.lift);
  if (wrong !== undefined) return { kind: "mistake", what: wrong[0], fix: wrong[1] };
  const { lift } = fields;
  const [startMs, endMs] = [epochMs(fields.startMs), epochMs(fields.endMs)];
  return { kind: "event", event: { id, kind, startMs, endMs, lift, announcedMs: epochMs(announcedMs) } };
}

/** What is wrong and how to mend it. */
type Mistake = readonly [what: string, fix: string];

function nameMistake(kind: string, id: string | undefined): Mistake | undefined {
  if (kind === "") return ["kind is missing", "name what it is, e.g. sale"];
  if (!TEXT.test(kind)) return ["kind is not one line of 1 to 80 characters", "shorten it"];
  if (id === undefined || /^[^\p{C}]{1,200}$/u.test(id)) return undefined;
  return ["id is not one line of 1 to 200 characters", "shorten it, or leave it out"];
}

function timeMistake({ startMs, endMs, announcedMs }: EventFields): Mistake | undefined {
  const times = { start: startMs, end: endMs, announced: announcedMs };
  for (const [name, ms] of Object.entries(times)) {
    if (Number.isNaN(ms)) return [`${name} is not a time`, "write 2026-11-27T09:00:00Z"];
  }
  if (endMs <= startMs)
    return [`end ${isoText(endMs)} is not after start ${isoText(startMs)}`, "mend one of them"];
  if (endMs - startMs <= LONGEST_MS) return undefined;
  return ["it lasts over 62 days", "check the year, or split it into shorter events"];
}

function liftMistake(lift: number | undefined): Mistake | undefined {
  if (lift === undefined || (lift >= LEAST_LIFT && lift <= MOST_LIFT)) return undefined;
  return [`lift is not a factor from ${LEAST_LIFT} to ${MOST_LIFT}`, "2 doubles demand"];
}

/**
 * The instant of an ISO 8601 text with a zone (`2026-11-27T09:00:00Z`, `2026-11-27T09:00+01:00`), NaN for
 * anything else.
 */
export function zonedInstant(text: string): number {
  const match = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d(?::\d\d(?:\.\d{1,3})?)?)(Z|[+-]\d\d:\d\d)$/.exec(text);
  if (match === null) return Number.NaN;
  const [, date = "", time = "", zone = ""] = match;
  const dayMs = Date.parse(`${date}T00:00:00Z`);
  // The language rolls the 30th of February over into March.
  if (Number.isNaN(dayMs) || !new Date(dayMs).toISOString().startsWith(date)) return Number.NaN;
  return Date.parse(`${date}T${time}${zone}`);
}

function isoText(ms: number): string {
  return Number.isFinite(ms) && Math.abs(ms) < 8.64e15
    ? new Date(ms).toISOString().replace(".000Z", "Z")
    : "?";
}
