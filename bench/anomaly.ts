/**
 * Anomaly detection on labelled series, scored as NAB scores it, beside a 3-sigma and a rolling-median detector.
 *
 *     node bench/anomaly.ts --data DIR --labels labels_windows_and_points.json [--only NAME,NAME]
 *     node bench/anomaly.ts --generated
 *
 * DIR holds NAME.csv (timestamp, value) with `/` of NAB's own names written as `__`. `--generated` says how the
 * detector does on generated demand, the only data its thresholds were chosen on: false alarms on quiet demand, and
 * what it finds of what was put in.
 */
import { readdirSync, readFileSync } from "node:fs";
import { cpus } from "node:os";
import { basename, join } from "node:path";
import { parseArgs } from "node:util";
import { newAnomalyState } from "../src/forecast/anomalies/anomaly-state.ts";
import { observeStep } from "../src/forecast/anomalies/observe-step.ts";
import { sortedQuantile } from "../src/forecast/kernels/statistics.ts";
import type { Finding } from "../src/model/finding.ts";
import { FORECAST_LEVELS } from "../src/model/forecast.ts";
import type { DemandSeries } from "../src/model/series.ts";
import { DAY_MS, durationMs, epochMs } from "../src/model/time.ts";
import {
  INJECTIONS,
  type Injection,
  injected,
  MADE_DAYS,
  QUIET,
  quietSeries,
} from "./parts/made-anomalies.ts";
import { type NabCounts, nabCounts, nabScore, probationRows, type Window } from "./parts/nab-score.ts";
import { forecastAlong } from "./parts/one-step.ts";
import { markdownTable } from "./parts/report.ts";

const { values: args } = parseArgs({
  options: {
    data: { type: "string" },
    labels: { type: "string" },
    only: { type: "string" },
    seeds: { type: "string", default: "2" },
    generated: { type: "boolean", default: false },
    each: { type: "boolean", default: false },
  },
});

/** Steps after which an alarm is no longer of what was put in. */
const DETECT_WITHIN = 36;

const began = process.cpuUsage();
if (args.generated) reportGenerated(Number(args.seeds));
else if (args.data !== undefined && args.labels !== undefined) reportLabelled(args.data, args.labels);
else throw new Error("--data DIR and --labels FILE are needed, or --generated");
const used = process.cpuUsage(began);
console.log(`\nMachine: ${cpus().length} x ${cpus()[0]?.model}, Node ${process.version}`);
console.log(`CPU ${((used.user + used.system) / 1e6).toFixed(0)} s`);

interface Alarm {
  readonly row: number;
  readonly kind: Finding["kind"];
  readonly last: Finding["kind"];
}

/** One alarm per finding, on the row on which it was first said; `last` is what it turned out to be. */
function tiercastAlarms(series: DemandSeries): readonly Alarm[] {
  const { startMs, stepMs, values } = series;
  let state = newAnomalyState();
  const alarms = new Map<string, Alarm>();
  forecastAlong(series, (row, quantiles) => {
    if (quantiles === undefined) return;
    const ms = startMs + row * stepMs;
    state = observeStep(state, {
      ms,
      stepMs,
      value: values[row] ?? Number.NaN,
      levels: FORECAST_LEVELS,
      quantiles,
    });
    for (const { kind, detectedMs } of state.findings) {
      const group = kind === "drift" || kind === "outage" ? kind : "excursion";
      const key = `${group} ${detectedMs}`;
      const known = alarms.get(key);
      const at = Math.round((detectedMs - startMs) / stepMs);
      alarms.set(key, { row: at, kind: known?.kind ?? kind, last: kind });
    }
  });
  return [...alarms.values()].sort((a, b) => a.row - b.row);
}

