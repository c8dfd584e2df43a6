import { expect, onTestFinished, test, vi } from "vitest";
import { scaledClock, wallClock } from "../src/clock.ts";
import { DAY_MS, HOUR_MS } from "../src/model/time.ts";
import { simulatedClock } from "../src/simulate/simulated-clock.ts";

test("a sleep is never short, and a duration of the scaled clock passes faster", async () => {
  const wall = wallClock();
  const before = wall.monotonicMs();
  await wall.sleep(30);
  expect(wall.monotonicMs() - before).toBeGreaterThanOrEqual(30);

  const scaled = scaledClock({ originMs: 1_000_000, speed: 1_000 });
  const started = wall.monotonicMs();
  await scaled.sleep(30_000);
  expect(wall.monotonicMs() - started).toBeGreaterThanOrEqual(30);
  expect(wall.monotonicMs() - started).toBeLessThan(500);
  expect(scaled.nowMs()).toBeGreaterThanOrEqual(1_030_000);
});

test("an abort ends the sleep at once and leaves neither timer nor listener", async () => {
  const timers = () => process.getActiveResourcesInfo().filter((name) => name === "Timeout").length;
  const before = timers();
  for (const clock of [wallClock(), scaledClock({ originMs: 0, speed: 60 })]) {
    const abort = new AbortController();
    const removed = vi.spyOn(abort.signal, "removeEventListener");
    const slept = clock.sleep(HOUR_MS, abort.signal);
    expect(timers()).toBe(before + 1);
    abort.abort();
    await slept;
    expect(timers()).toBe(before);
    expect(removed).toHaveBeenCalled();
    await clock.sleep(HOUR_MS, abort.signal);
    expect(timers()).toBe(before);
  }
});

test("a year's sleep goes in pieces that a timer can hold, and for ever ends only by an abort", async () => {
  const durations: number[] = [];
  const timer = vi.spyOn(globalThis, "setTimeout").mockImplementation(((_wake: unknown, ms: number) => {
    durations.push(ms);
    return undefined;
  }) as unknown as typeof setTimeout);
  onTestFinished(() => timer.mockRestore());
  const abort = new AbortController();
  const sleeps = [365 * DAY_MS, Number.POSITIVE_INFINITY].map((ms) => wallClock().sleep(ms, abort.signal));
  expect(durations).toEqual([2 ** 31 - 1, 2 ** 31 - 1]);
  abort.abort();
  await Promise.all(sleeps);
});

test("nothing, less than nothing and no number", async () => {
  for (const clock of [wallClock(), simulatedClock({ originMs: 0 })]) {
    await clock.sleep(0);
    await clock.sleep(-5);
    await expect(clock.sleep(Number.NaN)).rejects.toThrow(RangeError);
  }
  expect(() => scaledClock({ originMs: 0, speed: 0 })).toThrow(RangeError);
});

test("a wall clock set back an hour moves nowMs alone", () => {
  const wall = wallClock();
  const scaled = scaledClock({ originMs: 5_000, speed: 10 });
  const monotonicMs = wall.monotonicMs();
  const realNowMs = Date.now();
  const now = vi.spyOn(Date, "now").mockReturnValue(realNowMs - HOUR_MS);
  onTestFinished(() => now.mockRestore());
  expect(wall.nowMs()).toBe(realNowMs - HOUR_MS);
  expect(wall.monotonicMs()).toBeGreaterThanOrEqual(monotonicMs);
  expect(scaled.nowMs()).toBeGreaterThanOrEqual(5_000);
});

test("simulated: sleepers wake in order of their instants, with what they do in between", async () => {
  const clock = simulatedClock({ originMs: 100, speed: 2 });
  const seen: string[] = [];
  const sleeper = async (name: string, ...durations: number[]): Promise<void> => {
    for (const ms of durations) {
      await clock.sleep(ms);
      seen.push(`${name}@${clock.nowMs()}`);
    }
  };
  const all = [sleeper("a", 30, 10), sleeper("b", 20, 20, 20), sleeper("c", 20)];
  await clock.advance(40);
  expect(seen).toEqual(["b@120", "c@120", "a@130", "b@140", "a@140"]);
  expect(clock.sleeperCount()).toBe(1);
  expect([clock.nowMs(), clock.monotonicMs()]).toEqual([140, 20]);
  clock.jump(-HOUR_MS);
  expect([clock.nowMs(), clock.monotonicMs()]).toEqual([140 - HOUR_MS, 20]);
  await clock.advance(20);
  await Promise.all(all);
  expect(clock.sleeperCount()).toBe(0);
});

test("simulated: an aborted sleeper is gone", async () => {
  const clock = simulatedClock({ originMs: 0 });
  const abort = new AbortController();
  const slept = clock.sleep(1_000, abort.signal);
  abort.abort();
  await slept;
  expect(clock.sleeperCount()).toBe(0);
});
