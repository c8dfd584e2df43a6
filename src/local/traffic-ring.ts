import { bucketOf, histogramQuantile, latencyBuckets, sparseCounts } from "../model/latency-histogram.ts";
import type { TrafficSample } from "../model/platform.ts";
import { TIERS, type Tier } from "../model/tier.ts";

/** Units that were ready when the second ended. */
export interface ReadyUnits {
  readonly byTier: Readonly<Record<Tier, number>>;
  readonly warm: number;
}

export interface LocalTrafficSample extends TrafficSample {
  readonly readyByTier: Readonly<Record<Tier, number>>;
  readonly warmUnits: number;
}

/** What the router counted, second by second of the wall clock, for the last 20 minutes. */
export interface TrafficRing {
  arrive(wallMs: number): void;
  serve(wallMs: number, latencyMs: number, serviceMs: number, late: boolean): void;
  fail(wallMs: number): void;
  /** Called several times a second: a second nobody ticked is a gap, not zero traffic. */
  tick(wallMs: number, ready: ReadyUnits): void;
  /** Whole seconds from `fromWallMs` on, oldest first. Seconds in which the clock was not watched are missing. */
  samples(fromWallMs: number, nowWallMs: number): readonly LocalTrafficSample[];
}

const RING_SECONDS = 1_200;

/** A late timer may skip this many seconds; more means the machine slept, which is a gap. */
const LARGEST_SKIP_S = 5;

interface Second {
  second: number;
  /** False for the first second after a start or a gap: it was not watched from its beginning. */
  whole: boolean;
  arrived: number;
  served: number;
  failed: number;
  late: number;
  serviceMs: number;
  ready: ReadyUnits;
  readonly buckets: Uint32Array;
}

interface Ring {
  readonly seconds: readonly Second[];
  /** The newest second, NaN before the first. */
  latest: number;
}

const NO_READY: ReadyUnits = { byTier: { baseline: 0, predictive: 0, burst: 0 }, warm: 0 };

export function createTrafficRing(): TrafficRing {
  const ring: Ring = {
    seconds: Array.from({ length: RING_SECONDS }, () => emptySecond()),
    latest: Number.NaN,
  };
  return {
    arrive: (wallMs) => {
      current(ring, wallMs).arrived += 1;
    },
    serve: (wallMs, latencyMs, serviceMs, late) => {
      const second = current(ring, wallMs);
      second.served += 1;
      second.serviceMs += serviceMs;
      if (late) second.late += 1;
      const bucket = bucketOf(latencyMs);
      second.buckets[bucket] = (second.buckets[bucket] ?? 0) + 1;
    },
    fail: (wallMs) => {
      current(ring, wallMs).failed += 1;
    },
    tick: (wallMs, ready) => {
      current(ring, wallMs).ready = ready;
    },
    samples: (fromWallMs, nowWallMs) => samplesFrom(ring, fromWallMs, nowWallMs),
  };
}

/** The second that counts now. The clock set back forgets what is now in the future: a gap, never a double. */
function current(ring: Ring, wallMs: number): Second {
  const second = Math.floor(wallMs / 1_000);
  if (second < ring.latest - 2) {
    for (const each of ring.seconds) each.second = -1;
    ring.latest = Number.NaN;
  }
  if (second > ring.latest && second - ring.latest <= LARGEST_SKIP_S) {
    for (let step = ring.latest + 1; step <= second; step++) openSecond(ring, step);
  } else if (!(second <= ring.latest)) openSecond(ring, second);
  return slot(ring, ring.latest);
}

function openSecond(ring: Ring, second: number): void {
  const whole = second === ring.latest + 1;
  const ready = whole ? slot(ring, ring.latest).ready : NO_READY;
  const counts = { arrived: 0, served: 0, failed: 0, late: 0, serviceMs: 0 };
  Object.assign(slot(ring, second), { second, whole, ready, ...counts });
  slot(ring, second).buckets.fill(0);
  ring.latest = second;
}

function slot(ring: Ring, second: number): Second {
  const found = ring.seconds[second % RING_SECONDS];
  if (!found) throw new Error(`no slot for second ${second}`);
  return found;
}

function samplesFrom(ring: Ring, fromWallMs: number, nowWallMs: number): readonly LocalTrafficSample[] {
  if (Number.isNaN(ring.latest)) return [];
  const end = Math.min(Math.floor(nowWallMs / 1_000), ring.latest + 1);
  const start = Math.max(Math.ceil(fromWallMs / 1_000), end - RING_SECONDS + 2, 0);
  const found: LocalTrafficSample[] = [];
  for (let second = start; second < end; second++) {
    const each = slot(ring, second);
    if (each.second === second && each.whole) found.push(toSample(each));
  }
  return found;
}

function toSample(each: Second): LocalTrafficSample {
  const { arrived, served, failed, late, ready, buckets } = each;
  return {
    fromWallMs: each.second * 1_000,
    toWallMs: (each.second + 1) * 1_000,
    arrived,
    served,
    failed,
    late,
    meanServiceMs: served === 0 ? 0 : each.serviceMs / served,
    p50Ms: histogramQuantile(buckets, 0.5),
    p95Ms: histogramQuantile(buckets, 0.95),
    p99Ms: histogramQuantile(buckets, 0.99),
    latencyCounts: sparseCounts(buckets),
    readyUnits: TIERS.reduce((sum, tier) => sum + ready.byTier[tier], 0),
    readyByTier: ready.byTier,
    warmUnits: ready.warm,
  };
}

function emptySecond(): Second {
  return {
    second: -1,
    whole: false,
    arrived: 0,
    served: 0,
    failed: 0,
    late: 0,
    serviceMs: 0,
    ready: NO_READY,
    buckets: latencyBuckets(),
  };
}