/** Further than three standard deviations from the mean of the last 14 days; a day at least. */
function threeSigmaRows({ values, stepMs }: DemandSeries): readonly number[] {
  const window = Math.round((14 * DAY_MS) / stepMs);
  const least = Math.round(DAY_MS / stepMs);
  const rows: number[] = [];
  let sum = 0;
  let squares = 0;
  let count = 0;
  const take = (value: number, sign: 1 | -1): void => {
    if (Number.isNaN(value)) return;
    sum += sign * value;
    squares += sign * value * value;
    count += sign;
  };
  values.forEach((value, row) => {
    const mean = sum / count;
    const sigma = Math.sqrt(Math.max(0, squares / count - mean * mean));
    if (count >= least && Math.abs(value - mean) > 3 * sigma) rows.push(row);
    take(value, 1);
    if (row >= window) take(values[row - window] ?? Number.NaN, -1);
  });
  return rows;
}

/** Modified z-score beyond 3.5 against the median of the last day (Iglewicz and Hoaglin 1993). */
function rollingMedianRows({ values, stepMs }: DemandSeries): readonly number[] {
  const day = Math.round(DAY_MS / stepMs);
  const rows: number[] = [];
  for (let row = day; row < values.length; row++) {
    const value = values[row] ?? Number.NaN;
    const window = values
      .subarray(row - day, row)
      .filter((one) => !Number.isNaN(one))
      .sort();
    if (Number.isNaN(value) || window.length < day / 2) continue;
    const middle = sortedQuantile(window, 0.5);
    const spread = sortedQuantile(window.map((one) => Math.abs(one - middle)).sort(), 0.5);
    if (0.6745 * Math.abs(value - middle) > 3.5 * spread && value !== middle) rows.push(row);
  }
  return rows;
}

/** Only the rows on which a run of alarms begins. */
function onsets(rows: readonly number[]): readonly number[] {
  return rows.filter((row, i) => row !== (rows[i - 1] ?? -2) + 1);
}

function reportLabelled(folder: string, labelFile: string): void {
  const labels = JSON.parse(readFileSync(labelFile, "utf8")) as Record<
    string,
    { windows: [string, string][] }
  >;
  const files = readdirSync(folder)
    .filter((file) => file.endsWith(".csv"))
    .filter((file) => args.only === undefined || args.only.split(",").some((part) => file.includes(part)))
    .sort();
  const counts: Record<string, NabCounts[]> = {};
  for (const file of files) {
    const stamps = readRows(join(folder, file));
    const windows = (labels[basename(file).replace("__", "/")]?.windows ?? []).map((pair) =>
      windowOf(stamps, pair),
    );
    const { series, rowOf } = onGrid(stamps);
    const mine = tiercastAlarms(series);
    const sigma = threeSigmaRows(series);
    const median = rollingMedianRows(series);
    const detectors: Record<string, readonly number[]> = {
      tiercast: mine.map(({ row }) => row),
      "3 sigma": sigma,
      "3 sigma, onsets": onsets(sigma),
      "rolling median": median,
      "rolling median, onsets": onsets(median),
    };
    for (const [name, cells] of Object.entries(detectors)) {
      const one = nabCounts(
        stamps.length,
        cells.flatMap((cell) => rowOf(cell) ?? []),
        windows,
      );
      counts[name] = [...(counts[name] ?? []), one];
      if (args.each) console.log(file.padEnd(60), name.padEnd(24), JSON.stringify(one));
    }
    if (!args.each) console.error(`${file}: ${mine.length} alarms`);
  }
  const rows = Object.entries(counts).map(([name, each]) => [name, ...figures(each)]);
  const head = ["detector", "NAB score", "windows found", "recall", "precision", "false alarms", "F1"];
  console.log(markdownTable(head, rows));
}

/**
 * Recall by windows; precision is found windows over found windows and false alarms, so that many alarms in one window
 * count once.
 */
function figures(counts: readonly NabCounts[]): readonly string[] {
  const sum = (key: "found" | "missed" | "falseAlarms"): number =>
    counts.reduce((all, one) => all + one[key], 0);
  const found = sum("found");
  const windows = found + sum("missed");
  const precision = found / Math.max(1, found + sum("falseAlarms"));
  const recall = found / windows;
  return [
    nabScore(counts).toFixed(1),
    `${found} of ${windows}`,
    recall.toFixed(2),
    precision.toFixed(2),
    String(sum("falseAlarms")),
    ((2 * precision * recall) / Math.max(1e-9, precision + recall)).toFixed(2),
  ];
}

