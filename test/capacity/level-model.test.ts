import { describe, expect, test } from "vitest";
import { drawPaths, peakAt, shapePool } from "../../src/capacity/demand-paths.ts";
import { levelForecasts, WEEK_RHYTHM, withoutHoles } from "../../src/capacity/level-forecasts.ts";
import { learnLevels, studentQuantile } from "../../src/capacity/level-model.ts";
import { cutPeriods, type Periods } from "../../src/capacity/periods.ts";
import { intervalOf } from "../../src/capacity/spread-of.ts";
import { seededRandom } from "../../src/simulate/seeded-random.ts";
import { madeDemand } from "./made-demand.ts";

function periodsOf(logLevels: readonly number[], peakRatio = 2): Periods {
  return {
    periodMs: 7 * 86_400_000,
    slotMs: 3_600_000,
    slotCount: 168,
    logLevels: Float64Array.from(logLevels),
    logPeakRatios: Float64Array.from(logLevels, (level) =>
      Number.isNaN(level) ? level : Math.log(peakRatio),
    ),
    shapes: [],
  };
}

/** A random walk with steps of `sigma`. */
function walk(weeks: number, sigma: number, seed: number): readonly number[] {
  const random = seededRandom(seed);
  let level = 3;
  return Array.from({ length: weeks }, () => {
    level += sigma * Math.sqrt(12) * (random() - 0.5);
    return level;
  });
}

describe("levels", () => {
  test("a random walk's variance is found, and past intervals hold near 90 %", () => {
    const steps: number[] = [];
    let [peaks, inside] = [0, 0];
    for (let seed = 0; seed < 8; seed++) {
      const { model, past } = learnLevels(periodsOf(walk(104, 0.1, seed)), "week", 13);
      steps.push(model.step * 13 + model.noise);
      peaks += past.peaks;
      inside += past.inside;
    }
    const mean = steps.reduce((sum, each) => sum + each, 0) / steps.length;
    expect(mean).toBeGreaterThan(0.6 * 13 * 0.01);
    expect(mean).toBeLessThan(2 * 13 * 0.01);
    expect(inside / peaks).toBeGreaterThan(0.82);
    expect(inside / peaks).toBeLessThan(0.97);
  });

  test("what comes after a cut-off changes nothing of what was scored before it", () => {
    const levels = walk(40, 0.1, 3);
    const short = learnLevels(periodsOf(levels.slice(0, 30)), "week", 8);
    const same = learnLevels(periodsOf([...levels.slice(0, 30)]), "week", 8);
    const wild = learnLevels(periodsOf([...levels.slice(0, 30), 9]), "week", 8);
    expect(same).toEqual(short);
    expect(wild.past.peaks).toBeGreaterThan(short.past.peaks);
    expect(wild.past.inside).toBe(short.past.inside);
  });

  test("measured as far as three cut-offs reach", () => {
    const { past } = learnLevels(periodsOf(walk(12, 0.05, 1)), "week", 52);
    expect(past.measuredSteps).toBe(7);
    expect(past.usedSeason).toBe(false);
    expect(learnLevels(periodsOf(walk(60, 0.05, 1)), "week", 13).past.usedSeason).toBe(true);
  });

  test("a yearly rhythm is followed with two years, and a year's rhythm beats a flat level", () => {
    const yearly = Array.from({ length: 130 }, (_, week) => 3 + 0.5 * Math.sin((2 * Math.PI * week) / 52));
    const { model } = learnLevels(periodsOf(yearly), "week", 13);
    for (let step = 0; step < 13; step++) {
      const truth = 3 + 0.5 * Math.sin((2 * Math.PI * (130 + step)) / 52);
      expect(Math.abs((model.medians[step] ?? 0) - truth)).toBeLessThan(0.15);
    }
  });

  test("the season ago, moved by what changed since", () => {
    const levels = Float64Array.from({ length: 70 }, (_, week) => (week % 52) / 100 + (week >= 52 ? 1 : 0));
    const season = levelForecasts(WEEK_RHYTHM).find(([name]) => name === "season")?.[1];
    const ahead = Array.from(season?.(levels, 70, 40) ?? []);
    const wanted = Array.from({ length: 40 }, (_, step) => ((18 + step) % 52) / 100 + 1);
    ahead.forEach((value, step) => {
      if (18 + step < 52) expect(value).toBeCloseTo(wanted[step] ?? 0, 9);
    });
    expect(ahead).toHaveLength(40);
  });

  test("days carry no trend; short histories none either", () => {
    expect(levelForecasts(WEEK_RHYTHM).map(([name]) => name)).toEqual([
      "level",
      "mean",
      "damped",
      "slope",
      "season",
    ]);
    for (const [name, forecast] of levelForecasts(WEEK_RHYTHM)) {
      const known = forecast(Float64Array.of(1, 2, 3, 4, 5), 5, 3) !== undefined;
      expect([name, known]).toEqual([name, name === "level" || name === "mean"]);
    }
  });

  test("holes are filled along a line, ends held", () => {
    const filled = withoutHoles(Float64Array.of(Number.NaN, 1, Number.NaN, Number.NaN, 4, Number.NaN));
    expect(Array.from(filled)).toEqual([1, 1, 2, 3, 4, 4]);
  });

  test.each([
    [4, 2.132],
    [10, 1.812],
    [30, 1.697],
    [60, 1.671],
  ])("Student's t with %d degrees: %d", (freedom, quantile) => {
    expect(studentQuantile(freedom)).toBeCloseTo(quantile, 1);
    expect(Math.abs(studentQuantile(freedom) / quantile - 1)).toBeLessThan(0.01);
  });
});

