import { open, readFile, realpath, rm } from "node:fs/promises";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { parseDurationSetting } from "../config.ts";
import {
  type BacktestOptions,
  type BacktestResult,
  formatEmitRows,
  runBacktest,
} from "../forecast/backtest.ts";
import { MEMBERS } from "../forecast/registry.ts";
import { shortDuration } from "../model/time.ts";
import { UserError } from "../model/user-error.ts";
import { readCsvTrace } from "../observe/csv-trace.ts";
import type { CommandCall } from "./command-spec.ts";
import { escapeText } from "./escape-text.ts";
import { EXIT } from "./exit-codes.ts";
import { figure, percent } from "./figures.ts";
import { isoTime } from "./instants.ts";
import { textOption, wantsJson, wholeOption } from "./options.ts";
import { note, print, printJson } from "./output.ts";
import { progressBar } from "./progress-bar.ts";
import { progressLine } from "./progress-line.ts";
import { textTable } from "./text-table.ts";

const STANDARD_ORIGINS = 20;
const MAX_ORIGINS = 100_000;

/** Forecasts a trace's past and scores it: a table per horizon, and every forecast with `--emit`. */
export async function runBacktestCommand(call: CommandCall): Promise<number> {
  const path = call.args[0] ?? "";
  const timeZone = zoneOption(call);
  const step = textOption(call, "step");
  const emit = textOption(call, "emit");
  if (emit !== undefined && (await sameFile(emit, path)))
    throw new UserError(`--emit ${emit}: is the trace itself (name another file)`);
  const origins = await originsOption(textOption(call, "origins"));
  const horizonsMs = horizonsOption(textOption(call, "horizons") ?? "5m,1h,24h");
  const trace = await readCsvTrace({
    path,
    stepMs: step === undefined ? undefined : parseDurationSetting(step, "--step"),
    timeZone,
    timeColumn: textOption(call, "timeColumn"),
    valueColumn: textOption(call, "valueColumn"),
  });
  for (const warning of trace.warnings) note(`warning: ${escapeText(warning)}`);
  const result = await backtest(call, {
    series: trace.series,
    origins,
    horizonsMs: horizonsMs.filter((horizonMs) => horizonMs >= trace.series.stepMs),
    members: membersOption(textOption(call, "members")),
    timeZone,
    threads: wholeOption(call, "threads") ?? 1,
    signal: call.context.signal,
  });
  if (emit !== undefined) await writeForecasts(emit, result);
  report(call, result, path);
  return EXIT.done;
}

async function backtest(call: CommandCall, options: BacktestOptions): Promise<BacktestResult> {
  if (options.horizonsMs.length === 0)
    throw new UserError(`--horizons: each is below the step of ${shortDuration(options.series.stepMs)}`);
  const line = progressLine(process.stderr);
  const began = performance.now();
  try {
    return await runBacktest({
      ...options,
      onProgress: (done, total) => {
        if (!wantsJson(call) || process.stderr.isTTY)
          line.show(progressBar("origins", done, total, performance.now() - began));
      },
    });
  } finally {
    line.end();
  }
}

function report(call: CommandCall, result: BacktestResult, path: string): void {
  const { models, skipped, originsMs, meanFitMs } = result;
  if (wantsJson(call)) {
    printJson("Backtest", { file: path, origins: originsMs.map(isoTime), meanFitMs, models, skipped });
    return;
  }
  for (const [model, reason] of Object.entries(skipped))
    note(`warning: ${escapeText(model)} left out: ${escapeText(reason)}`);
  const from = isoTime(originsMs[0] ?? Number.NaN);
  const to = isoTime(originsMs.at(-1) ?? Number.NaN);
  print(`${originsMs.length} origins, ${from} to ${to}; ${figure(meanFitMs)} ms per origin`);
  print("");
  print(scoreTable(models));
  print(
    "\nratio: weighted quantile loss over naive's; width: of the 90 % interval, in units of MASE's scale",
  );
}

