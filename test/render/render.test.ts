import { describe, expect, test } from "vitest";
import { renderDecision, think } from "../../src/controller/think.ts";
import { canonicalJson } from "../../src/model/canonical-json.ts";
import type { DecideInput } from "../../src/model/decide-input.ts";
import { MINUTE_MS } from "../../src/model/time.ts";
import { explain } from "../../src/render/explain.ts";
import { inputsKey } from "../../src/render/inputs-key.ts";
import { forecastOf, inputOf, NOW_MS, patched, sizesOf } from "../decide/decide-input-fixture.ts";

const rows = [70, 75, 85, 95, 105, 118, 125, 140];
const rising = inputOf({ demandRps: 71, current: sizesOf(4, 2, 0), forecast: forecastOf(rows) });
const why = (patch: Parameters<typeof inputOf>[0]) => think(inputOf(patch)).decision.why;
const context = {
  service: "shop",
  planGeneration: 7,
  tags: { team: "web" },
  endpointFile: "endpoint.json",
  speed: 1,
};

describe("why", () => {
  test("states what changes and why, with numbers", () => {
    expect(think(rising).decision.why).toBe(
      "scale up 6 -> 13: 125 rps expected at q0.95 within 15m, lead time 10m (now 71 rps)",
    );
    expect(why({ demandRps: 90, current: sizesOf(0, 0, 6) })).toBe(
      "scale up 6 -> 9: now 90 rps needs 9 (no forecast term, reactive-only: there is no forecast)",
    );
    expect(why({ demandRps: 20, current: sizesOf(0, 0, 6) })).toBe(
      "scale down 6 -> 2: 2 of 6 units do; burst 6 -> 2 (now 20 rps; no forecast term, reactive-only: there is no forecast)",
    );
  });

  test.each<[Parameters<typeof inputOf>[0], string]>([
    [{}, "hold at 6: sizes fit, needs 6 now, 0 ahead (now 60 rps)"],
    [
      { demandRps: null, missingSinceMs: NOW_MS - 5 * MINUTE_MS },
      "hold at 6: demand missing for 5m: capacity is held, never lowered",
    ],
    [
      { pause: { untilMs: NOW_MS + MINUTE_MS, reason: "release night" } },
      "hold at 6: paused for another 1m: release night (now 60 rps)",
    ],
    [
      { settings: patched({ limits: { maxTotalUnits: 4 } }), current: sizesOf(0, 0, 4) },
      "hold at 4: total-max leaves no room, needs 6 now, 0 ahead (now 60 rps); " +
        "BELOW DEMAND: 4 of 6 units needed now, cut by total-max",
    ],
    [
      { settings: patched({ sizing: { minSavingUsdPerHour: 5 } }), demandRps: 50 },
      "hold at 6: the saving on 6 USD/h is not worth an update, needs 5 now, 0 ahead (now 50 rps)",
    ],
  ])("explains a hold of %o", (patch, line) => {
    expect(why(patch)).toBe(line);
  });
});

test("explain tells need, risk, steps, limits, sizes, cost and warm pool", () => {
  expect(explain(think(rising).decision)).toMatchInlineSnapshot(`
    "scale up 6 -> 13: 125 rps expected at q0.95 within 15m, lead time 10m (now 71 rps)

    decision   d1 at 2026-03-02T12:00:00.000Z, demand known to 2026-03-02T12:00:00.000Z
    mode       active, sizing newsvendor
    need       8 units now, 13 ahead (q0.95 within 15m), by cpu
    risk       aggressive, trust 0.98, weakest part width 0.87: at or above 0.8 and demand is about to rise
               width 0.87, coverage 1.00, accuracy 1.00, anomaly 1.00, staleness 1.00
    steps
      need-now       8  now 71 rps
      quantile       -  q* 0.95 from 9 USD/h for a missing unit against 1 for one too many, aggressive
      need-ahead    13  125 rps expected at q0.95 within 15m, lead time 10m
      baseline       4  4 units until the next review
      predictive     9  13 planned less 4 baseline ask for 9
      burst          0  8 units for demand now, 13 ahead: 0 units short of baseline and predictive
      warm           0  q0.99 needs 1 more within 15m; unit 14 is expected to cost 0.27 USD started now, 0.22 kept warm, 0.054 waited for: wait
      scale-down    13  13 units asked for; predictive 2 -> 9
    limits     none bound
    sizes      6 units: baseline 4, predictive 2, burst 0; warm 0
            -> 13 units: baseline 4, predictive 9, burst 0; warm 0
    cost       4.4 -> 11.4 USD/h
    short      4.105 -> 0.03 units expected to be missing within the window
    warm       q0.99 needs 1 more within 15m; unit 14 is expected to cost 0.27 USD started now, 0.22 kept warm, 0.054 waited for: wait"
  `);
});

describe("stack inputs", () => {
  const inputsOf = (input: DecideInput) => renderDecision(input, think(input).decision, context);

  test("carry sizes, prices, generation, decision and the need that steps do not bind", () => {
    expect(inputsOf(rising)).toMatchObject({
      service: "shop",
      planGeneration: 7,
      decisionId: "d1",
      cutoffMs: NOW_MS,
      observedUnits: 8,
      tiers: {
        baseline: { units: 4, priceUsdPerUnitHour: 0.6 },
        predictive: { units: 9, priceUsdPerUnitHour: 1 },
        burst: { units: 0, priceUsdPerUnitHour: 1 },
      },
      warm: { units: 0, expiresMs: null },
      tags: { team: "web" },
      endpointFile: "endpoint.json",
    });
  });

  test("have equal keys exactly when a platform would see no difference", () => {
    const inputs = inputsOf(rising);
    const key = inputsKey(inputs);
    const warm = { ...inputs.warm, expiresMs: 5, reason: "other words" };
    expect(
      inputsKey({ ...inputs, planGeneration: 8, decisionId: "d2", cutoffMs: 1, observedUnits: 2, warm }),
    ).toBe(key);
    expect(inputsKey({ ...inputs, tags: { team: "shop" } })).not.toBe(key);
    expect(inputsKey({ ...inputs, warm: { ...inputs.warm, units: 1 } })).not.toBe(key);
    expect(inputsKey({ ...inputs, warm: { ...inputs.warm, priceUsdPerUnitHour: 9 } })).not.toBe(key);
    const { burst } = inputs.tiers;
    expect(inputsKey({ ...inputs, tiers: { ...inputs.tiers, burst: { ...burst, units: 1 } } })).not.toBe(key);
    expect(
      inputsKey({ ...inputs, tiers: { ...inputs.tiers, burst: { ...burst, priceUsdPerUnitHour: 2 } } }),
    ).not.toBe(key);
  });
});

describe("canonical JSON", () => {
  test("sorts keys, drops undefined, says nothing that JSON cannot", () => {
    expect(canonicalJson({ b: [1, undefined, -0], a: { d: undefined, c: "x" } })).toBe(
      '{"a":{"c":"x"},"b":[1,null,0]}',
    );
  });

  test.each([[Number.NaN], [Number.POSITIVE_INFINITY], [new Date(0)], [new Float64Array(1)], [() => 1]])(
    "refuses %s",
    (value) => {
      expect(() => canonicalJson({ at: [value] })).toThrow(/\$\.at\[0\]/);
    },
  );
});
