import { describe, expect, test } from "vitest";
import type { ApplyOutcome } from "../../src/model/cycle.ts";
import type { TrafficSample } from "../../src/model/platform.ts";
import { MINUTE_MS } from "../../src/model/time.ts";
import { type VerifyInput, verify } from "../../src/verify/verify.ts";
import { NOW_MS, platformOf, sizesOf } from "../decide/decide-input-fixture.ts";

const sizes = sizesOf(4, 3, 2);

function inputOf(ready: number, minutesAgo: number, patch: Partial<VerifyInput> = {}): VerifyInput {
  return {
    nowMs: NOW_MS,
    expected: { sizes, previous: sizesOf(4, 0, 0), appliedAtMs: NOW_MS - minutesAgo * MINUTE_MS },
    lastApply: { kind: "applied", changes: {}, diff: [], policiesPassed: 1, engineMs: 5_000 },
    attempts: 0,
    leadTimeMs: 10 * MINUTE_MS,
    platform: platformOf({ baseline: 4, predictive: 3, burst: ready - 7 }, sizes.units),
    trafficBefore: null,
    trafficSince: null,
    ...patch,
  };
}

function traffic(arrived: number, bad: number): TrafficSample {
  return {
    fromWallMs: 0,
    toWallMs: 60_000,
    arrived,
    served: arrived - bad,
    failed: bad,
    late: 0,
    meanServiceMs: 20,
    p50Ms: 20,
    p95Ms: 30,
    p99Ms: 40,
    readyUnits: 9,
  };
}

describe("verify", () => {
  test.each<[string, number, number, number]>([
    ["keep", 9, 3, 0],
    ["keep", 9, 40, 0],
    ["waiting", 8, 10, 0],
    ["retry", 8, 11, 0],
    ["waiting", 8, 11, 3],
    ["roll-back", 8, 31, 0],
  ])(
    "%s with %i of 9 ready after %i minutes at a lead time of 10, %i tries",
    (kind, ready, minutes, attempts) => {
      const verdict = verify(inputOf(ready, minutes, { attempts }));
      expect(verdict.kind).toBe(kind);
      expect(verdict.note).toMatch(/\d of 9 units ready/);
    },
  );

  test.each<[ApplyOutcome, string, RegExp]>([
    [{ kind: "failed", reason: "provider crashed" }, "retry", /provider crashed; try 1 of 3/],
    [{ kind: "interrupted", reason: "killed" }, "retry", /interrupted/],
    [{ kind: "timeout", reason: "120 s" }, "retry", /timeout/],
    [{ kind: "locked", by: "alice" }, "waiting", /held by alice/],
    [{ kind: "stale-plan", reason: "generation 8 applied" }, "waiting", /nothing was changed/],
    [
      { kind: "policy-violation", violations: ["too many units"] },
      "keep",
      /last good state kept.*too many units/,
    ],
  ])("after %o: %s", (lastApply, kind, note) => {
    const verdict = verify(inputOf(9, 3, { lastApply }));
    expect(verdict.kind).toBe(kind);
    expect(verdict.note).toMatch(note);
  });

  test("retries are bounded", () => {
    const lastApply: ApplyOutcome = { kind: "failed", reason: "provider crashed" };
    expect(verify(inputOf(9, 3, { lastApply, attempts: 3 })).kind).toBe("waiting");
  });

  test("wanted sizes that are not those applied are drift, the warm pool's too", () => {
    const platform = platformOf(
      { baseline: 4, predictive: 3, burst: 0 },
      { baseline: 4, predictive: 5, burst: 2 },
    );
    expect(verify(inputOf(9, 3, { platform }))).toEqual({
      kind: "drift",
      note: "predictive wants 5, applied were 3",
    });
    const warm = { wantedUnits: 2, idleUnits: 2, preparingUnits: 0 };
    const pool = { ...platformOf({ baseline: 4, predictive: 3, burst: 2 }), warm };
    expect(verify(inputOf(9, 3, { platform: pool })).note).toMatch(/warm pool wants 2, applied were 0/);
  });

  test.each<[string, TrafficSample, TrafficSample]>([
    ["roll-back", traffic(1000, 5), traffic(1000, 50)],
    ["keep", traffic(1000, 5), traffic(1000, 10)],
    ["keep", traffic(1000, 20), traffic(1000, 50)],
    ["keep", traffic(1000, 5), traffic(2000, 100)],
    ["keep", traffic(1000, 5), traffic(40, 20)],
  ])("after a shrink: %s", (kind, trafficBefore, trafficSince) => {
    const expected = { sizes, previous: sizesOf(4, 3, 6), appliedAtMs: NOW_MS - MINUTE_MS };
    expect(verify(inputOf(9, 1, { expected, trafficBefore, trafficSince })).kind).toBe(kind);
    const grown = { ...expected, previous: sizesOf(4, 0, 0) };
    expect(verify(inputOf(9, 1, { expected: grown, trafficBefore, trafficSince })).kind).toBe("keep");
  });

  test("says nothing without an update or an answer", () => {
    expect(verify(inputOf(9, 1, { expected: null })).kind).toBe("keep");
    expect(verify(inputOf(9, 1, { platform: null })).kind).toBe("waiting");
  });
});
