/**
 * Scores the forecast at fixed origins, by a judge outside the product when one is given, or on any traces.
 *
 *     node bench/forecast.ts --origins DIR [--judge score_forecasts.py] [--python python3] [--only NAME,NAME]
 *     node bench/forecast.ts --count 20 --step 5m TRACE.csv TRACE.csv
 *     both: [--threads N] [--days 28] [--members naive,direct]
 *
 * DIR holds NAME.csv (timestamp, value) and NAME.txt (one origin a line, the last known timestamp) per
 * series. The origins of a trace lie behind the first 60 % of it, `--count` of them. A trace on a finer grid
 * than `--step` is taken as means over it.
 */
import { execFileSync } from "node:child_process";
import { createWriteStream, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { parseArgs } from "node:util";
import { parseDurationSetting } from "../src/config.ts";
import { MEMBERS } from "../src/forecast/registry.ts";
import {
  type BacktestOptions,
  type BacktestResult,
  formatEmitRows,
  runBacktest,
} from "../src/forecast/scores/backtest.ts";
import type { DemandSeries } from "../src/model/series.ts";
import { DAY_MS, durationMs, epochMs, HOUR_MS } from "../src/model/time.ts";
import { readCsvTrace } from "../src/observe/csv-trace.ts";
import { describeMachine, machineLine } from "./parts/machine.ts";

const { values: args, positionals: traces } = parseArgs({
  allowPositionals: true,
  options: {
    count: { type: "string", default: "20" },
    step: { type: "string", default: "5m" },
    members: { type: "string" },
    origins: { type: "string" },
    judge: { type: "string" },
    python: { type: "string", default: "python3" },
    threads: { type: "string", default: "2" },
    only: { type: "string" },
    days: { type: "string", default: "28" },
  },
});
if (args.origins === undefined && traces.length === 0) throw new Error("--origins DIR or traces are needed");
const folder = args.origins ?? "";
const members = args.members?.split(",") ?? MEMBERS.map((member) => member.name);
const names = folder === "" ? [] : seriesNames();
const temp = mkdtempSync(join(tmpdir(), "tiercast-bench-"));
const horizonNames = ["1 step", "1 h", "24 h"];
const results: { name: string; result: BacktestResult }[] = [];
try {
  for (const name of names) results.push({ name, result: await backtestAtOrigins(name) });
  for (const file of traces)
    results.push({ name: basename(file, ".csv"), result: await backtestTrace(file) });
  console.log(`\n${machineLine(describeMachine())}`);
  printOwn(results);
  if (args.judge !== undefined && folder !== "") await printJudge(args.judge);
} finally {
  rmSync(temp, { recursive: true });
}

function seriesNames(): readonly string[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith(".txt"))
    .map((file) => file.slice(0, -4))
    .filter((name) => args.only === undefined || args.only.split(",").some((part) => name.includes(part)));
}

async function backtestAtOrigins(name: string): Promise<BacktestResult> {
  const atMs = readFileSync(join(folder, `${name}.txt`), "utf8")
    .trim()
    .split(/\s+/)
    .map((stamp) => Date.parse(stamp));
  return backtestSeries(name, readSeries(join(folder, `${name}.csv`)), { atMs });
}

/** A trace on its own grid, or on means over `--step` where its grid is finer. */
async function backtestTrace(path: string): Promise<BacktestResult> {
  const options = { path, timeZone: "UTC", timeColumn: undefined, valueColumn: undefined };
  const own = (await readCsvTrace({ ...options, stepMs: undefined })).series;
  const stepMs = parseDurationSetting(args.step, "--step");
  const series = own.stepMs < stepMs ? (await readCsvTrace({ ...options, stepMs })).series : own;
  return backtestSeries(basename(path), series, { count: Number(args.count) });
}

async function backtestSeries(
  name: string,
  series: DemandSeries,
  origins: BacktestOptions["origins"],
): Promise<BacktestResult> {
  const startedMs = performance.now();
  const result = await runBacktest({
    series,
    origins,
    horizonsMs: [series.stepMs, Math.max(series.stepMs, HOUR_MS), DAY_MS],
    members,
    timeZone: "UTC",
    threads: Number(args.threads),
    trainMs: Number(args.days) * DAY_MS,
  });
  const tookS = (performance.now() - startedMs) / 1000;
  const cost = `${result.meanFitMs.toFixed(0)} ms a forecast, ${tookS.toFixed(1)} s in all`;
  console.error(`${name}: ${cost} ${JSON.stringify(result.skipped)}`);
  return result;
}

