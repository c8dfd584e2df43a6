import type { ActivityEvent } from "../model/activity.ts";
import { MINUTE_MS } from "../model/time.ts";
import { resourceTypeOf } from "./resource-type.ts";
import { addDistinct, distinctCount, newDistinctCount } from "./sketch/distinct-count.ts";
import { addItem, type FrequentItems, heaviest, newFrequentItems } from "./sketch/frequent-items.ts";

/** `serve`: as anyone; `cap`: at most their usual share deserves capacity; `ignore`: none of it does. */
export type SecurityPolicy = "serve" | "cap" | "ignore";

export type SecurityKind =
  /** Many users fail to log in, far more than usual: lists of stolen passwords are tried. */
  | "credential-stuffing"
  /** One user fails to log in again and again. */
  | "password-guessing"
  /** One user reads far more different endpoints than a person can. */
  | "scraping"
  /** One user makes a large part of all requests. */
  | "flood"
  /** Paths that attackers try. */
  | "probing";

export interface SecuritySignal {
  readonly kind: SecurityKind;
  readonly fromMs: number;
  readonly toMs: number;
  /** Pseudonym; undefined where it is many. */
  readonly user: string | undefined;
  readonly users: number;
  readonly requests: number;
  /** Facts in a sentence. */
  readonly why: string;
}

export interface SecuritySettings {
  readonly windowMs: number;
  readonly leastFailures: number;
  readonly leastUsers: number;
  /** Times the usual failures of a window. */
  readonly burstFactor: number;
  readonly guesses: number;
  readonly scrapedEndpoints: number;
  readonly floodRequests: number;
  readonly floodShare: number;
  readonly probes: number;
}

export const SECURITY_SETTINGS: SecuritySettings = {
  windowMs: 5 * MINUTE_MS,
  leastFailures: 20,
  leastUsers: 10,
  burstFactor: 5,
  guesses: 10,
  scrapedEndpoints: 120,
  floodRequests: 300,
  floodShare: 0.5,
  probes: 5,
};

interface UserWindow {
  requests: number;
  failures: number;
  probes: number;
  endpoints: number;
  /** Hashes would do; a window has few. */
  readonly seen: Set<string>;
}

export interface SecurityWatch {
  readonly settings: SecuritySettings;
  startMs: number;
  users: Map<string, UserWindow>;
  requests: number;
  failures: number;
  /** Users beyond those watched one by one still count here. */
  failing: ReturnType<typeof newDistinctCount>;
  /** Failures of a usual window, exponentially weighted. */
  usualFailures: number;
  readonly signals: SecuritySignal[];
  /** Requests of signalled users and windows, by kind. */
  readonly suspicious: FrequentItems;
}

const MOST_USERS = 50_000;
const MOST_SIGNALS = 10_000;
const LOGIN =
  /(?:^|[/_.-])(?:log-?in|sign-?in|auth|authenticate|session|token|oauth|wp-login|xmlrpc)(?:[/_.-]|$)/i;

export function newSecurityWatch(settings: SecuritySettings = SECURITY_SETTINGS): SecurityWatch {
  const counts = { startMs: Number.NaN, requests: 0, failures: 0, usualFailures: 0 };
  const parts = {
    users: new Map(),
    failing: newDistinctCount(10),
    signals: [],
    suspicious: newFrequentItems(64),
  };
  return { settings, ...counts, ...parts };
}

/** Takes one event; returns the signals of the window that it ends. Older events count for the window of now. */
export function watchEvent(watch: SecurityWatch, event: ActivityEvent): readonly SecuritySignal[] {
  const { windowMs } = watch.settings;
  if (Number.isNaN(watch.startMs)) watch.startMs = Math.floor(event.atMs / windowMs) * windowMs;
  const ended = event.atMs >= watch.startMs + windowMs ? endWindow(watch) : [];
  if (event.atMs >= watch.startMs + windowMs) watch.startMs = Math.floor(event.atMs / windowMs) * windowMs;
  count(watch, event);
  return ended;
}

