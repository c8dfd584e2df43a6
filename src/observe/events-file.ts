import { open } from "node:fs/promises";
import type { ScheduledEvent } from "../model/known-ahead.ts";
import { readEvent } from "../model/scheduled-event.ts";
import { csvEvents } from "./events-csv.ts";
import { calendarEvents } from "./events-ical.ts";
import { listedEvents } from "./events-list.ts";
import {
  type EventsFileRequest,
  type EventsText,
  MAX_EVENTS,
  type PlacedFields,
  tooMany,
} from "./events-text.ts";
import { inputError, quoted, unreadable } from "./input-error.ts";
import { createZoneClock } from "./zone-clock.ts";

const MAX_BYTES = 8 * 1024 * 1024;

/**
 * Reads scheduled events from CSV (header `id,kind,start,end,lift,announced`; id, lift and announced may be
 * left out), JSON, YAML or iCalendar, told by the name's ending. Throws a `UserError` of one line, `file:line:
 * what (how to mend)`, for anything that is no event, more than 10,000 of them, and ids that are there twice.
 */
export async function readEventsFile(request: EventsFileRequest): Promise<readonly ScheduledEvent[]> {
  const text = await readText(request.path);
  return eventsFromText({ ...request, text, zone: createZoneClock(request.timeZone) });
}

/** As `readEventsFile`, from a text; `path` is where it stands in messages, and its ending tells the format. */
export function eventsFromText(source: EventsText): readonly ScheduledEvent[] {
  const { path } = source;
  const placed = readerOf(path)(source);
  const lines = new Map<string, number>();
  return placed.map((fields) => {
    const reading = readEvent(fields);
    if (reading.kind === "mistake") throw inputError(path, fields.line, reading.what, reading.fix);
    const { event } = reading;
    const before = lines.get(event.id);
    if (before !== undefined) {
      const what = `event ${quoted(event.id)} is there already, on line ${before}`;
      throw inputError(path, fields.line, what, "delete one, or give each an id of its own");
    }
    lines.set(event.id, fields.line);
    if (lines.size > MAX_EVENTS) throw tooMany(path, fields.line);
    return event;
  });
}

function readerOf(path: string): (source: EventsText) => readonly PlacedFields[] {
  const ending = /\.([a-z]+)$/i.exec(path)?.[1]?.toLowerCase() ?? "";
  switch (ending) {
    case "csv":
      return csvEvents;
    case "json":
    case "yaml":
    case "yml":
      return listedEvents;
    case "ics":
    case "ical":
      return calendarEvents;
    default:
      throw inputError(
        path,
        undefined,
        "its ending does not tell how events are written in it",
        "name it .csv, .json, .yaml or .ics",
      );
  }
}

async function readText(path: string): Promise<string> {
  let bytes: Buffer;
  try {
    const file = await open(path, "r");
    try {
      const { size } = await file.stat();
      if (size > MAX_BYTES)
        throw inputError(path, undefined, "is over 8 MiB", "keep events of the last and next year");
      bytes = await file.readFile();
    } finally {
      await file.close();
    }
  } catch (error) {
    throw unreadable(path, 1, error);
  }
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw inputError(path, undefined, "is not UTF-8 text", "save the file as UTF-8");
  }
}
