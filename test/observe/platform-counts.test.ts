import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { TrafficSample } from "../../src/model/platform.ts";
import type { Clock } from "../../src/model/ports.ts";
import type { DemandSeries } from "../../src/model/series.ts";
import { durationMs, epochMs } from "../../src/model/time.ts";
import { createPlatformSource } from "../../src/observe/platform-counts.ts";

const STEP = durationMs(300_000);
const HISTORY_MS = 24 * 3_600_000;

/** A router and both clocks, moved by hand. The daemon's time starts at `originMs`, the wall at another one. */
function world(speed: number, history?: DemandSeries, originMs = Date.UTC(2001, 3, 26, 8)) {
  const wallStart = Date.UTC(2026, 10, 22, 9);
  const state = {
    wallMs: wallStart,
    daemonMs: originMs,
    down: false,
    words: "connection refused",
    samples: [] as TrafficSample[],
  };
  const clock: Clock = {
    speed,
    nowMs: () => epochMs(state.daemonMs),
    monotonicMs: () => state.wallMs,
    sleep: async () => undefined,
  };
  const asked: number[] = [];
  const source = createPlatformSource({
    reader: {
      traffic: async (fromWallMs) => {
        asked.push(fromWallMs);
        if (state.down) throw new Error(state.words);
        return state.samples.filter((sample) => sample.toWallMs > fromWallMs);
      },
    },
    clock,
    wallNowMs: () => state.wallMs,
    history,
    stepMs: STEP,
  });
  return {
    source,
    state,
    asked,
    /** Lets `seconds` of wall time pass; each second's arrivals, or undefined when the router did not count. */
    pass(seconds: number, arrived: (second: number) => number | undefined): void {
      for (let i = 0; i < seconds; i++) {
        const count = arrived(i);
        const fromWallMs = state.wallMs;
        state.wallMs += 1000;
        state.daemonMs += 1000 * speed;
        if (count !== undefined) state.samples.push(sample(fromWallMs, count));
      }
    },
    read: () => source.read(epochMs(state.daemonMs), HISTORY_MS),
  };
}

function sample(fromWallMs: number, arrived: number): TrafficSample {
  const nothing = {
    served: arrived,
    failed: 0,
    late: 0,
    meanServiceMs: 0,
    p50Ms: 0,
    p95Ms: 0,
    p99Ms: 0,
    readyUnits: 1,
  };
  return { fromWallMs, toWallMs: fromWallMs + 1000, arrived, ...nothing };
}

function series(startMs: number, values: readonly number[]): DemandSeries {
  return { startMs: epochMs(startMs), stepMs: STEP, values: Float64Array.from(values) };
}

