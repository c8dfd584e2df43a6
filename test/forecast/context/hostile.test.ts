import fc from "fast-check";
import { expect, test } from "vitest";
import { forecastInContext } from "../../../src/forecast/context/in-context.ts";
import type { EnsembleOutcome } from "../../../src/forecast/ensemble/ensemble.ts";
import { FORECAST_LEVELS, type QuantileForecast } from "../../../src/model/forecast.ts";
import type { ScheduledEvent } from "../../../src/model/known-ahead.ts";
import { type DemandSeries, endMs } from "../../../src/model/series.ts";
import { epochMs, HOUR_MS } from "../../../src/model/time.ts";
import { START_MS, seriesOf } from "../fixtures.ts";
import { inputAt } from "./made-series.ts";

/** An ensemble that says 50 to 150 whatever it is shown. */
function flatEnsemble(series: DemandSeries): EnsembleOutcome {
  const quantiles = FORECAST_LEVELS.map((level) => new Float64Array(48).fill(50 + 100 * level));
  const forecast: QuantileForecast = {
    cutoffMs: endMs(series),
    stepMs: series.stepMs,
    levels: FORECAST_LEVELS,
    quantiles,
  };
  return { kind: "forecast", forecast } as unknown as EnsembleOutcome;
}

const value = fc.oneof(
  fc.integer({ min: 0, max: 500 }),
  fc.constantFrom(0, Number.NaN, 1e-300, 1e300, Number.POSITIVE_INFINITY),
);
const event = fc.record({
  kind: fc.constantFrom("sale", "mail", "holiday:x"),
  startHour: fc.integer({ min: -30, max: 120 }),
  minutes: fc.integer({ min: 0, max: 6000 }),
  lift: fc.option(fc.constantFrom(0.01, 1, 50), { nil: undefined }),
});

test("whatever the history and the events: finite, sorted, not negative quantiles, and no throw", () => {
  fc.assert(
    fc.property(
      fc.array(value, { maxLength: 60 }),
      fc.array(event, { maxLength: 12 }),
      fc.integer({ min: 1, max: 8 }),
      (hours, drawn, repeat) => {
        const series = seriesOf(Array.from({ length: repeat }, () => hours).flat(), HOUR_MS);
        const events = drawn.map(({ kind, startHour, minutes, lift }, i): ScheduledEvent => {
          const startMs = epochMs(START_MS + startHour * HOUR_MS);
          const until = epochMs(startMs + minutes * 60_000);
          return { id: `${i}`, kind, startMs, endMs: until, lift, announcedMs: epochMs(0) };
        });
        const input = { ...inputAt(series, endMs(series), ["naive"], 48), series };
        const leading = [{ name: "same", series }];
        const outcome = forecastInContext({ ...input, ahead: { events, leading } }, (given) =>
          flatEnsemble(given.series),
        );
        if (outcome.kind === "refused") throw new Error("refused");
        for (let step = 0; step < 48; step++) {
          const column = outcome.forecast.quantiles.map((row) => row[step] ?? Number.NaN);
          expect(column.every((quantile) => quantile >= 0 && quantile < 1e12)).toBe(true);
          expect(column).toEqual([...column].sort((a, b) => a - b));
        }
        for (const { factor, lower, upper } of outcome.eventEffects) {
          expect(lower).toBeLessThanOrEqual(factor);
          expect(upper).toBeGreaterThanOrEqual(factor);
        }
      },
    ),
    { numRuns: 300 },
  );
});
