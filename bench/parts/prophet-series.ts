import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import type { DemandSeries } from "../../src/model/series.ts";
import { DAY_MS, durationMs, epochMs, MINUTE_MS } from "../../src/model/time.ts";
import { UserError } from "../../src/model/user-error.ts";
import { arrivalsToSeries } from "../../src/observe/arrivals.ts";
import { readCsvTrace } from "../../src/observe/csv-trace.ts";
import { readFlightArrivals } from "../../src/observe/parquet-trace.ts";
import { seededRandom } from "../../src/simulate/seeded-random.ts";

export interface BenchSeries {
  readonly name: string;
  readonly timeZone: string;
  readonly series: DemandSeries;
}

const STEP_MS = durationMs(5 * MINUTE_MS);

/** Departures of winter 2001 (no change of the clocks within), and three made series. */
export async function defaultSeries(lengthMs: number): Promise<readonly BenchSeries[]> {
  return [await flights(lengthMs), ...MADE.map((make) => made(make, lengthMs))];
}

/** The last `lengthMs` of each file, or all of it. Throws a UserError for one below three quarters of that. */
export async function fileSeries(
  paths: readonly string[],
  lengthMs: number,
): Promise<readonly BenchSeries[]> {
  const all: BenchSeries[] = [];
  for (const path of paths) {
    const { series } = await readCsvTrace({ path, stepMs: undefined, timeZone: "UTC" });
    const wanted = Math.floor(lengthMs / series.stepMs);
    const { length } = series.values;
    if (length < 0.75 * wanted) throw new UserError(`${path}: has ${length} steps, needs ${wanted}`);
    const steps = Math.min(length, wanted);
    all.push({ name: basename(path, ".csv"), timeZone: "UTC", series: cut(series, length - steps, steps) });
  }
  return all;
}

async function flights(lengthMs: number): Promise<BenchSeries> {
  const main = createRequire(import.meta.url).resolve("vega-datasets");
  const file = join(dirname(main), "../data/flights-3m.parquet");
  const arrivals = await readFlightArrivals({ file, cacheFolder: join(tmpdir(), "tiercast-bench-cache") });
  const series = arrivalsToSeries(arrivals, STEP_MS, 1);
  const from = Math.round((10 * DAY_MS) / STEP_MS);
  const part = cut(series, from, Math.floor(lengthMs / STEP_MS));
  return { name: "US departures", timeZone: "America/New_York", series: part };
}

interface Made {
  readonly name: string;
  readonly seed: number;
  /** Demand at `days` since the start, before the wandering noise. */
  readonly at: (days: number) => number;
}

const day = (days: number): number => 1 - 0.6 * Math.cos(2 * Math.PI * days);
const weekend = (days: number): number => (Math.floor(days) % 7 >= 5 ? 0.6 : 1);
const MADE: readonly Made[] = [
  { name: "made: daily and weekly", seed: 1, at: (days) => 200 * day(days) * weekend(days) },
  { name: "made: growing", seed: 2, at: (days) => (120 + 12 * days) * day(days) },
  { name: "made: level shift", seed: 3, at: (days) => 150 * day(days) + (days > 8 ? 120 : 0) },
];

function made({ name, seed, at }: Made, lengthMs: number): BenchSeries {
  const random = seededRandom(seed);
  const noise = (): number => random() + random() + random() - 1.5;
  let wander = 0;
  const values = Float64Array.from({ length: Math.floor(lengthMs / STEP_MS) }, (_, i) => {
    wander = 0.97 * wander + 4 * noise();
    return Math.max(0, at((i * STEP_MS) / DAY_MS) + wander + 10 * noise());
  });
  const series = { startMs: epochMs(Date.UTC(2026, 0, 5)), stepMs: STEP_MS, values };
  return { name, timeZone: "UTC", series };
}

function cut({ startMs, stepMs, values }: DemandSeries, from: number, steps: number): DemandSeries {
  return { startMs: epochMs(startMs + from * stepMs), stepMs, values: values.slice(from, from + steps) };
}
