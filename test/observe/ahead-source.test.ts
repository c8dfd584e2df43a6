import { rm, utimes, writeFile } from "node:fs/promises";
import { expect, test } from "vitest";
import type { ScheduledEvent } from "../../src/model/known-ahead.ts";
import { DAY_MS, durationMs, epochMs, HOUR_MS, MINUTE_MS } from "../../src/model/time.ts";
import { type AheadRequest, createAheadSource } from "../../src/observe/ahead-source.ts";
import { scratchFolder } from "./scratch.ts";

const folder = scratchFolder();
const NOW_MS = epochMs(Date.parse("2026-03-01T00:00:00Z"));

function event(id: string, kind = "sale"): ScheduledEvent {
  const endMs = epochMs(NOW_MS + HOUR_MS);
  return { id, kind, startMs: NOW_MS, endMs, lift: undefined, announcedMs: epochMs(0) };
}

function open(over: Partial<AheadRequest>) {
  const warnings: string[] = [];
  const source = createAheadSource({
    events: { files: [], holidays: undefined, planned: [] },
    leading: [],
    timeZone: "UTC",
    stepMs: durationMs(5 * MINUTE_MS),
    historyMs: durationMs(7 * DAY_MS),
    stored: () => [],
    onWarning: (line) => warnings.push(line),
    ...over,
  });
  const ids = async (): Promise<readonly string[]> =>
    (await source.read(NOW_MS)).events.map((one) => `${one.id} ${one.kind}`).sort();
  return { source, warnings, ids };
}

const csv = (...rows: readonly string[]): string => ["id,kind,start,end", ...rows, ""].join("\n");
const row = (id: string): string => `${id},sale,2026-03-05T10:00:00Z,2026-03-05T11:00:00Z`;

test("files, those written in the configuration and those stored come together; stored ones override", async () => {
  const file = await folder.write("together.csv", csv(row("a"), row("b")));
  const { ids, warnings } = open({
    events: { files: [file], holidays: undefined, planned: [event("c", "batch")] },
    stored: () => [event("b", "moved")],
  });
  expect(await ids()).toEqual(["a sale", "b moved", "c batch"]);
  expect(warnings).toEqual([]);
});

test("a file is read again when it changes; a broken one warns once and the last good one stands", async () => {
  const file = await folder.write("changing.csv", csv(row("a")));
  const { source, ids, warnings } = open({ events: { files: [file], holidays: undefined, planned: [] } });
  expect(await ids()).toEqual(["a sale"]);
  const [first, second] = [await source.read(NOW_MS), await source.read(NOW_MS)];
  expect(first.events[0]).toBe(second.events[0]);
  await change(file, csv(row("a"), row("b")), 1);
  expect(await ids()).toEqual(["a sale", "b sale"]);
  await change(file, csv("c,sale,never,2026-03-05T11:00:00Z"), 2);
  expect(await ids()).toEqual(["a sale", "b sale"]);
  expect(await ids()).toEqual(["a sale", "b sale"]);
  expect(warnings).toHaveLength(1);
  expect(warnings[0]).toMatch(
    /changing\.csv:2: start is not a time \(.*\); what was known of it before stands$/,
  );
  await rm(file);
  expect(await ids()).toEqual(["a sale", "b sale"]);
  expect(warnings).toHaveLength(1);
  await change(file, csv(row("d")), 3);
  expect(await ids()).toEqual(["d sale"]);
});

test("a file that is not there, an unknown country and a lost leading series are warnings, not ends", async () => {
  const { source, warnings } = open({
    events: {
      files: [folder.path("nowhere.ics")],
      holidays: { country: "ZZ", region: undefined },
      planned: [event("a")],
    },
    leading: [
      { name: "sessions", path: folder.path("gone.csv"), valueColumn: undefined, timeColumn: undefined },
    ],
  });
  const ahead = await source.read(NOW_MS);
  expect(ahead.events.map(({ id }) => id)).toEqual(["a"]);
  expect(ahead.leading).toEqual([]);
  expect(warnings.map((line) => line.replace(`${folder.path("")}/`, ""))).toEqual([
    "nowhere.ics: no such file (check the path); what was known of it before stands",
    expect.stringMatching(/^events\.holidays\.country: no holidays are known for "ZZ"/),
    "gone.csv: no such file (check the path); what was known of it before stands",
  ]);
});

test("holidays and a leading series are read; the series only as far as now", async () => {
  const path = await folder.write(
    "sessions.csv",
    "timestamp,sessions\n2026-02-28T23:50:00Z,4\n2026-02-28T23:55:00Z,5\n2026-03-01T00:00:00Z,6\n",
  );
  const { source, warnings } = open({
    events: { files: [], holidays: { country: "DE", region: "BY" }, planned: [] },
    leading: [{ name: "sessions", path, valueColumn: undefined, timeColumn: undefined }],
  });
  const { events, leading } = await source.read(NOW_MS);
  expect(events.some(({ kind }) => kind === "holiday:labour-day")).toBe(true);
  expect(leading[0]?.name).toBe("sessions");
  expect(Array.from(leading[0]?.series.values ?? [])).toEqual([4, 5]);
  expect(warnings).toEqual([]);
  await source.close();
});

/** Writes a new version with a time stamp of its own, however coarse the file system's clock is. */
async function change(file: string, text: string, version: number): Promise<void> {
  await writeFile(file, text);
  await utimes(file, version, version);
}