describe("live counts", () => {
  test.each([1, 60, 150])(
    "at speed %i demand is arrivals per wall second, on whole steps of the daemon's time",
    async (speed) => {
      const { pass, read, state } = world(speed);
      const seconds = 300 / speed;
      pass(Math.ceil(3 * seconds), () => 40);
      const { values, startMs } = await read();
      expect(startMs % STEP).toBe(0);
      expect(startMs + values.length * STEP).toBeLessThanOrEqual(state.daemonMs);
      expect([...values]).toEqual([40, 40, 40]);
    },
  );

  test("follow on recorded history; the time between is a gap", async () => {
    const origin = Date.UTC(2001, 3, 26, 8);
    const history = series(origin - 4 * STEP, [1, 2, 3]);
    const { pass, read } = world(60, history, origin);
    pass(10, () => 9);
    const { startMs, values } = await read();
    expect(startMs).toBe(origin - 4 * STEP);
    expect([...values]).toEqual([1, 2, 3, Number.NaN, 9, 9]);
  });

  test("only as much history as is asked for", async () => {
    const origin = Date.UTC(2001, 3, 26, 8);
    const { source, pass, state } = world(60, series(origin - 4 * STEP, [1, 2, 3, 4]), origin);
    pass(5, () => 9);
    const { values } = await source.read(epochMs(state.daemonMs), 2 * STEP);
    expect([...values]).toEqual([4, 9]);
  });

  test("a step with missing seconds is a gap, never less demand", async () => {
    const { pass, read } = world(1);
    pass(300, () => 10);
    pass(300, (second) => (second < 40 ? undefined : 10));
    pass(300, (second) => (second < 20 ? undefined : 10));
    const { values } = await read();
    expect([...values]).toEqual([10, Number.NaN, 10]);
  });

  test("the newest step waits for its last second, then is a gap", async () => {
    const { pass, read, state } = world(60);
    pass(5, () => 7);
    pass(4, () => 7);
    state.wallMs += 1000;
    state.daemonMs += 60_000;
    expect([...(await read()).values]).toEqual([7]);
    state.samples.push(sample(state.wallMs - 1000, 7));
    expect([...(await read()).values]).toEqual([7, 7]);
    pass(3, () => undefined);
    pass(5, () => undefined);
    expect([...(await read()).values]).toEqual([7, 7, Number.NaN]);
  });

  test("router gone: gaps; back with what it kept: filled with the truth", async () => {
    const { pass, read, state } = world(60);
    pass(10, () => 3);
    await read();
    state.down = true;
    pass(13, () => 8);
    expect([...(await read()).values]).toEqual([3, 3, Number.NaN, Number.NaN]);
    state.down = false;
    pass(2, () => 8);
    expect([...(await read()).values]).toEqual([3, 3, 8, 8, 8]);
  });

  test("each sample is counted once", async () => {
    const { pass, read, asked, state } = world(60);
    pass(10, () => 5);
    await read();
    await read();
    pass(5, () => 5);
    expect([...(await read()).values]).toEqual([5, 5, 5]);
    expect(asked.at(-1)).toBe(state.wallMs - 5000);
  });

  test("a router that repeats what it said before is counted once", async () => {
    const { pass, read, state } = world(60);
    Object.defineProperty(state.samples, "filter", { value: () => [...state.samples] });
    pass(3, () => 5);
    await read().catch(() => undefined);
    pass(2, () => 50);
    expect([...(await read()).values]).toEqual([(3 * 5 + 2 * 50) / 5]);
  });

  test("a second on the border of two steps is divided by time", async () => {
    // At speed 40 a step is 7.5 s: half of the eighth second's 100 belongs to each.
    const { pass, read } = world(40);
    pass(15, (second) => (second === 7 ? 100 : 0));
    const { values } = await read();
    expect(values[0]).toBeCloseTo(50 / 7.5, 9);
    expect(values[1]).toBeCloseTo(50 / 7.5, 9);
  });

  test("a clock put back an hour: a gap at most, no sample twice, then live again", async () => {
    const { pass, read, state } = world(1);
    pass(600, () => 6);
    await read();
    state.wallMs -= 3_600_000;
    state.samples.length = 0;
    await read();
    pass(900, () => 6);
    const { values } = await read();
    expect(values.filter((value) => !Number.isNaN(value) && Math.abs(value - 6) > 1e-9)).toHaveLength(0);
    expect([...values].slice(-2)).toEqual([6, 6]);
  });

  test("with nothing known at all it rejects with one line", async () => {
    const { read, state } = world(60);
    state.down = true;
    await expect(read()).rejects.toThrow(
      "platform router: no demand known: connection refused (is the base stack up?)",
    );
    state.words = "no supervisor: update the base stack";
    await expect(read()).rejects.toThrow(/: no supervisor: update the base stack$/);
  });

  test("memory is bounded: old steps are forgotten", async () => {
    const { source, state, pass } = world(300_000);
    pass(60, () => 1);
    const month = await source.read(epochMs(state.daemonMs), 365 * 86_400_000);
    const known = month.values.filter((value) => !Number.isNaN(value)).length;
    expect(known).toBeLessThanOrEqual((42 * 86_400_000) / STEP);
  });
});

test("whatever the router loses, a known step is its true rate and a lost one is no zero", async () => {
  const steps = fc.array(
    fc.record({ rate: fc.integer({ min: 1, max: 300 }), lost: fc.integer({ min: 0, max: 5 }) }),
    {
      minLength: 1,
      maxLength: 12,
    },
  );
  await fc.assert(
    fc.asyncProperty(steps, async (plan) => {
      const { pass, read } = world(60);
      for (const { rate, lost } of plan) pass(5, (second) => (second < lost ? undefined : rate));
      pass(3, () => 1);
      if (plan.every(({ lost }) => lost === 5)) return;
      const { values } = await read();
      plan.forEach(({ rate, lost }, i) => {
        if (lost === 0) expect(values[i]).toBeCloseTo(rate, 9);
        else expect(values[i]).toBeNaN();
      });
    }),
    { numRuns: 100 },
  );
});