function scoreTable(models: BacktestResult["models"]): string {
  const count = models[0]?.horizons.length ?? 0;
  const rows = Array.from({ length: count }, (_, h) =>
    models.flatMap(({ model, horizons }) => {
      const score = horizons[h];
      if (score === undefined) return [];
      return [
        [
          shortDuration(score.horizonMs),
          escapeText(model),
          String(score.origins),
          figure(score.mase),
          figure(score.weightedQuantileLoss),
          figure(score.relativeLoss),
          percent(score.coverage90),
          figure(score.width90),
        ],
      ];
    }),
  ).flat();
  return textTable(
    [
      { title: "horizon" },
      { title: "model" },
      { title: "origins", right: true },
      { title: "mase", right: true },
      { title: "wql", right: true },
      { title: "ratio", right: true },
      { title: "coverage", right: true },
      { title: "width", right: true },
    ],
    rows,
  );
}

async function sameFile(a: string, b: string): Promise<boolean> {
  const [first, second] = await Promise.all([a, b].map((file) => realpath(file).catch(() => undefined)));
  return first !== undefined && first === second;
}

/** Half a file would look like a whole one: it goes when writing fails, unless it is a device or a pipe. */
async function writeForecasts(file: string, result: BacktestResult): Promise<void> {
  let isOurs = false;
  try {
    const opened = await open(file, "w");
    isOurs = (await opened.stat()).isFile();
    await pipeline(Readable.from(blocks(formatEmitRows(result))), opened.createWriteStream());
  } catch (error) {
    if (isOurs) await rm(file, { force: true }).catch(() => undefined);
    throw new UserError(
      `--emit ${file}: cannot be written (${(error as NodeJS.ErrnoException).code})`,
      EXIT.error,
    );
  }
  note(`forecasts written to ${escapeText(file)}`);
}

const ROWS_PER_BLOCK = 2_000;

/** A write per row would take minutes for the millions of rows of a long backtest. */
function* blocks(rows: Iterable<string>): Generator<string> {
  let held: string[] = [];
  for (const row of rows) {
    held.push(row);
    if (held.length < ROWS_PER_BLOCK) continue;
    yield `${held.join("\n")}\n`;
    held = [];
  }
  if (held.length > 0) yield `${held.join("\n")}\n`;
}

async function originsOption(text: string | undefined): Promise<BacktestOptions["origins"]> {
  if (text === undefined) return { count: STANDARD_ORIGINS };
  if (/^\d+$/.test(text)) {
    const count = Number(text);
    if (count < 1 || count > MAX_ORIGINS)
      throw new UserError(`--origins: ${text} is not between 1 and ${MAX_ORIGINS}`);
    return { count };
  }
  const content = await readFile(text, "utf8").catch((error: NodeJS.ErrnoException) => {
    throw new UserError(`--origins ${text}: neither a number nor a file that can be read (${error.code})`);
  });
  return { atMs: readOrigins(content, text) };
}

function readOrigins(content: string, file: string): readonly number[] {
  return content.split("\n").flatMap((raw, index) => {
    const line = raw.trim();
    if (line === "" || line.startsWith("#")) return [];
    const atMs = /(?:Z|[+-]\d\d:?\d\d)$/.test(line) ? Date.parse(line) : Number.NaN;
    if (Number.isNaN(atMs))
      throw new UserError(
        `${file}:${index + 1}: "${line.slice(0, 60)}" is no ISO time with zone (2014-11-09T03:00:00Z)`,
      );
    return [atMs];
  });
}

function horizonsOption(text: string): readonly number[] {
  return text.split(",").map((part) => parseDurationSetting(part.trim(), "--horizons"));
}

function membersOption(text: string | undefined): readonly string[] {
  const known = MEMBERS.map((member) => member.name);
  if (text === undefined) return known;
  const names = text.split(",").map((name) => name.trim());
  const unknown = names.find((name) => !known.includes(name));
  if (unknown !== undefined) throw new UserError(`--members: "${unknown}" is none of ${known.join(", ")}`);
  return names;
}

function zoneOption(call: CommandCall): string {
  const timeZone = textOption(call, "timeZone") ?? "UTC";
  try {
    return new Intl.DateTimeFormat("en-US", { timeZone }).resolvedOptions().timeZone;
  } catch {
    throw new UserError(`--time-zone: "${timeZone}" is no IANA time zone (like Europe/Berlin)`);
  }
}
