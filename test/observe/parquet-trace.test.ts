import { readdir, readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { durationMs, epochMs, HOUR_MS, MINUTE_MS } from "../../src/model/time.ts";
import { type Arrivals, arrivalsToSeries } from "../../src/observe/arrivals.ts";
import { readArrivalsCache, writeArrivalsCache } from "../../src/observe/arrivals-cache.ts";
import { readFlightArrivals } from "../../src/observe/parquet-trace.ts";
import { scratchFolder } from "./scratch.ts";

const FILE = fileURLToPath(
  new URL("../../node_modules/vega-datasets/data/flights-3m.parquet", import.meta.url),
);
const scratch = scratchFolder();

const SMALL: Arrivals = {
  startMs: epochMs(Date.UTC(2001, 0, 1, 5, 1)),
  minuteOffsets: Uint32Array.of(0, 0, 3, 4, 9, 13, 14),
  origins: Uint16Array.of(2, 0, 1, 1, 2, 0, 0),
  originNames: ["ATL", "BOS", "JFK"],
};

test("the departures: parsed once, the same from the cache, a damaged cache made anew", async () => {
  const request = { file: FILE, cacheFolder: scratch.path("cache") };
  const parsed = await readFlightArrivals(request);
  expect(parsed.minuteOffsets).toHaveLength(3_000_000);
  expect(new Date(parsed.startMs).toISOString()).toBe("2001-01-01T05:01:00.000Z");
  expect(parsed.originNames).toHaveLength(229);
  expect(parsed.originNames.toSorted()).toEqual(parsed.originNames);
  expect(
    parsed.minuteOffsets.every((offset, i) => i === 0 || offset >= (parsed.minuteOffsets[i - 1] ?? 0)),
  ).toBe(true);

  const startedMs = performance.now();
  const cached = await readFlightArrivals(request);
  expect(performance.now() - startedMs).toBeLessThan(2000);
  expect(
    Buffer.compare(Buffer.from(cached.minuteOffsets.buffer), Buffer.from(parsed.minuteOffsets.buffer)),
  ).toBe(0);
  expect(cached.origins.every((origin, i) => origin === parsed.origins[i])).toBe(true);

  const cacheFile = scratch.path("cache/arrivals/flights-3m.bin");
  const bytes = await readFile(cacheFile);
  bytes[bytes.length - 5] = (bytes.at(-5) ?? 0) ^ 1;
  await writeFile(cacheFile, bytes);
  const mended = await readFlightArrivals(request);
  expect(mended.origins.at(-3)).toBe(parsed.origins.at(-3));
  expect(await readdir(scratch.path("cache/arrivals"))).toEqual(["flights-3m.bin"]);
}, 60_000);

test("the rhythm is the local one, before and after the change to daylight saving", async () => {
  const arrivals = await readFlightArrivals({ file: FILE, cacheFolder: scratch.path("cache") });
  const { startMs, values } = arrivalsToSeries(arrivals, durationMs(HOUR_MS), 1);
  const format = new Intl.DateTimeFormat("en-US", {
    timeZone: "America/New_York",
    hourCycle: "h23",
    hour: "2-digit",
  });
  for (const [from, to] of [
    ["2001-02-01", "2001-03-30"],
    ["2001-04-03", "2001-06-01"],
  ] as const) {
    const sums = new Map<string, number>();
    values.forEach((value, i) => {
      const atMs = startMs + i * HOUR_MS;
      if (atMs < Date.parse(from) || atMs >= Date.parse(to)) return;
      const hour = format.format(atMs);
      sums.set(hour, (sums.get(hour) ?? 0) + value);
    });
    const [night = 0, morning = 0] = [sums.get("04"), sums.get("06")];
    expect(morning).toBeGreaterThan(200 * night);
  }
}, 60_000);

test("a folder that cannot be written does not matter; a file that is another one does", async () => {
  const other = await scratch.write("other.parquet", "PAR1 and more, but no parquet PAR1");
  const cacheFolder = scratch.path("other-cache");
  await expect(readFlightArrivals({ file: other, cacheFolder })).rejects.toThrow(
    /is not the flights-3m\.parquet/,
  );
  const missing = readFlightArrivals({ file: scratch.path("none"), cacheFolder });
  await expect(missing).rejects.toThrow(/none: no such file/);
});

test("the cache gives back what was written, and nothing when it is cut, foreign or of another source", async () => {
  const file = scratch.path("small/small.bin");
  await writeArrivalsCache(file, "small 1", SMALL, "test");
  expect(await readArrivalsCache(file, "small 1")).toEqual(SMALL);
  expect(await readArrivalsCache(file, "small 2")).toBeUndefined();
  const bytes = await readFile(file);
  for (let length = 0; length < bytes.length; length += 7) {
    await writeFile(file, bytes.subarray(0, length));
    expect(await readArrivalsCache(file, "small 1")).toBeUndefined();
  }
  expect(await readArrivalsCache(scratch.path("nowhere"), "small 1")).toBeUndefined();
});

test("arrivals become requests/s on whole steps", () => {
  const series = arrivalsToSeries(SMALL, durationMs(5 * MINUTE_MS), 30);
  expect(new Date(series.startMs).toISOString()).toBe("2001-01-01T05:00:00.000Z");
  // minutes 1 1 4 | 5 | 10 14 | 15: three, one, two arrivals, then a step that may not be whole
  expect([...series.values].map((value) => Math.round((value * 300) / 30))).toEqual([3, 1, 2]);
});
