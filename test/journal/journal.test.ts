import { statSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, onTestFinished, test } from "vitest";
import { type JournalOptions, openJournal } from "../../src/journal/journal.ts";
import type { Journal } from "../../src/model/journal-port.ts";
import { DAY_MS } from "../../src/model/time.ts";
import { tempFolder } from "./folders.ts";
import { bigRecordOf, inputsOf, recordOf } from "./records.ts";

test("a record comes back as the very same JSON", () => {
  const journal = open();
  const record = bigRecordOf(1);
  journal.appendCycle(record);
  expect(JSON.stringify(journal.cycle(1))).toBe(JSON.stringify(record));
  expect(journal.cycle(2)).toBeNull();
});

test("cycles are ordered by number while the clock goes back an hour", () => {
  const journal = open();
  journal.appendCycle(recordOf(1, { startedMs: 7_200_000 }));
  journal.appendCycle(recordOf(2, { startedMs: 3_600_000 }));
  expect(journal.lastCycle()?.cycle).toBe(2);
  expect(journal.cycles({ limit: 10 }).map(({ cycle }) => cycle)).toEqual([2, 1]);
  expect(journal.cycles({ limit: 10, before: 2 }).map(({ cycle }) => cycle)).toEqual([1]);
  expect(() => journal.appendCycle(recordOf(2))).toThrow(/cycle 2 is not above the last one, 2/);
  expect(journal.nextCycleNumber()).toBe(3);
});

test("a cycle that opened an intent and crashed does not give its number away", () => {
  const journal = open();
  journal.appendCycle(recordOf(1));
  journal.openIntent(intentOf(2));
  expect(journal.nextCycleNumber()).toBe(3);
});

test("an intent is open from before the effect until its outcome, also in the next process", () => {
  const folder = tempFolder();
  const first = open({ folder });
  const id = first.openIntent(intentOf(4));
  first.attachRun(id, { pid: 77, processStart: "123", processGroup: 77, pulumiPids: [78, 79] });
  first.close();

  const second = open({ folder });
  const [intent] = second.openIntents();
  expect(intent).toMatchObject({ id, cycle: 4, stackInputs: inputsOf(4), outcome: null });
  expect(intent?.run).toEqual({ pid: 77, processStart: "123", processGroup: 77, pulumiPids: [78, 79] });
  second.closeIntent(id, { atMs: 9, kind: "aborted", note: "killed" });
  expect(second.openIntents()).toEqual([]);
  expect(second.intents(5)[0]?.outcome).toEqual({ atMs: 9, kind: "aborted", note: "killed" });
  expect(() => second.closeIntent(id, { atMs: 9, kind: "done", note: "" })).toThrow(/is not open/);
});

test("plan generations rise over restarts and over what a stack already has", () => {
  const folder = tempFolder();
  const first = open({ folder });
  expect([first.planGeneration(), first.nextPlanGeneration(), first.nextPlanGeneration()]).toEqual([0, 1, 2]);
  first.close();
  const second = open({ folder });
  second.raisePlanGeneration(40);
  second.raisePlanGeneration(7);
  expect(second.nextPlanGeneration()).toBe(41);
});

test("a roll back finds the inputs that proved good, not the ones applied last", () => {
  const journal = open();
  expect(journal.appliedInputs()).toBeNull();
  journal.markAppliedGood();
  expect(journal.lastGoodInputs()).toBeNull();
  journal.setAppliedInputs(inputsOf(1), 10, 1);
  journal.markAppliedGood();
  journal.setAppliedInputs(inputsOf(2, 9), 20, 2);
  expect(journal.appliedInputs()).toEqual({ inputs: inputsOf(2, 9), atMs: 20, generation: 2 });
  expect(journal.lastGoodInputs()).toEqual({ inputs: inputsOf(1), atMs: 10, generation: 1 });
});

