import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { anomalyNow } from "../../../src/forecast/anomalies/anomaly-now.ts";
import {
  type AnomalyState,
  newAnomalyState,
  refitMade,
} from "../../../src/forecast/anomalies/anomaly-state.ts";
import { observeStep } from "../../../src/forecast/anomalies/observe-step.ts";
import { standardScore } from "../../../src/forecast/anomalies/standard-score.ts";
import type { Finding } from "../../../src/model/finding.ts";
import { HOUR_MS } from "../../../src/model/time.ts";
import { randomStream, START_MS, STEP_MS } from "../fixtures.ts";

const LEVELS = [0.05, 0.5, 0.95];
const SIGMA = 10;

/** Steps of demand around 290 requests/s whose forecast says just that, then follows what it saw by `follow` a step. */
function run(
  values: readonly number[],
  follow = 0,
  from = newAnomalyState(),
  startMs = START_MS,
): AnomalyState[] {
  const random = randomStream(3);
  let expected = 290;
  let state = from;
  return values.map((change, i) => {
    const noise = (random() + random() + random() - 1.5) * 2 * SIGMA;
    const value = change === 0 ? 0 : 290 * change + noise;
    const quantiles = [expected - 1.645 * SIGMA, expected, expected + 1.645 * SIGMA];
    state = observeStep(state, {
      ms: startMs + i * STEP_MS,
      stepMs: STEP_MS,
      value,
      levels: LEVELS,
      quantiles,
    });
    if (!Number.isNaN(value)) expected += follow * (value - expected);
    return state;
  });
}

const times = (count: number, change: number): number[] => new Array<number>(count).fill(change);
const CALM = times(300, 1);

function last(states: readonly AnomalyState[]): AnomalyState {
  return states.at(-1) ?? newAnomalyState();
}

function found(states: readonly AnomalyState[], kind: Finding["kind"]): Finding | undefined {
  return last(states).findings.find((finding) => finding.kind === kind);
}

function follow(from: AnomalyState, stretches: readonly (readonly [number, number])[]): AnomalyState {
  const values = stretches.flatMap(([demand, count]) => times(count, demand));
  return values.reduce(
    (state, value) =>
      observeStep(state, {
        ms: state.atMs,
        stepMs: STEP_MS,
        value,
        levels: LEVELS,
        quantiles: [270, 290, 310],
      }),
    from,
  );
}

