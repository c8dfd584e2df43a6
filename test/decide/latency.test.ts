import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decide } from "../../src/decide/decide.ts";
import { latencyRule, nextLatencyState } from "../../src/decide/latency.ts";
import { nextNeedHistory } from "../../src/decide/need-history.ts";
import type { DecideInput } from "../../src/model/decide-input.ts";
import {
  type LatencyObservation,
  type LatencySettings,
  type LatencyState,
  NO_LATENCY_STATE,
} from "../../src/model/latency.ts";
import { totalUnits } from "../../src/model/tier.ts";
import { durationMs, MINUTE_MS } from "../../src/model/time.ts";
import { why } from "../../src/render/why.ts";
import {
  forecastOf,
  inputOf,
  NOW_MS,
  patched,
  platformOf,
  riskOf,
  SETTINGS,
  sizesOf,
} from "./decide-input-fixture.ts";

const POLICY: LatencySettings = {
  percentile: 0.95,
  thresholdMs: durationMs(250),
  forMs: durationMs(2 * MINUTE_MS),
  maxStepFraction: 1,
  releaseBelowFraction: 0.7,
  minRequests: 200,
};

function measured(p95Ms: number, patch: Partial<LatencyObservation> = {}): LatencyObservation {
  const times = { p50Ms: p95Ms / 2, p90Ms: p95Ms, p95Ms, p99Ms: 2 * p95Ms };
  return { fromMs: NOW_MS - MINUTE_MS, toMs: NOW_MS, requests: 1000, ...times, ...patch };
}

const ABOVE: LatencyState = { ...NO_LATENCY_STATE, aboveSinceMs: NOW_MS - 2 * MINUTE_MS };

interface Case extends Partial<DecideInput> {
  readonly demandRps?: number | null;
  readonly seen?: LatencyObservation | undefined;
  readonly policy?: Partial<LatencySettings>;
}

/** 40 rps now (4 units), 4 burst units ready. */
function inputWith({ seen, policy, ...rest }: Case): DecideInput {
  const input = inputOf({ demandRps: 40, current: sizesOf(0, 0, 4), latency: ABOVE, ...rest });
  const settings = { ...(rest.settings ?? SETTINGS), latency: { ...POLICY, ...policy } };
  const observation = seen === undefined ? input.observation : { ...input.observation, latency: seen };
  return { ...input, settings, observation };
}

const ruleOf = (given: Case) => {
  const rule = latencyRule(inputWith(given));
  return [rule?.kind, rule?.units];
};
const unitsOf = (given: Case) => decide(inputWith(given), riskOf()).after.units;