/** Judges the window of now: at the end of a file. */
export function endWindow(watch: SecurityWatch): readonly SecuritySignal[] {
  const signals = [
    ...stuffing(watch),
    ...[...watch.users].flatMap(([user, own]) => ofUser(watch, user, own)),
  ];
  for (const signal of signals) {
    if (watch.signals.length < MOST_SIGNALS) watch.signals.push(signal);
    addItem(watch.suspicious, signal.kind, signal.requests);
  }
  // A burst must not become what is usual.
  const counted = Math.min(watch.failures, Math.max(2 * watch.usualFailures, watch.settings.leastFailures));
  watch.usualFailures += 0.1 * (counted - watch.usualFailures);
  watch.users = new Map();
  watch.failing = newDistinctCount(10);
  watch.requests = 0;
  watch.failures = 0;
  return signals;
}

export interface DeservedDemand {
  readonly policy: SecurityPolicy;
  readonly requests: number;
  readonly suspicious: number;
  /** What capacity is sized for. */
  readonly deserved: number;
  /** `requests - deserved`: never dropped in silence. */
  readonly excluded: number;
}

/** What of the demand of a time deserves capacity. `usual`: requests of the same users in a usual time, for `cap`. */
export function deservedDemand(
  requests: number,
  suspicious: number,
  policy: SecurityPolicy,
  usual = 0,
): DeservedDemand {
  const served = { serve: suspicious, cap: Math.min(suspicious, usual), ignore: 0 }[policy];
  const deserved = requests - suspicious + served;
  return { policy, requests, suspicious, deserved, excluded: requests - deserved };
}

export function suspiciousByKind(watch: SecurityWatch): Readonly<Record<string, number>> {
  return Object.fromEntries(heaviest(watch.suspicious, 16).map(({ key, weight }) => [key, weight]));
}

function count(watch: SecurityWatch, event: ActivityEvent): void {
  const { user, endpoint, method, status } = event;
  watch.requests++;
  const failed =
    LOGIN.test(endpoint) && method !== "GET" && (status === 401 || status === 403 || status === 429);
  if (failed) {
    watch.failures++;
    addDistinct(watch.failing, user);
  }
  const own = watch.users.get(user) ?? openUser(watch, user);
  if (own === undefined) return;
  own.requests++;
  if (failed) own.failures++;
  const type = resourceTypeOf(endpoint);
  if (type === "probe") own.probes++;
  if (type === "asset" || own.seen.size >= 1_000 || own.seen.has(endpoint)) return;
  own.seen.add(endpoint);
  own.endpoints++;
}

function openUser(watch: SecurityWatch, user: string): UserWindow | undefined {
  if (watch.users.size >= MOST_USERS) return undefined;
  const own: UserWindow = { requests: 0, failures: 0, probes: 0, endpoints: 0, seen: new Set() };
  watch.users.set(user, own);
  return own;
}

function stuffing(watch: SecurityWatch): readonly SecuritySignal[] {
  const { settings, failures, usualFailures, startMs } = watch;
  const users = Math.round(distinctCount(watch.failing));
  const isBurst = failures >= Math.max(settings.leastFailures, settings.burstFactor * usualFailures);
  if (!isBurst || users < settings.leastUsers) return [];
  const why = `${failures} failed logins of ${users} users, usual are ${usualFailures.toFixed(1)}`;
  const toMs = startMs + settings.windowMs;
  return [
    { kind: "credential-stuffing", fromMs: startMs, toMs, user: undefined, users, requests: failures, why },
  ];
}

function ofUser(watch: SecurityWatch, user: string, own: UserWindow): readonly SecuritySignal[] {
  const { settings, startMs } = watch;
  const { requests } = own;
  const found: (readonly [SecurityKind, string])[] = [];
  if (own.failures >= settings.guesses) found.push(["password-guessing", `${own.failures} failed logins`]);
  if (own.probes >= settings.probes)
    found.push(["probing", `${own.probes} requests for paths that attackers try`]);
  if (own.endpoints >= settings.scrapedEndpoints)
    found.push(["scraping", `${own.endpoints} different endpoints in ${requests} requests`]);
  if (requests >= settings.floodRequests && requests > settings.floodShare * watch.requests)
    found.push(["flood", `${requests} of ${watch.requests} requests`]);
  const toMs = startMs + settings.windowMs;
  return found.map(([kind, why]) => ({ kind, fromMs: startMs, toMs, user, users: 1, requests, why }));
}
