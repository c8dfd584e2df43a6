import type { FindingKind } from "../../src/model/finding.ts";
import type { DemandSeries } from "../../src/model/series.ts";
import { durationMs, epochMs, MINUTE_MS } from "../../src/model/time.ts";
import { seededRandom } from "../../src/simulate/seeded-random.ts";

export const MADE_STEP_MS = durationMs(5 * MINUTE_MS);
const START_MS = Date.UTC(2026, 0, 5);
const DAY_STEPS = 288;
export const MADE_DAYS = 28;

type Draw = () => number;

interface Family {
  readonly name: string;
  /** Things are put into it too. */
  readonly holds?: true;
  readonly make: (steps: number, draw: Draw) => Float64Array;
}

/** Demand in which nothing happens: rhythm, noise of many shapes, spikes a series always has. */
export const QUIET: readonly Family[] = [
  { name: "daily wave, AR noise 5 %", holds: true, make: (n, draw) => wave(n, ar(n, draw, 0.8, 0.05)) },
  { name: "daily wave, white noise 15 %", holds: true, make: (n, draw) => wave(n, ar(n, draw, 0, 0.15)) },
  {
    name: "flat, white noise 3 %",
    holds: true,
    make: (n, draw) => ar(n, draw, 0, 0.03).map((e) => 200 * (1 + e)),
  },
  {
    name: "counts around 3",
    make: (n, draw) => wave(n, new Float64Array(n)).map((v) => poisson(v / 60, draw)),
  },
  {
    name: "daily wave, heavy tails (t3)",
    holds: true,
    make: (n, draw) =>
      wave(
        n,
        Float64Array.from({ length: n }, () => 0.06 * t3(draw)),
      ),
  },
  {
    name: "spiky: 1 % of steps 3 to 10 times",
    make: (n, draw) => wave(n, ar(n, draw, 0.5, 0.05)).map((v) => (draw() < 0.01 ? v * (3 + 7 * draw()) : v)),
  },
  {
    name: "nightly job of 20 min",
    make: (n, draw) => wave(n, ar(n, draw, 0.5, 0.05)).map((v, i) => (i % DAY_STEPS < 4 ? v + 400 : v)),
  },
  {
    name: "random walk",
    make: (n, draw) => {
      let level = 5;
      return Float64Array.from({ length: n }, () => {
        level = 5 + 0.998 * (level - 5) + 0.03 * gauss(draw);
        return Math.exp(level);
      });
    },
  },
  {
    name: "weekdays and weekends, noise by level",
    holds: true,
    make: (n, draw) =>
      wave(n, ar(n, draw, 0.6, 0.08)).map((v, i) => (Math.floor(i / DAY_STEPS) % 7 >= 5 ? 0.5 * v : v)),
  },
];

export interface Injection {
  readonly name: string;
  readonly kind: FindingKind;
  readonly steps: number;
  readonly change: (value: number, since: number) => number;
}

export const INJECTIONS: readonly Injection[] = [
  { name: "point, 2.5 times", kind: "point", steps: 1, change: (v) => 2.5 * v },
  { name: "surge, twice for 40 min", kind: "surge", steps: 8, change: (v) => 2 * v },
  { name: "surge, 1.5 times for 40 min", kind: "surge", steps: 8, change: (v) => 1.5 * v },
  { name: "drop by half for 40 min", kind: "drop", steps: 8, change: (v) => 0.5 * v },
  { name: "level shift to twice", kind: "level-shift", steps: 1e9, change: (v) => 2 * v },
  { name: "level shift to 1.3", kind: "level-shift", steps: 1e9, change: (v) => 1.3 * v },
  { name: "level shift to 0.6", kind: "level-shift", steps: 1e9, change: (v) => 0.6 * v },
  { name: "outage, zeros for 1 h", kind: "outage", steps: 12, change: () => 0 },
  { name: "outage, gaps for 1 h", kind: "outage", steps: 12, change: () => Number.NaN },
  {
    name: "drift, noise of 40 % from now on",
    kind: "drift",
    steps: 1e9,
    change: (v, since) => v * (1 + 0.4 * Math.sin(12.9898 * since * since)),
  },
];

export function quietSeries(family: Family, seed: number): DemandSeries {
  const values = family.make(MADE_DAYS * DAY_STEPS, seededRandom(seed)).map((v) => Math.max(0, v));
  return { startMs: epochMs(START_MS), stepMs: MADE_STEP_MS, values };
}

export function injected(series: DemandSeries, injection: Injection, row: number): DemandSeries {
  const values = series.values.map((v, i) =>
    i >= row && i < row + injection.steps ? injection.change(v, i - row) : v,
  );
  return { ...series, values };
}

/** Trough at 03:00, peak at 15:00, `noise` in shares of the level. */
function wave(n: number, noise: Float64Array): Float64Array {
  return Float64Array.from({ length: n }, (_, i) => {
    const day = 2 * Math.PI * ((i % DAY_STEPS) / DAY_STEPS - 0.125);
    return 200 * (1 - 0.5 * Math.cos(day)) * (1 + (noise[i] ?? 0));
  });
}

function ar(n: number, draw: Draw, memory: number, size: number): Float64Array {
  let last = 0;
  const fresh = Math.sqrt(1 - memory * memory);
  return Float64Array.from({ length: n }, () => {
    last = memory * last + fresh * gauss(draw);
    return size * last;
  });
}

function gauss(draw: Draw): number {
  return Math.sqrt(-2 * Math.log(1 - draw())) * Math.cos(2 * Math.PI * draw());
}

/** Student's t with 3 degrees of freedom, clipped at 12. */
function t3(draw: Draw): number {
  const chi = gauss(draw) ** 2 + gauss(draw) ** 2 + gauss(draw) ** 2;
  return Math.max(-12, Math.min(12, gauss(draw) / Math.sqrt(chi / 3)));
}

function poisson(mean: number, draw: Draw): number {
  const limit = Math.exp(-mean);
  let count = -1;
  for (let product = 1; product > limit; count++) product *= draw();
  return count;
}
