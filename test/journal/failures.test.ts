import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { openJournal } from "../../src/journal/journal.ts";
import { JournalFull } from "../../src/model/journal-full.ts";
import { UserError } from "../../src/model/user-error.ts";
import { tempFolder } from "./folders.ts";
import { bigRecordOf, inputsOf, recordOf } from "./records.ts";

const RETENTION_MS = 1e12;

test("killed with SIGKILL in mid-append, ten times: nothing that was reported is lost, the chain is whole", async () => {
  const folder = tempFolder();
  let reported = [0, 0, 0];
  for (let round = 0; round < 10; round++) {
    const child = appendChild(folder);
    const lines = readLines(child);
    await once(child.stdout ?? child, "data");
    await new Promise((resolve) => setTimeout(resolve, 20 + round * 17));
    child.kill("SIGKILL");
    await once(child, "close");
    const last = lines().at(-1)?.split(" ").map(Number) ?? [];
    expect(last[0]).toBeGreaterThan(reported[0] ?? 0);
    reported = last;

    const reader = openJournal({ folder, retentionMs: RETENTION_MS, readOnly: true });
    expect(reader.lastCycle()?.cycle).toBeGreaterThanOrEqual(reported[0] ?? 0);
    reader.close();

    const journal = openJournal({ folder, retentionMs: RETENTION_MS });
    const [cycle = 0, generation = 0, intent = 0] = reported;
    expect(journal.verifyChain().kind).toBe("whole");
    expect(journal.lastCycle()?.cycle).toBeGreaterThanOrEqual(cycle);
    expect(journal.nextPlanGeneration()).toBeGreaterThan(generation);
    expect(journal.openIntents().length).toBeLessThanOrEqual(1);
    for (const open of journal.openIntents()) {
      expect(open.id).toBeGreaterThan(intent);
      journal.closeIntent(open.id, { atMs: 0, kind: "aborted", note: "killed" });
    }
    journal.close();
  }
});

test("two processes write at once: each generation is given once, every cycle is in the chain", async () => {
  const folder = tempFolder();
  const given: number[] = [];
  const script = `
    import { openJournal } from ${JSON.stringify(source("../../src/journal/journal.ts"))};
    const journal = openJournal({ folder: ${JSON.stringify(folder)}, retentionMs: 1 });
    const given = [];
    for (let i = 0; i < 200; i++) given.push(journal.nextPlanGeneration());
    console.log(JSON.stringify(given));`;
  const children = [1, 2].map(() => startNode(["--input-type=module", "-e", script]));
  await Promise.all(
    children.map(async (child) => {
      const lines = readLines(child);
      expect((await once(child, "close"))[0]).toBe(0);
      given.push(...(JSON.parse(lines()[0] ?? "[]") as number[]));
    }),
  );
  expect(new Set(given).size).toBe(400);
  expect(Math.max(...given)).toBe(400);
});

test("a file at its size limit refuses whole writes with JournalFull and works again after a prune", () => {
  const folder = tempFolder();
  const limits = { maxFileBytes: 1024 * 1024, keepCycles: 1, maxCycles: 5 };
  const journal = openJournal({ folder, retentionMs: RETENTION_MS, limits });
  onTestFinished(() => journal.close());
  const full = fillUp((cycle) => journal.appendCycle(bigRecordOf(cycle)));
  expect(full.error).toBeInstanceOf(JournalFull);
  expect(String(full.error)).toContain("journal.sqlite has no space left");
  expect(journal.lastCycle()?.cycle).toBe(full.cycle - 1);
  expect(journal.verifyChain().kind).toBe("whole");
  journal.prune(0);
  journal.appendCycle(bigRecordOf(full.cycle));
  expect(journal.verifyChain()).toMatchObject({ kind: "whole", cycles: 6 });
});

test("a full disk: JournalFull, nothing half-written, and the same write works when space returns", ({
  skip,
}) => {
  const folder = smallDisk("1m") ?? skip("needs the right to mount a tmpfs");
  const ballast = join(folder, "ballast");
  writeFileSync(ballast, new Uint8Array(400_000));
  const journal = openJournal({ folder, retentionMs: RETENTION_MS, limits: { reserveBytes: 0 } });
  const full = fillUp((cycle) => {
    journal.openIntent({ ...INTENT, cycle });
    journal.appendCycle(bigRecordOf(cycle));
  });
  expect(full.error).toBeInstanceOf(JournalFull);
  const generation = journal.planGeneration();
  expect(() => {
    for (let i = 0; i < 1_000; i++) journal.nextPlanGeneration();
  }).toThrow(JournalFull);
  expect(journal.verifyChain().kind).toBe("whole");
  const last = journal.lastCycle()?.cycle ?? 0;

  rmSync(ballast);
  journal.appendCycle(recordOf(journal.nextCycleNumber()));
  expect(journal.nextPlanGeneration()).toBeGreaterThan(generation);
  journal.close();
  const again = openJournal({ folder, retentionMs: RETENTION_MS, limits: { reserveBytes: 0 } });
  expect(again.lastCycle()?.cycle).toBeGreaterThan(last);
  expect(again.verifyChain().kind).toBe("whole");
  again.close();
});

