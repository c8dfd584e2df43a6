import { describe, expect, it } from "vitest";
import type { Forecaster } from "../../../src/forecast/forecaster.ts";
import {
  continueCells,
  newCursor,
  newTrace,
  runCells,
} from "../../../src/forecast/kernels/cell-smoothing.ts";
import { localCells, placeOf } from "../../../src/forecast/kernels/local-cells.ts";
import { localLine } from "../../../src/forecast/kernels/pattern-table.ts";
import { localClock } from "../../../src/forecast/local-clock.ts";
import { holtWinters } from "../../../src/forecast/members/holt-winters.ts";
import { naive } from "../../../src/forecast/members/naive.ts";
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../../../src/model/time.ts";
import { DAY_STEPS, dailyWave, START_MS, STEP_MS, seriesOf } from "../fixtures.ts";
import { armaValues, normalStream } from "./noise.ts";

const clock = localClock("UTC", START_MS, START_MS + 40 * DAY_MS);
const DAY = Array.from({ length: DAY_STEPS }, (_, i) => i + 1);

/** Mean absolute error of the median at `steps`, fitted on `days`, from `origins` more, `every` steps apart. */
function meanError(
  member: Forecaster,
  values: Float64Array,
  days: number,
  steps: readonly number[],
  origins = 1,
) {
  const end = days * DAY_STEPS;
  const outcome = member.fit(seriesOf(values.subarray(0, end)), { clock });
  if (outcome.kind === "refused") throw new Error(outcome.reason);
  let total = 0;
  for (let origin = 0; origin < origins; origin++) {
    const at = end + 7 * origin;
    const [median] = outcome.model.advance(seriesOf(values.subarray(0, at))).at(steps, [0.5]);
    steps.forEach((step, j) => {
      total += Math.abs((median?.[j] ?? 0) - (values[at + step - 1] ?? 0));
    });
  }
  return total / steps.length / origins;
}

function stateOf(values: ArrayLike<number>) {
  const outcome = holtWinters.fit(seriesOf(values), { clock });
  if (outcome.kind === "refused") throw new Error(outcome.reason);
  return (outcome.model.state as { inner: { floor: number; law: { gamma: number; alpha: number } } }).inner;
}

describe("holt-winters", () => {
  it("is five times nearer than naive a day ahead on a noisy daily wave", () => {
    const { values } = dailyWave(9, { noise: 0.05 });
    expect(meanError(holtWinters, values, 8, DAY)).toBeLessThan(meanError(naive, values, 8, DAY) / 5);
  });

  it("knows the last value: one step ahead it is as near as the AR(1) innovations allow", () => {
    const errors = armaValues(11 * DAY_STEPS, 0.9, 0, 3);
    const values = errors.map((error, i) => 500 + 200 * Math.sin((2 * Math.PI * i) / DAY_STEPS) + 5 * error);
    // Mean size of the innovations: 5 * 0.798; of the AR(1) itself: 2.3 times that.
    expect(meanError(holtWinters, values, 10, [1], 40)).toBeLessThan(1.4 * 5 * 0.798);
  });

  it("takes logarithms when day and night swing in proportion, not when noise is as large at night", () => {
    const next = normalStream(7);
    const wave = (i: number): number => Math.sin((2 * Math.PI * i) / DAY_STEPS);
    const growing = Array.from(
      { length: 12 * DAY_STEPS },
      (_, i) => 50 * Math.exp(wave(i) + i / (6 * DAY_STEPS) + 0.1 * next()),
    );
    expect(stateOf(growing).floor).toBeGreaterThan(0);
    const even = Array.from({ length: 12 * DAY_STEPS }, (_, i) => 110 + 90 * wave(i) + 5 * next());
    expect(stateOf(even).floor).toBe(0);
  });

  it("goes on from an outage as before it", () => {
    const { values } = dailyWave(10, { noise: 0.05 });
    const gap = values.slice();
    gap.fill(Number.NaN, 8 * DAY_STEPS - 36, 8 * DAY_STEPS);
    expect(meanError(holtWinters, gap.slice(), 8, [1, 12, 60, 144])).toBeLessThan(
      1.3 * meanError(holtWinters, values, 8, [1, 12, 60, 144]) + 2,
    );
  });
});

