import { createWriteStream } from "node:fs";
import { mkdtemp, open, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { constants, gunzipSync } from "node:zlib";
import { cacheFolder, parseDurationSetting, processEnvironment } from "../config.ts";
import type { DemandSeries } from "../model/series.ts";
import { durationMs, MINUTE_MS } from "../model/time.ts";
import { UserError } from "../model/user-error.ts";
import { readAccessLog } from "../observe/access-log.ts";
import { parseLogLine } from "../observe/access-log-line.ts";
import { arrivalsToSeries } from "../observe/arrivals.ts";
import { readCsvTrace } from "../observe/csv-trace.ts";
import { readFlightArrivals } from "../observe/parquet-trace.ts";
import { thinned } from "../simulate/world.ts";
import type { CommandCall } from "./command-spec.ts";
import { textOption } from "./options.ts";
import { note } from "./output.ts";
import { zoneOption } from "./zone-option.ts";

export type InputKind = "csv" | "access-log" | "parquet" | "prometheus";

/** A demand series that the user named on the command line. */
export interface Input {
  readonly kind: InputKind;
  /** `csv demand.csv`: for the first line of what is shown. */
  readonly name: string;
  readonly path: string;
  readonly series: DemandSeries;
  readonly timeZone: string;
  /** A line each. */
  readonly warnings: readonly string[];
}

/** Grid of sources that have no step of their own. */
const STANDARD_STEP_MS = durationMs(5 * MINUTE_MS);

const STDIN_NAME = "standard input";

type Format = Exclude<InputKind, "prometheus">;

/**
 * `clock`: steps of the clock, 00:00, 00:05 ... `stamps`: a CSV trace keeps the grid of its own stamps, for what is
 * written per row: rows at 00:04, 00:09 ... stay there.
 */
export type InputGrid = "clock" | "stamps";

/**
 * Reads FILE, or standard input for `-`: a CSV trace, an access log or a parquet file of arrivals, told by the
 * first bytes. Flags: --step, --time-zone, --time-column, --value-column. Throws a `UserError` of one line.
 */
export async function readInput(call: CommandCall, path: string, grid: InputGrid = "clock"): Promise<Input> {
  const given = await stat(path).catch(() => undefined);
  // A pipe cannot be read from its start twice, and its kind is told by its first bytes.
  if (path !== "-" && given?.isFIFO() !== true) return readFileInput(call, { path, shown: path, grid });
  if (path === "-" && process.stdin.isTTY) note("reading rows from the terminal (end them with Ctrl-D)");
  const folder = await mkdtemp(join(tmpdir(), "tiercast-"));
  const spooled = join(folder, "input");
  const shown = path === "-" ? STDIN_NAME : path;
  try {
    const from: Readable = path === "-" ? process.stdin : (await open(path, "r")).createReadStream();
    await pipeline(from, createWriteStream(spooled), { signal: call.context.signal });
    return await readFileInput(call, { path: spooled, shown, grid });
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    throw new UserError(error.message.replaceAll(spooled, shown), error.exitCode);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function readFileInput(
  call: CommandCall,
  { path, shown, grid }: { readonly path: string; readonly shown: string; readonly grid: InputGrid },
): Promise<Input> {
  const step = textOption(call, "step");
  const stepMs = step === undefined ? undefined : parseDurationSetting(step, "--step");
  const timeZone = zoneOption(call);
  const format = await formatOf(path);
  const input = (series: DemandSeries, warnings: readonly string[], zone = timeZone ?? "UTC"): Input => ({
    kind: format,
    name: `${format} ${shown}`,
    path: shown,
    series,
    timeZone: zone,
    warnings: warnings.map((line) => line.replaceAll(path, shown)),
  });
  switch (format) {
    case "csv": {
      const columns = {
        timeColumn: textOption(call, "timeColumn"),
        valueColumn: textOption(call, "valueColumn"),
      };
      const request = { path, stepMs, timeZone: timeZone ?? "UTC", ...columns };
      const trace = await (grid === "clock" ? readCsvTrace(request) : readOnStamps(request));
      return input(trace.series, trace.warnings);
    }
    case "access-log": {
      const log = await readAccessLog({ path, stepMs: stepMs ?? STANDARD_STEP_MS });
      return input(log.series, log.warnings);
    }
    case "parquet": {
      const cache = cacheFolder(processEnvironment());
      const zone = timeZone ?? "America/New_York";
      const arrivals = await readFlightArrivals({ file: path, cacheFolder: cache, timeZone: zone });
      return input(arrivalsToSeries(arrivals, stepMs ?? STANDARD_STEP_MS, 1), [], zone);
    }
  }
}

/** Above this many steps a finer reading is not tried. */
const MOST_FINE_STEPS = 10_000_000;

/** The trace on the grid of its own stamps: read by the minute, of which every so many are kept. */
async function readOnStamps(request: Parameters<typeof readCsvTrace>[0]): ReturnType<typeof readCsvTrace> {
  const trace = await readCsvTrace(request);
  const { series } = trace;
  const minutes = series.stepMs / MINUTE_MS;
  const isWhole =
    Number.isInteger(minutes) && minutes > 1 && minutes * series.values.length < MOST_FINE_STEPS;
  if (request.stepMs !== undefined || !isWhole) return trace;
  const fine = await readCsvTrace({ ...request, stepMs: MINUTE_MS });
  if (fine.series.startMs === series.startMs) return trace;
  return { ...trace, series: thinned(fine.series, series.stepMs) };
}

const HEAD_BYTES = 64 * 1024;

/** What cannot be opened, and whatever is neither parquet nor a log, is left to the CSV reader to judge. */
async function formatOf(path: string): Promise<Format> {
  const head = await firstBytes(path);
  if (head.subarray(0, 4).toString("latin1") === "PAR1") return "parquet";
  const text = (isGzip(head) ? gunzipHead(head) : head).toString("utf8");
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  return lines.slice(0, 20).some((line) => parseLogLine(line) !== undefined) ? "access-log" : "csv";
}

async function firstBytes(path: string): Promise<Buffer> {
  const buffer = Buffer.alloc(HEAD_BYTES);
  try {
    const file = await open(path, "r");
    try {
      return buffer.subarray(0, (await file.read(buffer, 0, HEAD_BYTES, 0)).bytesRead);
    } finally {
      await file.close();
    }
  } catch {
    return buffer.subarray(0, 0);
  }
}

function isGzip(head: Buffer): boolean {
  return head[0] === 0x1f && head[1] === 0x8b;
}

/** The text that the first bytes of a gzip file stand for, as far as they go. */
function gunzipHead(head: Buffer): Buffer {
  try {
    return gunzipSync(head.subarray(0, 4096), { finishFlush: constants.Z_SYNC_FLUSH });
  } catch {
    return Buffer.alloc(0);
  }
}