test("state written by one process is what another reads, and null forgets", () => {
  const folder = tempFolder();
  const daemon = open({ folder });
  const cli = open({ folder });
  expect(daemon.getState("pause")).toBeNull();
  cli.setState("pause", { untilMs: 5, reason: "sale", by: "ann" });
  expect(daemon.getState("pause")).toEqual({ untilMs: 5, reason: "sale", by: "ann" });
  cli.setState("pause", null);
  expect(daemon.getState("pause")).toBeNull();
});

test("an edited, a removed and a cut-off record break the chain, each by name", () => {
  const tamper = (sql: string): string => {
    const folder = tempFolder();
    const journal = open({ folder });
    for (let cycle = 1; cycle <= 5; cycle++) journal.appendCycle(recordOf(cycle));
    const db = new DatabaseSync(join(folder, "journal.sqlite"));
    db.exec(sql);
    db.close();
    const report = journal.verifyChain();
    return report.kind === "whole" ? "whole" : `${report.cycle}: ${report.reason}`;
  };
  expect(tamper("SELECT 1")).toBe("whole");
  expect(
    tamper("UPDATE cycles SET record = (SELECT record FROM cycles WHERE cycle = 2) WHERE cycle = 3"),
  ).toBe("3: its bytes were changed");
  expect(tamper("UPDATE cycles SET record = x'00ff' WHERE cycle = 3")).toBe("3: its bytes cannot be read");
  expect(tamper("DELETE FROM cycles WHERE cycle = 3")).toBe(
    "4: a cycle before it is missing or was inserted",
  );
  expect(tamper("DELETE FROM cycles WHERE cycle = 5")).toBe("4: cycles up to 5 are gone");
  expect(tamper("DELETE FROM cycles WHERE cycle = 1")).toBe(
    "2: a cycle before it is missing or was inserted",
  );
});

test("retention drops the front, keeps the chain whole, and a clock set forward keeps the newest 200", () => {
  const journal = open({ retentionMs: DAY_MS });
  for (let cycle = 1; cycle <= 2_000; cycle++) journal.appendCycle(recordOf(cycle));
  expect(journal.prune(2_000 * 60_000).cycles).toBe(2_000 - 1_441);
  expect(journal.verifyChain()).toMatchObject({ kind: "whole", cycles: 1_441 });
  journal.prune(2_000 * 60_000 + 10_000 * DAY_MS);
  expect(journal.verifyChain()).toMatchObject({ kind: "whole", cycles: 200 });
  expect(journal.nextCycleNumber()).toBe(2_001);
});

test("20,000 cycles with a prune now and then keep the file below its bound", () => {
  const limits = { maxCycles: 2_000, maxCycleBytes: 8 * 1024 * 1024 };
  const folder = tempFolder();
  const journal = open({ folder, retentionMs: 1e12, limits });
  let largest = 0;
  for (let cycle = 1; cycle <= 20_000; cycle++) {
    journal.appendCycle(cycle % 20 === 0 ? bigRecordOf(cycle) : recordOf(cycle));
    const id = journal.openIntent({ ...intentOf(cycle), stackInputs: null });
    journal.closeIntent(id, { atMs: cycle, kind: "done", note: "" });
    if (cycle % 500 === 0) journal.prune(cycle * 60_000);
    if (cycle % 500 === 0 && cycle > 4_000) largest = Math.max(largest, journal.sizeBytes());
  }
  expect(journal.verifyChain()).toMatchObject({ kind: "whole" });
  expect(journal.cycleCount()).toBeLessThanOrEqual(2_000);
  expect(journal.intents(1_000)).toHaveLength(1_000);
  expect(largest).toBeLessThan(16 * 1024 * 1024);
  journal.close();
  expect(statSync(join(folder, "journal.sqlite")).mode & 0o777).toBe(0o600);
}, 120_000);