describe("cell smoothing", () => {
  // Cells of six hours, a step of three: two steps a cell, four cells a day; the series starts at midnight.
  const law = {
    cellMs: 6 * HOUR_MS,
    alpha: 0.25,
    beta: 0.125,
    gamma: 0.5,
    phi: 0.8,
    limit: 100,
    stepLimit: 100,
  };
  const flat = seriesOf([14, 14, 18, 18, 20], 3 * HOUR_MS);

  it("takes up the mean error of a cell by hand: level, trend and pattern", () => {
    const cursor = newCursor(10, new Float64Array(4));
    const trace = newTrace(5);
    runCells(cursor, law, flat, clock, 0, 4, trace);
    // First cell: error 4, level 11, trend 0.5, pattern[0] 2. The second is expected at 11.4, plus what the
    // line towards the pattern of the cell before lends its first step (a quarter of the way: 0.5).
    expect(cursor.level).toBeCloseTo(11, 12);
    expect(cursor.trend).toBeCloseTo(0.5, 12);
    expect(cursor.season[placeOf(Math.floor(START_MS / law.cellMs), 4)]).toBeCloseTo(2, 12);
    [4, 4, 18 - 11.4 - 0.5, 18 - 11.4].forEach((error, i) => {
      expect(trace.errors[i]).toBeCloseTo(error, 12);
    });
    // Second cell: mean error 6.35, the trend of 0.5 damped to 0.4.
    runCells(cursor, law, flat, clock, 4, 5, trace);
    expect(cursor.level).toBeCloseTo(11 + 0.4 + 0.25 * 6.35, 12);
    expect(cursor.trend).toBeCloseTo(0.4 + 0.125 * 6.35, 12);
  });

  it("goes on by hand: AR towards the level, which takes up each cell as it ends", () => {
    const cursor = newCursor(10, new Float64Array(4));
    const trace = newTrace(2);
    const held = { ...law, beta: 0, gamma: 0 };
    runCells(cursor, held, seriesOf([14, 14], 3 * HOUR_MS), clock, 0, 2, trace);
    const next = START_MS + 6 * HOUR_MS;
    const path = continueCells(cursor, held, Float64Array.of(0.5), trace.rests, next, 3 * HOUR_MS, clock, 3);
    // Level 11. From 14: 11 + 0.5 * 3, then 11 + 0.5 * 1.5; that cell's mean error 1.125 lifts the level.
    const level = 11 + 0.25 * 1.125;
    [12.5, 11.75, level + 0.5 * (11.75 - level)].forEach((point, h) => {
      expect(path[h]).toBeCloseTo(point, 12);
    });
  });
});

describe("local cells", () => {
  const cellsOn = (dayMs: number) => {
    const berlin = localClock("Europe/Berlin", dayMs - DAY_MS, dayMs + 2 * DAY_MS);
    const startMs = dayMs - (berlin.localMs(dayMs) - dayMs);
    const localDay = (ms: number): number => Math.floor(berlin.localMs(ms) / DAY_MS);
    let steps = 0;
    while (localDay(startMs + steps * STEP_MS) === localDay(startMs)) steps++;
    const series = seriesOf(
      Array.from({ length: steps }, (_, i) => i),
      STEP_MS,
      startMs,
    );
    return localCells(series, berlin);
  };

  it("has 46 half hours on the short day, 50 on the long one, and 48 places on the line of both", () => {
    const short = cellsOn(Date.UTC(2026, 2, 29));
    expect([short.cellMs, short.means.length, localLine(short).length]).toEqual([30 * MINUTE_MS, 46, 48]);
    expect(Number.isNaN(localLine(short)[4])).toBe(true);
    const long = cellsOn(Date.UTC(2026, 9, 25));
    expect([long.means.length, localLine(long).length]).toEqual([50, 48]);
    // 02:00 was shown twice: steps 24 to 29 and 36 to 41.
    expect(localLine(long)[4]).toBeCloseTo((26.5 + 38.5) / 2, 12);
  });

  it("is the step itself where a step is longer than half an hour", () => {
    const hourly = seriesOf([1, 2, Number.NaN], HOUR_MS);
    const cells = localCells(hourly, clock);
    expect(cells.cellMs).toBe(HOUR_MS);
    expect([...cells.means]).toEqual([1, 2, Number.NaN]);
  });
});
