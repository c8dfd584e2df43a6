import ICAL from "ical.js";
import { DAY_MS } from "../model/time.ts";
import { type EventsText, MAX_EVENTS, type PlacedFields, tooMany } from "./events-text.ts";
import { inputError, quoted } from "./input-error.ts";
import { createZoneClock, type ZoneClock } from "./zone-clock.ts";

/** Occurrences of a rule are written out this far around now. */
const RULE_REACH_MS = 400 * DAY_MS;
/** Rules that begin long ago are counted through from their start; a daily one of 100 years has 36,525. */
const MAX_RULE_STEPS = 40_000;
const RULE_PARTS = ["FREQ", "COUNT", "UNTIL", "INTERVAL", "BYDAY", "WKST"];
const RULE_FIX = "write FREQ=DAILY or WEEKLY with COUNT, UNTIL, INTERVAL and BYDAY, or each date of its own";

/** One VEVENT with the line it begins on. */
interface Entry {
  readonly component: ICAL.Component;
  readonly line: number;
}

/** Where and how it is read. */
type Reading = Pick<EventsText, "path" | "zone" | "nowMs">;

/**
 * Events of an iCalendar text (RFC 5545): SUMMARY is the kind, X-TIERCAST-LIFT the lift, CREATED the
 * announcement. Times are UTC, of an IANA TZID, or on the clock of the series; a date is its whole day. Daily
 * and weekly rules are written out on the local clock, EXDATE and moved occurrences taken out, cancelled
 * events left out.
 */
export function calendarEvents({ text, path, zone, nowMs }: EventsText): readonly PlacedFields[] {
  const reading = { path, zone, nowMs };
  const entries = parseEntries(text, path);
  const moved = new Set(
    entries.flatMap(({ component }) => {
      const at = component.getFirstPropertyValue("recurrence-id");
      return at === null ? [] : [`${component.getFirstPropertyValue("uid")} ${String(at)}`];
    }),
  );
  const events: PlacedFields[] = [];
  for (const entry of entries) {
    try {
      events.push(...eventsOf(entry, reading, moved));
    } catch (error) {
      throw calendarError(error, path, entry.line);
    }
    if (events.length > MAX_EVENTS) throw tooMany(path, entry.line);
  }
  return events;
}

/** Each VEVENT is parsed by itself, so that a fault has a line. */
function parseEntries(text: string, path: string): readonly Entry[] {
  const lines = text.split(/\r?\n/);
  if (!/^BEGIN:VCALENDAR\s*$/i.test(lines[0]?.replace(/^\ufeff/, "") ?? "")) {
    throw inputError(path, 1, "does not begin with BEGIN:VCALENDAR", "is this an iCalendar file?");
  }
  const entries: Entry[] = [];
  let begin = -1;
  lines.forEach((line, i) => {
    if (/^BEGIN:VEVENT\s*$/i.test(line)) begin = i;
    if (begin < 0 || !/^END:VEVENT\s*$/i.test(line)) return;
    try {
      const component = new ICAL.Component(ICAL.parse(lines.slice(begin, i + 1).join("\r\n")) as never);
      entries.push({ component, line: begin + 1 });
    } catch (error) {
      throw calendarError(error, path, begin + 1);
    }
    begin = -1;
  });
  if (begin >= 0) throw inputError(path, begin + 1, "the event has no END:VEVENT", "is the file cut off?");
  return entries;
}

function eventsOf(entry: Entry, reading: Reading, moved: ReadonlySet<string>): readonly PlacedFields[] {
  const { component, line } = entry;
  if (String(component.getFirstPropertyValue("status")).toUpperCase() === "CANCELLED") return [];
  const start = timeOf(entry, "dtstart", reading);
  if (start === undefined) throw inputError(reading.path, line, "the event has no DTSTART", "add it");
  const durationMs = durationOf(entry, start, reading);
  const lift = component.getFirstPropertyValue("x-tiercast-lift");
  const shared = {
    line,
    kind: String(component.getFirstPropertyValue("summary") ?? ""),
    lift: lift === null ? undefined : Number(lift),
    announcedMs: announcedMs(component),
  };
  const uid = String(component.getFirstPropertyValue("uid") ?? shared.kind);
  return occurrencesOf(entry, start, reading, moved).map((localMs) => {
    const startMs = start.zone(localMs, Number.NEGATIVE_INFINITY);
    const endMs = start.zone(localMs + durationMs, startMs);
    return { ...shared, id: `${uid} ${new Date(startMs).toISOString()}`, startMs, endMs };
  });
}

/** A time on the clock it was written for: `localMs` as if that clock were UTC. */
interface WrittenTime {
  readonly time: ICAL.Time;
  readonly localMs: number;
  readonly zone: ZoneClock;
}

