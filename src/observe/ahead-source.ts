import { stat } from "node:fs/promises";
import type { KnownAhead, LeadingSeries, ScheduledEvent } from "../model/known-ahead.ts";
import type { AheadSource, DemandSource } from "../model/ports.ts";
import type { EventSettings, LeadingSettings } from "../model/settings.ts";
import { DAY_MS, type DurationMs, type EpochMs } from "../model/time.ts";
import { readEventsFile } from "./events-file.ts";
import { createFileSource } from "./file-source.ts";
import { holidayEvents } from "./holidays.ts";

export interface AheadRequest {
  readonly events: EventSettings;
  readonly leading: readonly LeadingSettings[];
  /** Zone of times that name none, and of holidays. */
  readonly timeZone: string;
  /** Grid of the demand series; leading series are read on it. */
  readonly stepMs: DurationMs;
  readonly historyMs: DurationMs;
  /** Events that came over HTTP. */
  stored(): readonly ScheduledEvent[];
  /** Told once per version of a file that cannot be read, and once more when it can again. */
  onWarning(line: string): void;
}

/** Rules and holidays are written out again this often. */
const RENEW_MS = 7 * DAY_MS;
/** Holidays this far behind and ahead: two of each. */
const HOLIDAY_REACH_MS = 800 * DAY_MS;

/** A part of what is known ahead, read again when its mark changes; the last good value outlives a bad one. */
interface Kept<T> {
  mark: string;
  value: T;
  isBroken: boolean;
}

/**
 * Scheduled events (files, holidays, those in the configuration, those that came over HTTP) and leading
 * series, as known at an instant. Files are read again when they change. `read` never rejects: what cannot be
 * read is said once and the last good state stands.
 */
export function createAheadSource(request: AheadRequest): AheadSource {
  const { events, timeZone, stepMs } = request;
  const files = events.files.map((path) => ({ path, kept: newKept<readonly ScheduledEvent[]>([]) }));
  const holidays = newKept<readonly ScheduledEvent[]>([]);
  const leading = request.leading.map((each) => ({
    name: each.name,
    kept: newKept<LeadingSeries | undefined>(undefined),
    source: createFileSource({ ...each, kind: "csv", stepMs, timeZone, onWarning: request.onWarning }),
  }));
  const readAll = async (nowMs: EpochMs): Promise<KnownAhead> => {
    const period = Math.floor(nowMs / RENEW_MS);
    for (const { path, kept } of files) {
      await renew(kept, request, `${path} ${period} ${await fileMark(path)}`, () =>
        readEventsFile({ path, timeZone, nowMs }),
      );
    }
    const { holidays: place } = events;
    if (place !== undefined) {
      await renew(holidays, request, String(period), () =>
        holidayEvents({ ...place, timeZone }, nowMs - HOLIDAY_REACH_MS, nowMs + HOLIDAY_REACH_MS),
      );
    }
    for (const each of leading) {
      await renew(each.kept, request, `${nowMs}`, () => readLeading(each, nowMs, request.historyMs));
    }
    const all = [request.stored(), events.planned, ...files.map(({ kept }) => kept.value), holidays.value];
    return { events: firstOfEach(all.flat()), leading: leading.flatMap(({ kept }) => kept.value ?? []) };
  };
  let last: Promise<unknown> = Promise.resolve();
  return {
    // One read at a time: two would both find the same file changed.
    read: (nowMs) => {
      const next = last.then(() => readAll(nowMs));
      last = next.catch(() => undefined);
      return next;
    },
    close: async () => {
      await Promise.all(leading.map(({ source }) => source.close()));
    },
  };
}

function newKept<T>(value: T): Kept<T> {
  return { mark: "", value, isBroken: false };
}

async function renew<T>(
  kept: Kept<T>,
  request: AheadRequest,
  mark: string,
  read: () => Promise<T>,
): Promise<void> {
  if (kept.mark === mark) return;
  kept.mark = mark;
  try {
    kept.value = await read();
    kept.isBroken = false;
  } catch (error) {
    const line = error instanceof Error ? error.message : String(error);
    if (!kept.isBroken) request.onWarning(`${line}; what was known of it before stands`);
    kept.isBroken = true;
  }
}

async function readLeading(
  { name, source }: { readonly name: string; readonly source: DemandSource },
  nowMs: EpochMs,
  historyMs: number,
): Promise<LeadingSeries> {
  return { name, series: await source.read(nowMs, historyMs) };
}

async function fileMark(path: string): Promise<string> {
  try {
    const { size, mtimeMs, ino } = await stat(path);
    return `${ino} ${size} ${mtimeMs}`;
  } catch {
    return "missing";
  }
}

/** Of several events with one id the first stands: what came over HTTP overrides a file. */
function firstOfEach(events: readonly ScheduledEvent[]): readonly ScheduledEvent[] {
  const byId = new Map<string, ScheduledEvent>();
  for (const event of events) if (!byId.has(event.id)) byId.set(event.id, event);
  return [...byId.values()];
}
