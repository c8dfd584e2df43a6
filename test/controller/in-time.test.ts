import { describe, expect, test } from "vitest";
import { runDaemon } from "../../src/controller/daemon.ts";
import { askInTime, nothingAsked } from "../../src/controller/in-time.ts";
import type { CycleRecord } from "../../src/model/cycle.ts";
import { HOUR_MS, MINUTE_MS } from "../../src/model/time.ts";
import { simulatedClock } from "../../src/simulate/simulated-clock.ts";
import { openNight } from "../simulation/open-night.ts";

const LIMIT = { what: "the source", wallMs: MINUTE_MS };

describe("a question that is answered late", () => {
  test("is asked once: the next cycle gets its answer", async () => {
    const clock = simulatedClock({ originMs: 0 });
    const asked = nothingAsked<number>();
    let count = 0;
    const ask = async () => {
      count += 1;
      await clock.sleep(1.5 * MINUTE_MS);
      return count;
    };
    const first = expect(askInTime(clock, asked, LIMIT, ask)).rejects.toThrow(
      "the source: no answer within 1m",
    );
    await clock.advance(MINUTE_MS);
    await first;
    const second = askInTime(clock, asked, LIMIT, ask);
    await clock.advance(MINUTE_MS);
    expect(await second).toBe(1);
    const third = askInTime(clock, asked, LIMIT, async () => 7);
    expect(await third).toBe(7);
    // Nothing sleeps on for an answer that is there.
    expect(clock.sleeperCount()).toBe(0);
  });

  test("never: given up and asked anew in the fourth cycle", async () => {
    const clock = simulatedClock({ originMs: 0 });
    const asked = nothingAsked<number>();
    let count = 0;
    const ask = () => {
      count += 1;
      return count === 1 ? new Promise<number>(() => undefined) : Promise.resolve(count);
    };
    for (let cycle = 0; cycle < 3; cycle++) {
      const waited = expect(askInTime(clock, asked, LIMIT, ask)).rejects.toThrow("no answer");
      await clock.advance(MINUTE_MS);
      await waited;
    }
    expect(await askInTime(clock, asked, LIMIT, ask)).toBe(2);
  });

  test("with an error: heard, and asked anew", async () => {
    const clock = simulatedClock({ originMs: 0 });
    const asked = nothingAsked<number>();
    await expect(askInTime(clock, asked, LIMIT, () => Promise.reject(new Error("no")))).rejects.toThrow("no");
    expect(await askInTime(clock, asked, LIMIT, async () => 3)).toBe(3);
  });
});

test.each(["demand", "forecaster"] as const)(
  "a %s that hangs holds no cycle up: sizes go by what is known",
  async (port) => {
    const night = openNight({ demandRps: () => 84, time: "sleep" });
    const { clock, parts, platform } = night.world;
    const records: CycleRecord[] = [];
    const stop = new AbortController();
    const ended = runDaemon(parts, {
      signal: stop.signal,
      onCycle: (record) => void records.push(record),
    });
    await clock.advance(HOUR_MS);
    const before = platform.wanted().units;
    const hang = () => new Promise<never>(() => undefined);
    if (port === "demand") Object.assign(parts.demand, { read: hang });
    else Object.assign(parts.forecaster, { forecast: hang });
    const { length } = records;
    await clock.advance(HOUR_MS);
    expect(records.length - length).toBeGreaterThanOrEqual(3);
    const last = records.at(-1);
    expect(last?.error).toBeNull();
    if (port === "demand") {
      expect(last?.observation).toMatchObject({
        freshness: "missing",
        note: expect.stringContaining("no answer within 7m30s"),
      });
      expect(platform.wanted().units.baseline).toBeGreaterThanOrEqual(before.baseline);
    } else expect(last).toMatchObject({ forecast: null, observation: { demandRps: 84 } });
    stop.abort();
    await clock.advance(HOUR_MS);
    await ended;
  },
);
