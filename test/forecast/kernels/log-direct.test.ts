import { describe, expect, it } from "vitest";
import {
  fitLogDirect,
  type LogDirectState,
  logDirectQuantiles,
} from "../../../src/forecast/kernels/log-direct.ts";
import { logFeatures } from "../../../src/forecast/kernels/log-features.ts";
import { logSeries } from "../../../src/forecast/kernels/log-series.ts";
import { sampledTargets } from "../../../src/forecast/kernels/log-spread.ts";
import { localClock } from "../../../src/forecast/local-clock.ts";
import type { DemandSeries } from "../../../src/model/series.ts";
import { DAY_MS, durationMs, epochMs, MINUTE_MS } from "../../../src/model/time.ts";
import { seededRandom } from "../../../src/simulate/seeded-random.ts";

const STEP_MS = durationMs(5 * MINUTE_MS);
const START_MS = epochMs(Date.UTC(2026, 0, 5));
const PER_DAY = DAY_MS / STEP_MS;

/** Days of 100 to 300 rps; from 12:00 to 18:00 rough by `rough`, else by 4 %. */
function rhythm(days: number, rough = 0.2, seed = 1): DemandSeries {
  const random = seededRandom(seed);
  const values = Float64Array.from({ length: days * PER_DAY }, (_, i) => {
    const hour = ((i % PER_DAY) / PER_DAY) * 24;
    const size = hour >= 12 && hour < 18 ? rough : 0.04;
    return (200 - 100 * Math.cos((2 * Math.PI * hour) / 24)) * Math.exp(size * (random() + random() - 1));
  });
  return { startMs: START_MS, stepMs: STEP_MS, values };
}

const until = (series: DemandSeries, steps: number): DemandSeries => ({
  ...series,
  values: series.values.subarray(0, steps),
});
const context = { clock: localClock("UTC", START_MS, START_MS + 40 * DAY_MS) };

function fitted(series: DemandSeries): LogDirectState {
  const state = fitLogDirect(series, context);
  if (typeof state === "string") throw new Error(state);
  return state;
}

describe("log-direct", () => {
  it("is wide where errors were large at this time of day, and narrow where they were not", () => {
    const series = rhythm(15);
    const state = fitted(until(series, 14 * PER_DAY));
    const width = (hour: number): number => {
      const [low, high] = logDirectQuantiles(
        state,
        until(series, 14 * PER_DAY + hour * 12),
        context,
        [2],
        [0.05, 0.95],
      );
      return Math.log((high?.[0] ?? 0) / (low?.[0] ?? 1));
    };
    expect(width(15)).toBeGreaterThan(2.5 * width(4));
  });

  it.each(["rough", "calm"] as const)("covers most of %s hours, and not all", (kind) => {
    const series = rhythm(17, 0.3, 3);
    const state = fitted(until(series, 14 * PER_DAY));
    const isMeant = (i: number): boolean => {
      const hour = ((i % PER_DAY) / PER_DAY) * 24;
      return kind === "rough" ? hour >= 12.5 && hour < 17.5 : hour < 11.5;
    };
    const targets = Array.from({ length: 3 * PER_DAY - 3 }, (_, i) => 14 * PER_DAY + i + 2).filter(isMeant);
    const inside = targets.filter((target) => {
      const [low, high] = logDirectQuantiles(state, until(series, target - 2), context, [3], [0.05, 0.95]);
      const truth = series.values[target] as number;
      return truth >= (low?.[0] ?? 0) && truth <= (high?.[0] ?? 0);
    });
    expect(inside.length / targets.length).toBeGreaterThan(0.7);
    expect(inside.length / targets.length).toBeLessThan(0.98);
  });

  it("expects a jump that came at the same minute on every day before", () => {
    const base = rhythm(11, 0.02);
    const jump = base.values.map((value, i) =>
      i % PER_DAY >= 126 && i % PER_DAY < 138 ? value * 1.6 : value,
    );
    const series = { ...base, values: jump };
    const at = 10 * PER_DAY + 125;
    const [middle] = logDirectQuantiles(fitted(until(series, at)), until(series, at), context, [1, 2], [0.5]);
    for (const [j, quantile] of (middle ?? []).entries()) {
      expect(Math.abs(quantile / (series.values[at + j] as number) - 1)).toBeLessThan(0.12);
    }
  });

  it("answers alike whether few steps are asked or a whole day", () => {
    const series = rhythm(9);
    const state = fitted(series);
    const steps = Array.from({ length: 301 }, (_, i) => (i % PER_DAY) + 1);
    const whole = logDirectQuantiles(state, series, context, steps, [0.1, 0.9]);
    const few = logDirectQuantiles(state, series, context, steps.slice(0, 40), [0.1, 0.9]);
    few.forEach((row, k) => {
      row.forEach((quantile, j) => {
        expect(quantile).toBeCloseTo(whole[k]?.[j] ?? Number.NaN, 6);
      });
    });
  });

  it("refuses demand that is zero throughout, and takes gaps at the end", () => {
    expect(fitLogDirect({ ...rhythm(5), values: new Float64Array(5 * PER_DAY) }, context)).toMatch(
      /constant zero/,
    );
    const series = rhythm(9);
    series.values.fill(Number.NaN, 9 * PER_DAY - 30);
    const rows = logDirectQuantiles(fitted(series), series, context, [1, 12, 288], [0.05, 0.5, 0.95]);
    for (const row of rows) expect(row.every((quantile) => quantile > 0 && quantile < 2_000)).toBe(true);
  });
});

describe("logFeatures", () => {
  it("reads nothing after the origin, at any horizon", () => {
    const known = rhythm(9, 0.2, 5);
    const other = { ...known, values: known.values.slice() };
    const origin = 8 * PER_DAY - 1;
    other.values.fill(1e6, origin + 1);
    for (const step of [1, 2, 11, 12, 13, 50, 285, 286, 287, 288]) {
      const rows = [known, other].map((history) => {
        const features = logFeatures(logSeries(history, context, 3, true));
        const row = new Float64Array(features.size);
        features.write(row, origin, step);
        return row;
      });
      expect(rows[0], `step ${step}`).toEqual(rows[1]);
    }
  });
});

describe("sampledTargets", () => {
  it("holds each of the last quarter of an hour and some of the last six, none twice", () => {
    const targets = sampledTargets(1_000, MINUTE_MS);
    for (let back = 0; back < 15; back++) expect(targets).toContain(1_000 - back);
    expect(Math.min(...targets)).toBeLessThan(1_000 - 330);
    expect(Math.min(...targets)).toBeGreaterThan(1_000 - 360);
    expect(new Set(targets).size).toBe(targets.length);
  });
});
