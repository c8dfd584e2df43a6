import type { ActivityEvent, ProfileEntry } from "../model/activity.ts";
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../model/time.ts";
import type { ResourceType, UserProfile } from "../model/user-profile.ts";
import { isStep, resourceTypeOf } from "./resource-type.ts";
import { dayOf, type Session } from "./sessions.ts";
import { hash32 } from "./sketch/hash.ts";

export interface ProfileSettings {
  readonly halfLifeMs: number;
  /** Profiles in memory; beyond it the one untouched for longest is handed out, to be kept by a store. */
  readonly maxUsers: number;
  readonly sessionGapMs: number;
  /** Offset of local time from UTC at an instant, ms. */
  readonly offsetMs: (atMs: number) => number;
}

export const PROFILE_SETTINGS: ProfileSettings = {
  halfLifeMs: 14 * DAY_MS,
  maxUsers: 100_000,
  sessionGapMs: 30 * MINUTE_MS,
  offsetMs: () => 0,
};

/** A profile in the making: the same fields, changed in place. */
type Draft = { -readonly [K in keyof UserProfile]: Mutable<UserProfile[K]> };
type Mutable<T> = T extends string | undefined
  ? T
  : T extends object
    ? { -readonly [P in keyof T]: T[P] }
    : T;

interface Kept {
  readonly draft: Draft;
  minute: number;
  minuteRequests: number;
}

export interface Profiles {
  readonly settings: ProfileSettings;
  readonly kept: Map<string, Kept>;
  /** Handed out so far because memory was full. */
  evicted: number;
}

const MOST_ENDPOINTS = 12;
const MOST_DAYS = 14;
const BREADTH_WORDS = 8;

export function newProfiles(settings: ProfileSettings = PROFILE_SETTINGS): Profiles {
  return { settings, kept: new Map(), evicted: 0 };
}

/** Puts a profile from a store back, before the events of its user are taken. */
export function putProfile(state: Profiles, profile: UserProfile): void {
  const draft: Draft = structuredClone(profile) as Draft;
  state.kept.set(profile.user, { draft, minute: -1, minuteRequests: 0 });
}

/** Takes one event; returns the profile that had to make room, if any. */
export function takeIntoProfiles(state: Profiles, event: ActivityEvent): UserProfile | undefined {
  const kept = state.kept.get(event.user) ?? newKept(event);
  state.kept.delete(event.user);
  state.kept.set(event.user, kept);
  decay(kept.draft, event.atMs, state.settings.halfLifeMs);
  count(kept, event, state.settings);
  if (state.kept.size <= state.settings.maxUsers) return undefined;
  for (const [user, { draft }] of state.kept) {
    state.kept.delete(user);
    state.evicted++;
    return draft as UserProfile;
  }
  return undefined;
}

/** Counts a session that ended. */
export function countSession(state: Profiles, session: Session): void {
  const kept = state.kept.get(session.user);
  if (kept !== undefined) kept.draft.sessions += 1;
}

export function forgetProfile(state: Profiles, user: string): void {
  state.kept.delete(user);
}

export function profileOf(state: Profiles, user: string): UserProfile | undefined {
  return state.kept.get(user)?.draft as UserProfile | undefined;
}

export function allProfiles(state: Profiles): readonly UserProfile[] {
  return [...state.kept.values()].map(({ draft }) => draft as UserProfile);
}

/** As a store keeps it. */
export function profileEntry(profile: UserProfile): ProfileEntry {
  return {
    user: profile.user,
    lastSeenMs: profile.lastMs,
    state: JSON.stringify({ version: VERSION, profile }),
  };
}

/** What a store kept; undefined for an entry of another version, which is learned anew. */
export function profileOfEntry({ user, state }: ProfileEntry): UserProfile | undefined {
  const { version, profile } = JSON.parse(state) as { version?: number; profile?: UserProfile };
  // A renewed key has moved the entry to a new pseudonym.
  return version === VERSION && profile !== undefined ? { ...profile, user } : undefined;
}

const VERSION = 1;

/**
 * Distinct endpoints by linear counting in 256 bits (Whang et al. 1990): within 5 % up to about 200, and never more
 * than 1 420.
 */
export function breadthOf({ breadth }: Pick<UserProfile, "breadth">): number {
  const bits = BREADTH_WORDS * 32;
  let zeros = bits;
  for (const word of breadth) zeros -= ones(word);
  return bits * Math.log(bits / Math.max(1, zeros));
}

function ones(word: number): number {
  let rest = word >>> 0;
  let count = 0;
  for (; rest !== 0; rest &= rest - 1) count++;
  return count;
}

