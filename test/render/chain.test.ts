import { describe, expect, test } from "vitest";
import { think } from "../../src/controller/think.ts";
import { durationMs, MINUTE_MS } from "../../src/model/time.ts";
import { chainSentences } from "../../src/render/chain.ts";
import { forecastOf, inputOf, NOW_MS, patched, platformOf, sizesOf } from "../decide/decide-input-fixture.ts";

const chain = (patch: Parameters<typeof inputOf>[0]) => chainSentences(think(inputOf(patch)).decision);
const ROWS = [70, 75, 85, 95, 105, 118, 125, 140];

describe("the chain in sentences", () => {
  test("from raw need to final sizes, expected violations and cost of both, and the worth of the change", () => {
    const settings = patched({ sizing: { updateCostUsd: 0.003 }, limits: { maxTotalUnits: 12 } });
    const given = { settings, demandRps: 71, current: sizesOf(4, 2, 0), forecast: forecastOf(ROWS) };
    expect(chain(given).join("\n")).toMatchInlineSnapshot(`
      "Demand now 71 rps needs 8 units.
      The strategy is aggressive, trust 0.98, weakest part width 0.87: at or above 0.8 and demand is about to rise.
      Sized for q* 0.95 from 9 USD/h for a missing unit against 1 for one too many, aggressive.
      The forecast has 125 rps expected at q0.95 within 15m, lead time 10m: 13 units.
      The baseline tier gets 4 units: 4 units until the next review.
      The predictive tier gets 8 units: 13 planned less 4 baseline ask for 9.
      The burst tier gets 0 units: 8 units for demand now, 13 ahead: 0 units short of baseline and predictive.
      Beside them 0 warm units: q0.99 needs 2 more within 15m; unit 13 is expected to cost 0.3 USD started now, 0.25 kept warm, 0.13 waited for: wait.
      On the way down: 13 units asked for; predictive 2 -> 8.
      The limit total-max bound: 9 asked for in the predictive tier, 8 allowed.
      So 6 units become 12.
      Over the next 15m, by the forecast, it is expected to miss 0.105 units (some in 7.5 % of cases) and to cost $10.40/h: with $10.00/h for a missing unit, $11.45/h in all.
      The next best is one unit less, 11 units: it is expected to miss 0.28 units (some in 18 % of cases) and to cost $9.40/h, $12.20/h in all, $0.75/h dearer.
      The change costs $6.00/h more and misses 4 fewer units, worth $40.00/h: $8.50 net over 15m, the update at $0.0030 paid."
    `);
  });

  test("a size that is dearer than the next best says so, and where to ask why", () => {
    const needHistory = [{ atMs: NOW_MS - 5 * MINUTE_MS, units: 15 }];
    const settings = patched({ sizing: { stabilizationMs: durationMs(10 * MINUTE_MS) } });
    const held = chain({
      settings,
      needHistory,
      demandRps: 60,
      current: sizesOf(0, 15, 0),
      forecast: forecastOf(60),
    });
    expect(held).toContain("So it stays at 15 units (stabilizing).");
    expect(held.at(-1)).toBe(
      "The next best is what demand needs now and no more, 6 units: it is expected to miss nothing and to cost " +
        "$6.00/h, $6.00/h in all, $9.00/h cheaper (tiercast why-not --units 6 says what stands against it).",
    );
  });

  test("unknown demand is not called none", () => {
    const missing = chain({ demandRps: null, missingSinceMs: NOW_MS - 5 * MINUTE_MS });
    expect(missing[0]).toBe(
      "How many units demand needs is not known: demand missing for 5m: capacity is held, never lowered.",
    );
    expect(missing.at(-1)).toBe("It costs $6.00/h; what it will miss is not known.");
  });

  test("response times, and limits that cut below demand", () => {
    const latency = {
      percentile: 0.95,
      thresholdMs: durationMs(250),
      forMs: durationMs(MINUTE_MS),
      maxStepFraction: 1,
      releaseBelowFraction: 0.7,
      minRequests: 200,
    } as const;
    const input = inputOf({
      settings: { ...patched({ limits: { maxTotalUnits: 4 } }), latency },
      current: sizesOf(0, 0, 3),
    });
    const times = { p50Ms: 100, p90Ms: 300, p95Ms: 400, p99Ms: 500 };
    const seen = { fromMs: NOW_MS - MINUTE_MS, toMs: NOW_MS, requests: 500, ...times };
    const slow = {
      ...input,
      observation: { ...input.observation, latency: seen },
      platform: platformOf(input.current.units),
    };
    const sentences = chainSentences(think(slow).decision);
    expect(sentences).toContain(
      "Response times: p95 400 ms is above 250 ms for 1m: 3 units ready x 1.6 ask for 5.",
    );
    expect(sentences).toContain(
      "The limit total-max bound: 6 asked for in the burst tier, 4 allowed: BELOW WHAT DEMAND NEEDS NOW.",
    );
  });

  test("a record of before there was a reckoning ends with its sizes", () => {
    const { schema: _schema, ...old } = inputOf({ forecast: forecastOf(ROWS) });
    expect(chainSentences(think(old).decision).at(-1)).toBe("So 6 units become 19.");
  });
});
