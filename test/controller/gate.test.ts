import { describe, expect, test } from "vitest";
import { statusLines } from "../../src/cli/status-text.ts";
import { daemonStatus } from "../../src/controller/status.ts";
import type { ForecastEvidence } from "../../src/model/forecast.ts";
import type { ForecastEngine } from "../../src/model/ports.ts";
import { endMs } from "../../src/model/series.ts";
import type { DaemonStatus } from "../../src/model/status.ts";
import { totalUnits } from "../../src/model/tier.ts";
import { DAY_MS, durationMs } from "../../src/model/time.ts";
import type { Simulation } from "../../src/simulate/simulate-daemon.ts";
import { wantedTotal } from "../../src/simulate/simulated-platform.ts";
import { openNight } from "../simulation/open-night.ts";

const DAY_CYCLES = 96;
const LEVELS = [0.05, 0.1, 0.5, 0.9, 0.95];
const SPREAD = [0.85, 0.9, 1, 1.1, 1.15];

/** Forecasts what it last learned, and measures itself: coverage and loss against naive, faded over half a day. */
function measuredForecaster(): ForecastEngine & { belief: number } {
  const sums = { inside: 0, count: 0, own: 0, naive: 0 };
  let said: { belief: number; naive: number } | undefined;
  let lastEndMs = 0;
  const engine = {
    belief: 100,
    forecast: async (_key: string, series: Parameters<ForecastEngine["forecast"]>[1]) => {
      const truth = series.values.at(-1) ?? Number.NaN;
      if (said !== undefined && endMs(series) !== lastEndMs && !Number.isNaN(truth)) {
        const keep = 0.5 ** (1 / 48);
        for (const key of ["inside", "count", "own", "naive"] as const) sums[key] *= keep;
        const isInside = truth >= said.belief * 0.85 && truth <= said.belief * 1.15;
        sums.inside += Number(isInside);
        sums.count += 1;
        sums.own += Math.abs(truth - said.belief);
        sums.naive += Math.abs(truth - said.naive) + 8;
      }
      said = { belief: engine.belief, naive: truth };
      lastEndMs = endMs(series);
      const { count } = sums;
      const evidence: ForecastEvidence & { lossRatio: number[]; effectiveCount: number[] } = {
        weights: { measured: [1] },
        coverage90: [count < 20 ? undefined : sums.inside / count],
        scoreCount: [count],
        lossRatio: [sums.own / Math.max(1e-9, sums.naive)],
        effectiveCount: [count],
        relativeError: undefined,
        anomalyScore: 0,
        anomalyMultiplier: 1,
        failures: {},
        fitMs: 0,
      };
      const quantiles = SPREAD.map((factor) => new Float64Array(88).fill(engine.belief * factor));
      const cutoffMs = endMs(series);
      return { forecast: { cutoffMs, stepMs: series.stepMs, levels: LEVELS, quantiles }, evidence };
    },
    close: async () => undefined,
  };
  return engine;
}

function statusOf({ world, state }: Simulation): DaemonStatus {
  return daemonStatus(world.parts, state(), {
    version: "0.0.0",
    startedMs: 0,
    engine: { kind: "ready", version: "0" },
    leaseHolder: "pid 1",
    nextCycleMs: null,
    eventLoopDelayP99Ms: 0,
    residentBytes: 0,
  });
}

function shownStatus(night: Simulation): string {
  const facts = {
    status: statusOf(night),
    life: { kind: "running", pid: 1, what: "run" },
    paused: null,
    lastCycle: 1,
    settings: night.world.parts.settings,
  } as const;
  return statusLines(facts, (_style, text) => text).join("\n");
}

function open(over: Parameters<typeof openNight>[0] = {}) {
  const night = openNight({ demandRps: () => 100, ...over });
  const forecaster = measuredForecaster();
  Object.assign(night.world.parts, { forecaster });
  return { night, forecaster };
}

