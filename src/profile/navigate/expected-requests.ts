import { type Navigation, type NextShare, nextShares } from "./navigation.ts";
import { longerThan, type Pace } from "./pace.ts";

/** A session that may go on: what it did last, and how long ago. */
export interface LiveSession {
  /** Newest last. */
  readonly recent: readonly string[];
  readonly idleMs: number;
}

export interface ExpectedRequest {
  readonly endpoint: string;
  readonly requests: number;
}

export interface ExpectationRequest {
  readonly navigation: Navigation;
  readonly pace: Pace;
  readonly live: readonly LiveSession[];
  readonly horizonMs: number;
  /** Sessions that begin, per minute. */
  readonly startsPerMinute: number;
}

const SLICES = 30;

/**
 * Steps expected per endpoint within `horizonMs`, most first. A semi-Markov chain: which step comes is from the full
 * context for the first one and from one step back after it; when it comes is from the pace, for the first one
 * given how long the session has been idle already:
 *
 *     P(next within h | idle a) = (1 - leave) (S(a) - S(a + h)) / ((1 - leave) S(a) + leave)
 *
 * with S the share of pauses longer than a: who has been idle for long has rather left. New sessions begin evenly.
 */
export function expectedRequests(request: ExpectationRequest): readonly ExpectedRequest[] {
  const { navigation, live, horizonMs, startsPerMinute } = request;
  const slices = Array.from({ length: SLICES }, () => new Map<string, number>());
  for (const session of live) firstSteps(request, session, slices);
  const startsPerSlice = (startsPerMinute * horizonMs) / 60_000 / SLICES;
  const entries = nextShares(navigation, []).next;
  for (const slice of slices)
    for (const { endpoint, share } of entries) add(slice, endpoint, startsPerSlice * share);
  followUp(request, slices);
  const expected = new Map<string, number>();
  for (const slice of slices) for (const [endpoint, count] of slice) add(expected, endpoint, count);
  return [...expected]
    .map(([endpoint, requests]) => ({ endpoint, requests }))
    .sort((a, b) => b.requests - a.requests || (a.endpoint < b.endpoint ? -1 : 1));
}

function firstSteps(
  { navigation, pace, horizonMs }: ExpectationRequest,
  { recent, idleMs }: LiveSession,
  slices: readonly Map<string, number>[],
): void {
  const { leave, next } = nextShares(navigation, recent);
  const stays = (1 - leave) * longerThan(pace, idleMs);
  // Whoever has been idle for longer than any pause has left.
  if (stays + leave === 0) return;
  for (const [s, slice] of slices.entries()) {
    const fromMs = idleMs + (s * horizonMs) / SLICES;
    const inSlice = longerThan(pace, fromMs) - longerThan(pace, fromMs + horizonMs / SLICES);
    for (const { endpoint, share } of next) add(slice, endpoint, (share * inSlice) / (stays + leave));
  }
}

/** What follows the steps of each slice, in the slices after it; a step within its own slice moves to the next. */
function followUp(
  { navigation, pace, horizonMs }: ExpectationRequest,
  slices: readonly Map<string, number>[],
): void {
  const sliceMs = horizonMs / SLICES;
  const delays = Array.from({ length: SLICES }, (_, d) => {
    const fromMs = d === 0 ? 0 : (d + 0.5) * sliceMs;
    return longerThan(pace, fromMs) - longerThan(pace, (d + 1.5) * sliceMs);
  });
  const known = new Map<string, readonly NextShare[]>();
  for (const [s, slice] of slices.entries()) {
    for (const [endpoint, count] of slice) {
      const next = known.get(endpoint) ?? nextShares(navigation, ["(other)", "(other)", endpoint], 16).next;
      known.set(endpoint, next);
      spread(slices.slice(s + 1), delays, next, count);
    }
  }
}

/** `delays[0]` of the follow-ups fall into the slice after, and so on. */
function spread(
  later: readonly Map<string, number>[],
  delays: readonly number[],
  next: readonly NextShare[],
  count: number,
): void {
  for (const [d, slice] of later.entries()) {
    const weight = count * (delays[d] ?? 0);
    if (weight < LEAST) continue;
    for (const { endpoint, share } of next) add(slice, endpoint, weight * share);
  }
}

/** Smaller counts than this are not followed up: they add up to nothing that is shown. */
const LEAST = 1e-5;

function add(counts: Map<string, number>, endpoint: string, count: number): void {
  counts.set(endpoint, (counts.get(endpoint) ?? 0) + count);
}
