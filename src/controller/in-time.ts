import type { Clock } from "../model/ports.ts";
import { MINUTE_MS, shortDuration } from "../model/time.ts";
import type { ControllerParts } from "./parts.ts";

/** A question that may be answered after the cycle that asked it. */
export interface Asked<T> {
  /** Undefined: nothing is waited for. */
  answer: Promise<T> | undefined;
  /** Cycles that waited for it in vain. */
  waited: number;
}

export function nothingAsked<T>(): Asked<T> {
  return { answer: undefined, waited: 0 };
}

/** Cycles that wait for one answer, before it is given up and asked for anew. */
const PATIENCE_CYCLES = 3;
const LEAST_WALL_MS = MINUTE_MS;

/** Wall time that a cycle waits for a source or a forecast: half an interval, and a minute where that is shorter. */
export function answerLimitMs({ settings, clock }: Pick<ControllerParts, "settings" | "clock">): number {
  return Math.max(LEAST_WALL_MS, settings.schedule.intervalMs / (2 * clock.speed));
}

/**
 * The answer to `ask`, or an error in words once `wallMs` have passed: a cycle never waits for ever. What is late is
 * not lost: the next cycle waits for the same answer, so that work that takes longer than a cycle is done once, not
 * begun in each.
 */
export async function askInTime<T>(
  clock: Clock,
  asked: Asked<T>,
  limit: { readonly what: string; readonly wallMs: number },
  ask: () => Promise<T>,
): Promise<T> {
  asked.answer ??= ask();
  const { answer } = asked;
  const done = new AbortController();
  const late = clock.sleep(limit.wallMs * clock.speed, done.signal).then(() => LATE);
  let isLate = false;
  try {
    const first = await Promise.race([answer, late]);
    if (first !== LATE) return first as T;
    isLate = true;
  } finally {
    done.abort();
    asked.waited += 1;
    if (!isLate || asked.waited >= PATIENCE_CYCLES) Object.assign(asked, nothingAsked());
  }
  // It may still end as an error, when nobody listens any more.
  answer.catch(() => undefined);
  throw new Error(`${limit.what}: no answer within ${shortDuration(limit.wallMs)}`);
}

const LATE = Symbol("late");
