import { expect, test } from "vitest";
import { runCycle } from "../../src/controller/cycle.ts";
import type { ControllerParts } from "../../src/controller/parts.ts";
import { loadState } from "../../src/controller/state.ts";
import { type KnownAhead, NOTHING_AHEAD } from "../../src/model/known-ahead.ts";
import { openNight } from "../simulation/open-night.ts";

test("what is known ahead at the cycle's instant goes to the forecast", async () => {
  const { parts } = openNight({ demandRps: () => 84 }).world;
  const asked: number[] = [];
  const given: (KnownAhead | undefined)[] = [];
  const ahead: KnownAhead = { ...NOTHING_AHEAD };
  const watched: ControllerParts = {
    ...parts,
    ahead: {
      read: async (nowMs) => {
        asked.push(nowMs);
        return ahead;
      },
      close: async () => undefined,
    },
    forecaster: {
      ...parts.forecaster,
      forecast: (key, series, known) => {
        given.push(known);
        return parts.forecaster.forecast(key, series, known);
      },
    },
  };
  const nowMs = parts.clock.nowMs();
  const signal = new AbortController().signal;
  const record = await runCycle(watched, loadState(watched), { signal });
  expect(asked).toEqual([nowMs]);
  expect(given).toHaveLength(1);
  expect(given[0]).toBe(ahead);
  expect(record.error).toBe(null);
  expect(record.forecast).not.toBe(null);
  const plain = await runCycle({ ...watched, ahead: undefined as never }, loadState(watched), { signal });
  expect(plain.error).toBe(null);
});
