import { DAY_MS } from "../../model/time.ts";

export interface NavigationSettings {
  /** Longest context: how many steps back are looked at. */
  readonly order: number;
  readonly halfLifeMs: number;
  readonly maxContexts: number;
  /** Further endpoints are one, "(other)", which is never offered as a next step. */
  readonly maxEndpoints: number;
  /** Next steps kept per context. */
  readonly maxNext: number;
}

export const NAVIGATION_SETTINGS: NavigationSettings = {
  order: 3,
  halfLifeMs: 30 * DAY_MS,
  maxContexts: 200_000,
  maxEndpoints: 4_096,
  maxNext: 128,
};

interface Context {
  total: number;
  readonly next: Map<number, number>;
}

/** A variable-order Markov chain over endpoints, learned as sessions end. */
export interface Navigation {
  readonly settings: NavigationSettings;
  readonly names: string[];
  readonly ids: Map<string, number>;
  /** By the ids of up to `order` last steps, newest last; the empty context is the root. */
  readonly contexts: Map<string, Context>;
  /** Weight 1 is worth `2^((atMs - landmarkMs) / halfLife)` (forward decay, Cormode et al. 2009). */
  landmarkMs: number;
  scale: number;
  /** Contexts forgotten because there were too many. */
  pruned: number;
}

export interface NextShare {
  readonly endpoint: string;
  readonly share: number;
}

export interface NextShares {
  /** Probability that the session ends here. */
  readonly leave: number;
  /** Likeliest first; together with `leave` at most 1. */
  readonly next: readonly NextShare[];
}

const OTHER = 0;
/** The end of a session is a symbol like any other, so that leaving is learned with the same back-off. */
const END = -1;
/** Stands before the first step, so that where sessions begin is learned too. */
const START = -2;

export function newNavigation(settings: NavigationSettings = NAVIGATION_SETTINGS): Navigation {
  const names = ["(other)"];
  const contexts = new Map<string, Context>();
  return {
    settings,
    names,
    ids: new Map([["(other)", OTHER]]),
    contexts,
    landmarkMs: Number.NaN,
    scale: 1,
    pruned: 0,
  };
}

/** Learns the steps of a session that ended at `atMs`. `ended`: false when only its time in the record ended. */
export function learnPath(state: Navigation, path: readonly string[], atMs: number, ended = true): void {
  const weight = weightAt(state, atMs);
  if (path.length === 0) return;
  const ids = [START, ...path.map((endpoint) => idOf(state, endpoint))];
  for (let i = 1; i < ids.length; i++) addAll(state, ids, i, ids[i] ?? OTHER, weight);
  if (ended) addAll(state, ids, ids.length, END, weight);
  if (state.contexts.size > state.settings.maxContexts) prune(state);
}

/**
 * Shares of what follows `recent`: the steps of the session so far or its last `order` ones, newest last.
 * Contexts are interpolated from long to short by Witten and Bell
 * (1991, method C): a context seen `n` times with `d` different successors counts n / (n + d), the rest is left to
 * the context one step shorter. Unseen endpoints keep the mass that the root leaves.
 */
export function nextShares(state: Navigation, recent: readonly string[], most = 64): NextShares {
  const shares = mixedShares(state, recent);
  const next: NextShare[] = [];
  for (const [id, share] of shares) {
    if (id !== END && id !== OTHER) next.push({ endpoint: state.names[id] ?? "", share });
  }
  next.sort((a, b) => b.share - a.share || (a.endpoint < b.endpoint ? -1 : 1));
  return { leave: shares.get(END) ?? 0, next: next.slice(0, most) };
}

function mixedShares(state: Navigation, recent: readonly string[]): ReadonlyMap<number, number> {
  const { order } = state.settings;
  const steps = recent.slice(-order).map((endpoint) => state.ids.get(endpoint) ?? OTHER);
  const ids = steps.length < order ? [START, ...steps] : steps;
  const shares = new Map<number, number>();
  let left = 1;
  for (let from = 0; from <= ids.length; from++) {
    const context = state.contexts.get(ids.slice(from).join(","));
    if (context === undefined) continue;
    const seen = context.total / state.scale;
    const kept = seen / (seen + context.next.size);
    for (const [id, weight] of context.next)
      shares.set(id, (shares.get(id) ?? 0) + (left * kept * weight) / context.total);
    left *= 1 - kept;
  }
  return shares;
}

export function knownEndpoints(state: Navigation): readonly string[] {
  return state.names.slice(1);
}

/** How often an endpoint was left for another or for good, in decayed counts of now; 0 when unknown. */
export function endpointWeight(state: Navigation, endpoint: string): number {
  const id = state.ids.get(endpoint);
  return id === undefined ? 0 : (state.contexts.get(String(id))?.total ?? 0) / state.scale;
}

function addAll(state: Navigation, ids: readonly number[], at: number, id: number, weight: number): void {
  const longest = Math.min(state.settings.order, at);
  for (let length = 0; length <= longest; length++) {
    const key = ids.slice(at - length, at).join(",");
    const context = state.contexts.get(key) ?? opened(state, key);
    // The root keeps every endpoint: it is what everything falls back to.
    if (!context.next.has(id) && length > 0 && context.next.size >= state.settings.maxNext)
      dropLightest(context);
    context.total += weight;
    context.next.set(id, (context.next.get(id) ?? 0) + weight);
  }
}

function opened({ contexts }: Navigation, key: string): Context {
  const context: Context = { total: 0, next: new Map() };
  contexts.set(key, context);
  return context;
}

function dropLightest(context: Context): void {
  let [lightest, least] = [END, Number.POSITIVE_INFINITY];
  for (const [id, weight] of context.next) if (id !== END && weight < least) [lightest, least] = [id, weight];
  context.next.delete(lightest);
  context.total -= least;
}

/** The lighter half goes; the root stays, and contexts of one step go last because of their weight. */
function prune(state: Navigation): void {
  const { contexts, settings } = state;
  const weights = Float64Array.from(contexts.values(), ({ total }) => total).sort();
  const cut = weights[weights.length >> 1] ?? 0;
  const room = settings.maxContexts >> 1;
  for (const [key, { total }] of contexts) {
    if (contexts.size <= room) break;
    if (key === "" || total > cut) continue;
    contexts.delete(key);
    state.pruned++;
  }
}

function idOf(state: Navigation, endpoint: string): number {
  const known = state.ids.get(endpoint);
  if (known !== undefined) return known;
  if (state.names.length > state.settings.maxEndpoints) return OTHER;
  const id = state.names.length;
  state.names.push(endpoint);
  state.ids.set(endpoint, id);
  return id;
}

const LARGEST_SCALE = 2 ** 100;

function weightAt(state: Navigation, atMs: number): number {
  if (Number.isNaN(state.landmarkMs)) state.landmarkMs = atMs;
  const weight = 2 ** ((atMs - state.landmarkMs) / state.settings.halfLifeMs);
  state.scale = Math.max(state.scale, weight);
  if (state.scale <= LARGEST_SCALE) return weight;
  return rebased(state, atMs);
}

/** All weights in terms of now, before they get too large to add to. */
function rebased(state: Navigation, atMs: number): number {
  const factor = 2 ** (-(atMs - state.landmarkMs) / state.settings.halfLifeMs);
  for (const context of state.contexts.values()) {
    context.total *= factor;
    for (const [id, weight] of context.next) context.next.set(id, weight * factor);
  }
  state.landmarkMs = atMs;
  state.scale = 1;
  return 1;
}
