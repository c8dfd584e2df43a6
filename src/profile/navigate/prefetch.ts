import { endpointWeight, knownEndpoints, type Navigation, nextShares } from "./navigation.ts";
import { type Pace, pauseQuantile } from "./pace.ts";

/** One thing to fetch ahead for whoever is at `after`. */
export interface PrefetchItem {
  readonly after: string;
  readonly endpoint: string;
  /** Probability that it is the next step. */
  readonly share: number;
  /** To be there this long after the step before: earlier than nine of ten people come. */
  readonly withinMs: number;
  readonly bytes: number;
  /** Per hour, at the traffic of now. */
  readonly visits: number;
  readonly expectedHits: number;
  readonly spentBytes: number;
}

export interface PrefetchPlan {
  readonly items: readonly PrefetchItem[];
  readonly budgetBytes: number;
  readonly spentBytes: number;
  readonly expectedHits: number;
  /** Endpoints of unknown size: never planned, for they could cost anything. */
  readonly unknownSizes: number;
}

export interface PrefetchRequest {
  readonly navigation: Navigation;
  readonly pace: Pace;
  /** Mean transfer size of an endpoint; undefined when no source told. */
  readonly bytesOf: (endpoint: string) => number | undefined;
  /** Steps at an endpoint per hour. */
  readonly visitsPerHour: (endpoint: string) => number;
  /** Bytes that may be sent per hour without being asked for. */
  readonly budgetBytes: number;
  /** Rarer follow-ups are not worth a transfer. */
  readonly leastShare: number;
}

const MOST_ITEMS = 200;

/**
 * Which next steps to fetch ahead under a budget of bytes: those with most hits per byte first (the greedy answer to
 * the fractional knapsack, Dantzig 1957), as long as they fit.
 */
export function prefetchPlan(request: PrefetchRequest): PrefetchPlan {
  const { items, unknownSizes } = candidates(request);
  items.sort((a, b) => perByte(b) - perByte(a) || (a.after + a.endpoint < b.after + b.endpoint ? -1 : 1));
  const chosen: PrefetchItem[] = [];
  let spentBytes = 0;
  for (const item of items) {
    if (chosen.length >= MOST_ITEMS) break;
    if (spentBytes + item.spentBytes > request.budgetBytes) continue;
    spentBytes += item.spentBytes;
    chosen.push(item);
  }
  const expectedHits = chosen.reduce((sum, item) => sum + item.expectedHits, 0);
  return { items: chosen, budgetBytes: request.budgetBytes, spentBytes, expectedHits, unknownSizes };
}

function candidates(request: PrefetchRequest): {
  readonly items: PrefetchItem[];
  readonly unknownSizes: number;
} {
  const withinMs = pauseQuantile(request.pace, 0.1);
  const unknown = new Set<string>();
  const items = knownEndpoints(request.navigation)
    .filter((after) => endpointWeight(request.navigation, after) >= LEAST_VISITS)
    .flatMap((after) => followUps(request, after, withinMs, unknown));
  return { items, unknownSizes: unknown.size };
}

/** Fewer visits than this tell too little of what comes next. */
const LEAST_VISITS = 5;

function followUps(
  { navigation, bytesOf, visitsPerHour, leastShare }: PrefetchRequest,
  after: string,
  withinMs: number,
  unknown: Set<string>,
): readonly PrefetchItem[] {
  const visits = visitsPerHour(after);
  const { next } = nextShares(navigation, ["(other)", "(other)", after], 5);
  return next.flatMap(({ endpoint, share }) => {
    if (share < leastShare || endpoint === after) return [];
    const bytes = bytesOf(endpoint);
    if (bytes === undefined) unknown.add(endpoint);
    if (bytes === undefined) return [];
    const counts = { visits, expectedHits: visits * share, spentBytes: visits * bytes };
    return [{ after, endpoint, share, withinMs, bytes, ...counts }];
  });
}

function perByte({ share, bytes }: PrefetchItem): number {
  return share / Math.max(1, bytes);
}

/** One thing to have in a shared cache. */
export interface CacheItem {
  readonly endpoint: string;
  readonly expectedRequests: number;
  readonly bytes: number;
}

/** What a shared cache of `budgetBytes` holds best for the requests to come: most requests per byte first. */
export function cachePlan(
  expected: readonly { readonly endpoint: string; readonly requests: number }[],
  bytesOf: (endpoint: string) => number | undefined,
  budgetBytes: number,
): readonly CacheItem[] {
  const known = expected.flatMap(({ endpoint, requests }) => {
    const bytes = bytesOf(endpoint);
    return bytes === undefined ? [] : [{ endpoint, expectedRequests: requests, bytes: Math.max(1, bytes) }];
  });
  known.sort((a, b) => b.expectedRequests / b.bytes - a.expectedRequests / a.bytes);
  let spent = 0;
  return known.filter(({ bytes }) => {
    if (spent + bytes > budgetBytes) return false;
    spent += bytes;
    return true;
  });
}