describe("observeStep", () => {
  it("says nothing of two weeks of calm", () => {
    expect(last(run(times(14 * 288, 1))).findings).toEqual([]);
    expect(last(run(times(14 * 288, 1), 0.5)).findings).toEqual([]);
  });

  it.each([0, 0.5])("a lone step is a point, ended two steps later (forecast follows by %d)", (follow) => {
    const states = run([...CALM, 2, 1, 1, 1], follow);
    expect(last(states).findings).toHaveLength(1);
    const point = found(states, "point");
    expect(point).toMatchObject({ direction: "up", startMs: START_MS + 300 * STEP_MS });
    expect(point?.endMs).toBe(START_MS + 301 * STEP_MS);
    expect(point?.reason).toMatch(
      /^a point far off up at 01:00 UTC: one step lies .* sigma above the forecast, \d+ instead of 2[89]\d/,
    );
  });

  it.each([
    ["surge", 1.6, "up"],
    ["drop", 0.5, "down"],
  ] as const)("a %s lasts until demand is back", (kind, change, direction) => {
    const states = run([...CALM, ...times(8, change), ...times(4, 1)], 0.3);
    expect(found(states, kind)).toMatchObject({ direction, startMs: START_MS + 300 * STEP_MS });
    expect(found(states, kind)?.endMs).toBe(START_MS + 308 * STEP_MS);
    expect(states[300]?.findings[0]?.kind).toBe("point");
    expect(states[302]?.findings[0]).toMatchObject({ kind, endMs: null });
    expect(last(states).wantsRefit).toBeNull();
  });

  it("an hour on a new level is a level shift: said with numbers, remembered, and a reason to refit", () => {
    const states = run([...CALM, ...times(60, 1.42)], 0.3);
    const shift = found(states, "level-shift");
    expect(shift).toMatchObject({ direction: "up", startMs: START_MS + 300 * STEP_MS });
    expect(shift?.reason).toMatch(
      /^a level shift up at 01:00 UTC for \d+ min: 12 steps lie 1\d[.\d]* sigma above the forecast, 41\d instead of 2[789]\d/,
    );
    expect(shift?.reason).toMatch(/forecasts have taken it in$/);
    expect(last(states).shifts).toEqual([START_MS + 300 * STEP_MS]);
    expect(last(states).wantsRefit?.reason).toMatch(/^a level shift up/);
    expect(refitMade(last(states)).wantsRefit).toBeNull();
    expect(states[310]?.findings.some(({ kind }) => kind === "level-shift")).toBe(false);
    expect(states[311]?.findings.some(({ kind }) => kind === "level-shift")).toBe(true);
  });

  it("a surge of two hours that goes back leaves no level behind", () => {
    const states = run([...CALM, ...times(24, 1.6), ...times(6, 1)], 0.05);
    expect(found(states, "level-shift")?.reason).toMatch(/back where it was expected$/);
    expect(last(states).shifts).toEqual([]);
  });

  it.each([
    ["gaps", Number.NaN, /nothing is known of demand/],
    ["nothing", 0, /demand is gone, 0 instead of 2\d\d requests/],
  ])("an outage by %s, and no drop beside it", (_name, change, reason) => {
    const states = run([...CALM, ...times(12, change), ...times(6, 1)]);
    expect(last(states).findings.map(({ kind }) => kind)).toEqual(["outage"]);
    expect(found(states, "outage")).toMatchObject({
      startMs: START_MS + 300 * STEP_MS,
      endMs: START_MS + 312 * STEP_MS,
    });
    expect(found(states, "outage")?.reason).toMatch(reason);
    expect(states[301]?.findings.some(({ kind }) => kind === "outage")).toBe(false);
    expect(states[302]?.findings.some(({ kind }) => kind === "outage")).toBe(true);
  });

  it("a forecast that keeps off on one side drifts, without any step far off; it ends when it holds again", () => {
    const slow = times(60, 1.04);
    const states = run([...CALM, ...slow, ...times(200, 1)]);
    expect(found(states, "drift")).toMatchObject({ direction: "up" });
    expect(found(states, "drift")?.reason).toMatch(
      /demand keeps above its forecast, 2\d.* sigma in all.*the forecast holds again$/,
    );
    expect(found(states, "drift")?.endMs).not.toBeNull();
    expect(last(states).findings).toHaveLength(1);
  });

  it("what comes at the same time every day is a habit from the third day on", () => {
    const day = [...times(100, 1), 2, 2, ...times(186, 1)];
    const states = run([...CALM, ...day, ...day, ...day, ...day]);
    const starts = new Set(states.flatMap(({ findings }) => findings.map(({ startMs }) => startMs)));
    expect([...starts]).toEqual([400, 688].map((step) => START_MS + step * STEP_MS));
  });

  it("steps from before the last are left out, and another grid starts afresh", () => {
    const state = last(run(CALM));
    const step = { value: 1e6, levels: LEVELS, quantiles: [270, 290, 310] };
    expect(observeStep(state, { ...step, ms: START_MS, stepMs: STEP_MS })).toBe(state);
    const other = observeStep(state, { ...step, ms: state.atMs, stepMs: 2 * STEP_MS });
    expect(other).toMatchObject({ seen: 1, findings: [] });
  });

  it("stays below 4 KB and finite, whatever comes", () => {
    const value = fc.oneof(
      fc.constantFrom(0, Number.NaN, 1e300, 290, 1e-300),
      fc.integer({ min: 0, max: 2000 }),
      fc.integer({ min: 250, max: 330 }),
    );
    const stretch = fc.tuple(value, fc.integer({ min: 1, max: 30 }));
    fc.assert(
      fc.property(fc.array(stretch, { minLength: 1, maxLength: 40 }), (stretches) => {
        const state = follow(last(run(times(60, 1))), stretches);
        const text = JSON.stringify(state);
        expect(text.length).toBeLessThan(4096);
        const now = anomalyNow(state, 290);
        expect(Number.isFinite(now.score)).toBe(true);
        expect(now.multiplier).toBeGreaterThanOrEqual(1);
        expect(now.multiplier).toBeLessThanOrEqual(1.5);
        const numbers = [
          state.usual95,
          state.usual995,
          state.residual,
          state.above,
          state.below,
          state.misses,
        ];
        expect(numbers.every(Number.isFinite)).toBe(true);
        expect(state.findings.filter(({ endMs }) => endMs === null).length).toBeLessThanOrEqual(3);
        for (const { startMs, detectedMs, endMs } of state.findings) {
          expect(startMs).toBeLessThanOrEqual(detectedMs);
          if (endMs !== null) expect(endMs).toBeGreaterThanOrEqual(startMs);
        }
      }),
      { numRuns: 60 },
    );
  });
});

describe("standardScore", () => {
  const skewed = { levels: [0.05, 0.5, 0.95], quantiles: [90, 100, 200] };
  it.each([
    ["the median", 100, 0],
    ["the upper quantile", 200, 1.645],
    ["the lower quantile", 90, -1.645],
    ["twice as far above, by the spread above", 300, 3.29],
    ["as far below is farther out", 80, -3.29],
    ["half way", 150, 0.8224],
  ])("%s", (_name, value, score) => {
    expect(standardScore(value, skewed, 1e-9)).toBeCloseTo(score, 2);
  });

  it("a forecast without width is judged by the least spread", () => {
    expect(standardScore(105, { levels: [0.05, 0.5, 0.95], quantiles: [100, 100, 100] }, 2)).toBeCloseTo(2.5);
  });
});

describe("anomalyNow", () => {
  it("lifts the next step while a surge lasts and the next forecast still expects less, and not before or after", () => {
    const states = run([...CALM, 1.6, 1.6, 1, 1, 1]);
    const at = (i: number, next: number): number =>
      anomalyNow(states[i] ?? newAnomalyState(), next).multiplier;
    expect(at(299, 290)).toBe(1);
    expect(at(300, 290)).toBe(1);
    expect(at(301, 400)).toBeCloseTo(1.16, 1);
    expect(at(301, 290)).toBe(1.5);
    expect(at(301, 470)).toBe(1);
    expect(at(302, 290)).toBe(1);
    const drop = run([...CALM, 0.4, 0.4, 0.4]);
    expect(anomalyNow(last(drop), 50).multiplier).toBe(1);
  });

  it("a surge that the newest forecasts follow is still as far off as it was; an hour later it is the level", () => {
    const states = run([...CALM, ...times(40, 1.6)], 0.8);
    expect(anomalyNow(states[304] ?? newAnomalyState()).score).toBeGreaterThan(6);
    expect(Math.abs(anomalyNow(last(states)).score)).toBeLessThan(3);
    expect(last(states).atMs - START_MS).toBeGreaterThan(HOUR_MS);
  });
});
