import type { PlatformState, TierState } from "../model/platform.ts";
import { TIERS, type Tier } from "../model/tier.ts";
import { drawStartMs, type RandomStream } from "./random.ts";
import type { ReadyUnits } from "./traffic-ring.ts";
import { startUnitProcess, type UnitProcess } from "./unit-process.ts";

/** What a unit is held for. A warm unit becomes a tier's; a tier's unit never becomes warm again. */
export type Role = Tier | "warm";

/** A ready unit, as the router sees it. */
export interface ServingUnit {
  readonly tier: Tier;
  readonly process: Pick<UnitProcess, "outstanding" | "request">;
}

export interface PoolOptions {
  readonly unitFile: string;
  readonly random: RandomStream;
  readonly settings: () => {
    readonly startMedianMs: number;
    readonly startSigma: number;
    readonly drainMs: number;
  };
  /** Monotonic milliseconds. */
  readonly nowMs: () => number;
  /** Units became ready or went away. */
  readonly onChange: () => void;
  readonly log: (message: string) => void;
}

/** Owns the worker processes and keeps as many of each role as are wanted. */
export interface UnitPool {
  /** Takes effect at once; a tier that grows uses idle warm units first. */
  want(units: Readonly<Record<Role, number>>): void;
  serving(): readonly ServingUnit[];
  ready(): ReadyUnits;
  tierStates(): Readonly<Record<Tier, Omit<TierState, "wantedUnits">>>;
  warmState(): Omit<PlatformState["warm"], "wantedUnits">;
  startTimesMs(): readonly number[];
  pids(): readonly number[];
  /** Drains and ends every unit; resolves when no process is left. */
  close(): Promise<void>;
}

interface Unit {
  readonly id: number;
  role: Role;
  phase: "starting" | "ready" | "draining";
  readonly requestedMs: number;
  readonly readyAfterMs: number;
  process: UnitProcess | undefined;
  drainUntilMs: number;
}

interface Pool {
  readonly options: PoolOptions;
  readonly units: Set<Unit>;
  readonly startTimesMs: number[];
  wanted: Readonly<Record<Role, number>>;
  serving: readonly ServingUnit[];
  lastId: number;
  /** Crashes since a unit last became ready. */
  crashes: number;
  noSpawnBeforeMs: number;
  noRefillBeforeMs: number;
  /** Set while closing. */
  onEmpty: (() => void) | undefined;
}

const ROLES = [...TIERS, "warm"] as const;
const TICK_MS = 100;
/** A new process costs 12 to 20 ms of CPU: one per tick leaves the router most of the core. */
const SPAWNS_PER_TICK = 2;
/** A unit this long past its drawn start time is stuck: ended and counted as a crash. */
const START_GRACE_MS = 20_000;
/** After a tier took warm units the pool is refilled only now: the same update may be about to shrink it. */
const WARM_REFILL_DELAY_MS = 3_000;
const BACK_OFF_MS = 250;
const LONGEST_BACK_OFF_MS = 30_000;
const START_TIMES_KEPT = 200;
/** Draining units count too: nothing makes more processes than this. */
const MOST_PROCESSES = 400;

export function createUnitPool(options: PoolOptions): UnitPool {
  const pool: Pool = {
    options,
    units: new Set(),
    startTimesMs: [],
    wanted: { baseline: 0, predictive: 0, burst: 0, warm: 0 },
    serving: [],
    lastId: 0,
    crashes: 0,
    noSpawnBeforeMs: 0,
    noRefillBeforeMs: 0,
    onEmpty: undefined,
  };
  const ticker = setInterval(() => {
    resizeAll(pool);
    spawnWaiting(pool);
    endOverdue(pool);
  }, TICK_MS);
  return {
    want: (units) => {
      pool.wanted = units;
      resizeAll(pool);
      changed(pool);
      spawnWaiting(pool);
    },
    serving: () => pool.serving,
    ready: () => readyUnits(pool.units),
    tierStates: () => tierStates(pool.units),
    warmState: () => ({
      idleUnits: count(pool.units, "warm", "ready"),
      preparingUnits: count(pool.units, "warm", "starting"),
    }),
    startTimesMs: () => [...pool.startTimesMs],
    pids: () => [...pool.units].flatMap((unit) => unit.process?.pid ?? []),
    close: async () => {
      const empty = new Promise<void>((resolve) => {
        pool.onEmpty = resolve;
      });
      for (const unit of pool.units) if (unit.phase !== "draining") release(pool, unit);
      changed(pool);
      await empty;
      clearInterval(ticker);
    },
  };
}

function changed(pool: Pool): void {
  const ready = [...pool.units].filter((unit) => unit.phase === "ready");
  pool.serving = TIERS.flatMap((tier) =>
    ready.flatMap((unit) => (unit.role === tier && unit.process ? [{ tier, process: unit.process }] : [])),
  );
  pool.options.onChange();
  if (pool.units.size === 0) pool.onEmpty?.();
}

function resizeAll(pool: Pool): void {
  if (pool.onEmpty) return;
  for (const role of ROLES) resize(pool, role);
}

