import { rm, utimes } from "node:fs/promises";
import { expect, test } from "vitest";
import { durationMs, epochMs } from "../../src/model/time.ts";
import { createFileSource } from "../../src/observe/file-source.ts";
import { openDemandSource } from "../../src/observe/open-source.ts";
import { scratchFolder } from "./scratch.ts";

const STEP = durationMs(300_000);
const START = Date.UTC(2026, 2, 2);
const DAY = 86_400_000;
const scratch = scratchFolder();

function csv(values: readonly (number | string)[]): string {
  const rows = values.map((value, i) => `${new Date(START + i * STEP).toISOString()},${value}`);
  return `timestamp,value\n${rows.join("\n")}\n`;
}

const SHARED = { stepMs: STEP, timeZone: "UTC" };

test("only what is known by now, only as much as is asked for", async () => {
  const path = await scratch.write("a.csv", csv([1, 2, 3, 4, 5]));
  const source = createFileSource({ ...SHARED, kind: "csv", path });
  const known = async (nowMs: number, historyMs = DAY) => [
    ...(await source.read(epochMs(nowMs), historyMs)).values,
  ];
  expect(await known(START - DAY)).toEqual([]);
  expect(await known(START + STEP - 1)).toEqual([]);
  expect(await known(START + 3 * STEP)).toEqual([1, 2, 3]);
  expect(await known(START + DAY)).toEqual([1, 2, 3, 4, 5]);
  expect(await known(START + 4 * STEP + 7, 2 * STEP)).toEqual([3, 4]);
  expect(source.name).toBe(`csv ${path}`);
});

test("a changed file is read again, an unchanged one is not; warnings come once per version", async () => {
  const path = await scratch.write("b.csv", csv([0, 0, 0]));
  const warnings: string[] = [];
  const source = createFileSource({ ...SHARED, kind: "csv", path, onWarning: (line) => warnings.push(line) });
  const read = async () => [...(await source.read(epochMs(START + DAY), DAY)).values];
  expect(await Promise.all([read(), read(), read()])).toEqual([
    [0, 0, 0],
    [0, 0, 0],
    [0, 0, 0],
  ]);
  expect(warnings).toHaveLength(1);
  await scratch.write("b.csv", csv([0, 0, 0, 6]));
  await utimes(path, 1e9, 1e9);
  expect(await read()).toEqual([0, 0, 0, 6]);
});

test("gone: one line; back: read again", async () => {
  const path = await scratch.write("c.csv", csv([1, 2]));
  const source = createFileSource({ ...SHARED, kind: "csv", path });
  await source.read(epochMs(START + DAY), DAY);
  await rm(path);
  await expect(source.read(epochMs(START + DAY), DAY)).rejects.toThrow(/c\.csv: no such file/);
  await scratch.write("c.csv", csv([1, "x"]));
  await expect(source.read(epochMs(START + DAY), DAY)).rejects.toThrow(/c\.csv:3: "x" in column/);
  await scratch.write("c.csv", csv([1, 2, 3]));
  expect((await source.read(epochMs(START + DAY), DAY)).values).toHaveLength(3);
});

test("settings pick the source; the platform's history comes from its path", async () => {
  const demand = {
    source: "platform",
    path: await scratch.write("d.csv", csv([4, 5, 6])),
    valueColumn: undefined,
    timeColumn: undefined,
    ...SHARED,
    staleAfterMs: STEP,
    historyMs: durationMs(DAY),
    scale: 2,
  } as const;
  const nowMs = epochMs(START + 3 * STEP);
  const shared = {
    clock: { speed: 1, nowMs: () => nowMs, monotonicMs: () => 0, sleep: async () => undefined },
    wallNowMs: () => nowMs,
    reader: { traffic: async () => [] },
    history: undefined,
    onWarning: () => undefined,
  };
  const platform = await openDemandSource({ ...shared, demand });
  expect([...(await platform.read(nowMs, DAY)).values]).toEqual([8, 10, 12]);
  const file = await openDemandSource({ ...shared, demand: { ...demand, source: "csv" } });
  expect([...(await file.read(nowMs, DAY)).values]).toEqual([8, 10, 12]);
  const nowhere = openDemandSource({
    ...shared,
    demand: { ...demand, source: "access-log", path: undefined },
  });
  await expect(nowhere).rejects.toThrow("demand.source access-log needs demand.path");
});
