import { setTimeout as delay } from "node:timers/promises";
import type { Clock } from "../../src/model/ports.ts";
import { epochMs } from "../../src/model/time.ts";

/** The daemon's time stands still until it is moved; durations are measured on the machine's own clock. */
export interface SteppedClock extends Clock {
  advance(durationMs: number): void;
}

export function steppedClock(originMs: number): SteppedClock {
  let nowMs = originMs;
  return {
    speed: 1,
    nowMs: () => epochMs(nowMs),
    monotonicMs: () => performance.now(),
    sleep: async (durationMs, signal) => {
      await delay(durationMs, undefined, signal === undefined ? {} : { signal }).catch(() => undefined);
    },
    advance: (durationMs) => {
      nowMs += durationMs;
    },
  };
}
