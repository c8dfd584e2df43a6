import { describe, expect, test } from "vitest";
import { durationMs, epochMs, MINUTE_MS } from "../../src/model/time.ts";
import { NO_DISTURBANCE } from "../../src/simulate/disturbances.ts";
import { runPeer } from "../../src/simulate/peers/peers.ts";
import { replaySettings } from "../../src/simulate/replay-settings.ts";
import { perfectForecasts } from "../../src/simulate/replay-source.ts";
import { sweepReplay } from "../../src/simulate/replay-tiercast.ts";
import { PERFECT_KNOBS, sweepPerfect } from "../../src/simulate/sweep.ts";
import { createSupply, seenDemand, shownTimeline, traceWorld } from "../../src/simulate/world.ts";

const STEPS = 288 * 5;
const series = {
  startMs: epochMs(Date.UTC(2026, 0, 5)),
  stepMs: durationMs(5 * MINUTE_MS),
  values: Float64Array.from(
    { length: STEPS },
    (_, i) => 100 + 60 * Math.sin((2 * Math.PI * i) / 288) + ((i * 7) % 11),
  ),
};
const worldWith = (disturbed: Partial<typeof NO_DISTURBANCE>, leadMinutes = 10) =>
  traceWorld(series, leadMinutes, { ...NO_DISTURBANCE, ...disturbed });

describe("disturbances", () => {
  test("the ideal world has none; a seed gives the same luck, another seed another", () => {
    expect(worldWith({ seed: 7 }).disturbances).toBeUndefined();
    const luck = (seed: number) => worldWith({ seed, leadSigma: 0.5, failedUpdateShare: 0.1 }).disturbances;
    expect(luck(7)).toEqual(luck(7));
    expect(luck(7)?.leadSteps).not.toEqual(luck(8)?.leadSteps);
  });

  test("one kind of luck does not move with another", () => {
    const all = worldWith({ leadSigma: 0.5, failedUpdateShare: 0.1, lostSampleShare: 0.1 }).disturbances;
    expect(worldWith({ leadSigma: 0.5 }).disturbances?.leadSteps).toEqual(all?.leadSteps);
    expect(worldWith({ lostSampleShare: 0.1 }).disturbances?.sampleLost).toEqual(all?.sampleLost);
    expect(all?.sampleLost).not.toEqual(all?.updateFails);
  });

  test("lead times are log-normal about the world's, shares are as asked", () => {
    const luck = worldWith(
      { leadSigma: 0.5, failedUpdateShare: 0.2, lostSampleShare: 0.05 },
      300,
    ).disturbances;
    const logs = Array.from(luck?.leadSteps ?? [], (steps) => Math.log(steps / 60));
    const mean = logs.reduce((sum, log) => sum + log, 0) / STEPS;
    const spread = Math.sqrt(logs.reduce((sum, log) => sum + (log - mean) ** 2, 0) / STEPS);
    expect(mean).toBeCloseTo(0, 1);
    expect(spread).toBeCloseTo(0.5, 1);
    const share = (drawn: Uint8Array | undefined) =>
      Array.from(drawn ?? []).reduce((a, b) => a + b, 0) / STEPS;
    expect(share(luck?.updateFails)).toBeCloseTo(0.2, 1);
    expect(share(luck?.sampleLost)).toBeGreaterThan(0.03);
    expect(share(luck?.sampleLost)).toBeLessThan(0.07);
  });

  test("a lost sample is a gap that is scored, a late one is seen later", () => {
    const world = worldWith({ lostSampleShare: 0.3, metricDelaySteps: 2 });
    const lost = world.disturbances?.sampleLost.indexOf(1) ?? -1;
    expect(lost).toBeGreaterThan(0);
    expect(world.demandRps[lost]).toBe(series.values[lost]);
    const seen = seenDemand(world);
    expect(seen).toHaveLength(STEPS);
    expect(seen[lost + 3]).toBeNaN();
    const kept = world.disturbances?.sampleLost.indexOf(0) ?? -1;
    expect(seen[kept + 3]).toBe(series.values[kept]);
    expect(seen[2]).toBeNaN();
  });
});

