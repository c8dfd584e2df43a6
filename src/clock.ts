import { performance } from "node:perf_hooks";
import type { Clock } from "./model/ports.ts";
import { epochMs } from "./model/time.ts";

/** `setTimeout` fires at once beyond 2^31 - 1 ms, 24.8 days; longer sleeps go in pieces. */
const LONGEST_TIMER_MS = 2_147_483_647;

/** The machine's own time. A wall clock that is set back moves `nowMs`, but no sleep and no deadline. */
export function wallClock(): Clock {
  return clockOf(1, () => Date.now());
}

/**
 * Time that starts at `originMs` now and runs `speed` times as fast as the machine's. It follows the
 * monotonic clock, so a wall clock that is set does not disturb it.
 */
export function scaledClock(options: { readonly originMs: number; readonly speed: number }): Clock {
  const { originMs, speed } = options;
  if (!Number.isFinite(speed) || speed <= 0) throw new RangeError(`clock speed ${speed} is not above 0`);
  const startMs = performance.now();
  return clockOf(speed, () => originMs + (performance.now() - startMs) * speed);
}

/** Time that stands still at `atMs`, while sleeps last as long as at `speed`: for what is done before a replay. */
export function stoppedClock(atMs: number, speed: number): Clock {
  return clockOf(speed, () => atMs);
}

function clockOf(speed: number, nowMs: () => number): Clock {
  return {
    speed,
    nowMs: () => epochMs(Math.floor(nowMs())),
    monotonicMs: () => performance.now(),
    sleep: (durationMs, signal) => sleepUntil(performance.now() + durationMs / speed, signal),
  };
}

/**
 * Resolves at `deadlineMs` of the monotonic clock or when `signal` aborts; leaves no timer and no listener.
 */
function sleepUntil(deadlineMs: number, signal: AbortSignal | undefined): Promise<void> {
  if (Number.isNaN(deadlineMs)) return Promise.reject(new RangeError("sleep: the duration is not a number"));
  return new Promise((resolve) => {
    let timer: NodeJS.Timeout | undefined;
    const finish = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", finish);
      resolve();
    };
    const wait = (): void => {
      const restMs = deadlineMs - performance.now();
      // A timer may fire up to a millisecond early.
      if (restMs <= 0) finish();
      else timer = setTimeout(wait, Math.min(Math.ceil(restMs), LONGEST_TIMER_MS));
    };
    if (signal?.aborted) {
      resolve();
      return;
    }
    signal?.addEventListener("abort", finish, { once: true });
    wait();
  });
}