test("demand keeps its gaps, takes late values, and a gap never replaces a value", () => {
  const journal = open();
  expect(journal.readDemand("shop", 0, 1_000)).toBeNull();
  journal.appendDemand("shop", 1_000, 100, Float64Array.of(1, Number.NaN, 3, Number.POSITIVE_INFINITY));
  expect(read(journal, 0, 1_600)).toEqual([1_000, [1, null, 3, null, null, null]]);
  journal.appendDemand("shop", 1_100, 100, [2, Number.NaN, 4]);
  expect(read(journal, 1_100, 1_400)).toEqual([1_100, [2, 3, 4]]);
  expect(read(journal, 1_050, 1_299)).toEqual([1_100, [2]]);
  expect(read(journal, 5_000, 9_000)).toEqual([5_000, []]);
});

test("a write that breaks off in the middle leaves nothing behind", () => {
  const journal = open();
  const broken = {
    length: 3,
    0: 1,
    get 1(): number {
      throw new Error("source went away");
    },
    2: 3,
  };
  expect(() => journal.appendDemand("shop", 0, 100, broken)).toThrow("source went away");
  expect(journal.readDemand("shop", 0, 300)).toBeNull();
  journal.appendDemand("shop", 0, 100, [4]);
  expect(read(journal, 0, 100)).toEqual([0, [4]]);
});

test("another step under the same key is another grid; the one written last is read", () => {
  const journal = open();
  journal.appendDemand("shop", 0, 60_000, [1, 2]);
  journal.appendDemand("shop", 0, 300_000, [9]);
  expect(journal.readDemand("shop", 0, 600_000)?.stepMs).toBe(300_000);
  journal.appendDemand("shop", 120_000, 60_000, [3]);
  expect(read(journal, 0, 180_000)).toEqual([0, [1, 2, 3]]);
  expect(() => journal.appendDemand("shop", 0.5, 60_000, [1])).toThrow(/not a grid/);
});

test("demand and lead times are bounded", () => {
  const journal = open({ retentionMs: 1_000, demandRetentionMs: 1e9, limits: { maxDemandSteps: 100 } });
  journal.appendDemand("shop", 0, 1, new Float64Array(1_000).fill(7));
  journal.appendDemand("old", 0, 1, [1]);
  expect(journal.prune(1e9).demandSteps).toBe(900);
  expect(read(journal, 0, 1_000)[0]).toBe(900);
  journal.prune(1e9 + 950);
  expect(read(journal, 0, 1_000)[0]).toBe(950);
  expect(journal.readDemand("old", 0, 10)).toBeNull();
  for (let i = 1; i <= 700; i++) journal.appendLeadTime({ atMs: i, leadTimeMs: i, cycle: i });
  expect(journal.leadTimes(9_999)).toHaveLength(500);
  expect(journal.leadTimes(2).map(({ leadTimeMs }) => leadTimeMs)).toEqual([699, 700]);
});

test("a reader sees the live journal and cannot write to it", () => {
  const folder = tempFolder();
  const daemon = open({ folder });
  daemon.appendCycle(recordOf(1));
  const reader = open({ folder, readOnly: true });
  expect(reader.lastCycle()?.cycle).toBe(1);
  daemon.appendCycle(recordOf(2));
  expect(reader.lastCycle()?.cycle).toBe(2);
  expect(() => reader.nextPlanGeneration()).toThrow(/cannot be written/);
  expect(daemon.planGeneration()).toBe(0);
});

function open(options: Partial<JournalOptions> = {}): Journal {
  const journal = openJournal({
    folder: options.folder ?? tempFolder(),
    retentionMs: 30 * DAY_MS,
    ...options,
  });
  onTestFinished(() => journal.close());
  return journal;
}

function read(journal: Journal, fromMs: number, toMs: number): [number, (number | null)[]] {
  const series = journal.readDemand("shop", fromMs, toMs);
  if (series === null) throw new Error("no series");
  return [series.startMs, Array.from(series.values, (value) => (Number.isNaN(value) ? null : value))];
}

function intentOf(cycle: number) {
  return {
    cycle,
    planGeneration: cycle,
    kind: "update" as const,
    stackInputs: inputsOf(cycle),
    runFolder: "run",
    pid: process.pid,
    processStart: "1",
    atMs: cycle,
  };
}
