import { describe, expect, it } from "vitest";
import { type MemberFit, versionScore } from "../../src/forecast/ensemble/learned-state.ts";
import { cutoffsBetween } from "../../src/forecast/ensemble/past-cutoffs.ts";
import { anchorDue, isDue, lastDueMs } from "../../src/forecast/ensemble/refits.ts";
import type { Forecaster } from "../../src/forecast/forecaster.ts";
import { naive } from "../../src/forecast/members/naive.ts";
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../../src/model/time.ts";
import { START_MS, STEP_MS, seriesOf } from "./fixtures.ts";

const series = seriesOf(new Float64Array(3 * 288));
const endMs = START_MS + 3 * DAY_MS;

describe("cutoffsBetween", () => {
  const all = cutoffsBetween(series, START_MS, endMs);

  it("has one in each hour after the first six, on the grid, at minutes that differ", () => {
    expect(all.length).toBe(3 * 24 - 6);
    const hours = all.map((ms) => Math.floor(ms / HOUR_MS));
    expect(new Set(hours).size).toBe(all.length);
    expect(all.every((ms) => (ms - START_MS) % STEP_MS === 0)).toBe(true);
    expect(new Set(all.map((ms) => ms % HOUR_MS)).size).toBeGreaterThan(10);
  });

  it("is the same in one piece and in many, and for a history that has moved on", () => {
    const pieces: number[] = [];
    for (let ms = START_MS; ms < endMs; ms += 25 * MINUTE_MS) {
      pieces.push(...cutoffsBetween(series, ms, Math.min(endMs, ms + 25 * MINUTE_MS)));
    }
    expect(pieces).toEqual(all);
    const moved = { startMs: series.startMs + 7 * STEP_MS, stepMs: series.stepMs } as typeof series;
    expect(cutoffsBetween(moved, START_MS + DAY_MS, endMs)).toEqual(
      all.filter((ms) => ms > START_MS + DAY_MS),
    );
  });
});

describe("refits", () => {
  const light: Forecaster = naive;
  const heavy: Forecaster = { ...naive, name: "heavy", cost: "heavy" };
  const trained: Forecaster = { ...naive, name: "trained", cost: "trained" };
  const plan = { refitMs: 2 * HOUR_MS, staggerMs: 13 * MINUTE_MS };
  const fitAt = (triedMs: number): MemberFit => ({
    state: {},
    triedMs,
    fittedMs: triedMs,
    costMs: 0,
    version: 1,
    reason: undefined,
    score: versionScore(1, triedMs),
    previous: undefined,
  });

  it("come once a period: each hour, each refitMs, each day", () => {
    for (const [member, periodMs] of [
      [light, HOUR_MS],
      [heavy, 2 * HOUR_MS],
      [trained, DAY_MS],
    ] as const) {
      let fit: MemberFit | undefined;
      let fits = 0;
      for (let nowMs = endMs; nowMs < endMs + 2 * DAY_MS; nowMs += STEP_MS) {
        if (!isDue(plan, member, fit, nowMs)) continue;
        fit = fitAt(nowMs);
        fits++;
      }
      expect(Math.abs(fits - (2 * DAY_MS) / periodMs)).toBeLessThanOrEqual(1);
    }
  });

  it("are spread by series and by member", () => {
    const names = ["naive", "level", "direct", "dhr-ar", "arima", "mstl", "ets", "holt-winters"];
    const minutes = names.map((name) => (lastDueMs(plan, { ...light, name }, endMs) % HOUR_MS) / MINUTE_MS);
    const gaps = minutes.toSorted((a, b) => a - b).map((minute, i, sorted) => (sorted[i + 1] ?? 99) - minute);
    expect(Math.min(...gaps)).toBeGreaterThan(0.5);
    const other = lastDueMs({ ...plan, staggerMs: 0 }, light, endMs);
    expect((lastDueMs(plan, light, endMs) - other + DAY_MS) % HOUR_MS).toBe(13 * MINUTE_MS);
  });

  it("ask a member that refused within the hour again, one that failed when its turn comes", () => {
    const out = { ...fitAt(endMs), state: undefined };
    const refused = { ...out, reason: "needs 96 known steps, has 12" };
    const failed = { ...out, reason: "fit failed: out of range" };
    expect(isDue(plan, trained, refused, endMs + HOUR_MS)).toBe(true);
    expect(isDue(plan, trained, failed, endMs + HOUR_MS)).toBe(false);
  });

  it("walk the past with a fit a day, fewer where the grid is fine", () => {
    const midnight = START_MS + 2 * DAY_MS;
    const cutoff = midnight + 5 * HOUR_MS;
    expect(anchorDue(plan, light, undefined, cutoff, 4000)).toBe(midnight);
    expect(anchorDue(plan, light, fitAt(midnight - DAY_MS), cutoff, 4000)).toBe(midnight);
    expect(anchorDue(plan, light, fitAt(midnight - 2 * HOUR_MS), cutoff, 4000)).toBeUndefined();
    expect(anchorDue(plan, light, fitAt(midnight - 4 * DAY_MS), cutoff, 40_000)).toBeUndefined();
    expect(anchorDue(plan, light, fitAt(midnight - 5 * DAY_MS), cutoff, 40_000)).toBe(midnight);
  });
});
