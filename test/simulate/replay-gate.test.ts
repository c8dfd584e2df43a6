import { describe, expect, test } from "vitest";
import { FORECAST_LEVELS } from "../../src/model/forecast.ts";
import { totalUnits } from "../../src/model/tier.ts";
import { durationMs, epochMs, MINUTE_MS } from "../../src/model/time.ts";
import type { ForecastBlock } from "../../src/simulate/replay-job.ts";
import { replaySettings } from "../../src/simulate/replay-settings.ts";
import { blockForecasts } from "../../src/simulate/replay-source.ts";
import { sweepReplay } from "../../src/simulate/replay-tiercast.ts";
import { traceWorld } from "../../src/simulate/world.ts";

const STEPS = 288 * 5;
const world = traceWorld({
  startMs: epochMs(Date.UTC(2026, 0, 5)),
  stepMs: durationMs(5 * MINUTE_MS),
  values: Float64Array.from({ length: STEPS }, () => 100),
});
const settings = replaySettings(world, { name: "0.9", quantile: 0.9, marginFraction: 0 });
/** Until here the forecast holds, then its coverage falls. */
const BAD_FROM = world.firstShown + 200;

/** Twice of what comes is forecast, flat. */
function block(coverageAt: (step: number) => number, lossRatio = 0.5): ForecastBlock {
  const { firstShown: fromStep } = world;
  const steps = STEPS - fromStep;
  const horizonSteps = world.leadSteps + 1;
  return {
    fromStep,
    steps,
    horizonSteps,
    values: new Float64Array(steps * FORECAST_LEVELS.length * horizonSteps).fill(200),
    anomalyScore: new Float64Array(steps),
    coverage90: Float64Array.from({ length: steps }, (_, i) => coverageAt(fromStep + i)),
    relativeError: new Float64Array(steps).fill(0.5),
    lossRatio: new Float64Array(steps).fill(lossRatio),
    effectiveCount: new Float64Array(steps).fill(500),
    findings: [],
    reviews: [],
    fits: 0,
    spentMs: 0,
  };
}

function decided(given: ForecastBlock, gate: "measured" | "off") {
  const sweep = sweepReplay(world, [settings], blockForecasts(world, [given]), { gate, keepDecisions: true });
  while (sweep.step(100));
  return sweep.runs()[0]?.decisions ?? [];
}

const falling = block((step) => (step < BAD_FROM ? 0.9 : 0.6));

describe("the accuracy gate in a replay", () => {
  test("off: a forecast without coverage goes on acting", () => {
    const decisions = decided(falling, "off");
    expect(new Set(decisions.map(({ risk }) => risk.strategy))).toEqual(new Set(["conservative"]));
    expect(decisions.at(-1)?.need.aheadUnits).toBe(100);
  });

  test("measured: it acts while it holds, then the reactive rule does, with the gate's headroom", () => {
    const decisions = decided(falling, "measured");
    const before = decisions[BAD_FROM - 1 - world.firstShown];
    expect(before?.risk.strategy).toBe("conservative");
    const after = decisions[BAD_FROM - world.firstShown];
    expect(after?.risk.strategy).toBe("reactive-only");
    expect(after?.why).toContain("the 90 % interval");
    // A flat 50 units of demand: a quarter on top while nothing is forecast.
    expect(totalUnits(decisions.at(-1)?.after.units ?? { baseline: 0, predictive: 0, burst: 0 })).toBe(63);
  });

  test("measured: a forecast worse than naive never acts", () => {
    const decisions = decided(
      block(() => 0.9, 1.2),
      "measured",
    );
    expect(new Set(decisions.map(({ risk }) => risk.strategy))).toEqual(new Set(["reactive-only"]));
  });
});
