import type { ActivityEvent, AgentKind, DeviceClass } from "../model/activity.ts";
import { DAY_MS, MINUTE_MS } from "../model/time.ts";
import { isStep, resourceTypeOf } from "./resource-type.ts";

export interface SessionStep {
  readonly atMs: number;
  readonly endpoint: string;
  readonly bytes: number | undefined;
  readonly responseMs: number | undefined;
}

/** Requests of one user without a pause of `gapMs`; times of the source. */
export interface Session {
  readonly user: string;
  readonly startMs: number;
  readonly endMs: number;
  readonly requests: number;
  readonly errors: number;
  readonly bytes: number;
  /** In order of time. */
  readonly steps: readonly SessionStep[];
  /** Steps beyond `maxSteps`, counted and not kept. */
  readonly cutSteps: number;
  readonly device: DeviceClass;
  readonly agent: AgentKind;
}

export interface SessionSettings {
  /** A longer pause ends a session. */
  readonly gapMs: number;
  /** Events may come this much after later ones and still be put in their place. */
  readonly lateMs: number;
  readonly maxLive: number;
  readonly maxSteps: number;
}

export const SESSION_SETTINGS: SessionSettings = {
  gapMs: 30 * MINUTE_MS,
  lateMs: 5 * MINUTE_MS,
  maxLive: 200_000,
  maxSteps: 500,
};

type Open = { -readonly [K in keyof Session]: Session[K] } & { steps: SessionStep[] };

export interface Sessions {
  readonly settings: SessionSettings;
  /** Live sessions by user, least recently touched first; more than one only while order is uncertain. */
  readonly live: Map<string, Open[]>;
  /** Largest time seen. */
  watermarkMs: number;
  sweptMs: number;
  /** Came later than `lateMs` and in no live session: in no session at all. */
  lateEvents: number;
  /** Sessions closed before their time because there were more than `maxLive` users. */
  closedEarly: number;
  closed: number;
}

export function newSessions(settings: SessionSettings = SESSION_SETTINGS): Sessions {
  const started = Number.NEGATIVE_INFINITY;
  const counters = { lateEvents: 0, closedEarly: 0, closed: 0 };
  return { settings, live: new Map(), watermarkMs: started, sweptMs: started, ...counters };
}

/**
 * Takes one event; returns the sessions that it ends. The result does not depend on the order of events that are less
 * than `lateMs` apart: an event between two sessions of a user that is near enough to both makes them one.
 */
export function takeIntoSessions(state: Sessions, event: ActivityEvent): readonly Session[] {
  const { settings, live } = state;
  const open = live.get(event.user) ?? [];
  const near = open.filter(
    ({ startMs, endMs }) => event.atMs >= startMs - settings.gapMs && event.atMs <= endMs + settings.gapMs,
  );
  if (near.length === 0 && event.atMs < state.watermarkMs - settings.lateMs - settings.gapMs) {
    state.lateEvents++;
    return [];
  }
  const joined = near.reduce<Open | undefined>(
    (into, other) => (into ? merged(into, other) : other),
    undefined,
  );
  const session = joined ?? opened(event);
  addEvent(session, event, settings.maxSteps);
  const others = open.filter((other) => !near.includes(other));
  live.delete(event.user);
  live.set(event.user, [...others, session]);
  state.watermarkMs = Math.max(state.watermarkMs, event.atMs);
  return [...sweep(state), ...closeOldest(state)];
}

/** Ends all live sessions: at the end of a file. Oldest end first. */
export function closeSessions(state: Sessions): readonly Session[] {
  const rest = [...state.live.values()].flat().sort(byEnd);
  state.live.clear();
  state.closed += rest.length;
  return rest;
}

function byEnd(a: Session, b: Session): number {
  return a.endMs - b.endMs || (a.user < b.user ? -1 : 1);
}

/** Every tenth of a gap at most: a walk over all live sessions for each event would be quadratic. */
function sweep(state: Sessions): readonly Session[] {
  const { settings, live, watermarkMs } = state;
  if (watermarkMs < state.sweptMs + settings.gapMs / 10) return [];
  state.sweptMs = watermarkMs;
  const ended: Session[] = [];
  for (const [user, sessions] of live) {
    const isOver = ({ endMs }: Session): boolean => endMs + settings.gapMs + settings.lateMs < watermarkMs;
    const over = sessions.filter(isOver);
    if (over.length === 0) continue;
    ended.push(...over);
    const kept = sessions.filter((session) => !isOver(session));
    if (kept.length === 0) live.delete(user);
    else live.set(user, kept);
  }
  state.closed += ended.length;
  return ended.sort(byEnd);
}

function closeOldest(state: Sessions): readonly Session[] {
  if (state.live.size <= state.settings.maxLive) return [];
  for (const [user, sessions] of state.live) {
    state.live.delete(user);
    state.closedEarly += sessions.length;
    state.closed += sessions.length;
    return sessions;
  }
  return [];
}

function opened({ user, atMs, device, agent }: ActivityEvent): Open {
  const counters = { requests: 0, errors: 0, bytes: 0, cutSteps: 0 };
  return { user, startMs: atMs, endMs: atMs, ...counters, steps: [], device, agent };
}

function addEvent(session: Open, event: ActivityEvent, maxSteps: number): void {
  const { atMs, endpoint, bytes, responseMs } = event;
  session.startMs = Math.min(session.startMs, atMs);
  session.endMs = Math.max(session.endMs, atMs);
  session.requests++;
  session.bytes += bytes ?? 0;
  if (event.status >= 400) session.errors++;
  if (!isStep(event, resourceTypeOf(endpoint))) return;
  if (session.steps.length >= maxSteps) session.cutSteps++;
  else insert(session.steps, { atMs, endpoint, bytes, responseMs });
}

/** Nearly always at the end. Ties keep the order of arrival. */
function insert(steps: SessionStep[], step: SessionStep): void {
  let at = steps.length;
  while (at > 0 && (steps[at - 1]?.atMs ?? 0) > step.atMs) at--;
  steps.splice(at, 0, step);
}

function merged(into: Open, other: Open): Open {
  into.startMs = Math.min(into.startMs, other.startMs);
  into.endMs = Math.max(into.endMs, other.endMs);
  into.requests += other.requests;
  into.errors += other.errors;
  into.bytes += other.bytes;
  into.cutSteps += other.cutSteps;
  for (const step of other.steps) insert(into.steps, step);
  return into;
}

/** Days since 1970 on a clock that is `offsetMs` ahead of UTC. */
export function dayOf(atMs: number, offsetMs: number): number {
  return Math.floor((atMs + offsetMs) / DAY_MS);
}
