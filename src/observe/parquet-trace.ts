import { stat } from "node:fs/promises";
import { join } from "node:path";
import { zstdDecompressSync } from "node:zlib";
import { epochMs, MINUTE_MS } from "../model/time.ts";
import type { Arrivals } from "./arrivals.ts";
import { readArrivalsCache, writeArrivalsCache } from "./arrivals-cache.ts";
import { inputError, unreadable } from "./input-error.ts";
import { createZoneClock } from "./zone-clock.ts";

/**
 * Zone whose clock the stamps are read on. The data stamps each departure in the local time of its airport; a
 * rhythm of local hours over the whole country is what it shows, so all stamps are read as one local clock.
 * New York had its change to daylight saving on 2001-04-01.
 */
const FLIGHTS_TIME_ZONE = "America/New_York";

export interface FlightArrivalsRequest {
  /** `flights-3m.parquet` of the npm package vega-datasets. */
  readonly file: string;
  readonly cacheFolder: string;
  /** Default: America/New_York. */
  readonly timeZone?: string;
}

/**
 * The departures of `flights-3m.parquet` as arrivals; origins are airports. Parsed once, then kept in the cache
 * folder; a cache that is damaged or of another file is made anew, and one that cannot be written does not matter.
 * Throws a `UserError` when the file is missing or another one.
 */
export async function readFlightArrivals(request: FlightArrivalsRequest): Promise<Arrivals> {
  const { file, cacheFolder, timeZone = FLIGHTS_TIME_ZONE } = request;
  const size = await fileSize(file);
  const cacheFile = join(cacheFolder, "arrivals", "flights-3m.bin");
  const source = `flights-3m ${size} ${timeZone}`;
  const cached = await readArrivalsCache(cacheFile, source);
  if (cached !== undefined) return cached;
  const columns = await readParquet(file);
  const arrivals = inTimeOrder(columns, timeZone);
  await writeArrivalsCache(cacheFile, source, arrivals, String(process.pid)).catch(() => undefined);
  return arrivals;
}

interface Columns {
  /** Local clock minutes since 1970, by row. */
  readonly localMinutes: Int32Array;
  readonly origins: Uint16Array;
  readonly originNames: readonly string[];
}

async function fileSize(file: string): Promise<number> {
  try {
    return (await stat(file)).size;
  } catch (error) {
    throw unreadable(file, 1, error);
  }
}

/** Columns: date (int64, microseconds of the local clock), origin (text); row groups of Polars, zstd. */
async function readParquet(file: string): Promise<Columns> {
  const parquet = await import("hyparquet");
  try {
    const buffer = await parquet.asyncBufferFromFile(file);
    const metadata = await parquet.parquetMetadataAsync(buffer);
    const rows = Number(metadata.num_rows);
    const localMinutes = new Int32Array(rows);
    const origins = new Uint16Array(rows);
    const names = new Map<unknown, number>();
    await parquet.parquetRead({
      file: buffer,
      metadata,
      columns: ["date", "origin"],
      compressors: { ZSTD: (bytes: Uint8Array) => zstdDecompressSync(bytes) },
      parsers: { timestampFromMicroseconds: (micros: bigint) => Number(micros / 60_000_000n) },
      onChunk: ({ columnName, columnData, rowStart }) => {
        if (columnName === "date") localMinutes.set(columnData as ArrayLike<number>, rowStart);
        else
          for (let i = 0; i < columnData.length; i++) origins[rowStart + i] = indexOf(names, columnData[i]);
      },
    });
    return { localMinutes, ...inNameOrder(origins, [...names.keys()].map(String)) };
  } catch {
    throw inputError(file, undefined, "is not the flights-3m.parquet of vega-datasets", "run npm ci");
  }
}

function indexOf(names: Map<unknown, number>, name: unknown): number {
  const known = names.get(name);
  if (known !== undefined) return known;
  names.set(name, names.size);
  return names.size - 1;
}

/** Row groups arrive in any order, so names are numbered by the alphabet: the same file gives the same bytes. */
function inNameOrder(origins: Uint16Array, names: readonly string[]): Omit<Columns, "localMinutes"> {
  const originNames = names.toSorted();
  const places = new Map(originNames.map((name, place) => [name, place]));
  const newIndex = names.map((name) => places.get(name) ?? 0);
  return { origins: origins.map((origin) => newIndex[origin] ?? 0), originNames };
}

/** Counting sort by minute: linear, and arrivals of one minute stay in the order of the file. */
function inTimeOrder(columns: Columns, timeZone: string): Arrivals {
  const toInstant = createZoneClock(timeZone);
  const minutes = new Int32Array(columns.localMinutes.length);
  let first = Number.POSITIVE_INFINITY;
  let last = Number.NEGATIVE_INFINITY;
  columns.localMinutes.forEach((local, row) => {
    const minute = Math.floor(toInstant(local * MINUTE_MS, Number.NEGATIVE_INFINITY) / MINUTE_MS);
    minutes[row] = minute;
    first = Math.min(first, minute);
    last = Math.max(last, minute);
  });

  const next = new Uint32Array(last - first + 2);
  for (const minute of minutes) next[minute - first + 1] = (next[minute - first + 1] ?? 0) + 1;
  for (let i = 1; i < next.length; i++) next[i] = (next[i] ?? 0) + (next[i - 1] ?? 0);
  const minuteOffsets = new Uint32Array(minutes.length);
  const origins = new Uint16Array(minutes.length);
  minutes.forEach((minute, row) => {
    const place = next[minute - first] ?? 0;
    next[minute - first] = place + 1;
    minuteOffsets[place] = minute - first;
    origins[place] = columns.origins[row] ?? 0;
  });
  return { startMs: epochMs(first * MINUTE_MS), minuteOffsets, origins, originNames: columns.originNames };
}
