/**
 * What forecasting costs: a day of cycles over a few series, all members on, real refits on their schedule, in one
 * thread as a worker runs them (state read, learned, answered, state written).
 *
 *     node bench/forecast-speed.ts [--series 3] [--days 14] [--step-minutes 5] [--hours 24] [--without lstm,...]
 *                                  [--json FILE]
 */
import { parseArgs } from "node:util";
import { answerJob } from "../src/forecast/engine/answer-job.ts";
import type { ForecastJob } from "../src/forecast/engine/forecast-job.ts";
import type { Forecaster } from "../src/forecast/forecaster.ts";
import { MEMBERS } from "../src/forecast/registry.ts";
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../src/model/time.ts";
import { countOption } from "./parts/count-option.ts";
import { madeHistory, stretch } from "./parts/made-histories.ts";
import { type Check, finishReport, startReport } from "./parts/report.ts";
import { meanOf, spreadOf } from "./parts/spread.ts";

const { values: args } = parseArgs({
  options: {
    series: { type: "string", default: "3" },
    days: { type: "string", default: "14" },
    "step-minutes": { type: "string", default: "5" },
    hours: { type: "string", default: "24" },
    without: { type: "string", default: "" },
    json: { type: "string" },
  },
});
const seriesCount = countOption("series", args.series);
const stepMs = countOption("step-minutes", args["step-minutes"]) * MINUTE_MS;
const historySteps = (countOption("days", args.days) * DAY_MS) / stepMs;
const cycleSteps = Math.max(1, Math.round((5 * MINUTE_MS) / stepMs));
const cycles = Math.round((countOption("hours", args.hours) * HOUR_MS) / (cycleSteps * stepMs));

interface Call {
  readonly cpuMs: number;
  readonly wallMs: number;
  readonly fits: number;
  readonly bytes: number;
}

const report = startReport("forecast-speed");
const fitMs = new Map<string, number[]>();
const members = MEMBERS.filter((member) => !args.without.split(",").includes(member.name)).map(timed);
const cold: Call[] = [];
const warm: Call[] = [];
for (let seed = 1; seed <= seriesCount; seed++) walkDay(seed);
printReport();

/** The member with each of its fits on the clock. */
function timed(member: Forecaster): Forecaster {
  const times: number[] = [];
  fitMs.set(member.name, times);
  return {
    ...member,
    fit: (...given) => {
      const beganMs = cpuNowMs();
      const outcome = member.fit(...given);
      times.push(cpuNowMs() - beganMs);
      return outcome;
    },
  };
}

function fitCount(): number {
  let count = 0;
  for (const times of fitMs.values()) count += times.length;
  return count;
}

function walkDay(seed: number): void {
  const history = madeHistory(seed, historySteps + cycles * cycleSteps, stepMs);
  let learned: Uint8Array | undefined;
  for (let cycle = 0; cycle <= cycles; cycle++) {
    const from = cycle * cycleSteps;
    const fitsBefore = fitCount();
    const beganMs = performance.now();
    const cpuBefore = cpuNowMs();
    const job = jobOn(stretch(history, from, from + historySteps), seed, learned);
    const answer = answerJob(job, members, () => performance.now());
    if (answer.kind === "refused") throw new Error(answer.reason);
    learned = answer.learned;
    (cycle === 0 ? cold : warm).push({
      cpuMs: cpuNowMs() - cpuBefore,
      wallMs: performance.now() - beganMs,
      fits: fitCount() - fitsBefore,
      bytes: learned.length,
    });
  }
}

function jobOn(series: ForecastJob["series"], seed: number, learned: Uint8Array | undefined): ForecastJob {
  return {
    series,
    timeZone: "Europe/Berlin",
    horizonSteps: Math.round(DAY_MS / stepMs),
    horizonsMs: [stepMs, 30 * MINUTE_MS, HOUR_MS, DAY_MS],
    members: members.map((member) => member.name),
    trainMs: historySteps * stepMs,
    refitMs: HOUR_MS,
    capFactor: 3,
    staggerMs: seed * 7 * MINUTE_MS,
    learned,
    wantMembers: false,
  };
}

function cpuNowMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

function printReport(): void {
  const plain = warm.filter((call) => call.fits === 0);
  const mean = meanOf(warm.map((call) => call.cpuMs));
  const plainMs = plain.length === 0 ? Number.NaN : meanOf(plain.map((call) => call.cpuMs));
  const kb = Math.max(...warm.map((call) => call.bytes)) / 1000;
  const rows = [
    ["cold start", ...spread(cold.map((call) => call.cpuMs))],
    ["cycle", ...spread(warm.map((call) => call.cpuMs))],
    ["cycle without refits", ...spread(plain.map((call) => call.cpuMs))],
    ["cycle, wall", ...spread(warm.map((call) => call.wallMs))],
    ...[...fitMs]
      .filter(([, times]) => times.length > 0)
      .map(([name, times]) => [`fit ${name}`, ...spread(times)]),
  ];
  const checks: readonly Check[] =
    stepMs === 5 * MINUTE_MS
      ? [
          { what: "CPU per series and cycle, mean", ...bar(mean, 40, "ms") },
          { what: "cycle without refits, mean", ...bar(plainMs, 12, "ms") },
          { what: "learned state, largest", ...bar(kb, 150, "kB") },
        ]
      : [
          { what: "cold start, slowest", ...bar(Math.max(...cold.map((call) => call.cpuMs)), 4000, "ms") },
          { what: "cycle without refits, mean", ...bar(plainMs, 60, "ms") },
        ];
  const header = ["CPU ms", "count", "mean", "median", "worst"];
  finishReport({ ...report, header, rows, checks, samples: { cold, warm } }, args.json);
}

function spread(values: readonly number[]): readonly string[] {
  if (values.length === 0) return ["0", "-", "-", "-"];
  const { count, median, max } = spreadOf(values);
  return [String(count), meanOf(values).toFixed(1), median.toFixed(1), max.toFixed(1)];
}

function bar(measured: number, limit: number, unit: string): Omit<Check, "what"> {
  return { measured: `${measured.toFixed(1)} ${unit}`, bar: `<= ${limit} ${unit}`, met: measured <= limit };
}
