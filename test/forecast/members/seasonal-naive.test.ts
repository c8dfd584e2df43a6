import { describe, expect, it } from "vitest";
import type { Forecaster } from "../../../src/forecast/forecaster.ts";
import { localClock } from "../../../src/forecast/local-clock.ts";
import { seasonalNaive } from "../../../src/forecast/members/seasonal-naive.ts";
import { seasonalNaiveBoth } from "../../../src/forecast/members/seasonal-naive-both.ts";
import { seasonalNaiveWeek } from "../../../src/forecast/members/seasonal-naive-week.ts";
import { DAY_MS } from "../../../src/model/time.ts";
import { DAY_STEPS, randomStream, START_MS, seriesOf } from "../fixtures.ts";

const clock = localClock("UTC", START_MS, START_MS + 40 * DAY_MS);

function modelOf(member: Forecaster, values: ArrayLike<number>) {
  const outcome = member.fit(seriesOf(values), { clock });
  if (outcome.kind === "refused") throw new Error(outcome.reason);
  return outcome.model;
}

/** Nothing like it before or after: every value its own. */
function anyValues(days: number): Float64Array {
  const random = randomStream(1);
  return Float64Array.from({ length: days * DAY_STEPS }, () => 100 + 50 * random());
}

/** Middle of the answers less the middle of the errors is the value looked up. */
function pointAt(member: Forecaster, values: Float64Array, step: number): number {
  const model = modelOf(member, values);
  const offset = (model.state as { errors: { offsets: Float64Array } }).errors.offsets[7] ?? 0;
  return (model.at([step], [0.5])[0]?.[0] ?? 0) - offset;
}

describe("seasonal naive", () => {
  const values = anyValues(16);
  const back = (days: number, step: number): number =>
    values[values.length + step - 1 - days * DAY_STEPS] ?? 0;

  it("is yesterday, and yesterday again for every day to come", () => {
    expect(pointAt(seasonalNaive, values, 40)).toBeCloseTo(back(1, 40), 9);
    expect(pointAt(seasonalNaive, values, 40 + 12 * DAY_STEPS)).toBeCloseTo(back(1, 40), 9);
  });

  it("looks a day further back over a gap", () => {
    const holes = values.slice();
    holes[values.length + 39 - DAY_STEPS] = Number.NaN;
    expect(pointAt(seasonalNaive, holes, 40)).toBeCloseTo(back(2, 40), 9);
  });

  it("is a week ago", () => {
    expect(pointAt(seasonalNaiveWeek, values, 40)).toBeCloseTo(back(7, 40), 9);
    expect(pointAt(seasonalNaiveWeek, values, 40 + 8 * DAY_STEPS)).toBeCloseTo(back(6, 40), 9);
  });

  it("is the mean of both where days are alike", () => {
    expect(pointAt(seasonalNaiveBoth, values, 40)).toBeCloseTo((back(1, 40) + back(7, 40)) / 2, 9);
  });

  it("is the last day of the same kind where weekends differ and weeks drift", () => {
    const random = randomStream(2);
    // Demand grows from week to week: a week ago is stale, yesterday may be of the other kind.
    const growing = Float64Array.from({ length: 19 * DAY_STEPS }, (_, i) => {
      const day = Math.floor(i / DAY_STEPS);
      return (day % 7 >= 5 ? 40 : 400) * (1 + day / 10) + random();
    });
    // 19 days from a Monday: next is a Saturday, and the last one was a Sunday, six days ago.
    const expected = growing[13 * DAY_STEPS + 39] ?? 0;
    expect(pointAt(seasonalNaiveBoth, growing, 40)).toBeCloseTo(expected, 6);
  });
});
