import { DAY_MS, HOUR_MS, MINUTE_MS } from "../model/time.ts";
import { zoneOffset } from "../model/zone-offset.ts";

/** Wall time of one IANA zone between two instants. */
export interface LocalClock {
  readonly timeZone: string;
  /** The local wall time at `utcMs`, counted as if it were UTC. */
  localMs(utcMs: number): number;
  /** The instant whose local clock shows the same time `days` days earlier: 24 h back, or 23, 25 over DST. */
  sameTimeBefore(utcMs: number, days: number): number;
}

interface Segment {
  readonly fromMs: number;
  readonly offsetMs: number;
}

/** Probes closer than any two transitions of one zone. */
const PROBE_MS = 12 * HOUR_MS;

/** Offsets are kept for so many spans of a zone: thousands of series ask for the same one. */
const KEPT_SPANS = 64;
const SPAN_MS = 32 * DAY_MS;
const keptSegments = new Map<string, readonly Segment[]>();

/**
 * The clock of `timeZone` for instants in `[fromMs, toMs]`; further out the nearest offset known holds.
 * Offsets come from the runtime's time zone tables, once for all series of a zone; transitions are found to the
 * minute. Throws a RangeError for a zone the runtime does not know.
 */
export function localClock(timeZone: string, fromMs: number, toMs: number): LocalClock {
  const from = Math.floor(fromMs / SPAN_MS) * SPAN_MS;
  const to = Math.ceil(toMs / SPAN_MS) * SPAN_MS;
  const key = `${timeZone} ${from} ${to}`;
  const segments = keptSegments.get(key) ?? offsetSegments(timeZone, from - 8 * DAY_MS, to + 2 * DAY_MS);
  keptSegments.delete(key);
  keptSegments.set(key, segments);
  const oldest = keptSegments.keys().next().value;
  if (keptSegments.size > KEPT_SPANS && oldest !== undefined) keptSegments.delete(oldest);
  return clockOn(timeZone, segments);
}

function clockOn(timeZone: string, segments: readonly Segment[]): LocalClock {
  let current = 0;
  const offsetAt = (utcMs: number): number => {
    while (current > 0 && utcMs < (segments[current]?.fromMs ?? 0)) current--;
    while (current + 1 < segments.length && utcMs >= (segments[current + 1]?.fromMs ?? Infinity)) current++;
    return segments[current]?.offsetMs ?? 0;
  };
  return {
    timeZone,
    localMs: (utcMs) => utcMs + offsetAt(utcMs),
    sameTimeBefore: (utcMs, days) => {
      const back = utcMs - days * DAY_MS;
      return back + offsetAt(utcMs) - offsetAt(back);
    },
  };
}

function offsetSegments(timeZone: string, fromMs: number, toMs: number): readonly Segment[] {
  const offset = zoneOffset(timeZone);
  const segments: Segment[] = [{ fromMs: Number.NEGATIVE_INFINITY, offsetMs: offset(fromMs) }];
  if (timeZone === "UTC") return segments;
  let lowMs = fromMs;
  let lowOffset = offset(fromMs);
  while (lowMs < toMs) {
    const highMs = lowMs + PROBE_MS;
    const highOffset = offset(highMs);
    if (highOffset !== lowOffset) {
      segments.push({ fromMs: transition(offset, lowMs, highMs), offsetMs: highOffset });
    }
    lowMs = highMs;
    lowOffset = highOffset;
  }
  return segments;
}

/** The first minute after `lowMs` with the offset of `highMs`. */
function transition(offset: (utcMs: number) => number, lowMs: number, highMs: number): number {
  const after = offset(highMs);
  let low = Math.floor(lowMs / MINUTE_MS);
  let high = Math.ceil(highMs / MINUTE_MS);
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (offset(middle * MINUTE_MS) === after) high = middle;
    else low = middle;
  }
  return high * MINUTE_MS;
}
