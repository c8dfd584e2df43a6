import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import type { DemandSeries } from "../model/series.ts";
import type { Settings } from "../model/settings.ts";
import { durationMs, type EpochMs, epochMs } from "../model/time.ts";
import { UserError } from "../model/user-error.ts";
import { readAccessLog } from "../observe/access-log.ts";
import { arrivalsToSeries } from "../observe/arrivals.ts";
import { readCsvTrace } from "../observe/csv-trace.ts";
import { readFlightArrivals } from "../observe/parquet-trace.ts";
import { arrivalsTrace, type ReplayTrace, seriesTrace } from "./replay-trace.ts";

export interface OpenTraceRequest {
  readonly settings: Settings;
  /** undefined: the departures that come with the development dependencies. */
  readonly file: string | undefined;
  readonly cacheFolder: string;
  readonly speed: number;
}

/** Tuesday 3 April 2001, 21:40 in New York: a fall until midnight, a quiet night, a rise from 05:40 on. */
const DEPARTURES_START_MS = Date.UTC(2001, 3, 4, 1, 40);

/** Another trace is replayed from here on: what is before is history to learn from. */
const HISTORY_SHARE = 0.6;

/** Another trace is scaled so that its usual peak loads the service like the departures do. */
const USUAL_PEAK_RPS = 70;

export async function openTrace(request: OpenTraceRequest): Promise<ReplayTrace> {
  return request.file === undefined ? openDepartures(request) : openFile(request.file, request);
}

async function openDepartures({ settings, cacheFolder, speed }: OpenTraceRequest): Promise<ReplayTrace> {
  const arrivals = await readFlightArrivals({
    file: departuresFile(),
    cacheFolder,
    timeZone: settings.demand.timeZone,
  });
  // One departure is one request: `speed` times as many in a wall second as there were in a second of 2001.
  const series = arrivalsToSeries(arrivals, settings.demand.stepMs, speed);
  return arrivalsTrace("US flight departures, 2001", arrivals, series, epochMs(DEPARTURES_START_MS));
}

function departuresFile(): string {
  try {
    const main = createRequire(import.meta.url).resolve("vega-datasets");
    for (let folder = dirname(main); folder !== dirname(folder); folder = dirname(folder)) {
      const file = join(folder, "data", "flights-3m.parquet");
      if (existsSync(file)) return file;
    }
  } catch {
    // Told below, in words.
  }
  throw new UserError(
    "the departures of the demo are not installed: run it in a clone after `npm ci`, or give `--trace FILE`",
  );
}

async function openFile(file: string, request: OpenTraceRequest): Promise<ReplayTrace> {
  const { settings, speed } = request;
  const { stepMs, timeZone } = settings.demand;
  const series = /\.(csv|tsv)(\.gz)?$/i.test(file)
    ? (await readCsvTrace({ path: file, stepMs, timeZone })).series
    : (await readAccessLog({ path: file, stepMs })).series;
  const scaled = scaleToPeak(series);
  const steps = Math.floor(scaled.values.length * HISTORY_SHARE);
  if (steps < 2) throw new UserError(`${file}: too short to learn from and to replay: give at least 5 steps`);
  const startMs: EpochMs = epochMs(scaled.startMs + steps * stepMs);
  return seriesTrace(file, scaled, startMs, speed);
}

function scaleToPeak(series: DemandSeries): DemandSeries {
  const present = Array.from(series.values).filter((value) => !Number.isNaN(value));
  const sorted = present.sort((a, b) => a - b);
  const peak = sorted[Math.floor(0.99 * (sorted.length - 1))] ?? 0;
  if (peak <= 0) return series;
  return {
    startMs: series.startMs,
    stepMs: durationMs(series.stepMs),
    values: series.values.map((value) => (value * USUAL_PEAK_RPS) / peak),
  };
}
