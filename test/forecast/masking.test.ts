import { describe, expect, it } from "vitest";
import { localClock } from "../../src/forecast/local-clock.ts";
import { maskTraining } from "../../src/forecast/masking.ts";
import type { DemandSeries } from "../../src/model/series.ts";
import { endMs, gapFraction } from "../../src/model/series.ts";
import { DAY_STEPS, dailyWave, seriesOf } from "./fixtures.ts";

const week = dailyWave(7);
const noon = 5 * DAY_STEPS + DAY_STEPS / 2;

function masked(series: DemandSeries): DemandSeries {
  return maskTraining(series, localClock("UTC", series.startMs, endMs(series)));
}

function changed(edit: (values: Float64Array) => void): DemandSeries {
  const values = week.values.slice();
  edit(values);
  return { ...week, values };
}

describe("maskTraining", () => {
  it("leaves ordinary demand alone", () => {
    expect(gapFraction(masked(week))).toBe(0);
  });

  it("turns an hour of nothing at noon into a gap, and nothing else", () => {
    const { values } = masked(changed((demand) => demand.fill(0, noon, noon + 12)));
    expect(Array.from(values.subarray(noon, noon + 12)).every(Number.isNaN)).toBe(true);
    expect(values.filter(Number.isNaN).length).toBe(12);
  });

  it("keeps nights without demand: nothing is usual then", () => {
    const values = week.values.map((value, i) => (i % DAY_STEPS < 60 ? 0 : value));
    expect(gapFraction(masked({ ...week, values }))).toBe(0);
  });

  it("masks a lone absurd value, keeps one that comes every night", () => {
    const lone = masked(changed((demand) => demand.fill(100_000, noon, noon + 1)));
    expect(lone.values[noon]).toBeNaN();
    const nightly = masked(
      changed((demand) => {
        for (let day = 0; day < 7; day++) demand[day * DAY_STEPS + 20] = 100_000;
      }),
    );
    expect(gapFraction(nightly)).toBe(0);
  });

  it("masks nothing in the first three days", () => {
    const short = seriesOf(changed((demand) => demand.fill(0, 140, 160)).values.subarray(0, 2 * DAY_STEPS));
    expect(gapFraction(masked(short))).toBe(0);
  });
});