function timeOf({ component, line }: Entry, name: string, reading: Reading): WrittenTime | undefined {
  const property = component.getFirstProperty(name);
  const time = property?.getFirstValue() as ICAL.Time | undefined;
  if (property === null || time === undefined) return undefined;
  const tzid = property.getFirstParameter("tzid");
  const isUtc = time.zone?.tzid === "UTC";
  const zone = isUtc ? createZoneClock("UTC") : tzid ? zoneOf(tzid, reading.path, line) : reading.zone;
  return { time, localMs: localMsOf(time), zone };
}

function zoneOf(tzid: string, path: string, line: number): ZoneClock {
  try {
    return createZoneClock(tzid);
  } catch {
    const fix = "write an IANA zone such as Europe/Berlin, or times in UTC";
    throw inputError(path, line, `TZID ${quoted(tzid)} is no known zone`, fix);
  }
}

function localMsOf(time: ICAL.Time): number {
  return Date.UTC(time.year, time.month - 1, time.day, time.hour, time.minute, time.second);
}

/** Length on the local clock; a whole day for a date without an end (RFC 5545 §3.6.1). */
function durationOf(entry: Entry, start: WrittenTime, reading: Reading): number {
  const end = timeOf(entry, "dtend", reading);
  if (end !== undefined) {
    const startMs = start.zone(start.localMs, Number.NEGATIVE_INFINITY);
    const endMs = end.zone(end.localMs, startMs);
    const sameClock = end.time.zone?.tzid === start.time.zone?.tzid;
    return sameClock ? end.localMs - start.localMs : endMs - startMs;
  }
  const duration = entry.component.getFirstPropertyValue("duration");
  if (duration !== null) return 1000 * (duration as ICAL.Duration).toSeconds();
  if (start.time.isDate) return DAY_MS;
  throw inputError(reading.path, entry.line, "the event has neither DTEND nor DURATION", "add one");
}

function announcedMs(component: ICAL.Component): number | undefined {
  const created = component.getFirstPropertyValue("created");
  // CREATED is in UTC by the standard.
  return created instanceof ICAL.Time ? localMsOf(created) : undefined;
}

/** Starts of the occurrences on the local clock; one where there is no rule. */
function occurrencesOf(
  entry: Entry,
  start: WrittenTime,
  reading: Reading,
  moved: ReadonlySet<string>,
): readonly number[] {
  const { component } = entry;
  const rules = component.getAllProperties("rrule");
  if (rules.length === 0 && !component.hasProperty("rdate")) return [start.localMs];
  for (const rule of rules) checkRule(rule, reading.path, entry.line);
  const uid = component.getFirstPropertyValue("uid");
  const found = expand(component, start.time, reading.nowMs).filter((next) => !moved.has(`${uid} ${next}`));
  if (found.length > MAX_EVENTS) throw tooMany(reading.path, entry.line);
  return found.map(localMsOf);
}

/** Occurrences around `nowMs`, in order. */
function expand(component: ICAL.Component, dtstart: ICAL.Time, nowMs: number): readonly ICAL.Time[] {
  const expansion = new ICAL.RecurExpansion({ component, dtstart });
  const found: ICAL.Time[] = [];
  for (let step = 0; step < MAX_RULE_STEPS; step++) {
    const next = expansion.next() as ICAL.Time | null;
    if (!next || localMsOf(next) > nowMs + RULE_REACH_MS) break;
    if (localMsOf(next) >= nowMs - RULE_REACH_MS) found.push(next);
  }
  return found;
}

/** Rules outside daily and weekly ones are turned away: some of them have no next date at all. */
function checkRule(rule: ICAL.Property, path: string, line: number): void {
  const text = String(rule.getFirstValue()).toUpperCase();
  const parts = new Map(text.split(";").map((part) => part.split("=", 2) as [string, string]));
  const freq = parts.get("FREQ") ?? "";
  if (freq !== "DAILY" && freq !== "WEEKLY")
    throw inputError(path, line, `a rule with FREQ=${freq}`, RULE_FIX);
  const other = [...parts.keys()].find((part) => !RULE_PARTS.includes(part));
  if (other !== undefined) throw inputError(path, line, `a rule with ${quoted(other)}`, RULE_FIX);
  if (/\d/.test(parts.get("BYDAY") ?? "")) throw inputError(path, line, "BYDAY with a number", RULE_FIX);
}

function calendarError(error: unknown, path: string, line: number): Error {
  if (error instanceof Error && error.name === "UserError") return error;
  const text = (error instanceof Error ? error.message : String(error)).split("\n", 1)[0] ?? "";
  return inputError(
    path,
    line,
    `the event cannot be read: ${text.replaceAll(/[^\x20-\x7e]/g, "?")}`,
    "mend it",
  );
}
