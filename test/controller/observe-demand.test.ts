import { describe, expect, it } from "vitest";
import { nextLateSteps, observationOf } from "../../src/controller/observe-demand.ts";
import type { DemandSeries } from "../../src/model/series.ts";
import { durationMs, epochMs, MINUTE_MS } from "../../src/model/time.ts";
import { simulatedSettings } from "../../src/simulate/simulated-settings.ts";

const STEP_MS = durationMs(5 * MINUTE_MS);
const START_MS = epochMs(Date.UTC(2026, 0, 5));
const settings = {
  ...simulatedSettings(),
  demand: { ...simulatedSettings().demand, stepMs: STEP_MS, staleAfterMs: durationMs(20 * MINUTE_MS) },
};

/** 20 known steps, then `gaps` missing ones. */
function series(gaps: number): DemandSeries {
  const values = new Float64Array(20 + gaps).fill(7);
  values.fill(Number.NaN, 20);
  return { startMs: START_MS, stepMs: STEP_MS, values };
}
const at = (steps: number) => epochMs(START_MS + steps * STEP_MS + MINUTE_MS);
const holes = (gaps: number, now: number, usual: number): number =>
  observationOf(series(gaps), at(now), settings, usual).recentRps.filter((value) => value === null).length;

describe("observationOf", () => {
  it.each([
    { now: 20, gaps: 0, usual: 0, missing: 0 },
    { now: 22, gaps: 0, usual: 0, missing: 1 },
    { now: 22, gaps: 2, usual: 0, missing: 2 },
    { now: 22, gaps: 0, usual: 2, missing: 0 },
    { now: 22, gaps: 2, usual: 2, missing: 0 },
    { now: 23, gaps: 0, usual: 2, missing: 2 },
    { now: 23, gaps: 3, usual: 2, missing: 3 },
  ])("$now steps on with $gaps gaps at the end, usually $usual late: $missing missing", (row) => {
    expect(holes(row.gaps, row.now, row.usual)).toBe(row.missing);
  });

  it("says stale however late the source usually is", () => {
    expect(observationOf(series(0), at(25), settings, 9).freshness).toBe("stale");
  });

  it("keeps a gap inside the window, whatever is usual", () => {
    const torn = series(0);
    torn.values[18] = Number.NaN;
    const { recentRps } = observationOf(torn, at(22), settings, 2);
    expect(recentRps.filter((value) => value === null)).toHaveLength(1);
  });
});

describe("nextLateSteps", () => {
  const look = (now: number, before: readonly number[]): readonly number[] => {
    const own = series(0);
    return nextLateSteps(before, { series: own, observation: observationOf(own, at(now), settings) });
  };
  it("notes whole steps behind, keeps a dozen, and nothing of a stale look", () => {
    expect(look(20, [])).toEqual([0]);
    expect(look(22, [3])).toEqual([3, 2]);
    expect(look(22, new Array(12).fill(5))).toEqual([...new Array(11).fill(5), 2]);
    expect(look(40, [1])).toEqual([1]);
  });
});