describe("a regime change, through the whole controller", () => {
  test("demoted with the reason, capacity follows demand all the same, then let act again", async () => {
    const { night, forecaster } = open();
    await night.cycles(DAY_CYCLES);
    expect(night.state().gate).toMatchObject({ forecastActs: true, cause: "proven" });

    night.world.surge(2);
    const after = await night.cycles(DAY_CYCLES);
    expect(night.state().gate).toMatchObject({ forecastActs: false, cause: "accuracy" });
    expect(night.state().gate?.reason).toMatch(/the loss at 1h is 1\.\d+ of naive's, above 1\.05/);
    // 200 requests/s need 20 units; a quarter on top of that is what the forecast would have added.
    expect(wantedTotal(night.world.platform.wanted())).toBeGreaterThanOrEqual(25);
    const stopped = after.filter((record) => record.decision?.risk.strategy === "reactive-only");
    expect(stopped.length).toBeGreaterThan(50);
    for (const { decision } of stopped) {
      expect(decision?.why).toContain("the forecast does not act: the loss at 1h");
      expect(decision?.need.aheadUnits).toBe(0);
    }
    for (const record of after.slice(4)) {
      expect(
        totalUnits(record.decision?.after.units ?? { baseline: 0, predictive: 0, burst: 0 }),
      ).toBeGreaterThanOrEqual(20);
    }
    expect(shownStatus(night)).toMatch(/^mode +active$/m);
    expect(shownStatus(night)).toMatch(/forecast +demoted to shadow since .* because the loss at 1h/);

    forecaster.belief = 200;
    await night.cycles(3 * DAY_CYCLES);
    expect(night.state().gate).toMatchObject({ forecastActs: true, cause: "proven" });
    expect(night.state().gate?.reason).toMatch(/for 1d/);
    expect(night.state().lastRecord?.decision?.need.aheadUnits).toBe(22);
    expect(statusOf(night).gate?.events.map(({ kind, from, to }) => `${kind} ${from} ${to}`)).toEqual([
      "forecast none unproven",
      "mode none active",
      "forecast unproven acts",
      "forecast acts stopped",
      "forecast stopped acts",
    ]);
    expect(night.world.said.filter((line) => line.includes("forecast acts -> stopped"))).toHaveLength(1);
    expect(night.broken()).toEqual([]);
  });

  test("a restart keeps gate, mode and the wait", async () => {
    const { night, forecaster } = open();
    await night.cycles(DAY_CYCLES);
    night.world.surge(2);
    await night.cycles(DAY_CYCLES);
    forecaster.belief = 200;
    await night.cycles(180);
    const { gate, mode, gateEvents } = night.state();
    expect(gate?.forecastActs).toBe(false);
    expect(gate?.goodSinceMs).not.toBeNull();
    await night.restart();
    expect(night.state().gate).toMatchObject({
      forecastActs: false,
      sinceMs: gate?.sinceMs,
      goodSinceMs: gate?.goodSinceMs,
      reason: gate?.reason,
    });
    expect(night.state().mode).toEqual(mode);
    expect(night.state().gateEvents).toEqual(gateEvents);
  });

  test("switched off, a bad forecast still has its say", async () => {
    const { night } = open();
    const { gate } = night.world.parts.settings;
    Object.assign(night.world.parts.settings, { gate: { ...gate, rule: "off" } });
    night.world.surge(2);
    await night.cycles(DAY_CYCLES);
    expect(night.state().gate).toMatchObject({ forecastActs: true, cause: "off" });
    expect(night.state().lastRecord?.decision?.need.aheadUnits).toBe(11);
  });
});

describe("promotion", () => {
  const promotion = { from: "shadow", afterMs: durationMs(DAY_MS) } as const;

  test("from shadow to active as the forecast holds; nothing acts before", async () => {
    const { night } = open({ settings: { promotion } });
    await night.cycles(DAY_CYCLES);
    expect(night.state().mode?.mode).toBe("shadow");
    expect(night.engineRuns()).toBe(0);
    expect(night.state().lastRecord?.apply).toMatchObject({ kind: "not-acting" });
    expect(shownStatus(night)).toMatch(
      /mode +shadow \(asked: active\) since .*: starts here, to rise to active/,
    );
    await night.cycles(DAY_CYCLES);
    expect(night.state().mode?.mode).toBe("suggest");
    expect(night.state().lastRecord?.apply?.kind).toBe("awaiting-approval");
    await night.cycles(DAY_CYCLES);
    expect(night.state().mode).toMatchObject({ mode: "active", reason: /the forecast held for/ });
    expect(wantedTotal(night.world.platform.wanted())).toBe(11);
    expect(night.broken()).toEqual([]);
  });

  test("a bad forecast is never promoted, and an active service never falls below active", async () => {
    const { night, forecaster } = open({ settings: { promotion } });
    forecaster.belief = 50;
    await night.cycles(4 * DAY_CYCLES);
    expect(night.state().mode?.mode).toBe("shadow");
    expect(night.engineRuns()).toBe(0);

    const managed = open();
    await managed.night.cycles(8);
    Object.assign(managed.night.world.parts.settings, { promotion });
    managed.forecaster.belief = 50;
    managed.night.world.surge(2);
    await managed.night.cycles(DAY_CYCLES);
    expect(managed.night.state().gate?.forecastActs).toBe(false);
    expect(managed.night.state().mode?.mode).toBe("active");
    expect(wantedTotal(managed.night.world.platform.wanted())).toBeGreaterThanOrEqual(25);
  });
});