function resize(pool: Pool, role: Role): void {
  const { nowMs } = pool.options;
  const present = held(pool, role);
  const spare = Math.max(0, present.length - pool.wanted[role]);
  for (const unit of mostDispensable(present).slice(0, spare)) release(pool, unit);
  const missing = Math.max(0, pool.wanted[role] - present.length);
  if (role === "warm" && nowMs() < pool.noRefillBeforeMs) return;
  const idle = role === "warm" ? [] : held(pool, "warm").filter((unit) => unit.phase === "ready");
  for (const unit of idle.slice(0, missing)) {
    unit.role = role;
    pool.noRefillBeforeMs = nowMs() + WARM_REFILL_DELAY_MS;
  }
  for (let added = Math.min(idle.length, missing); added < missing; added++) add(pool, role);
}

function held(pool: Pool, role: Role): readonly Unit[] {
  return [...pool.units].filter((unit) => unit.role === role && unit.phase !== "draining");
}

function add(pool: Pool, role: Role): void {
  const { startMedianMs, startSigma } = pool.options.settings();
  pool.lastId += 1;
  pool.units.add({
    id: pool.lastId,
    role,
    phase: "starting",
    requestedMs: pool.options.nowMs(),
    readyAfterMs: drawStartMs(pool.options.random, startMedianMs, startSigma),
    process: undefined,
    drainUntilMs: Number.POSITIVE_INFINITY,
  });
}

function release(pool: Pool, unit: Unit): void {
  if (!unit.process) {
    pool.units.delete(unit);
    return;
  }
  const nowMs = pool.options.nowMs();
  const busy = unit.phase === "ready" && unit.process.outstanding() > 0;
  unit.phase = "draining";
  unit.drainUntilMs = busy ? nowMs + pool.options.settings().drainMs : nowMs;
  if (!busy) unit.process.stop();
}

function spawnWaiting(pool: Pool): void {
  const { nowMs, unitFile } = pool.options;
  const waiting = [...pool.units].filter((unit) => unit.process === undefined);
  const running = pool.units.size - waiting.length;
  if (nowMs() < pool.noSpawnBeforeMs || running >= MOST_PROCESSES) return;
  for (const unit of waiting.slice(0, SPAWNS_PER_TICK)) {
    const restMs = Math.max(0, unit.readyAfterMs - (nowMs() - unit.requestedMs));
    unit.process = startUnitProcess(unitFile, restMs, {
      onReady: () => onReady(pool, unit),
      onExit: () => onExit(pool, unit),
    });
  }
}

function onReady(pool: Pool, unit: Unit): void {
  if (unit.phase !== "starting") return;
  unit.phase = "ready";
  pool.crashes = 0;
  pool.startTimesMs.push(pool.options.nowMs() - unit.requestedMs);
  if (pool.startTimesMs.length > START_TIMES_KEPT) pool.startTimesMs.shift();
  changed(pool);
}

function onExit(pool: Pool, unit: Unit): void {
  pool.units.delete(unit);
  if (unit.phase !== "draining") {
    const backOffMs = Math.min(LONGEST_BACK_OFF_MS, BACK_OFF_MS * 2 ** Math.min(pool.crashes, 20));
    pool.crashes += 1;
    pool.noSpawnBeforeMs = pool.options.nowMs() + backOffMs;
    pool.options.log(
      `unit ${unit.id} (${unit.role}, ${unit.phase}) ended by itself; next start in ${backOffMs} ms`,
    );
  }
  resizeAll(pool);
  changed(pool);
}

/** Ends what has drained, or did not in time, and what never became ready. */
function endOverdue(pool: Pool): void {
  const nowMs = pool.options.nowMs();
  for (const unit of pool.units) {
    const idle = unit.process?.outstanding() === 0;
    const drained = unit.phase === "draining" && (idle || nowMs >= unit.drainUntilMs);
    const stuck = unit.phase === "starting" && nowMs > unit.requestedMs + unit.readyAfterMs + START_GRACE_MS;
    if (drained || stuck) unit.process?.stop();
  }
}

/** Who goes first when a role shrinks: the youngest that is not ready yet, then the least busy. */
function mostDispensable(present: readonly Unit[]): readonly Unit[] {
  return [...present].sort((a, b) => dispensability(a) - dispensability(b) || b.id - a.id);
}

function dispensability(unit: Unit): number {
  return unit.phase === "starting" ? -1 : (unit.process?.outstanding() ?? 0);
}

function count(units: Iterable<Unit>, role: Role, phase: Unit["phase"]): number {
  let found = 0;
  for (const unit of units) if (unit.role === role && unit.phase === phase) found += 1;
  return found;
}

function readyUnits(units: Iterable<Unit>): ReadyUnits {
  const byTier = Object.fromEntries(TIERS.map((tier) => [tier, count(units, tier, "ready")]));
  return { byTier: byTier as Record<Tier, number>, warm: count(units, "warm", "ready") };
}

function tierStates(units: Iterable<Unit>): Record<Tier, Omit<TierState, "wantedUnits">> {
  const states = TIERS.map((tier) => [
    tier,
    {
      readyUnits: count(units, tier, "ready"),
      startingUnits: count(units, tier, "starting"),
      drainingUnits: count(units, tier, "draining"),
    },
  ]);
  return Object.fromEntries(states) as Record<Tier, Omit<TierState, "wantedUnits">>;
}
