import { realpath } from "node:fs/promises";
import { resolve } from "node:path";
import {
  type BacktestOptions,
  type BacktestResult,
  formatEmitRows,
  runBacktest,
} from "../forecast/scores/backtest.ts";
import { endMs } from "../model/series.ts";
import { UserError } from "../model/user-error.ts";
import { type BacktestSubject, backtestSubject, windowOption } from "./backtest-options.ts";
import { levelCsv, levelTable, SCORE_LEGEND, scoreCsv, scoreTable } from "./backtest-text.ts";
import type { CommandCall } from "./command-spec.ts";
import { escapeText } from "./escape-text.ts";
import { eventsOption } from "./events-option.ts";
import { EXIT } from "./exit-codes.ts";
import { figure } from "./figures.ts";
import { isoTime } from "./instants.ts";
import { flagOption, textOption, wantsCsv, wantsJson, wholeOption } from "./options.ts";
import { note, print, printJson } from "./output.ts";
import { progressBar } from "./progress-bar.ts";
import { progressLine } from "./progress-line.ts";
import { backtestPage } from "./report/backtest-page.ts";
import { checkWritable, writeWhole } from "./whole-file.ts";

/**
 * Forecasts a trace's past and scores it: a table per horizon, every forecast with `--emit`, a page with
 * `--report`.
 */
export async function runBacktestCommand(call: CommandCall): Promise<number> {
  const files = { emit: textOption(call, "emit"), report: textOption(call, "report") };
  await checkFiles(files, call.args[0]);
  const subject = await backtestSubject(call);
  for (const warning of subject.warnings) note(`warning: ${escapeText(warning)}`);
  const window = await windowOption(call, subject);
  const options: BacktestOptions = {
    ...subject.learning,
    ...window,
    ahead: await eventsOption(call, { timeZone: subject.timeZone, nowMs: endMs(window.series) }),
    horizonsMs: subject.horizonsMs,
    timeZone: subject.timeZone,
    threads: wholeOption(call, "threads") ?? 1,
    signal: call.context.signal,
  };
  const result = await backtest(call, options);
  const { signal } = call.context;
  if (files.emit !== undefined) {
    await writeWhole(files.emit, formatEmitRows(result), { name: "--emit", signal });
    note(`forecasts written to ${escapeText(files.emit)}`);
  }
  if (files.report !== undefined) {
    const page = backtestPage({ name: subject.name, options, result });
    await writeWhole(files.report, [page], { name: "--report", signal });
    note(`report written to ${escapeText(files.report)}`);
  }
  show(call, result, subject);
  return EXIT.done;
}

async function backtest(call: CommandCall, options: BacktestOptions): Promise<BacktestResult> {
  const line = progressLine(process.stderr);
  const began = performance.now();
  const isText = !wantsJson(call) && !wantsCsv(call);
  try {
    return await runBacktest({
      ...options,
      onProgress: (done, total) => {
        if (isText || process.stderr.isTTY)
          line.show(progressBar("origins", done, total, performance.now() - began));
      },
    });
  } finally {
    line.end();
  }
}

function show(call: CommandCall, result: BacktestResult, { name, file, series }: BacktestSubject): void {
  const { models, references, byOrigin, skipped, originsMs, meanFitMs } = result;
  if (wantsJson(call)) {
    printJson("Backtest", {
      file,
      source: name,
      stepMs: series.stepMs,
      origins: originsMs.map(isoTime),
      meanFitMs,
      models,
      references,
      byOrigin: byOrigin.map(({ originMs, ...rest }) => ({ origin: isoTime(originMs), ...rest })),
      skipped,
    });
    return;
  }
  for (const [model, reason] of Object.entries(skipped))
    note(`warning: ${escapeText(model)} left out: ${escapeText(reason)}`);
  const perLevel = flagOption(call, "perLevel");
  if (wantsCsv(call)) {
    print([...(perLevel ? levelCsv(result) : scoreCsv(result))].join("\n"));
    return;
  }
  const from = isoTime(originsMs[0] ?? Number.NaN);
  const to = isoTime(originsMs.at(-1) ?? Number.NaN);
  print(`${originsMs.length} origins, ${from} to ${to}; ${figure(meanFitMs)} ms per origin\n`);
  print(`${scoreTable(result)}\n\n${SCORE_LEGEND}`);
  if (perLevel) print(`\n${levelTable(result)}`);
}

/** Before hours of work: what is written after them must not be the trace, each other, or out of reach. */
async function checkFiles(
  files: Readonly<Record<"emit" | "report", string | undefined>>,
  trace: string | undefined,
): Promise<void> {
  const seen = new Map<string, string>();
  const real = (file: string): Promise<string> => realpath(file).catch(() => resolve(file));
  if (trace !== undefined) seen.set(await real(trace), "the trace itself");
  for (const [flag, file] of Object.entries(files)) {
    if (file === undefined) continue;
    const path = await real(file);
    const other = seen.get(path);
    if (other !== undefined) throw new UserError(`--${flag} ${file}: is ${other} (name another file)`);
    seen.set(path, `the file of --${flag}`);
    await checkWritable(file, `--${flag}`);
  }
}
