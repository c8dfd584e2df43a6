import { readFile } from "node:fs/promises";
import { parseDurationSetting } from "../config.ts";
import type { BacktestOptions } from "../forecast/scores/backtest.ts";
import { type DemandSeries, endMs, sliceSeries } from "../model/series.ts";
import { DAY_MS, HOUR_MS, shortDuration } from "../model/time.ts";
import { UserError } from "../model/user-error.ts";
import type { CommandCall } from "./command-spec.ts";
import { parseInstant } from "./instant-option.ts";
import { isoTime } from "./instants.ts";
import { allMembers, membersOption } from "./members-option.ts";
import { textOption } from "./options.ts";
import { readSource } from "./read-source.ts";
import { withWired } from "./wired.ts";

/** What is looked back at: a file of the command line, or the configured source. */
export interface BacktestSubject {
  readonly name: string;
  /** null for the configured source and for a server. */
  readonly file: string | null;
  readonly series: DemandSeries;
  readonly timeZone: string;
  readonly horizonsMs: readonly number[];
  readonly learning: Pick<BacktestOptions, "members" | "trainMs" | "refitMs" | "capFactor">;
  readonly warnings: readonly string[];
}

const STANDARD_ORIGINS = 20;
const MAX_ORIGINS = 100_000;
const STANDARD_HORIZONS = "5m,1h,24h";
const FILE_LEARNING = { trainMs: 28 * DAY_MS, refitMs: HOUR_MS, capFactor: 3 } as const;

/** Reads FILE or the configured source, with the flags that say how. */
export async function backtestSubject(call: CommandCall): Promise<BacktestSubject> {
  const members = membersOption(call);
  const horizons = textOption(call, "horizons");
  const input = await readSource(call, { lastMs: learnedBefore(call) });
  if (input !== undefined) {
    const { kind, name, path, series, timeZone, warnings } = input;
    return {
      name,
      file: kind === "prometheus" ? null : path,
      series,
      timeZone,
      warnings,
      horizonsMs: horizonsFor(horizonsOption(horizons ?? STANDARD_HORIZONS), series),
      learning: { ...FILE_LEARNING, members: members ?? allMembers() },
    };
  }
  const found: BacktestSubject[] = [];
  await withWired(call, CONFIGURED, async ({ parts }, { settings }) => {
    const { timeZone, historyMs } = settings.demand;
    const series = await parts.demand.read(parts.clock.nowMs(), historyMs);
    const { trainMs, refitMs, capFactor } = settings.forecast;
    const horizonsMs = horizons === undefined ? settings.horizons : horizonsOption(horizons);
    found.push({
      name: parts.demand.name,
      file: null,
      series,
      timeZone,
      warnings: [],
      horizonsMs: horizonsFor(horizonsMs, series),
      learning: { trainMs, refitMs, capFactor, members: members ?? settings.forecast.members },
    });
    return 0;
  });
  const [subject] = found;
  if (subject === undefined) throw new Error("the configured source was not read");
  return subject;
}

/** What is scored, and before it what is learned from. */
function learnedBefore(call: CommandCall): number {
  const text = textOption(call, "last");
  return FILE_LEARNING.trainMs + (text === undefined ? 14 * DAY_MS : parseDurationSetting(text, "--last"));
}

const CONFIGURED = { lease: "none", readOnly: true, needsDemand: true } as const;

/** Where forecasts start from, and the series up to the end of the window of `--last`, `--from` and `--to`. */
export async function windowOption(
  call: CommandCall,
  { series, timeZone }: Pick<BacktestSubject, "series" | "timeZone">,
): Promise<Pick<BacktestOptions, "series" | "origins">> {
  const { fromMs, toMs } = windowBounds(call, series, timeZone);
  const cut = toMs < endMs(series) ? sliceSeries(series, series.startMs, toMs) : series;
  if ((fromMs ?? series.startMs) >= endMs(cut))
    throw new UserError(
      `the window ends at ${isoTime(toMs)} and holds no demand (it is known from ${isoTime(series.startMs)} ` +
        `to ${isoTime(endMs(series))})`,
    );
  const origins = await originsOption(textOption(call, "origins"));
  if ("count" in origins)
    return { series: cut, origins: { ...origins, ...(fromMs !== undefined && { fromMs }) } };
  const isWindow = ["last", "from", "to"].some((name) => textOption(call, name) !== undefined);
  if (!isWindow) return { series: cut, origins };
  const atMs = origins.atMs.filter((ms) => ms >= (fromMs ?? series.startMs) && ms < toMs - series.stepMs);
  if (atMs.length === 0) throw new UserError("--origins: none of its times lies in the window");
  return { series: cut, origins: { atMs } };
}

function windowBounds(
  call: CommandCall,
  series: DemandSeries,
  timeZone: string,
): { readonly fromMs: number | undefined; readonly toMs: number } {
  const [last, from, to] = ["last", "from", "to"].map((name) => textOption(call, name));
  if (last !== undefined && from !== undefined) throw new UserError("--last and --from: give one of them");
  const instant = (text: string, name: string): number =>
    parseInstant(text, { name, nowMs: endMs(series), timeZone });
  const toMs = to === undefined ? endMs(series) : Math.min(endMs(series), instant(to, "--to"));
  if (last !== undefined) return { fromMs: toMs - parseDurationSetting(last, "--last"), toMs };
  return { fromMs: from === undefined ? undefined : instant(from, "--from"), toMs };
}

function horizonsFor(horizonsMs: readonly number[], { stepMs }: DemandSeries): readonly number[] {
  const kept = horizonsMs.filter((horizonMs) => horizonMs >= stepMs);
  if (kept.length > 0) return kept;
  throw new UserError(`--horizons: each is below the step of ${shortDuration(stepMs)}`);
}

function horizonsOption(text: string): readonly number[] {
  return text.split(",").map((part) => parseDurationSetting(part.trim(), "--horizons"));
}

async function originsOption(
  text: string | undefined,
): Promise<{ readonly count: number } | { readonly atMs: readonly number[] }> {
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
