import type { Session } from "../sessions.ts";
import { expectedRequests, type LiveSession } from "./expected-requests.ts";
import type { Navigation } from "./navigation.ts";
import type { Pace } from "./pace.ts";

/** Error of requests per endpoint over the next minutes, as a share of what came (WAPE), over all origins. */
export interface ExpectedScore {
  readonly origins: number;
  readonly horizonMs: number;
  readonly requests: number;
  /** From live sessions. */
  readonly chain: number;
  /** As many as in the last `horizonMs`. */
  readonly persistence: number;
  /** The mean of the last hour. */
  readonly lastHour: number;
}

export interface ExpectedScoreRequest {
  readonly sessions: readonly Session[];
  readonly navigation: Navigation;
  readonly pace: Pace;
  readonly horizonMs: number;
  readonly gapMs: number;
  readonly origins: number;
}

const HOUR_MS = 3_600_000;

/** Looks ahead from instants all over the time of `sessions`, knowing at each only the steps before it. */
export function scoreExpected(request: ExpectedScoreRequest): ExpectedScore {
  const { sessions, horizonMs } = request;
  const sums = { requests: 0, chain: 0, persistence: 0, lastHour: 0 };
  const firstMs = Math.min(...sessions.map(({ startMs }) => startMs)) + HOUR_MS;
  const lastMs = Math.max(...sessions.map(({ endMs }) => endMs)) - horizonMs;
  let origins = 0;
  for (let i = 0; i < request.origins && lastMs > firstMs; i++) {
    const atMs = firstMs + ((lastMs - firstMs) * (i + 0.5)) / request.origins;
    const truth = stepsBetween(sessions, atMs, atMs + horizonMs);
    const hour = stepsBetween(sessions, atMs - HOUR_MS, atMs);
    sums.requests += [...truth.values()].reduce((sum, value) => sum + value, 0);
    sums.chain += distance(truth, chainAt(request, atMs));
    sums.persistence += distance(truth, stepsBetween(sessions, atMs - horizonMs, atMs));
    sums.lastHour += distance(
      truth,
      new Map([...hour].map(([name, n]) => [name, (n * horizonMs) / HOUR_MS])),
    );
    origins++;
  }
  const of = (sum: number): number => sum / sums.requests;
  const errors = { chain: of(sums.chain), persistence: of(sums.persistence), lastHour: of(sums.lastHour) };
  return { origins, horizonMs, requests: sums.requests, ...errors };
}

function chainAt(request: ExpectedScoreRequest, atMs: number): ReadonlyMap<string, number> {
  const { sessions, navigation, pace, horizonMs, gapMs } = request;
  const live: LiveSession[] = [];
  let starts = 0;
  for (const { startMs, endMs, steps } of sessions) {
    if (startMs > atMs || endMs < atMs - HOUR_MS) continue;
    if (startMs > atMs - HOUR_MS) starts++;
    const done = steps.filter((step) => step.atMs <= atMs);
    const idleMs = atMs - (done.at(-1)?.atMs ?? Number.NEGATIVE_INFINITY);
    if (idleMs <= gapMs) live.push({ recent: done.slice(-8).map(({ endpoint }) => endpoint), idleMs });
  }
  const found = expectedRequests({ navigation, pace, live, horizonMs, startsPerMinute: starts / 60 });
  return new Map(found.map(({ endpoint, requests }) => [endpoint, requests]));
}

function stepsBetween(
  sessions: readonly Session[],
  fromMs: number,
  toMs: number,
): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { startMs, endMs, steps } of sessions) {
    if (startMs > toMs || endMs <= fromMs) continue;
    for (const { atMs, endpoint } of steps)
      if (atMs > fromMs && atMs <= toMs) counts.set(endpoint, (counts.get(endpoint) ?? 0) + 1);
  }
  return counts;
}

function distance(truth: ReadonlyMap<string, number>, forecast: ReadonlyMap<string, number>): number {
  let sum = 0;
  for (const name of new Set([...truth.keys(), ...forecast.keys()]))
    sum += Math.abs((truth.get(name) ?? 0) - (forecast.get(name) ?? 0));
  return sum;
}
