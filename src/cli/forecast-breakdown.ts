import { open } from "node:fs/promises";
import { basename } from "node:path";
import { reconcile } from "../forecast/context/hierarchy.ts";
import {
  fitResourceDemand,
  forecastResource,
  type ResourceDemand,
} from "../forecast/context/resource-demand.ts";
import { createForecastEngine } from "../forecast/engine/engine.ts";
import type { QuantileForecast } from "../model/forecast.ts";
import { type DemandSeries, endMs, sliceSeries } from "../model/series.ts";
import { shortDuration } from "../model/time.ts";
import { UserError } from "../model/user-error.ts";
import { readCsvTrace } from "../observe/csv-trace.ts";
import type { CommandCall } from "./command-spec.ts";
import { FILE_SETTINGS, type Subject } from "./forecast-subject.ts";
import { allMembers, membersOption } from "./members-option.ts";
import { textOption } from "./options.ts";

/** One part of demand: a segment, an endpoint. */
export interface PartForecast {
  readonly name: string;
  readonly forecast: QuantileForecast;
}

/** Use of a resource to come, and what it was learned from. */
export interface ResourceForecast {
  readonly name: string;
  readonly model: ResourceDemand;
  readonly forecast: QuantileForecast;
}

/** Each part is a forecast of its own. */
const MOST_PARTS = 50;
/** What the parts leave of the whole is a part of its own from this share on. */
const LEAST_REST = 0.005;
export const REST = "(rest)";

/**
 * `--parts FILE`: a CSV with a time column and a column for each part. Forecasts each part and makes parts and whole
 * agree; the subject comes back with its reconciled forecast. Throws a `UserError` of one line.
 */
export async function withParts(
  call: CommandCall,
  subject: Subject,
): Promise<{ readonly subject: Subject; readonly parts: readonly PartForecast[] }> {
  const path = textOption(call, "parts");
  if (path === undefined) return { subject, parts: [] };
  const named = await readParts(call, path, subject);
  const rest = restOf(
    subject.history,
    named.map(({ series }) => series),
  );
  const all = rest === undefined ? named : [...named, { name: REST, series: rest }];
  const engine = createForecastEngine({
    settings: { ...FILE_SETTINGS, members: membersOption(call) ?? allMembers() },
    timeZone: subject.timeZone,
    horizons: subject.horizonsMs,
    threads: 2,
  });
  try {
    const answers = await Promise.all(all.map(({ name, series }) => engine.forecast(name, series)));
    const own = answers.map(({ forecast }) => forecast);
    const { total, breakdowns } = reconcile({ total: subject.forecast, breakdowns: [own] });
    const agreed = breakdowns[0] ?? own;
    return {
      subject: { ...subject, forecast: total },
      parts: all.map(({ name }, i) => ({ name, forecast: agreed[i] ?? total })),
    };
  } finally {
    await engine.close();
  }
}

/** `--resource FILE`: a CSV of what a resource was used; learns use from demand and forecasts it. */
export async function resourceOf(
  call: CommandCall,
  { history, forecast, timeZone }: Subject,
): Promise<ResourceForecast | undefined> {
  const path = textOption(call, "resource");
  if (path === undefined) return undefined;
  const use = await readOnGrid(call, { path, timeZone, valueColumn: undefined }, history, "--resource");
  const fit = fitResourceDemand({ demandRps: history.values, use: use.values });
  if (fit.kind === "refused") throw new UserError(`--resource ${path}: ${fit.reason}`);
  return {
    name: basename(path).replace(/\.csv$/i, ""),
    model: fit.model,
    forecast: forecastResource(fit.model, forecast),
  };
}

async function readParts(
  call: CommandCall,
  path: string,
  { history, timeZone }: Subject,
): Promise<readonly { readonly name: string; readonly series: DemandSeries }[]> {
  const [first = "", ...others] = await columnsOf(path);
  const time = textOption(call, "timeColumn") ?? first;
  const names = [first, ...others].filter((name) => name !== time);
  if (names.length === 0)
    throw new UserError(`--parts ${path}: has no column beside "${time}" (a column for each part)`);
  const twice = names.find((name, i) => names.indexOf(name) < i || name === REST);
  if (twice !== undefined)
    throw new UserError(`--parts ${path}: a second part is named "${twice}" (give each a name of its own)`);
  if (names.length > MOST_PARTS)
    throw new UserError(
      `--parts ${path}: ${names.length} parts, at most ${MOST_PARTS} (sum up the small ones)`,
    );
  const parts: { name: string; series: DemandSeries }[] = [];
  for (const name of names) {
    const series = await readOnGrid(call, { path, timeZone, valueColumn: name }, history, "--parts");
    parts.push({ name, series });
  }
  return parts;
}

/** The header's names; columns without one are passed over. */
async function columnsOf(path: string): Promise<readonly string[]> {
  const file = await open(path).catch((error: NodeJS.ErrnoException) => {
    throw new UserError(`--parts ${path}: cannot be read (${error.code})`);
  });
  try {
    const bytes = new Uint8Array(64 * 1024);
    const { bytesRead } = await file.read(bytes, 0, bytes.length, 0);
    const [header = ""] = new TextDecoder().decode(bytes.subarray(0, bytesRead)).split(/\r?\n/, 1);
    const separator = [",", ";", "\t"].find((mark) => header.includes(mark)) ?? ",";
    const names = header.replace(/^\ufeff/, "").split(separator);
    return names.map(unquoted).filter((name) => name !== "");
  } catch (error) {
    throw new UserError(`--parts ${path}: cannot be read (${(error as NodeJS.ErrnoException).code})`);
  } finally {
    await file.close();
  }
}

function unquoted(name: string): string {
  const trimmed = name.trim();
  const inside = /^"(.*)"$/.exec(trimmed)?.[1];
  return inside === undefined ? trimmed : inside.replaceAll('""', '"');
}

/** A CSV on the grid of `history`, over its span; what it does not cover is a gap. */
async function readOnGrid(
  call: CommandCall,
  file: { readonly path: string; readonly timeZone: string; readonly valueColumn: string | undefined },
  history: DemandSeries,
  flag: string,
): Promise<DemandSeries> {
  const timeColumn = textOption(call, "timeColumn");
  const { series } = await readCsvTrace({ ...file, stepMs: history.stepMs, timeColumn });
  if ((series.startMs - history.startMs) % history.stepMs !== 0) {
    const step = shortDuration(history.stepMs);
    throw new UserError(`${flag} ${file.path}: its steps of ${step} begin at other minutes than demand's`);
  }
  const on = sliceSeries(series, history.startMs, endMs(history));
  if (on.values.some((value) => !Number.isNaN(value))) return on;
  throw new UserError(`${flag} ${file.path}: no time in common with demand`);
}

/** What is left of the whole where all parts are known; undefined when they make it up. */
function restOf(whole: DemandSeries, parts: readonly DemandSeries[]): DemandSeries | undefined {
  const values = whole.values.map((value, i) =>
    parts.reduce((left, part) => left - (part.values[i] ?? Number.NaN), value),
  );
  const known = values.filter((value) => !Number.isNaN(value));
  const sum = (list: Float64Array): number => list.reduce((total, value) => total + Math.max(0, value), 0);
  const share =
    sum(known) / Math.max(1, known.length) / (sum(whole.values.filter((v) => v >= 0)) / whole.values.length);
  if (!(share > LEAST_REST)) return undefined;
  return { ...whole, values: values.map((value) => Math.max(0, value)) };
}
