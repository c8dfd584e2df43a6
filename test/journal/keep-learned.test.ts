import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { keepLearned } from "../../src/journal/keep-learned.ts";
import { learnedFile } from "../../src/journal/learned-file.ts";
import type { ForecastEngine } from "../../src/model/ports.ts";
import { epochMs, MINUTE_MS } from "../../src/model/time.ts";

const SERIES = { startMs: epochMs(0), stepMs: MINUTE_MS, values: new Float64Array(3) };
const bytesOf = (text: string) => new TextEncoder().encode(text);

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "tiercast-learned-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** An engine that has learned `forecasts so far`. */
function countingEngine() {
  let count = 0;
  const imported: string[] = [];
  const engine = {
    forecast: async () => {
      count++;
      return {} as Awaited<ReturnType<ForecastEngine["forecast"]>>;
    },
    exportLearned: () => (count === 0 ? undefined : bytesOf(`learned ${count}`)),
    importLearned: (_key: string, bytes: Uint8Array) => {
      imported.push(new TextDecoder().decode(bytes));
      return !imported[0]?.startsWith("damaged");
    },
    close: async () => undefined,
  } satisfies ForecastEngine;
  return { engine, imported };
}

function kept(readOnly = false) {
  let nowMs = 0;
  const warnings: string[] = [];
  const { engine, imported } = countingEngine();
  const file = learnedFile(folder, "shop/eu");
  const log = {
    debug: () => undefined,
    info: () => undefined,
    warn: (_stage: string, text: string) => warnings.push(text),
    error: () => undefined,
  } as unknown as Parameters<typeof keepLearned>[0]["log"];
  const open = () => keepLearned({ engine, key: "shop/eu", file, readOnly, monotonicMs: () => nowMs, log });
  const text = () => {
    const bytes = file.read();
    return bytes === undefined ? undefined : new TextDecoder().decode(bytes);
  };
  const pass = (ms: number): void => {
    nowMs += ms;
  };
  return { open, file, imported, warnings, text, pass };
}

describe("what is learned outlives the process", () => {
  test("written after the first forecast, every five minutes, and at the end; read at the next start", async () => {
    const { open, text, imported, pass } = kept();
    const engine = open();
    expect(imported).toEqual([]);
    await engine.forecast("shop/eu", SERIES);
    expect(text()).toBe("learned 1");
    pass(4 * MINUTE_MS);
    await engine.forecast("shop/eu", SERIES);
    expect(text()).toBe("learned 1");
    pass(MINUTE_MS);
    await engine.forecast("shop/eu", SERIES);
    expect(text()).toBe("learned 3");
    await engine.forecast("another", SERIES);
    await engine.close();
    expect(text()).toBe("learned 4");
    open();
    expect(imported).toEqual(["learned 4"]);
    expect(readdirSync(join(folder, "learned"))).toEqual(["shop%2Feu.bin"]);
  });

  test("one who only looks uses it and writes nothing", async () => {
    const { open, text } = kept(true);
    const engine = open();
    await engine.forecast("shop/eu", SERIES);
    await engine.close();
    expect(text()).toBeUndefined();
  });

  test("damaged bytes are a cold start with one line", () => {
    const { open, file, warnings } = kept();
    mkdirSync(dirname(file.file), { recursive: true });
    writeFileSync(file.file, "damaged");
    open();
    expect(warnings).toEqual([
      `${file.file} is not readable any more: learning starts again from the history`,
    ]);
  });

  test("a folder that cannot be written is one warning, and no forecast is lost", async () => {
    const { open, file, warnings, pass } = kept();
    // A file where the folder should be: also root cannot write below it.
    writeFileSync(join(folder, "learned"), "in the way");
    const engine = open();
    for (let i = 0; i < 3; i++) {
      await engine.forecast("shop/eu", SERIES);
      pass(6 * MINUTE_MS);
    }
    await engine.close();
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toMatch(/cannot be written \((?:EEXIST|ENOTDIR)\): a restart starts cold/);
    expect(existsSync(`${file.file}.new`)).toBe(false);
    chmodSync(folder, 0o700);
  });
});