test("no intent is opened when the disk lacks the reserve that the engine needs", () => {
  const folder = tempFolder();
  const limits = { reserveBytes: Number.MAX_SAFE_INTEGER };
  const journal = openJournal({ folder, retentionMs: RETENTION_MS, limits });
  onTestFinished(() => journal.close());
  expect(() => journal.openIntent(INTENT)).toThrow(JournalFull);
  expect(journal.openIntents()).toEqual([]);
});

test.each([
  ["text instead of a database", (file: string) => writeFileSync(file, "not a database ".repeat(1_000))],
  ["the second page overwritten", (file: string) => overwrite(file, 4_096, 4_096)],
  ["half of it zeroed", (file: string) => overwrite(file, 20_000, 60_000)],
  ["cut off", (file: string) => truncateSync(file, 9_000)],
])("damaged (%s): one line that names the file, and not a byte is touched", (_name, damage) => {
  const folder = tempFolder();
  const journal = openJournal({ folder, retentionMs: RETENTION_MS });
  for (let cycle = 1; cycle <= 20; cycle++) journal.appendCycle(bigRecordOf(cycle));
  journal.close();
  const file = join(folder, "journal.sqlite");
  damage(file);
  const before = readFileSync(file);
  for (const readOnly of [false, true]) {
    const error = thrownBy(() => openJournal({ folder, retentionMs: RETENTION_MS, readOnly }).close());
    expect(error).toBeInstanceOf(UserError);
    expect(String(error)).toMatch(/journal .*journal\.sqlite is damaged .*nothing was overwritten/);
    expect(String(error)).not.toContain("\n");
  }
  expect(readFileSync(file).equals(before)).toBe(true);
});

test("a foreign database, a newer schema, no journal yet, and a folder that is a file: one line each", () => {
  const foreign = tempFolder();
  const db = new DatabaseSync(join(foreign, "journal.sqlite"));
  db.exec("CREATE TABLE theirs (x)");
  db.close();
  expect(() => openJournal({ folder: foreign, retentionMs: 1 })).toThrow(/another program's database/);

  const newer = tempFolder();
  openJournal({ folder: newer, retentionMs: 1 }).close();
  const later = new DatabaseSync(join(newer, "journal.sqlite"));
  later.exec("PRAGMA user_version=99");
  later.close();
  expect(() => openJournal({ folder: newer, retentionMs: 1 })).toThrow(/written by a newer tiercast/);

  expect(() => openJournal({ folder: tempFolder(), retentionMs: 1, readOnly: true })).toThrow(
    /no journal in/,
  );
  const file = join(tempFolder(), "file");
  writeFileSync(file, "");
  expect(() => openJournal({ folder: file, retentionMs: 1 })).toThrow(UserError);
});

test("opening prints nothing on a supported Node: no experimental warning to suppress", () => {
  const folder = tempFolder();
  const script = `
    import { openJournal } from ${JSON.stringify(source("../../src/journal/journal.ts"))};
    openJournal({ folder: ${JSON.stringify(folder)}, retentionMs: 1 }).close();`;
  const run = spawnSync(process.execPath, ["--input-type=module", "-e", script], { encoding: "utf8" });
  expect([run.status, run.stdout, run.stderr]).toEqual([0, "", ""]);
});

const INTENT = {
  cycle: 1,
  planGeneration: 1,
  kind: "update" as const,
  stackInputs: inputsOf(1),
  runFolder: "run",
  pid: process.pid,
  processStart: "1",
  atMs: 0,
};

function fillUp(write: (cycle: number) => void): { readonly cycle: number; readonly error: unknown } {
  for (let cycle = 1; cycle < 5_000; cycle++) {
    const error = thrownBy(() => write(cycle));
    if (error !== undefined) return { cycle, error };
  }
  throw new Error("never full");
}

function thrownBy(work: () => void): unknown {
  try {
    work();
    return undefined;
  } catch (error) {
    return error;
  }
}

function overwrite(file: string, from: number, count: number): void {
  const content = readFileSync(file);
  content.fill(0xa5, from, from + count);
  writeFileSync(file, content);
}

/** A disk of its own, or undefined where mounting is not allowed. */
function smallDisk(size: string): string | undefined {
  const folder = mkdtempSync(join(tmpdir(), "tiercast-disk-"));
  mkdirSync(folder, { recursive: true });
  const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", `size=${size}`, "tmpfs", folder]).status === 0;
  onTestFinished(() => {
    if (mounted) spawnSync("umount", [folder]);
    rmSync(folder, { recursive: true, force: true });
  });
  return mounted ? folder : undefined;
}

function source(relative: string): string {
  return new URL(relative, import.meta.url).href;
}

function appendChild(folder: string): ChildProcess {
  return startNode([fileURLToPath(new URL("append-child.ts", import.meta.url)), folder]);
}

function startNode(args: readonly string[]): ChildProcess {
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  onTestFinished(() => {
    child.kill("SIGKILL");
  });
  return child;
}

function readLines(child: ChildProcess): () => string[] {
  let output = "";
  child.stdout?.on("data", (chunk: Buffer) => {
    output += chunk.toString();
  });
  // The last piece may be half a line.
  return () => output.split("\n").slice(0, -1);
}
