/**
 * Many series through the engine, as after weeks of running: cycles of five minutes on a simulated clock, one new
 * value for each series, real fits on their schedule in real worker threads. Prints wall and CPU time, refits made,
 * memory and the main thread's event-loop delay, cycle by cycle.
 *
 * A cold start of 5,000 series takes hours of CPU, once in their life. Here only `--distinct` series start
 * cold; the others are given the learned state of one of these through `importLearned`, with their own refit
 * schedule (each fit dated when it was due last), and a history of their own: the same pattern with noise of their
 * own, +-2 % of each value, 32 kB each. From then on every series is forecast, refitted and kept by itself.
 *
 *     node bench/many-series.ts [--series 5000] [--distinct 60] [--cycles 6] [--days 14] [--threads 2]
 *                               [--without lstm,...] [--json FILE]
 */
import { monitorEventLoopDelay } from "node:perf_hooks";
import { setTimeout as pause } from "node:timers/promises";
import { parseArgs } from "node:util";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { createForecastEngine, staggerOf } from "../src/forecast/engine/engine.ts";
import { MEMBERS } from "../src/forecast/registry.ts";
import { DAY_MS, durationMs, HOUR_MS, MINUTE_MS } from "../src/model/time.ts";
import { borrowedState, countFits, type FitCounts, withOwnNoise } from "./parts/borrowed-state.ts";
import { countOption } from "./parts/count-option.ts";
import { MADE_START_MS, madeHistory, stretch } from "./parts/made-histories.ts";
import { finishReport, startReport } from "./parts/report.ts";
import { meanOf } from "./parts/spread.ts";

const { values: args } = parseArgs({
  options: {
    series: { type: "string", default: "5000" },
    distinct: { type: "string", default: "60" },
    cycles: { type: "string", default: "6" },
    days: { type: "string", default: "14" },
    threads: { type: "string", default: "2" },
    without: { type: "string", default: "" },
    json: { type: "string" },
  },
});
const STEP_MS = 5 * MINUTE_MS;
const REFIT_MS = HOUR_MS;
const OWN_NOISE = 0.02;
const seriesCount = countOption("series", args.series);
const distinct = Math.min(seriesCount, countOption("distinct", args.distinct));
/** No member is fitted twice within the hour: fits can then be counted in the end. */
const cycles = Math.min(12, countOption("cycles", args.cycles));
const historySteps = (countOption("days", args.days) * DAY_MS) / STEP_MS;

interface Cycle {
  readonly name: string;
  readonly series: number;
  readonly cpuS: number;
  readonly wallS: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  readonly meanMib: number;
  readonly peakMib: number;
}

const report = startReport("many-series");
const engine = createForecastEngine({
  settings: {
    members: MEMBERS.map((member) => member.name).filter((name) => !args.without.split(",").includes(name)),
    refitMs: REFIT_MS,
    trainMs: durationMs(historySteps * STEP_MS),
    capFactor: 3,
  },
  timeZone: "Europe/Berlin",
  horizons: [STEP_MS, 30 * MINUTE_MS, HOUR_MS, DAY_MS],
  threads: countOption("threads", args.threads),
});
const patterns = Array.from({ length: distinct }, (_, i) =>
  madeHistory(i + 1, historySteps + cycles, STEP_MS),
);
const histories = new Map<string, (typeof patterns)[number]>();
patterns.forEach((pattern, i) => {
  histories.set(`pattern-${i}`, pattern);
});
const coldStart = await runCycle(0, "cold start");
shareAmongAll();
const made: Cycle[] = [];
for (let cycle = 1; cycle <= cycles; cycle++) made.push(await runCycle(cycle, `cycle ${cycle}`));
const fits = fitsByCycle();
const stateKb = meanOf([...histories.keys()].map((key) => (engine.exportLearned(key)?.length ?? 0) / 1000));
await engine.close();
printReport();

/** Every series gets what a pattern taught, and a history with noise of its own. */
function shareAmongAll(): void {
  histories.clear();
  for (let i = 0; i < seriesCount; i++) {
    const key = `series-${i}`;
    const pattern = patterns[i % distinct];
    const sealed = engine.exportLearned(`pattern-${i % distinct}`);
    if (pattern === undefined || sealed === undefined)
      throw new Error(`pattern ${i % distinct} is not learned`);
    const state = borrowedState(sealed, { refitMs: REFIT_MS, staggerMs: staggerOf(key) });
    if (state === undefined || !engine.importLearned(key, state)) throw new Error(`${key}: state not taken`);
    histories.set(key, { ...pattern, values: withOwnNoise(pattern.values, OWN_NOISE, i + 1) });
  }
  // What reading and writing all states has left behind is the bench's, not the engine's.
  setFlagsFromString("--expose-gc");
  (runInNewContext("gc") as () => void)();
}

