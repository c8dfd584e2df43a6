import type { FastifyInstance, FastifyRequest } from "fastify";
import type { StateJournal } from "../model/journal-port.ts";
import type { ScheduledEvent } from "../model/known-ahead.ts";
import { readEvent, zonedInstant } from "../model/scheduled-event.ts";
import { DAY_MS } from "../model/time.ts";
import { isLoopbackHostHeader } from "./loopback.ts";

/** Where scheduled events are kept, and the clock they are announced on. */
export interface EventStore {
  readonly journal: StateJournal;
  readonly nowMs: () => number;
}

const API_VERSION = "tiercast/v1";
const PATH = "/v1/events";
/** 2,000 events of ordinary length. */
const MAX_BODY_BYTES = 512 * 1024;
const MAX_STORED = 2_000;
/** Events that ended before this are forgotten when another one comes. */
const KEPT_MS = 400 * DAY_MS;
const KEYS = ["id", "kind", "start", "end", "lift", "announced"];

/** The only routes that write; all else is read only. */
export function isEventRoute(request: FastifyRequest): boolean {
  const { url, method } = request.routeOptions;
  if (url === PATH) return method === "POST";
  return url === `${PATH}/*` && method === "DELETE";
}

/**
 * Whether a request that writes comes from this machine's own tools: a web page of another origin that a
 * browser here shows cannot send JSON or DELETE without asking first, and names itself in Origin.
 */
export function isOwnOrigin(request: FastifyRequest): boolean {
  const { origin } = request.headers;
  if (origin === undefined) return true;
  return isLoopbackHostHeader(origin.replace(/^https?:\/\//, ""));
}

/** `GET`, `POST /v1/events` (one or a list; an id that is there is replaced), `DELETE /v1/events/ID`. */
export function addEventRoutes(app: FastifyInstance, { journal, nowMs }: EventStore): void {
  const stored = (): readonly ScheduledEvent[] => journal.getState("events") ?? [];
  const answer = (events: readonly ScheduledEvent[]) => ({
    apiVersion: API_VERSION,
    kind: "Events",
    events: events.map(toJson),
  });

  app.get(PATH, () => answer(stored()));

  app.post(PATH, { bodyLimit: MAX_BODY_BYTES }, (request, reply) => {
    const read = readEvents(request.body, nowMs());
    if ("error" in read) return reply.code(400).send(read);
    const ids = new Set(read.events.map((event) => event.id));
    const others = stored().filter((event) => !ids.has(event.id) && event.endMs > nowMs() - KEPT_MS);
    const all = [...others, ...read.events].sort((a, b) => a.startMs - b.startMs);
    if (all.length > MAX_STORED) {
      const error = `more than ${MAX_STORED} events would be stored: delete some, or put them into a file`;
      return reply.code(409).send({ error });
    }
    journal.setState("events", all);
    return reply.code(201).send(answer(read.events));
  });

  app.delete<{ Params: { "*": string } }>(`${PATH}/*`, (request, reply) => {
    const id = request.params["*"];
    const events = stored();
    const left = events.filter((event) => event.id !== id);
    if (left.length === events.length)
      return reply.code(404).send({ error: "no event of that id is stored" });
    journal.setState("events", left);
    return reply.code(204).send();
  });
}

type Read = { readonly events: readonly ScheduledEvent[] } | { readonly error: string };

function readEvents(body: unknown, nowMs: number): Read {
  const list: readonly unknown[] = Array.isArray(body) ? body : [body];
  if (list.length === 0) return { error: "the list has no event in it" };
  if (list.length > MAX_STORED) return { error: `at most ${MAX_STORED} events at once` };
  const events: ScheduledEvent[] = [];
  for (const [index, item] of list.entries()) {
    const where = Array.isArray(body) ? `event ${index + 1}: ` : "";
    const read = readOne(item, nowMs);
    if ("error" in read) return { error: `${where}${read.error}` };
    if (events.some((event) => event.id === read.event.id)) {
      return { error: `${where}its id is there twice (give each one of its own)` };
    }
    events.push(read.event);
  }
  return { events };
}

function readOne(
  item: unknown,
  nowMs: number,
): { readonly event: ScheduledEvent } | { readonly error: string } {
  if (typeof item !== "object" || item === null) return { error: "is no event (send kind, start and end)" };
  const fields = new Map<string, unknown>(Object.entries(item));
  const unknown = [...fields.keys()].find((key) => !KEYS.includes(key));
  if (unknown !== undefined) return { error: `has a key that events do not have (${KEYS.join(", ")})` };
  const { id, kind, lift } = Object.fromEntries(fields);
  if (typeof kind !== "string") return { error: "kind is missing (name what it is, e.g. sale)" };
  if (id !== undefined && typeof id !== "string") return { error: "id is not text" };
  if (lift !== undefined && typeof lift !== "number")
    return { error: "lift is not a number (2 doubles demand)" };
  const reading = readEvent({
    id,
    kind,
    startMs: instantOf(fields.get("start")),
    endMs: instantOf(fields.get("end")),
    lift,
    announcedMs: fields.has("announced") ? instantOf(fields.get("announced")) : nowMs,
  });
  return reading.kind === "event" ? reading : { error: `${reading.what} (${reading.fix})` };
}

/** ISO 8601 with a zone, or epoch milliseconds. */
function instantOf(value: unknown): number {
  if (typeof value === "number") return Number.isSafeInteger(value) ? value : Number.NaN;
  return typeof value === "string" ? zonedInstant(value) : Number.NaN;
}

function toJson({ id, kind, startMs, endMs, lift, announcedMs }: ScheduledEvent) {
  const times = { start: isoText(startMs), end: isoText(endMs), announced: isoText(announcedMs) };
  return { id, kind, ...times, ...(lift === undefined ? {} : { lift }) };
}

function isoText(ms: number): string {
  return new Date(ms).toISOString();
}
