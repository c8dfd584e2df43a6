import type { EventFields } from "../model/scheduled-event.ts";
import { inputError } from "./input-error.ts";
import type { ZoneClock } from "./zone-clock.ts";

export interface EventsFileRequest {
  readonly path: string;
  /** Zone of times that name none. */
  readonly timeZone: string;
  /** Rules without an end are written out for 400 days before and after this. */
  readonly nowMs: number;
}

/** A text with events in it, and what its reading needs. */
export interface EventsText extends EventsFileRequest {
  readonly text: string;
  readonly zone: ZoneClock;
}

/** An event as a file gives it, with the line it stands on. */
export interface PlacedFields extends EventFields {
  readonly line: number;
}

export const MAX_EVENTS = 10_000;

export function tooMany(path: string, line: number): Error {
  return inputError(path, line, `has more than ${MAX_EVENTS} events`, "keep those of the last and next year");
}