interface Row {
  readonly ms: number;
  readonly value: number;
}

function readRows(file: string): readonly Row[] {
  const lines = readFileSync(file, "utf8").trim().split("\n").slice(1);
  return lines.map((line) => {
    const [stamp = "", value = ""] = line.split(",");
    return { ms: stampMs(stamp), value: value.trim() === "" ? Number.NaN : Number(value) };
  });
}

function stampMs(stamp: string): number {
  return Date.parse(
    `${stamp
      .trim()
      .replace(" ", "T")
      .replace(/(\.\d{3})\d+/, "$1")
      .replace(/Z$/, "")}Z`,
  );
}

function windowOf(rows: readonly Row[], [from, to]: readonly [string, string]): Window {
  const first = rows.findIndex(({ ms }) => ms >= stampMs(from));
  const last = rows.findLastIndex(({ ms }) => ms <= stampMs(to));
  return { first, last };
}

/**
 * Rows on the grid of their most common distance; `rowOf` leads back. A cell without a row, where only a gap can
 * be said, has none and is not scored.
 */
function onGrid(rows: readonly Row[]): { series: DemandSeries; rowOf: (cell: number) => number | undefined } {
  const distances = rows.slice(1).map(({ ms }, i) => ms - (rows[i]?.ms ?? 0));
  const sorted = Float64Array.from(distances).sort();
  const stepMs = sortedQuantile(sorted, 0.5);
  const startMs = rows[0]?.ms ?? 0;
  const cellOf = (ms: number): number => Math.round((ms - startMs) / stepMs);
  const cells = cellOf(rows.at(-1)?.ms ?? 0) + 1;
  const values = new Float64Array(cells).fill(Number.NaN);
  for (const { ms, value } of rows) values[cellOf(ms)] = value;
  const series = { startMs: epochMs(startMs), stepMs: durationMs(stepMs), values };
  const rowOfCell = new Map(rows.map(({ ms }, row) => [cellOf(ms), row]));
  return { series, rowOf: (cell) => rowOfCell.get(cell) };
}

function reportGenerated(seeds: number): void {
  const from = probationRows(1e9);
  const weeks = (MADE_DAYS * 288 - from) / (14 * 288);
  const quiet = QUIET.map((family) => {
    const kinds: Record<string, number> = {};
    let alarms = 0;
    for (let seed = 1; seed <= seeds; seed++) {
      for (const { row, last } of tiercastAlarms(quietSeries(family, seed))) {
        if (row < from) continue;
        alarms++;
        kinds[last] = (kinds[last] ?? 0) + 1;
      }
    }
    return [family.name, (alarms / seeds / weeks).toFixed(2), JSON.stringify(kinds)];
  });
  console.log(markdownTable(["quiet demand", "alarms in 14 days", "kinds"], quiet));
  const made = INJECTIONS.map((injection) => madeRow(injection, seeds));
  console.log(
    `\n${markdownTable(["put in", "found within 3 h", "median delay, steps", "as its kind"], made)}`,
  );
}

/** What the detector makes of one thing put into five families of quiet demand. */
function madeRow(injection: Injection, seeds: number): readonly string[] {
  const delays: number[] = [];
  let named = 0;
  let tries = 0;
  for (const family of QUIET.filter(({ holds }) => holds)) {
    for (let seed = 1; seed <= seeds; seed++) {
      tries++;
      const row = 16 * 288 + 120 + 37 * seed;
      const series = injected(quietSeries(family, seed), injection, row);
      const cut = { ...series, values: series.values.subarray(0, row + DETECT_WITHIN + 1) };
      const alarms = tiercastAlarms(cut).filter((alarm) => alarm.row >= row - 1);
      const [hit] = alarms;
      if (hit !== undefined) delays.push(Math.max(0, hit.row - row));
      if (alarms.some((alarm) => alarm.last === injection.kind)) named++;
    }
  }
  const delay = sortedQuantile(Float64Array.from(delays).sort(), 0.5);
  return [injection.name, `${delays.length} of ${tries}`, String(delay), `${named} of ${tries}`];
}
