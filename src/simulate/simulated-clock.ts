import type { Clock } from "../model/ports.ts";
import { epochMs } from "../model/time.ts";

/** Time that passes only when told to: same calls, same order, every run. */
export interface SimulatedClock extends Clock {
  /**
   * Moves time on by `durationMs`, waking each sleeper at its own instant, earliest first, first come first woken;
   * what a woken one does (sleep again, too) happens before the next is woken.
   */
  advance(durationMs: number): Promise<void>;
  /** Moves time on, sleeper by sleeper, until `isDone()` or `limitMs` from now; true when it was done. */
  advanceUntil(isDone: () => boolean, limitMs: number): Promise<boolean>;
  /** Sets the wall clock off by `durationMs`, back when negative; sleepers and `monotonicMs` do not notice. */
  jump(durationMs: number): void;
  /** Sleepers waiting now. */
  sleeperCount(): number;
}

interface Sleeper {
  readonly dueMs: number;
  readonly order: number;
  readonly wake: () => void;
}

export function simulatedClock(options: {
  readonly originMs: number;
  readonly speed?: number;
  /** No sleep is shorter: a busy machine wakes late, and what polls costs little. 0 when left out. */
  readonly shortestSleepMs?: number;
}): SimulatedClock {
  const speed = options.speed ?? 1;
  const shortestMs = options.shortestSleepMs ?? 0;
  const sleepers = new Set<Sleeper>();
  let elapsedMs = 0;
  let offsetMs = 0;
  let order = 0;

  const sleep = (durationMs: number, signal?: AbortSignal): Promise<void> => {
    if (Number.isNaN(durationMs))
      return Promise.reject(new RangeError("sleep: the duration is not a number"));
    if (durationMs <= 0 || signal?.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const wake = (): void => {
        sleepers.delete(sleeper);
        signal?.removeEventListener("abort", wake);
        resolve();
      };
      const sleeper = { dueMs: elapsedMs + Math.max(shortestMs, durationMs), order: order++, wake };
      sleepers.add(sleeper);
      signal?.addEventListener("abort", wake, { once: true });
    });
  };

  const advanceUntil = async (isDone: () => boolean, limitMs: number): Promise<boolean> => {
    const endMs = elapsedMs + limitMs;
    await settle();
    while (!isDone()) {
      const next = firstDue(sleepers, endMs);
      if (next === undefined) return false;
      elapsedMs = Math.max(elapsedMs, next.dueMs);
      next.wake();
      await settle();
    }
    return true;
  };
  const advance = async (durationMs: number): Promise<void> => {
    const endMs = elapsedMs + durationMs;
    await advanceUntil(() => false, durationMs);
    elapsedMs = endMs;
  };

  return {
    speed,
    nowMs: () => epochMs(Math.floor(options.originMs + offsetMs + elapsedMs)),
    monotonicMs: () => elapsedMs / speed,
    sleep,
    advance,
    advanceUntil,
    jump: (durationMs) => {
      offsetMs += durationMs;
    },
    sleeperCount: () => sleepers.size,
  };
}

function firstDue(sleepers: ReadonlySet<Sleeper>, endMs: number): Sleeper | undefined {
  let first: Sleeper | undefined;
  for (const sleeper of sleepers) {
    if (sleeper.dueMs > endMs) continue;
    if (first === undefined || sleeper.dueMs < first.dueMs || isTieBefore(sleeper, first)) first = sleeper;
  }
  return first;
}

function isTieBefore(a: Sleeper, b: Sleeper): boolean {
  return a.dueMs === b.dueMs && a.order < b.order;
}

/** Lets every promise that can go on do so: a macrotask runs after all microtasks, and those after IO polls. */
function settle(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
