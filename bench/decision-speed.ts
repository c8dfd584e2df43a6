/**
 * What one decision costs, given its forecast: the controller's `think`, for one service and for many, one after the
 * other. The forecast is that of a minute grid a day ahead at all levels, the capacity model is learned, lead times
 * and the window of past need are full.
 *
 *     node bench/decision-speed.ts [--decisions 2000] [--services 1000] [--hours 24] [--json FILE]
 */
import { parseArgs } from "node:util";
import { settingsFromText } from "../src/config.ts";
import { think } from "../src/controller/think.ts";
import { type DecideInput, decideSettings } from "../src/model/decide-input.ts";
import { FORECAST_LEVELS } from "../src/model/forecast.ts";
import type { Settings } from "../src/model/settings.ts";
import { MINUTE_MS } from "../src/model/time.ts";
import { countOption } from "./parts/count-option.ts";
import { dailyDemand } from "./parts/made-demand.ts";
import { finishReport, startReport } from "./parts/report.ts";

const BAR_P99_MS = 5;
const BAR_ALL_MS = 2_000;
/** Decisions before those that are measured: the compiler has seen the code by then, as in a daemon. */
const WARM_UP = 300;
const START_MS = Date.UTC(2026, 0, 5);

const { values: args } = parseArgs({
  options: {
    decisions: { type: "string", default: "2000" },
    services: { type: "string", default: "1000" },
    hours: { type: "string", default: "24" },
    json: { type: "string" },
  },
});
const decisions = countOption("decisions", args.decisions);
const services = countOption("services", args.services);
const forecastSteps = countOption("hours", args.hours) * 60;
const settings = serviceSettings();

const started = startReport("decision-speed");
for (let i = 0; i < WARM_UP; i++) think(inputOf(i % 10, i));
const one = timed(decisions, (i) => inputOf(3, i));
const reviews = timed(Math.ceil(decisions / 20), (i) => ({ ...inputOf(3, i), lastBaselineReviewMs: null }));
const many = timed(services, (i) => inputOf(i, 720 + (i % 60)));
finishReport({ ...started, ...report() }, args.json);

interface Timed {
  readonly wallMs: readonly number[];
  readonly cpuMs: readonly number[];
}

/** Inputs are made outside of the time: in a daemon they are there. */
function timed(count: number, input: (index: number) => DecideInput): Timed {
  const wallMs: number[] = [];
  const cpuMs: number[] = [];
  for (let i = 0; i < count; i++) {
    const given = input(i);
    const cpu = process.cpuUsage();
    const beganMs = performance.now();
    think(given);
    wallMs.push(performance.now() - beganMs);
    const { user, system } = process.cpuUsage(cpu);
    cpuMs.push((user + system) / 1000);
  }
  return { wallMs, cpuMs };
}

function report() {
  const row = (what: string, clock: string, ms: readonly number[]): readonly string[] => {
    const shares = [0.5, 0.99, 1].map((share) => quantile(ms, share).toFixed(3));
    return [what, String(ms.length), clock, ...shares, sum(ms).toFixed(0)];
  };
  const rows = (what: string, { wallMs, cpuMs }: Timed) => [
    row(what, "wall", wallMs),
    row(what, "CPU", cpuMs),
  ];
  const p99 = quantile(one.wallMs, 0.99);
  const all = sum(many.wallMs);
  return {
    header: ["decisions", "count", "clock", "p50, ms", "p99", "max", "all"],
    rows: [
      ...rows("one service", one),
      ...rows("one service, with the daily review of its baseline", reviews),
      ...rows(`${services} services`, many),
    ],
    checks: [
      {
        what: "one decision, p99",
        measured: `${p99.toFixed(2)} ms`,
        bar: `<= ${BAR_P99_MS} ms`,
        met: p99 <= BAR_P99_MS,
      },
      {
        what: `${services} services, one after the other`,
        measured: `${all.toFixed(0)} ms`,
        bar: `<= ${BAR_ALL_MS} ms`,
        met: all <= BAR_ALL_MS,
      },
    ],
    samples: { one, reviews, many },
  };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}

/** What a cycle of service number `service` is given at minute `minute` of its first day. */
function inputOf(service: number, minute: number): DecideInput {
  const nowMs = START_MS + minute * MINUTE_MS;
  const demandRps = dailyDemand(40 + (service % 50) * 20, 0.1);
  const now = demandRps(nowMs - MINUTE_MS);
  const size = Math.max(1, Math.ceil(now / 18));
  const units = { baseline: 1, predictive: size, burst: 0 };
  const needHistory = Array.from({ length: 14 }, (_, i) => ({
    atMs: nowMs - (14 - i) * MINUTE_MS,
    units: size,
  }));
  return {
    schema: 2,
    nowMs,
    decisionId: `service-${service}-${minute}`,
    settings: decideSettings(settings),
    observation: {
      atMs: nowMs,
      cutoffMs: nowMs,
      demandRps: now,
      recentRps: Array.from({ length: 15 }, (_, i) => demandRps(nowMs - (15 - i) * MINUTE_MS)),
      freshness: "fresh",
      note: "",
    },
    ...forecasted(nowMs, demandRps),
    platform: null,
    current: { units, warmUnits: 0 },
    warmExpiresMs: null,
    needHistory,
    appliedAtMs: [],
    lastBaselineReviewMs: nowMs - MINUTE_MS,
    leadTimesMs: Array.from({ length: 200 }, (_, i) => (3 + (i % 5)) * MINUTE_MS),
    service: { gram: [500, 700, 900, 1_400, 2_600, 5_400], moments: [30_000, 45_000, 60_000], weight: 500 },
    missingSinceMs: null,
    pause: null,
  };
}

function forecasted(
  nowMs: number,
  demandRps: (atMs: number) => number,
): Pick<DecideInput, "forecast" | "evidence"> {
  const middle = Array.from({ length: forecastSteps }, (_, step) => demandRps(nowMs + step * MINUTE_MS));
  const quantiles = FORECAST_LEVELS.map((level) => middle.map((value) => value * (0.7 + 0.6 * level)));
  return {
    forecast: { cutoffMs: nowMs, stepMs: MINUTE_MS, levels: FORECAST_LEVELS, quantiles },
    evidence: {
      weights: { naive: [1] },
      coverage90: settings.horizons.map(() => 0.9),
      scoreCount: settings.horizons.map(() => 100),
      relativeError: 0.5,
      anomalyScore: 0.5,
      anomalyMultiplier: 1,
      failures: {},
      fitMs: 0,
    },
  };
}

/** A service as its configuration would have it: a queue with a latency objective and an amount of memory. */
function serviceSettings(): Settings {
  const text = `
service: bench
demand: { source: csv, path: none.csv, step: 1m }
resources:
  - { kind: queue, name: requests, slotsPerUnit: 4, serviceTime: 200ms, latencyObjective: 500ms }
  - { kind: amount, name: memory, perRps: 0.05, idle: 1, perUnit: 2 }
horizons: [5m, 30m, 1h, 24h]
tiers:
  baseline: { maxUnits: 40, priceUsdPerUnitHour: 0.06 }
  predictive: { maxUnits: 200, priceUsdPerUnitHour: 0.1 }
  burst: { maxUnits: 100, priceUsdPerUnitHour: 0.1 }
warm: { maxUnits: 10 }
limits: { maxTotalUnits: 300, maxCostUsdPerHour: 100, maxStepUpUnits: 200, maxStepDownUnits: 200 }
schedule: { interval: 1m }
`;
  return settingsFromText(text, "bench.yaml", {}).settings;
}
