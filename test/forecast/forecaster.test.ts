import { expect, it } from "vitest";
import { defineForecaster } from "../../src/forecast/forecaster.ts";
import { localClock } from "../../src/forecast/local-clock.ts";
import { START_MS, seriesOf } from "./fixtures.ts";

it("sorts and lifts what a member answers: crossed and negative quantiles come out right", () => {
  const crossed = defineForecaster({
    name: "crossed",
    cost: "light",
    needs: { knownSteps: 1, spanMs: 0 },
    estimate: () => ({}),
    quantiles: () => [Float64Array.of(5, -3), Float64Array.of(4, 2), Float64Array.of(9, -1)],
  });
  const outcome = crossed.fit(seriesOf([1, 2]), { clock: localClock("UTC", START_MS, START_MS) });
  if (outcome.kind === "refused") throw new Error(outcome.reason);
  const { quantiles } = outcome.model.forecast(2, [0.1, 0.5, 0.9]);
  expect(quantiles.map((row) => Array.from(row))).toEqual([
    [4, 0],
    [5, 0],
    [9, 2],
  ]);
});
