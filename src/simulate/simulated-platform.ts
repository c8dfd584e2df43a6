import type { PlatformState, TrafficSample } from "../model/platform.ts";
import type { PlatformReader } from "../model/ports.ts";
import { NO_UNITS, TIERS, type Tier, type TierUnits, totalUnits } from "../model/tier.ts";
import { MINUTE_MS } from "../model/time.ts";

/** What the platform was told to want last. */
export interface WantedNow {
  readonly units: TierUnits;
  readonly warmUnits: number;
  readonly planGeneration: number;
}

/** A service of units in memory: they take a while to start, may crash, and drain at once. */
export interface SimulatedPlatform extends PlatformReader {
  readonly troubles: PlatformTroubles;
  wanted(): WantedNow;
  /**
   * Refuses a plan older than the one it holds, or another one of the same number: the reason in words, undefined
   * when it was taken.
   */
  takePlan(planGeneration: number, decisionId: string): string | undefined;
  setTier(tier: Tier, units: number): void;
  setWarm(units: number, ttlWallMs: number | null): void;
  /** Ready units lose their process and start again. */
  crashUnits(count: number): void;
  readyUnits(): number;
  /** Units still starting begin to start anew. */
  restartStarts(): void;
  /** Keeps what is true now for reads that come late. */
  remember(): void;
}

export interface PlatformTroubles {
  /** `lost`: no answer. `stale`: the answer of the last `remember`. `empty`: as if nothing were there. */
  reads: "fine" | "lost" | "stale" | "empty";
  /** Starts take this many times as long. */
  startFactor: number;
  /** Whoever moves time on crashes units again and again. */
  crashLoops: boolean;
}

export interface PlatformOptions {
  /** Milliseconds that only rise. */
  readonly elapsedMs: () => number;
  /** The wall clock that stamps traffic. */
  readonly wallMs: () => number;
  readonly random: () => number;
  readonly demandRps: () => number;
  readonly unitRps: number;
  readonly startMedianMs: number;
}

export function createSimulatedPlatform(options: PlatformOptions): SimulatedPlatform {
  const { elapsedMs, random } = options;
  const troubles: PlatformTroubles = { reads: "fine", startFactor: 1, crashLoops: false };
  const readyAtMs: Record<Tier, number[]> = { baseline: [], predictive: [], burst: [] };
  let warm = { units: 0, endMs: Number.POSITIVE_INFINITY };
  let planGeneration = 0;
  let takenFor = "";
  let remembered: PlatformState | undefined;

  const startMs = () => options.startMedianMs * (0.5 + random()) * troubles.startFactor;
  const isReady = (atMs: number) => atMs <= elapsedMs();
  const readyIn = (tier: Tier) => readyAtMs[tier].filter(isReady).length;
  const warmNow = () => (elapsedMs() >= warm.endMs ? 0 : warm.units);
  const readyAll = () => TIERS.reduce((sum, tier) => sum + readyIn(tier), 0);
  const state = () => stateOf(readyAtMs, elapsedMs(), warmNow(), planGeneration);
  const seen = () => {
    if (troubles.reads === "empty") return stateOf(NO_READY, elapsedMs(), 0, 0);
    return troubles.reads === "stale" ? (remembered ?? state()) : state();
  };
  const answer = <T>(value: T): Promise<T> =>
    troubles.reads === "lost"
      ? Promise.reject(new Error("the platform does not answer"))
      : Promise.resolve(value);

  return {
    troubles,
    state: () => answer(seen()),
    traffic: () => answer([traffic(options, readyAll())]),
    wanted: () => ({
      units: {
        baseline: readyAtMs.baseline.length,
        predictive: readyAtMs.predictive.length,
        burst: readyAtMs.burst.length,
      },
      warmUnits: warmNow(),
      planGeneration,
    }),
    takePlan: (generation, decisionId) => {
      if (generation < planGeneration || (generation === planGeneration && decisionId !== takenFor)) {
        return `stale plan: generation ${generation} is refused, the platform's plan is generation ${planGeneration}`;
      }
      planGeneration = generation;
      takenFor = decisionId;
      return undefined;
    },
    setTier: (tier, units) => {
      const kept = readyAtMs[tier].toSorted((a, b) => a - b).slice(0, units);
      while (kept.length < units) kept.push(elapsedMs() + startMs());
      readyAtMs[tier] = kept;
    },
    setWarm: (units, ttlWallMs) => {
      warm = { units, endMs: ttlWallMs === null ? Number.POSITIVE_INFINITY : elapsedMs() + ttlWallMs };
    },
    crashUnits: (count) => {
      let left = count;
      for (const tier of TIERS) {
        readyAtMs[tier] = readyAtMs[tier].map((atMs) =>
          isReady(atMs) && left-- > 0 ? elapsedMs() + startMs() : atMs,
        );
      }
    },
    readyUnits: readyAll,
    restartStarts: () => {
      for (const tier of TIERS)
        readyAtMs[tier] = readyAtMs[tier].map((atMs) => (isReady(atMs) ? atMs : elapsedMs() + startMs()));
    },
    remember: () => {
      remembered = state();
    },
  };
}

/** Per tier, the instants from which its units are ready. */
type ReadyAt = Readonly<Record<Tier, readonly number[]>>;
const NO_READY: ReadyAt = { baseline: [], predictive: [], burst: [] };

function stateOf(
  readyAtMs: ReadyAt,
  elapsedMs: number,
  warmUnits: number,
  planGeneration: number,
): PlatformState {
  const tier = (name: Tier) => {
    const readyUnits = readyAtMs[name].filter((atMs) => atMs <= elapsedMs).length;
    const wantedUnits = readyAtMs[name].length;
    return { wantedUnits, readyUnits, startingUnits: wantedUnits - readyUnits, drainingUnits: 0 };
  };
  return {
    tiers: { baseline: tier("baseline"), predictive: tier("predictive"), burst: tier("burst") },
    warm: { wantedUnits: warmUnits, idleUnits: warmUnits, preparingUnits: 0 },
    planGeneration,
    startTimesMs: [],
  };
}

/** The last minute at the router: what is beyond the ready units comes late. */
function traffic(options: PlatformOptions, readyUnits: number): TrafficSample {
  const demandRps = options.demandRps();
  const arrived = Math.round(demandRps * 60);
  const late = Math.round(Math.max(0, demandRps - readyUnits * options.unitRps) * 60);
  const toWallMs = options.wallMs();
  return {
    fromWallMs: toWallMs - MINUTE_MS,
    toWallMs,
    arrived,
    served: arrived,
    failed: 0,
    late,
    meanServiceMs: 200,
    p50Ms: 200,
    p95Ms: late > 0 ? 2_000 : 400,
    p99Ms: late > 0 ? 4_000 : 600,
    readyUnits,
  };
}

export function wantedTotal(wanted: WantedNow): number {
  return totalUnits(wanted.units ?? NO_UNITS);
}
