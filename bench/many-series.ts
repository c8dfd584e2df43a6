/**
 * Many series through the engine: a cold start of each, then cycles of five minutes on a simulated clock, with the
 * real fits of their schedule. Prints CPU, wall time and memory per cycle, and the main thread's event-loop delay.
 *
 *     node bench/many-series.ts [--series 5000] [--cycles 6] [--days 14] [--threads 2] [--without lstm,...]
 *                               [--json FILE]
 */
import { monitorEventLoopDelay } from "node:perf_hooks";
import { setTimeout as pause } from "node:timers/promises";
import { parseArgs } from "node:util";
import { createForecastEngine } from "../src/forecast/engine/engine.ts";
import { MEMBERS } from "../src/forecast/registry.ts";
import type { DemandSeries } from "../src/model/series.ts";
import { DAY_MS, durationMs, HOUR_MS, MINUTE_MS } from "../src/model/time.ts";
import { countOption } from "./parts/count-option.ts";
import { madeHistory, stretch } from "./parts/made-histories.ts";
import { finishReport, startReport } from "./parts/report.ts";
import { meanOf } from "./parts/spread.ts";

const { values: args } = parseArgs({
  options: {
    series: { type: "string", default: "5000" },
    cycles: { type: "string", default: "6" },
    days: { type: "string", default: "14" },
    threads: { type: "string", default: "2" },
    without: { type: "string", default: "" },
    json: { type: "string" },
  },
});
const STEP_MS = 5 * MINUTE_MS;
const seriesCount = countOption("series", args.series);
const cycles = countOption("cycles", args.cycles);
const historySteps = (countOption("days", args.days) * DAY_MS) / STEP_MS;

interface Cycle {
  readonly name: string;
  readonly cpuMs: number;
  readonly wallS: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  readonly residentMb: number;
}

const report = startReport("many-series");
const engine = createForecastEngine({
  settings: {
    members: MEMBERS.map((member) => member.name).filter((name) => !args.without.split(",").includes(name)),
    refitMs: HOUR_MS,
    trainMs: durationMs(historySteps * STEP_MS),
    capFactor: 3,
  },
  timeZone: "Europe/Berlin",
  horizons: [STEP_MS, 30 * MINUTE_MS, HOUR_MS, DAY_MS],
  threads: countOption("threads", args.threads),
});
// Demand in single precision, as a store of thousands of histories would hold it.
const histories = Array.from({ length: seriesCount }, (_, i) =>
  Float32Array.from(madeHistory(i + 1, historySteps + cycles, STEP_MS).values),
);
const made: Cycle[] = [];
for (let cycle = 0; cycle <= cycles; cycle++) made.push(await runCycle(cycle));
const stateKb = meanOf(
  histories.slice(0, 100).map((_, i) => (engine.exportLearned(`series-${i}`)?.length ?? 0) / 1000),
);
await engine.close();
printReport();

async function runCycle(cycle: number): Promise<Cycle> {
  const delay = monitorEventLoopDelay({ resolution: 5 });
  const beganMs = performance.now();
  const before = process.cpuUsage();
  delay.enable();
  await Promise.all(histories.map((_, i) => forecastAt(i, cycle)));
  delay.disable();
  const { user, system } = process.cpuUsage(before);
  const done = {
    name: cycle === 0 ? "cold start" : `cycle ${cycle}`,
    cpuMs: (user + system) / 1000 / seriesCount,
    wallS: (performance.now() - beganMs) / 1000,
    p99Ms: delay.percentile(99) / 1e6,
    maxMs: delay.max / 1e6,
    residentMb: process.memoryUsage.rss() / 2 ** 20,
  };
  console.error(JSON.stringify(done));
  return done;
}

/** Series come spread over the cycle's first moments, as scrapes do, not all at one tick. */
async function forecastAt(index: number, cycle: number): Promise<void> {
  await pause(index % 1000);
  const values = Float64Array.from(histories[index] ?? []);
  const shape = madeShape(values);
  await engine.forecast(`series-${index}`, stretch(shape, cycle, cycle + historySteps));
}

function madeShape(values: Float64Array): DemandSeries {
  return { ...madeHistory(1, 0, STEP_MS), values };
}

function printReport(): void {
  const warm = made.slice(1);
  const wallS = Math.max(...warm.map((cycle) => cycle.wallS));
  const cpuMs = meanOf(warm.map((cycle) => cycle.cpuMs));
  const p99Ms = Math.max(...made.map((cycle) => cycle.p99Ms));
  const residentMb = Math.max(...made.map((cycle) => cycle.residentMb));
  const scale = seriesCount / 5000;
  const rows = made.map(({ name, cpuMs: cpu, wallS: wall, p99Ms: p99, maxMs, residentMb: resident }) => [
    name,
    cpu.toFixed(1),
    wall.toFixed(1),
    p99.toFixed(1),
    maxMs.toFixed(1),
    resident.toFixed(0),
  ]);
  finishReport(
    {
      ...report,
      header: [
        `${seriesCount} series`,
        "CPU ms a series",
        "wall s",
        "loop delay p99 ms",
        "max ms",
        "resident MiB",
      ],
      rows,
      checks: [
        check("CPU per series and cycle, mean", cpuMs, 40, "ms"),
        check("slowest cycle, wall", wallS, 300 * scale, "s"),
        check("event-loop delay, p99 of the worst cycle", p99Ms, 50, "ms"),
        check("resident memory, largest", residentMb, 1500, "MiB"),
        check("learned state, mean", stateKb, 150, "kB"),
      ],
      samples: made,
    },
    args.json,
  );
}

function check(what: string, measured: number, limit: number, unit: string) {
  return {
    what,
    measured: `${measured.toFixed(1)} ${unit}`,
    bar: `<= ${limit.toFixed(0)} ${unit}`,
    met: measured <= limit,
  };
}
