import { processEnvironment } from "../config.ts";
import { FORECAST_LEVELS, quantileAt } from "../model/forecast.ts";
import { UserError } from "../model/user-error.ts";
import { wantsColour } from "./colour.ts";
import type { CommandCall } from "./command-spec.ts";
import { escapeText } from "./escape-text.ts";
import { EXIT } from "./exit-codes.ts";
import { type PartForecast, resourceOf, withParts } from "./forecast-breakdown.ts";
import { partLines, partsJson, resourceJson, resourceLines } from "./forecast-breakdown-text.ts";
import { forecastPlot } from "./forecast-plot.ts";
import { type HorizonRow, horizonRows } from "./forecast-rows.ts";
import { type Subject, withSubject } from "./forecast-subject.ts";
import { evidenceLines, explanation, forecastTable } from "./forecast-text.ts";
import { isoTime, localTime } from "./instants.ts";
import { flagOption, textOption, wantsCsv, wantsJson } from "./options.ts";
import { note, print, printJson } from "./output.ts";
import { canDraw, wantsAscii } from "./view/live-screen.ts";

/** Forecasts FILE, standard input or the configured source; records nothing. */
export async function runForecast(call: CommandCall): Promise<number> {
  const levels = levelsOption(call);
  return withSubject(call, async (whole) => {
    const { subject, parts } = await withParts(call, whole);
    const resource = await resourceOf(call, subject);
    const rows = horizonRows(subject);
    for (const warning of subject.warnings) note(`warning: ${escapeText(warning)}`);
    if (wantsJson(call)) {
      const more = { ...partsJson(subject, parts), ...resourceJson(subject, resource) };
      printJson("Forecast", { ...jsonOf(subject, rows, levels), ...more });
    } else if (wantsCsv(call)) print([...csvLines(subject, parts, levels ?? STANDARD_LEVELS)].join("\n"));
    else {
      printText(call, subject, rows, levels);
      print([...partLines(subject, parts), ...resourceLines(subject, resource)].join("\n"));
    }
    return EXIT.done;
  });
}

function printText(
  call: CommandCall,
  subject: Subject,
  rows: readonly HorizonRow[],
  levels: readonly number[] | undefined,
): void {
  const { forecast, source, timeZone } = subject;
  note(`demand ${escapeText(source)}, known up to ${localTime(forecast.cutoffMs, timeZone)}`);
  if (wantsPlot(call)) print(`${plotOf(call, subject).join("\n")}\n`);
  print(forecastTable(subject, rows, levels));
  print(["", ...evidenceLines(subject, rows)].join("\n"));
  if (flagOption(call, "explain")) print(`\n${explanation(subject)}`);
}

/** Median and the edges of the 95, 90, 80 and 50 % intervals. */
const STANDARD_LEVELS: readonly number[] = [0.025, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.975];
const [LOWEST = 0, HIGHEST = 1] = [FORECAST_LEVELS[0], FORECAST_LEVELS.at(-1)];

function levelsOption(call: CommandCall): readonly number[] | undefined {
  const text = textOption(call, "levels");
  if (text === undefined) return undefined;
  const levels = text.split(",").map((part) => {
    const level = /^\s*0?\.\d+\s*$/.test(part) ? Number(part) : Number.NaN;
    if (level >= LOWEST && level <= HIGHEST) return level;
    const what = `"${part.trim().slice(0, 20)}" is no level from ${LOWEST} to ${HIGHEST}`;
    throw new UserError(`--levels: ${what} (write 0.5,0.9,0.99)`);
  });
  return [...new Set(levels)].sort((a, b) => a - b);
}

function jsonOf(
  subject: Subject,
  rows: readonly HorizonRow[],
  levels: readonly number[] | undefined,
): object {
  const { service, source, timeZone, forecast, evidence, warnings } = subject;
  const shown = levels ?? STANDARD_LEVELS;
  return {
    service,
    source,
    timeZone,
    cutoff: isoTime(forecast.cutoffMs),
    stepMs: forecast.stepMs,
    horizons: rows.map(({ step: _step, ...row }) => row),
    levels: shown,
    steps: Array.from({ length: forecast.quantiles[0]?.length ?? 0 }, (_, step) => ({
      target: isoTime(forecast.cutoffMs + step * forecast.stepMs),
      quantiles: shown.map((level) => rounded(quantileAt(forecast, level, step))),
    })),
    evidence,
    warnings,
  };
}

/**
 * A column per level, a row per step: `target,0.025,...`; target is the start of the step, ISO 8601 UTC. With parts
 * the first column is `part`, empty for the whole.
 */
function* csvLines(
  { forecast }: Subject,
  parts: readonly PartForecast[],
  levels: readonly number[],
): Generator<string> {
  const lead = (name: string): readonly string[] => (parts.length === 0 ? [] : [csvCell(name)]);
  yield [...(parts.length === 0 ? [] : ["part"]), "target", ...levels].join(",");
  for (const one of [{ name: "", forecast }, ...parts]) {
    const steps = one.forecast.quantiles[0]?.length ?? 0;
    for (let step = 0; step < steps; step++) {
      const target = isoTime(forecast.cutoffMs + step * forecast.stepMs).replace(".000Z", "Z");
      const values = levels.map((level) => rounded(quantileAt(one.forecast, level, step)));
      yield [...lead(one.name), target, ...values].join(",");
    }
  }
}

function csvCell(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function rounded(value: number): number {
  return Number(value.toPrecision(10));
}

/** On a terminal unless `--no-plot`; elsewhere with `--plot` only. */
function wantsPlot(call: CommandCall): boolean {
  const asked = call.options["plot"];
  return typeof asked === "boolean" ? asked : canDraw(process.stdout, processEnvironment());
}

const STANDARD_COLUMNS = 100;
const MOST_COLUMNS = 160;
const PLOT_ROWS = 18;

function plotOf(call: CommandCall, { history, forecast, timeZone }: Subject): readonly string[] {
  const environment = processEnvironment();
  const { columns = STANDARD_COLUMNS, rows = 2 * PLOT_ROWS } = process.stdout;
  return forecastPlot({
    history,
    forecast,
    timeZone,
    columns: Math.min(MOST_COLUMNS, Math.max(30, columns || STANDARD_COLUMNS)),
    rows: Math.min(PLOT_ROWS, Math.max(9, (rows || 2 * PLOT_ROWS) - 12)),
    ascii: wantsAscii(environment),
    colour: wantsColour(call, environment, process.stdout),
  });
}
