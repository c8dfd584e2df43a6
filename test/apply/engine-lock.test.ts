import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { takeInstallLock } from "../../src/apply/engine-lock.ts";
import { readProcess } from "../../src/apply/process-group.ts";

let folder = "";
let file = "";
const told: string[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "tiercast-lock-"));
  file = join(folder, "install.lock");
  told.length = 0;
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const take = (signal?: AbortSignal) => takeInstallLock(file, (holder) => told.push(holder), signal);

function write(holder: unknown): void {
  writeFileSync(file, typeof holder === "string" ? holder : JSON.stringify(holder));
}

async function ownTicks(): Promise<number> {
  return (await readProcess(process.pid))?.startTicks ?? 0;
}

function endedPid(): Promise<number> {
  return new Promise((resolve) => {
    const child = spawn("true");
    child.once("exit", () => resolve(child.pid ?? 0));
  });
}

test("is free, held, free again, and leaves no file", async () => {
  const answer = await take();
  expect(answer.kind).toBe("held");
  expect(JSON.parse(readFileSync(file, "utf8"))).toMatchObject({ pid: process.pid, host: hostname() });
  if (answer.kind === "held") await answer.lock.release();
  expect(readdirSync(folder)).toEqual([]);
});

test.each([
  ["a dead pid", async () => ({ pid: await endedPid(), host: hostname(), startTicks: 5 })],
  [
    "a pid that is somebody else's by now",
    async () => ({ pid: process.pid, host: hostname(), startTicks: 5 }),
  ],
  ["an empty file", async () => ""],
  ["half a file", async () => '{"pid": 12'],
])("takes over from %s", async (_name, holder) => {
  write(await holder());
  expect((await take()).kind).toBe("held");
  expect(told).toEqual([]);
  expect(readdirSync(folder)).toEqual(["install.lock"]);
});

test.each([
  ["a live process", async () => ({ pid: process.pid, host: hostname(), startTicks: await ownTicks() })],
  ["another machine", async () => ({ pid: 1, host: "elsewhere", startTicks: 5 })],
])("waits for %s and stops waiting when told to", async (_name, holder) => {
  write(await holder());
  const before = readFileSync(file, "utf8");
  const interrupt = new AbortController();
  const waiting = take(interrupt.signal);
  setTimeout(() => interrupt.abort(), 400);
  await expect(waiting).rejects.toMatchObject({ name: "AbortError" });
  expect(told).toHaveLength(1);
  expect(readFileSync(file, "utf8")).toBe(before);
});

test("of many that find a dead lock one at a time holds it", async () => {
  write({ pid: await endedPid(), host: hostname(), startTicks: 5 });
  let holders = 0;
  let most = 0;
  let held = 0;
  const contend = async () => {
    const answer = await take();
    if (answer.kind === "waited") return;
    held++;
    holders++;
    most = Math.max(most, holders);
    await new Promise((resolve) => setTimeout(resolve, 50));
    holders--;
    await answer.lock.release();
  };
  await Promise.all(Array.from({ length: 10 }, contend));
  expect(most).toBe(1);
  expect(held).toBeGreaterThanOrEqual(1);
  expect(existsSync(file)).toBe(false);
});