describe("what response times ask for", () => {
  const notLong = { ...NO_LATENCY_STATE, aboveSinceMs: NOW_MS - 2 * MINUTE_MS + 1 };
  const starting = platformOf(
    { baseline: 0, predictive: 0, burst: 4 },
    { baseline: 0, predictive: 0, burst: 8 },
  );
  test.each<[string, Case, readonly [string, number]]>([
    ["a ratio of the ready units", { seen: measured(400) }, ["raise", 7]],
    ["at most the largest step", { seen: measured(900) }, ["raise", 8]],
    ["a smaller largest step", { seen: measured(900), policy: { maxStepFraction: 0.25 } }, ["raise", 5]],
    ["not long enough yet", { seen: measured(400), latency: notLong }, ["hold", 4]],
    [
      "the first look counts from where it was measured",
      { seen: measured(400), latency: NO_LATENCY_STATE },
      ["hold", 4],
    ],
    [
      "a first look as long as `for`",
      { seen: measured(400, { fromMs: NOW_MS - 2 * MINUTE_MS }), latency: NO_LATENCY_STATE },
      ["raise", 7],
    ],
    ["at the threshold", { seen: measured(250) }, ["hold", 4]],
    ["just above the release level", { seen: measured(175.1) }, ["hold", 4]],
    ["at the release level", { seen: measured(175) }, ["calm", 0]],
    ["another percentile", { seen: measured(200), policy: { percentile: 0.99 } }, ["raise", 7]],
    ["too few requests", { seen: measured(900, { requests: 199 }) }, ["silent", 0]],
    ["old", { seen: measured(900, { toMs: NOW_MS - 16 * MINUTE_MS }) }, ["silent", 0]],
    ["nothing measured", { seen: undefined }, ["silent", 0]],
    [
      "starting units are asked for already",
      { seen: measured(500), current: sizesOf(0, 0, 8), platform: starting },
      ["hold", 8],
    ],
    ["nobody knows what is ready", { seen: measured(900), platform: null }, ["hold", 4]],
  ])("%s", (_, given, expected) => expect(ruleOf(given)).toEqual(expected));

  test("burst grows first, and the steps and limits bind", () => {
    expect(unitsOf({ seen: measured(400) })).toEqual({ baseline: 0, predictive: 0, burst: 7 });
    const stepped = patched({ limits: { maxStepUpUnits: 1 } });
    expect(totalUnits(unitsOf({ seen: measured(400), settings: stepped }))).toBe(6);
    const capped = patched({ limits: { maxTotalUnits: 5 } });
    const decision = decide(inputWith({ seen: measured(400), settings: capped }), riskOf());
    expect(totalUnits(decision.after.units)).toBe(5);
    expect(decision.limits).toContainEqual(
      expect.objectContaining({ limit: "total-max", allowedUnits: 5, belowReactive: false }),
    );
  });

  test("the one line says that it was response times", () => {
    const raised = decide(inputWith({ seen: measured(400) }), riskOf());
    expect(why(raised)).toBe(
      "scale up 4 -> 7: p95 400 ms is above 250 ms for 2m: 4 units ready x 1.6 ask for 7 (now 40 rps)",
    );
    const held = inputWith({ seen: measured(200), demandRps: 10, current: sizesOf(0, 0, 4) });
    expect(why(decide(held, riskOf()))).toBe(
      "hold at 4: p95 200 ms is not yet below 175 ms: nothing is released, needs 1 now, 0 ahead (now 10 rps)",
    );
  });

  test("the update budget binds it, a pause too", () => {
    const appliedAtMs = Array.from({ length: 12 }, (_, i) => NOW_MS - i * MINUTE_MS);
    expect(totalUnits(unitsOf({ seen: measured(900), appliedAtMs }))).toBe(4);
    const pause = { untilMs: NOW_MS + MINUTE_MS, reason: "release" };
    expect(totalUnits(unitsOf({ seen: measured(900), pause }))).toBe(4);
  });

  test("nothing is released while response times are high, and that is said", () => {
    const slack = { demandRps: 10, current: sizesOf(0, 0, 4) };
    const held = decide(inputWith({ ...slack, seen: measured(200) }), riskOf());
    expect(held.outcome).toEqual({ kind: "hold", reason: "latency-high" });
    expect(totalUnits(unitsOf({ ...slack, seen: measured(170) }))).toBe(1);
  });

  test("missing response times hold what was held for high ones, for a while", () => {
    const seenAt = (minutesAgo: number, measuredMs = 300): LatencyState => ({
      ...NO_LATENCY_STATE,
      seen: { atMs: NOW_MS - minutesAgo * MINUTE_MS, measuredMs },
    });
    const slack = { demandRps: 10, current: sizesOf(0, 0, 4) };
    expect(totalUnits(unitsOf({ ...slack, latency: seenAt(29) }))).toBe(4);
    expect(totalUnits(unitsOf({ ...slack, latency: seenAt(31) }))).toBe(1);
    expect(totalUnits(unitsOf({ ...slack, latency: seenAt(29, 170) }))).toBe(1);
  });

  test("what response times needed stays in the stabilisation window", () => {
    const settings = patched({ sizing: { stabilizationMs: durationMs(10 * MINUTE_MS) } });
    const input = inputWith({ seen: measured(400), settings });
    expect(nextNeedHistory(input, decide(input, riskOf()).need).at(-1)?.units).toBe(7);
  });
});

/** A service in a closed loop: looks once a minute, units are ready `leadMinutes` after they were asked for. */
function play(
  p95Of: (units: number, minute: number) => number,
  minutes: number,
  leadMinutes = 2,
  carryOut = true,
) {
  let state: LatencyState = NO_LATENCY_STATE;
  let size = 4;
  const asked: { at: number; units: number }[] = [{ at: Number.NEGATIVE_INFINITY, units: 4 }];
  const trace: { readonly units: number; readonly ready: number; readonly why: string }[] = [];
  for (let minute = 0; minute < minutes; minute++) {
    const nowMs = NOW_MS + minute * MINUTE_MS;
    const ready = Math.min(
      size,
      ...asked
        .filter(({ at }) => at + leadMinutes <= minute)
        .map((a) => a.units)
        .slice(-1),
    );
    const base = inputWith({
      nowMs,
      current: sizesOf(0, 0, size),
      latency: state,
      platform: platformOf(
        { baseline: 0, predictive: 0, burst: ready },
        { baseline: 0, predictive: 0, burst: size },
      ),
    });
    const seen = measured(p95Of(ready, minute), { fromMs: nowMs - MINUTE_MS, toMs: nowMs });
    const input = {
      ...base,
      observation: { ...base.observation, atMs: nowMs, cutoffMs: nowMs, latency: seen },
    };
    const after = decide(input, riskOf()).after.units;
    state = nextLatencyState(JSON.parse(JSON.stringify(input)), after) ?? NO_LATENCY_STATE;
    if (carryOut && totalUnits(after) !== size) {
      size = totalUnits(after);
      asked.push({ at: minute, units: size });
    }
    trace.push({ units: totalUnits(after), ready, why: latencyRule(input)?.why ?? "" });
  }
  return trace;
}

