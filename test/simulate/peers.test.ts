import { describe, expect, test } from "vitest";
import { epochMs, MINUTE_MS } from "../../src/model/time.ts";
import { hpaRule } from "../../src/simulate/peers/hpa-rule.ts";
import { kedifyForecast, kedifySignal } from "../../src/simulate/peers/kedify.ts";
import { PEERS, type Peer, runPeer } from "../../src/simulate/peers/peers.ts";
import { traceWorld } from "../../src/simulate/world.ts";

const STEPS = 48 * 17;

/** 17 days of half hours: a daily wave, whole noise, lower weekends, three gaps. */
function demandAt(i: number): number {
  if (i === 3 || (i >= 300 && i < 304) || (i >= 700 && i < 702)) return Number.NaN;
  const noise = (i * 37) % 23;
  const weekend = Math.floor(i / 48) % 7 >= 5 ? 40 : 0;
  return Math.floor(100 + 60 * Math.sin((2 * Math.PI * i) / 48) + noise + 0.5) - weekend;
}

const world = {
  ...traceWorld(
    {
      startMs: epochMs(Date.UTC(2026, 0, 5)),
      stepMs: (30 * MINUTE_MS) as never,
      values: Float64Array.from({ length: STEPS }, (_, i) => demandAt(i)),
    },
    60,
  ),
  // Timelines of the whole trace.
  firstShown: 0,
};

/**
 * Sums of requested units, plain and weighted by step modulo 97, as an independent implementation of the same world
 * computed them (Python, numpy, pandas; 2026-11-22).
 */
const SUMS: readonly (readonly [peer: Peer, knob: string, sum: number, weighted: number])[] = [
  ["hpa", "0.5", 46594, 1985159],
  ["hpa", "0.75", 31119, 1326274],
  ["hpa", "1", 23384, 996515],
  ["aws-predictive", "0.5", 50554, 2209289],
  ["aws-predictive", "0.75", 33822, 1479389],
  ["aws-predictive", "1", 25428, 1111834],
  ["crane", "0.5", 59316, 2607193],
  ["crane", "0.75", 39643, 1743041],
  ["crane", "1", 29736, 1309217],
  ["phpa", "0.5", 49009, 2109311],
  ["phpa", "0.75", 32729, 1410524],
  ["phpa", "1", 24686, 1063440],
  ["oracle", "1", 25260, 1100157],
  ["oracle", "1.2", 21113, 919096],
];

describe("peers", () => {
  test.each(SUMS)(
    "%s at %s requests what the independent implementation does",
    (peer, knob, sum, weighted) => {
      const run = runPeer(peer, world).find((found) => found.knob === knob);
      const requested = run?.timeline.requestedUnits ?? [];
      expect(requested).toHaveLength(STEPS);
      const total = requested.reduce((a, b) => a + b, 0);
      const marked = requested.reduce((a, units, step) => a + units * (step % 97), 0);
      expect({ total, marked }).toEqual({ total: sum, marked: weighted });
    },
  );

  test.each(PEERS.filter((peer) => peer !== "oracle" && peer !== "phpa"))(
    "%s sees nothing of the future",
    (peer) => {
      const cut = 700;
      const values = world.series.values.slice();
      values.fill(900, cut);
      const other = { ...world, series: { ...world.series, values }, demandRps: values };
      const requestedBy = (given: typeof world) =>
        runPeer(peer, given)
          .find(({ knob }) => knob === "0.7")
          ?.timeline.requestedUnits.slice(0, cut + 1);
      expect(requestedBy(other)).toEqual(requestedBy(world));
    },
  );
});

describe("hpaRule", () => {
  const rule = { unitRps: 10, stepMinutes: 1, targetUtilization: 0.5 };

  test("never below the floor, which is no recommendation of its own; through a gap it holds", () => {
    expect(hpaRule([20, Number.NaN, 20], rule, [0, 7, 0])).toEqual([4, 7, 4]);
  });
});

describe("kedify", () => {
  test("its gate is shut before 1,800 samples", () => {
    expect(kedifyForecast(world).every(Number.isNaN)).toBe(true);
  });

  test("Prophet follows a daily wave, one lead time ahead", () => {
    const minutes = 10;
    const wave = (i: number): number => 100 + 50 * Math.sin((2 * Math.PI * i) / 144);
    const series = {
      startMs: epochMs(Date.UTC(2026, 0, 5)),
      stepMs: (minutes * MINUTE_MS) as never,
      values: Float64Array.from({ length: 144 * 16 }, (_, i) => wave(i)),
    };
    const forecastRps = kedifyForecast({ series, firstScored: 144 * 14, leadMinutes: 20 });
    const at = 144 * 15 + 30;
    expect(Math.abs((forecastRps[at] ?? 0) - wave(at + 2))).toBeLessThan(8);
    expect(forecastRps[0]).toBeNaN();
  });

  test("0.7 of measured and 0.3 of forecast; measured alone while the gate is shut", () => {
    expect([...kedifySignal(Float64Array.of(10, 10), Float64Array.of(20, Number.NaN))]).toEqual([13, 10]);
  });
});