describe("supply with lead times that differ", () => {
  test("a batch is ready after its own lead time; what would be ready last goes first", () => {
    const leads = [5, 4, 1, 1];
    const supply = createSupply(5, (tick) => leads[tick] ?? 5);
    const ready = [10, 13, 15, 15, 14, 14].map((units) => supply.step(units, 0).readyUnits);
    // 3 units after 4 steps, 2 after 1; the one given up is of the 3.
    expect(ready).toEqual([10, 10, 10, 12, 12, 14]);
  });

  test("constant lead times give what the ideal world gives", () => {
    const requested = Array.from({ length: STEPS }, (_, i) => 20 + ((i * 13) % 17));
    const ideal = shownTimeline(worldWith({}), requested);
    const same = shownTimeline(worldWith({ metricDelaySteps: 1 }), requested);
    expect(same.readyUnits).toEqual(ideal.readyUnits);
  });
});

describe("policies in a disturbed world", () => {
  test("an update that fails leaves sizes as they were, for every policy", async () => {
    const world = worldWith({ failedUpdateShare: 0.3, metricDelaySteps: 1 });
    const timelines = [
      ...(await sweepPerfect({ world })),
      ...(["hpa", "crane", "phpa", "oracle"] as const).flatMap((peer) => runPeer(peer, world)),
    ].map(({ timeline }) => timeline);
    for (const { requestedUnits, firstStep } of timelines) {
      for (let row = 1; row < requestedUnits.length; row++) {
        if (world.disturbances?.updateFails[firstStep + row] !== 1) continue;
        expect(requestedUnits[row]).toBe(requestedUnits[row - 1]);
      }
    }
  });

  test("slow units are looked ahead for once they were measured", () => {
    const at = (leadSigma: number) => {
      const world = worldWith({ leadSigma });
      const knob = PERFECT_KNOBS.find(({ name }) => name === "1");
      if (knob === undefined) throw new Error("no knob 1");
      const sweep = sweepReplay(world, [replaySettings(world, knob)], perfectForecasts(world), {
        keepDecisions: true,
      });
      while (sweep.step(100));
      return sweep.runs()[0]?.decisions.map(({ need }) => need.windowMs / MINUTE_MS) ?? [];
    };
    expect(new Set(at(0))).toEqual(new Set([15]));
    const windows = at(0.6);
    expect(windows[0]).toBe(15);
    expect(Math.max(...windows)).toBeGreaterThanOrEqual(20);
  });

  test("a perfect forecast is the truth from its cutoff on, late metrics or not", () => {
    for (const metricDelaySteps of [0, 3]) {
      const world = worldWith({ metricDelaySteps });
      const forecasts = perfectForecasts(world);
      for (const step of [world.firstShown, world.firstShown + 1, world.firstShown + 700]) {
        const { forecast } = forecasts(step);
        const first = step - metricDelaySteps;
        expect(forecast?.cutoffMs).toBe(series.startMs + first * series.stepMs);
        const last = first + world.leadSteps + metricDelaySteps;
        const truth = [...series.values.subarray(first, last + 1)];
        for (const row of forecast?.quantiles ?? []) expect(row.slice(0, truth.length)).toEqual(truth);
        expect(forecast?.quantiles.length).toBeGreaterThan(5);
      }
    }
  });

  test("with demand known in advance nothing is missed, cheaply; late metrics change that little", async () => {
    for (const metricDelaySteps of [0, 1]) {
      const runs = await sweepPerfect({ world: worldWith({ metricDelaySteps }) });
      const { violationShare, oracleRatio } = runs.find(({ knob }) => knob === "1")?.figures ?? {};
      expect(violationShare).toBe(0);
      expect(oracleRatio).toBeLessThan(1.05);
    }
  });
});