describe("over time", () => {
  test("response times that follow capacity are brought below the threshold without winding up", () => {
    const trace = play((units) => 2400 / units, 40);
    // 600 ms at 4 units; 8 give 300, 10 give 240, below the threshold and above the release level.
    expect([...new Set(trace.map(({ units }) => units))]).toEqual([4, 8, 10]);
    expect(trace.at(-1)?.why).toContain("nothing is released");
  });

  test("while units start nothing more is asked for, however bad it gets", () => {
    const trace = play((_, minute) => 600 + 100 * minute, 12, 10);
    expect(Math.max(...trace.map(({ units }) => units))).toBe(8);
    expect(trace[6]?.why).toContain("still starting");
  });

  test("units that never become ready are not waited for for ever", () => {
    // Twice the lead time of 10 min after the raise in minute 1, and `for` after that.
    const trace = play(() => 900, 26, 1000);
    expect(trace[22]?.why).not.toContain("still starting");
    // Ready are 4: the ratio of them asks for no more than there is.
    expect(Math.max(...trace.map(({ units }) => units))).toBe(8);
  });

  test("latency that capacity does not cure is given up on after three raises, and nothing is taken away", () => {
    const trace = play(() => 900, 60);
    expect([...new Set(trace.map(({ units }) => units))]).toEqual([4, 8, 16, 32]);
    expect(trace.at(-1)?.why).toContain("latency does not follow capacity");
    expect(trace.at(-1)?.units).toBe(32);
  });

  test("after it fell by itself the policy is armed again", () => {
    const slow = (minute: number) => minute < 40 || minute > 45;
    const trace = play((_, minute) => (slow(minute) ? 900 : 100), 60);
    expect(trace[39]?.units).toBe(32);
    expect(trace[42]?.units).toBe(4);
    expect(Math.max(...trace.slice(46).map(({ units }) => units))).toBe(32);
  });

  test("a raise that nobody carries out is proposed again and again, and counts as no failure", () => {
    const trace = play(() => 900, 30, 2, false);
    expect(new Set(trace.slice(1).map(({ units }) => units))).toEqual(new Set([8]));
  });

  test("demand that ate the raise proves nothing against capacity", () => {
    const last = { atMs: NOW_MS - 20 * MINUTE_MS, toUnits: 4, measuredMs: 400, rpsPerUnit: 9.9 };
    const raise = { ...last, settledMs: NOW_MS - 10 * MINUTE_MS };
    const next = (rpsPerUnit: number | null) => {
      const input = inputWith({
        seen: measured(400),
        latency: { ...ABOVE, raise: { ...raise, rpsPerUnit }, idleRaises: 1 },
      });
      return nextLatencyState(input, decide(input, riskOf()).after.units)?.idleRaises;
    };
    // 10 rps a unit now.
    expect(next(9.9)).toBe(1);
    expect(next(20)).toBe(2);
    expect(next(null)).toBe(2);
  });
});

describe("whether a raise had an effect", () => {
  const settledMs = NOW_MS - 10 * MINUTE_MS;
  const raise = { atMs: NOW_MS - 20 * MINUTE_MS, toUnits: 4, measuredMs: 1000, rpsPerUnit: null, settledMs };
  const idleAfter = (p95Ms: number, given: Case = {}, last: Partial<typeof raise> = {}) => {
    const latency: LatencyState = { ...ABOVE, raise: { ...raise, ...last }, idleRaises: 2 };
    const input = inputWith({ latency, ...given, seen: given.seen ?? measured(p95Ms) });
    return nextLatencyState(input, decide(input, riskOf()).after.units)?.idleRaises;
  };

  test("is told by what was measured since its units were ready", () => {
    // The raise of this very look is the first of a new row.
    expect(idleAfter(900)).toBe(1);
    expect(idleAfter(901)).toBe(3);
    expect(idleAfter(240, { seen: measured(240) })).toBe(0);
    const mixed = measured(240, { fromMs: settledMs - 1 });
    expect(idleAfter(240, { seen: mixed })).toBe(2);
  });

  test("is not asked of a raise that nobody carried out", () => {
    expect(idleAfter(950, {}, { toUnits: 9 })).toBe(2);
  });
});

