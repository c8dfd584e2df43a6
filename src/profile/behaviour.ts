import type { ActivityEvent, DeviceClass } from "../model/activity.ts";
import { DAY_MS, MINUTE_MS } from "../model/time.ts";
import type { UserProfile } from "../model/user-profile.ts";
import { type Associations, countTogether, newAssociations } from "./associations.ts";
import { countLeaving, type LatencyRecord, newLatencyRecord } from "./latency-sensitivity.ts";
import { learnPath, NAVIGATION_SETTINGS, type Navigation, newNavigation } from "./navigate/navigation.ts";
import { addPause, newPace, type Pace } from "./navigate/pace.ts";
import { countSession, newProfiles, PROFILE_SETTINGS, type Profiles, takeIntoProfiles } from "./profiles.ts";
import { areaOf, resourceTypeOf } from "./resource-type.ts";
import { newSecurityWatch, type SecurityPolicy, type SecurityWatch, watchEvent } from "./security.ts";
import {
  closeSessions,
  newSessions,
  SESSION_SETTINGS,
  type Session,
  type Sessions,
  takeIntoSessions,
} from "./sessions.ts";
import { addDistinct, type DistinctCount, newDistinctCount } from "./sketch/distinct-count.ts";
import { addItem, type FrequentItems, newFrequentItems } from "./sketch/frequent-items.ts";
import { countWorkflows, newWorkflows, type Workflows } from "./workflows.ts";

export interface BehaviourSettings {
  readonly gapMs: number;
  /** Events may come this much after later ones. */
  readonly lateMs: number;
  readonly halfLifeMs: number;
  readonly maxUsers: number;
  /** The last share of sessions, on which navigation is scored before it learns them. */
  readonly holdout: number;
  /** Sessions held for it at most; more make the share smaller. */
  readonly maxHeld: number;
  readonly policy: SecurityPolicy;
  /** Offset of local time from UTC at an instant, ms. */
  readonly offsetMs: (atMs: number) => number;
}

export const BEHAVIOUR_SETTINGS: BehaviourSettings = {
  gapMs: 30 * MINUTE_MS,
  lateMs: 5 * MINUTE_MS,
  halfLifeMs: 30 * DAY_MS,
  maxUsers: 100_000,
  holdout: 0.2,
  maxHeld: 100_000,
  policy: "serve",
  offsetMs: () => 0,
};

export interface EndpointSize {
  requests: number;
  sized: number;
  bytes: number;
}

/** All that is learned from activity, in bounded memory whatever its length. */
export interface Behaviour {
  readonly settings: BehaviourSettings;
  readonly sessions: Sessions;
  readonly profiles: Profiles;
  readonly users: DistinctCount;
  readonly endpoints: FrequentItems;
  readonly sizes: Map<string, EndpointSize>;
  readonly devices: Map<DeviceClass, number>;
  readonly together: Associations;
  readonly areas: Associations;
  readonly workflows: Workflows;
  readonly navigation: Navigation;
  /** One step back only: what the full chain is compared with. */
  readonly firstOrder: Navigation;
  readonly pace: Pace;
  readonly latency: LatencyRecord;
  readonly security: SecurityWatch;
  /** Sessions that ended last, not learned yet. */
  held: Session[];
  heldFrom: number;
  /** Paths learned last, for the sequence model. */
  readonly learned: (readonly string[])[];
  learnedSessions: number;
  /** End of the last session learned: what starts before it is no held-out session. */
  learnedUntilMs: number;
  /** Sum over sessions that ended. */
  readonly totals: { sessions: number; steps: number; lengthMs: number; single: number };
  requests: number;
  firstMs: number;
  lastMs: number;
}

const MOST_SIZES = 8_192;
const MOST_LEARNED = 20_000;

export function newBehaviour(settings: BehaviourSettings = BEHAVIOUR_SETTINGS): Behaviour {
  const { gapMs, lateMs, halfLifeMs, maxUsers, offsetMs } = settings;
  return {
    settings,
    sessions: newSessions({ ...SESSION_SETTINGS, gapMs, lateMs }),
    profiles: newProfiles({ ...PROFILE_SETTINGS, halfLifeMs, maxUsers, offsetMs, sessionGapMs: gapMs }),
    users: newDistinctCount(14),
    endpoints: newFrequentItems(8_192),
    sizes: new Map(),
    devices: new Map(),
    together: newAssociations(),
    areas: newAssociations(512, 8_192),
    workflows: newWorkflows(),
    navigation: newNavigation({ ...NAVIGATION_SETTINGS, halfLifeMs }),
    firstOrder: newNavigation({ ...NAVIGATION_SETTINGS, halfLifeMs, order: 1 }),
    pace: newPace(),
    latency: newLatencyRecord(),
    security: newSecurityWatch(),
    held: [],
    heldFrom: 0,
    learned: [],
    learnedSessions: 0,
    learnedUntilMs: Number.NEGATIVE_INFINITY,
    totals: { sessions: 0, steps: 0, lengthMs: 0, single: 0 },
    requests: 0,
    firstMs: Number.POSITIVE_INFINITY,
    lastMs: Number.NEGATIVE_INFINITY,
  };
}