function readSeries(file: string): DemandSeries {
  const rows = readFileSync(file, "utf8").trim().split("\n").slice(1);
  const points = rows.map((row) => {
    const [stamp = "", value = ""] = row.split(",");
    return { ms: Date.parse(stamp), value: value.trim() === "" ? Number.NaN : Number(value) };
  });
  const gapsMs = points
    .slice(1)
    .map((point, i) => point.ms - (points[i]?.ms ?? 0))
    .sort((a, b) => a - b);
  const stepMs = gapsMs[gapsMs.length >> 1] ?? 0;
  const startMs = points[0]?.ms ?? 0;
  const values = new Float64Array(((points.at(-1)?.ms ?? 0) - startMs) / stepMs + 1).fill(Number.NaN);
  for (const { ms, value } of points) values[(ms - startMs) / stepMs] = value;
  return { startMs: epochMs(startMs), stepMs: durationMs(stepMs), values };
}

/** Geometric means over series of the loss relative to naive, and mean coverage. */
function printOwn(all: readonly { name: string; result: BacktestResult }[]): void {
  const models = [...new Set(all.flatMap(({ result }) => result.models.map(({ model }) => model)))];
  console.log(`\n${all.length} series. Weighted quantile loss over naive's: geometric mean, worst series;`);
  console.log("coverage of the 90 % interval: mean over series");
  console.log(`| model | series | ${horizonNames.map((h) => `${h} loss | worst | cov90`).join(" | ")} |`);
  console.log(`|---|---|${"---|".repeat(9)}`);
  for (const model of models) {
    const scores = all.flatMap(({ result }) => result.models.filter((entry) => entry.model === model));
    const cells = horizonNames.flatMap((_, h) => {
      const ratios = scores.map((score) => score.horizons[h]?.relativeLoss ?? Number.NaN);
      const mean = Math.exp(ratios.reduce((sum, ratio) => sum + Math.log(ratio), 0) / ratios.length);
      const coverage =
        scores.reduce((sum, score) => sum + (score.horizons[h]?.coverage90 ?? 0), 0) / scores.length;
      return [mean.toFixed(3), Math.max(...ratios).toFixed(2), coverage.toFixed(3)];
    });
    console.log(`| ${model} | ${scores.length} | ${cells.join(" | ")} |`);
  }
  console.log(`\n| series | ${models.map((model) => `${model} 1 h, 24 h`).join(" | ")} | cov90 |`);
  console.log(`|---|${"---|".repeat(models.length + 1)}`);
  for (const { name, result } of all) {
    const cells = models.map((model) => {
      const horizons = result.models.find((entry) => entry.model === model)?.horizons;
      return horizons ? [1, 2].map((h) => horizons[h]?.relativeLoss.toFixed(2)).join(" ") : "-";
    });
    const coverage = result.models[0]?.horizons.map((score) => score.coverage90.toFixed(2)).join(" ");
    console.log(`| ${name} | ${cells.join(" | ")} | ${coverage} |`);
  }
}

async function printJudge(judge: string): Promise<void> {
  const files: string[] = [];
  for (const { name, result } of results) {
    const emitted = join(temp, `${name}-forecasts.csv`);
    const lines = Readable.from(withNewlines(formatEmitRows(result)));
    await pipeline(lines, createWriteStream(emitted));
    const json = join(temp, `${name}.json`);
    const series = ["--series", join(folder, `${name}.csv`), "--origins", join(folder, `${name}.txt`)];
    execFileSync(args.python, [judge, ...series, "--forecasts", emitted, "--json", json], {
      stdio: ["ignore", "ignore", "inherit"],
    });
    files.push(json);
  }
  console.log(
    `\nThe judge:\n${execFileSync(args.python, [judge, "--summary", ...files], { encoding: "utf8" })}`,
  );
}

function* withNewlines(lines: Iterable<string>): Generator<string> {
  for (const line of lines) yield `${line}\n`;
}