describe("laws", () => {
  const minutesAgo = fc.integer({ min: 0, max: 40 }).map((minutes) => NOW_MS - minutes * MINUTE_MS);
  const states: fc.Arbitrary<LatencyState> = fc.record({
    aboveSinceMs: fc.option(minutesAgo),
    seen: fc.option(fc.record({ atMs: minutesAgo, measuredMs: fc.integer({ min: 1, max: 2000 }) })),
    raise: fc.option(
      fc.record({
        atMs: minutesAgo,
        toUnits: fc.integer({ min: 1, max: 20 }),
        measuredMs: fc.integer({ min: 1, max: 2000 }),
        rpsPerUnit: fc.option(fc.integer({ min: 1, max: 30 })),
        settledMs: fc.option(minutesAgo),
      }),
    ),
    idleRaises: fc.integer({ min: 0, max: 4 }),
  });
  const cases = fc
    .record({
      demandRps: fc.integer({ min: 0, max: 200 }),
      before: fc.integer({ min: 0, max: 20 }),
      ready: fc.integer({ min: 0, max: 20 }),
      state: states,
      p95: fc.integer({ min: 1, max: 2000 }),
      ago: minutesAgo,
      requests: fc.integer({ min: 0, max: 1000 }),
      rows: fc.array(fc.integer({ min: 0, max: 200 }), { minLength: 8, maxLength: 8 }),
      total: fc.integer({ min: 1, max: 40 }),
      up: fc.integer({ min: 1, max: 20 }),
    })
    .map((draw) => {
      const current = sizesOf(0, 0, draw.before);
      const ready = { baseline: 0, predictive: 0, burst: Math.min(draw.before, draw.ready) };
      return inputWith({
        demandRps: draw.demandRps,
        current,
        platform: platformOf(ready, current.units),
        latency: draw.state,
        seen: measured(draw.p95, { fromMs: draw.ago - MINUTE_MS, toMs: draw.ago, requests: draw.requests }),
        forecast: forecastOf(draw.rows.toSorted((a, b) => a - b)),
        settings: patched({ limits: { maxTotalUnits: draw.total, maxStepUpUnits: draw.up } }),
      });
    });
  const total = (input: DecideInput) => totalUnits(decide(input, riskOf()).after.units);

  test("a latency policy only adds", () => {
    fc.assert(
      fc.property(cases, (input) => {
        const { latency: _policy, ...settings } = input.settings;
        expect(total(input)).toBeGreaterThanOrEqual(total({ ...input, settings }));
      }),
      { numRuns: 500 },
    );
  });

  test("higher response times never give fewer units", () => {
    fc.assert(
      fc.property(cases, fc.integer({ min: 0, max: 3000 }), (input, more) => {
        const { latency } = input.observation;
        if (latency === undefined) return;
        const higher = { ...latency, p95Ms: latency.p95Ms + more };
        const slower = { ...input, observation: { ...input.observation, latency: higher } };
        expect(total(slower)).toBeGreaterThanOrEqual(total(input));
      }),
      { numRuns: 500 },
    );
  });

  test("deciding again on the same facts asks for the same, and limits hold", () => {
    fc.assert(
      fc.property(cases, (input) => {
        const { limits } = input.settings;
        const first = decide(input, riskOf());
        if (first.limits.length === 0) {
          expect(decide({ ...input, current: first.after }, riskOf()).after).toEqual(first.after);
        }
        if (totalUnits(first.before.units) <= limits.maxTotalUnits) {
          expect(totalUnits(first.after.units)).toBeLessThanOrEqual(limits.maxTotalUnits);
        }
      }),
      { numRuns: 500 },
    );
  });

  test("without a policy a decision says nothing of response times", () => {
    const input = inputOf({});
    expect(nextLatencyState(input, input.current.units)).toBeUndefined();
    const decision = decide(input, riskOf());
    expect(decision.steps.map((step) => step.name)).not.toContain("latency");
    expect(decision.need).not.toHaveProperty("latencyUnits");
  });
});