async function runCycle(cycle: number, name: string): Promise<Cycle> {
  const delay = monitorEventLoopDelay({ resolution: 5 });
  const memory = watchMemory();
  const beganMs = performance.now();
  const before = process.cpuUsage();
  delay.enable();
  await Promise.all([...histories.keys()].map((key, i) => forecastAt(key, i, cycle)));
  delay.disable();
  const { user, system } = process.cpuUsage(before);
  const wallS = (performance.now() - beganMs) / 1000;
  const done: Cycle = {
    name,
    series: histories.size,
    cpuS: (user + system) / 1e6,
    wallS,
    ...memory.stop(),
    p50Ms: delay.percentile(50) / 1e6,
    p99Ms: delay.percentile(99) / 1e6,
    maxMs: delay.max / 1e6,
  };
  console.error(JSON.stringify(done));
  return done;
}

/** Series come spread over the cycle's first second, as scrapes do, not all at one tick. */
async function forecastAt(key: string, index: number, cycle: number): Promise<void> {
  await pause(index % 1000);
  const history = histories.get(key);
  if (history !== undefined) await engine.forecast(key, stretch(history, cycle, cycle + historySteps));
}

/** Read in the end from what was learned, so that counting takes no part of a cycle's memory. */
function fitsByCycle(): readonly FitCounts[] {
  const firstMs = MADE_START_MS + (1 + historySteps) * STEP_MS;
  const counts = made.map(() => ({ light: 0, heavy: 0, trained: 0 }));
  for (const key of histories.keys()) {
    countFits(engine.exportLearned(key), (atMs) => counts[Math.round((atMs - firstMs) / STEP_MS)]);
  }
  return counts;
}

/** Resident memory of the whole process, workers included, every quarter of a second. */
function watchMemory(): { stop(): Pick<Cycle, "meanMib" | "peakMib"> } {
  const samples = [residentMib()];
  const timer = setInterval(() => samples.push(residentMib()), 250);
  return {
    stop: () => {
      clearInterval(timer);
      samples.push(residentMib());
      return { meanMib: meanOf(samples), peakMib: Math.max(...samples) };
    },
  };
}

function residentMib(): number {
  return process.memoryUsage.rss() / 2 ** 20;
}

function printReport(): void {
  const wallS = Math.max(...made.map((cycle) => cycle.wallS));
  const cpuMs = meanOf(made.map((cycle) => (1000 * cycle.cpuS) / cycle.series));
  const p99Ms = Math.max(...made.map((cycle) => cycle.p99Ms));
  const peakMib = Math.max(...made.map((cycle) => cycle.peakMib));
  const growth = (made.at(-1)?.meanMib ?? 0) / (made.at(1)?.meanMib ?? 1) - 1;
  const header = [
    ...[`${seriesCount} series, ${distinct} of them cold`, "wall s", "CPU s", "CPU ms a series"],
    ...["fits: light", "heavy", "trained", "loop delay p50 ms", "p99", "worst", "resident MiB", "peak"],
  ];
  const checks = [
    check("CPU per series and cycle, mean", cpuMs, 40, "ms"),
    check("slowest cycle, wall", wallS, (300 * seriesCount) / 5000, "s"),
    check("event-loop delay, p99 of the worst cycle", p99Ms, 50, "ms"),
    check("resident memory, largest", peakMib, 1500, "MiB"),
    check("resident memory, last cycle over the second", 100 * growth, 5, "%"),
    check("learned state, mean", stateKb, 150, "kB"),
  ];
  const rows = [rowOf(coldStart), ...made.map((cycle, i) => rowOf(cycle, fits[i]))];
  finishReport({ ...report, header, rows, checks, samples: { coldStart, made, fits } }, args.json);
}

function rowOf(cycle: Cycle, made?: FitCounts): readonly string[] {
  const { name, series, wallS, cpuS, p50Ms, p99Ms, maxMs, meanMib, peakMib } = cycle;
  return [
    ...[name, wallS.toFixed(1), cpuS.toFixed(1), ((1000 * cpuS) / series).toFixed(1)],
    ...[made?.light, made?.heavy, made?.trained].map((count) => String(count ?? "")),
    ...[p50Ms, p99Ms, maxMs].map((ms) => ms.toFixed(1)),
    ...[meanMib, peakMib].map((mib) => mib.toFixed(0)),
  ];
}

function check(what: string, measured: number, limit: number, unit: string) {
  return {
    what,
    measured: `${measured.toFixed(1)} ${unit}`,
    bar: `<= ${limit.toFixed(0)} ${unit}`,
    met: measured <= limit,
  };
}