/** Takes one event; returns the profile that had to leave memory, for a store to keep. */
export function takeActivity(state: Behaviour, event: ActivityEvent): UserProfile | undefined {
  state.requests++;
  state.firstMs = Math.min(state.firstMs, event.atMs);
  state.lastMs = Math.max(state.lastMs, event.atMs);
  addDistinct(state.users, event.user);
  addItem(state.endpoints, event.endpoint);
  countSize(state, event);
  state.devices.set(event.device, (state.devices.get(event.device) ?? 0) + 1);
  watchEvent(state.security, event);
  const evicted = takeIntoProfiles(state.profiles, event);
  for (const session of takeIntoSessions(state.sessions, event)) sessionEnded(state, session, true);
  return evicted;
}

/** At the end of a record: sessions that may have gone on are counted, but nothing is learned of their last step. */
export function endActivity(state: Behaviour): void {
  const { gapMs } = state.settings;
  for (const session of closeSessions(state.sessions))
    sessionEnded(state, session, session.endMs + gapMs < state.lastMs);
}

/** Sessions held out, the ones that began before the last learned one ended left out. */
export function heldOut(state: Behaviour): readonly Session[] {
  return state.held.slice(state.heldFrom).filter(({ startMs }) => startMs >= state.learnedUntilMs);
}

/** After scoring: the chain learns what was held out. */
export function learnHeldOut(state: Behaviour): void {
  while (state.heldFrom < state.held.length) learnOldest(state);
}

export function pathOf({ steps }: Session): readonly string[] {
  return steps.map(({ endpoint }) => endpoint);
}

function sessionEnded(state: Behaviour, session: Session, endKnown: boolean): void {
  const { totals, settings } = state;
  const path = pathOf(session);
  totals.sessions++;
  totals.steps += path.length + session.cutSteps;
  totals.lengthMs += session.endMs - session.startMs;
  if (path.length < 2) totals.single++;
  countSession(state.profiles, session);
  countTogether(state.together, path);
  countTogether(state.areas, path.map(areaOf));
  countWorkflows(state.workflows, path);
  countLeaving(state.latency, session, endKnown);
  if (path.length === 0) return;
  state.held.push(session);
  const room = Math.min(
    settings.maxHeld,
    Math.ceil(settings.holdout * (state.learnedSessions + heldCount(state))),
  );
  while (heldCount(state) > room) learnOldest(state);
}

function heldCount({ held, heldFrom }: Behaviour): number {
  return held.length - heldFrom;
}

function learnOldest(state: Behaviour): void {
  const session = state.held[state.heldFrom++];
  if (session === undefined) return;
  const path = pathOf(session);
  learnPath(state.navigation, path, session.endMs);
  learnPath(state.firstOrder, path, session.endMs);
  for (const [i, step] of session.steps.entries()) {
    const before = session.steps[i - 1];
    if (before !== undefined) addPause(state.pace, step.atMs - before.atMs);
  }
  state.learned[state.learnedSessions % MOST_LEARNED] = path;
  state.learnedSessions++;
  state.learnedUntilMs = Math.max(state.learnedUntilMs, session.endMs);
  // Places of sessions that were learned are given back now and then, not one by one.
  if (state.heldFrom < 1_024 || state.heldFrom < state.held.length / 2) return;
  state.held = state.held.slice(state.heldFrom);
  state.heldFrom = 0;
}

function countSize({ sizes }: Behaviour, { endpoint, bytes, method, status }: ActivityEvent): void {
  const known = sizes.get(endpoint);
  if (known === undefined && sizes.size >= MOST_SIZES) return;
  const size = known ?? { requests: 0, sized: 0, bytes: 0 };
  size.requests++;
  // What is not modified is not sent: its size tells nothing of the endpoint's.
  if (bytes !== undefined && method === "GET" && status === 200) {
    size.sized++;
    size.bytes += bytes;
  }
  if (known === undefined && resourceTypeOf(endpoint) !== "probe") sizes.set(endpoint, size);
}