function newKept({ user, atMs, device, agent, sla }: ActivityEvent): Kept {
  const zero = { requests: 0, sessions: 0, steps: 0, errors: 0, missing: 0, heads: 0, bytes: 0, referred: 0 };
  return {
    minute: -1,
    minuteRequests: 0,
    draft: {
      user,
      firstMs: atMs,
      lastMs: Number.NEGATIVE_INFINITY,
      decayedMs: atMs,
      ...zero,
      hours: new Array<number>(24).fill(0),
      types: {},
      endpoints: {},
      breadth: new Array<number>(BREADTH_WORDS).fill(0),
      pauses: [0, 0, 0],
      busiestMinute: 0,
      history: [],
      device,
      agent,
      sla,
      segment: undefined,
    },
  };
}

/** Once an hour is enough: at a half-life of days nothing changes within it. */
function decay(draft: Draft, atMs: number, halfLifeMs: number): void {
  const passedMs = atMs - draft.decayedMs;
  if (passedMs < HOUR_MS) return;
  const factor = 2 ** (-passedMs / halfLifeMs);
  for (const key of [
    "requests",
    "sessions",
    "steps",
    "errors",
    "missing",
    "heads",
    "bytes",
    "referred",
  ] as const)
    draft[key] *= factor;
  for (let hour = 0; hour < 24; hour++) draft.hours[hour] = (draft.hours[hour] ?? 0) * factor;
  for (const [type, weight] of Object.entries(draft.types))
    draft.types[type as ResourceType] = weight * factor;
  for (const [endpoint, weight] of Object.entries(draft.endpoints))
    draft.endpoints[endpoint] = weight * factor;
  draft.pauses = draft.pauses.map((value) => value * factor) as unknown as Draft["pauses"];
  draft.decayedMs = atMs;
}

function count(kept: Kept, event: ActivityEvent, settings: ProfileSettings): void {
  const { draft } = kept;
  const type = resourceTypeOf(event.endpoint);
  const offsetMs = settings.offsetMs(event.atMs);
  draft.requests++;
  draft.bytes += event.bytes ?? 0;
  if (event.status >= 400) draft.errors++;
  if (event.status === 404) draft.missing++;
  if (event.method === "HEAD") draft.heads++;
  if (event.referrer !== undefined) draft.referred++;
  if (isStep(event, type)) draft.steps++;
  draft.types[type] = (draft.types[type] ?? 0) + 1;
  const hour = Math.floor((((event.atMs + offsetMs) % DAY_MS) + DAY_MS) / HOUR_MS) % 24;
  draft.hours[hour] = (draft.hours[hour] ?? 0) + 1;
  countPause(draft, event.atMs, settings.sessionGapMs);
  countMinute(kept, event.atMs);
  countEndpoint(draft.endpoints, event.endpoint);
  const bit = hash32(event.endpoint, 3) % (BREADTH_WORDS * 32);
  draft.breadth[bit >> 5] = (draft.breadth[bit >> 5] ?? 0) | (1 << (bit & 31));
  draft.history = withDay(draft.history, dayOf(event.atMs, offsetMs));
  draft.lastMs = Math.max(draft.lastMs, event.atMs);
  draft.firstMs = Math.min(draft.firstMs, event.atMs);
  if (event.device !== "unknown") draft.device = event.device;
  if (event.agent !== "unknown") draft.agent = event.agent;
  draft.sla = event.sla ?? draft.sla;
}

function countPause(draft: Draft, atMs: number, gapMs: number): void {
  const pauseMs = atMs - draft.lastMs;
  if (!(pauseMs >= 0 && pauseMs <= gapMs)) return;
  const size = Math.log1p(pauseMs / 1000);
  const [number, sum, squares] = draft.pauses;
  draft.pauses = [number + 1, sum + size, squares + size * size];
}

function countMinute(kept: Kept, atMs: number): void {
  const minute = Math.floor(atMs / MINUTE_MS);
  kept.minuteRequests = minute === kept.minute ? kept.minuteRequests + 1 : 1;
  kept.minute = minute;
  kept.draft.busiestMinute = Math.max(kept.draft.busiestMinute, kept.minuteRequests);
}

/** The lightest makes room and leaves its weight (space-saving): too high by at most what the lightest had. */
function countEndpoint(endpoints: Record<string, number>, endpoint: string): void {
  const names = Object.keys(endpoints);
  if (endpoints[endpoint] === undefined && names.length >= MOST_ENDPOINTS) {
    const lightest = names.reduce((a, b) => ((endpoints[b] ?? 0) < (endpoints[a] ?? 0) ? b : a));
    endpoints[endpoint] = endpoints[lightest] ?? 0;
    delete endpoints[lightest];
  }
  endpoints[endpoint] = (endpoints[endpoint] ?? 0) + 1;
}

function withDay(history: Draft["history"], day: number): Draft["history"] {
  const last = history.at(-1);
  if (last !== undefined && last[0] === day) return [...history.slice(0, -1), [day, last[1] + 1]];
  if (last !== undefined && last[0] > day) return history;
  return [...history.slice(1 - MOST_DAYS), [day, 1]];
}