describe("paths", () => {
  const history = madeDemand(26 * 7, (week) => 1.01 ** week, { noise: 0.3 });
  const periods = cutPeriods(history, (utcMs) => utcMs);
  const { model } = learnLevels(periods, "week", 13);
  const options = { count: 2_000, highestLevel: 1e9, random: seededRandom(5) };
  const pool = shapePool(periods);
  const paths = drawPaths(model, pool, options);

  test("lie around the median, as far apart as the model says", () => {
    for (const ahead of [0, 12]) {
      const logs = paths.map(({ levels }) => Math.log(levels[ahead] ?? 0));
      const { median, lower, upper } = intervalOf(logs);
      const deviation = model.widening * Math.sqrt(model.noise + (ahead + 1) * model.step);
      expect(Math.abs(median - (model.medians[ahead] ?? 0))).toBeLessThan(0.15 * deviation);
      const half = deviation * studentQuantile(model.freedom);
      expect((upper - lower) / 2 / half).toBeGreaterThan(0.9);
      expect((upper - lower) / 2 / half).toBeLessThan(1.1);
    }
  });

  test("peaks pass what was seen, the mean of a week does not move with them", () => {
    const highest = Math.max(...pool.shapes.map(({ peakRatio }) => peakRatio));
    const ratios = paths.map(({ shapes, stretches }) => {
      const shape = pool.shapes[shapes[0] ?? 0];
      return shape === undefined ? 0 : peakAt(shape, 1, stretches[0] ?? 1);
    });
    const over = ratios.filter((ratio) => ratio > highest).length / ratios.length;
    expect(over).toBeGreaterThan(0.005);
    expect(over).toBeLessThan(0.4);
  });

  test("no level beyond three times the highest", () => {
    const capped = drawPaths({ ...model, step: 4 }, pool, { ...options, highestLevel: 100 });
    expect(Math.max(...capped.flatMap(({ levels }) => Array.from(levels)))).toBe(300);
  });
});

describe("periods", () => {
  test("local weeks: a shape's slots follow the local clock", () => {
    const hour = 3_600_000;
    const series = madeDemand(28, () => 1, { noise: 0 });
    const utc = cutPeriods(series, (utcMs) => utcMs);
    const east = cutPeriods(series, (utcMs) => utcMs + 5 * hour);
    const busiest = ({ shapes }: Periods): number | undefined => {
      const shape = shapes[0];
      return shape?.slots[shape.ratios.indexOf(Math.max(...shape.ratios))];
    };
    const shift = (((busiest(east) ?? 0) - (busiest(utc) ?? 0)) % 24) + 24;
    expect(shift % 24).toBe(5);
  });

  test("a shape holds all hours of the week, its mean is 1, its peak exact", () => {
    const series = madeDemand(35, () => 1, { stepMs: 300_000 });
    const { shapes, logLevels } = cutPeriods(series, (utcMs) => utcMs);
    expect(shapes).toHaveLength(5);
    shapes.forEach((shape, week) => {
      if (shape === undefined) throw new Error("no shape");
      const hours = shape.hours.reduce((sum, each) => sum + each, 0);
      const mean = shape.ratios.reduce((sum, ratio, at) => sum + ratio * (shape.hours[at] ?? 0), 0) / hours;
      expect(hours).toBeCloseTo(168, 6);
      expect(mean).toBeCloseTo(1, 2);
      const own = series.values.slice(week * 2016, (week + 1) * 2016);
      const level = Math.exp(logLevels[week] ?? 0);
      expect(Math.max(...shape.ratios) * level).toBeCloseTo(Math.max(...own), 6);
    });
  });
});
