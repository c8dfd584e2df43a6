import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync, utimesSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import type { Readable, Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { acquireLease, type Lease, type LeaseHeld, leaseHolder } from "../../src/journal/lease.ts";
import { bootId, isAlive, ownIdentity, processStart } from "../../src/journal/process-identity.ts";
import { tempFolder } from "./folders.ts";

type Child = ChildProcessByStdio<Writable, Readable, null>;
const NAME = "shop-tiers";

test("the second is refused and told who holds it; after a release it is free", async () => {
  const folder = tempFolder();
  const first = acquired(await acquire(folder));
  expect(first.takenOver).toBeNull();
  const second = await acquire(folder);
  expect(second).toMatchObject({ kind: "held", by: { pid: process.pid, host: hostname(), what: "test" } });
  expect(leaseHolder(folder, NAME)).toMatchObject({ pid: process.pid, alive: true });
  expect(first.stillHeld()).toBe(true);
  first.release();
  first.release();
  expect(first.stillHeld()).toBe(false);
  expect(leaseHolder(folder, NAME)).toBeNull();
  acquired(await acquire(folder)).release();
});

test("another stack in the same folder is another lease, whatever its name looks like", async () => {
  const folder = tempFolder();
  const names = ["a/b", "a%2Fb", "../a", "..", "a b*", NAME];
  for (const name of names) {
    const lease = acquired(await acquireLease({ folder, name, describe: "test" }));
    onTestFinished(lease.release);
  }
  expect(readdirSync(folder).filter((file) => file.endsWith(".lease"))).toHaveLength(names.length);
});

test("twenty processes at the same instant over a dead one's lease: exactly one wins, three times", async () => {
  for (let round = 0; round < 3; round++) {
    const folder = tempFolder();
    writeLease(folder, { pid: 2 ** 22 + 1 });
    const atMs = Date.now() + 2_500;
    const children = Array.from({ length: 20 }, () => startChild(folder, atMs));
    const results = await Promise.all(children.map(firstLine));
    expect(results.map(({ kind }) => kind).toSorted()).toEqual(["acquired", ...Array(19).fill("held")]);
    const winner = children[results.findIndex(({ kind }) => kind === "acquired")];
    expect(leaseHolder(folder, NAME)).toMatchObject({ pid: winner?.pid, alive: true });
    expect(readdirSync(folder).toSorted()).toEqual([`${NAME}.lease`, `${NAME}.lock`]);
    await Promise.all(children.map(stop));
  }
});

test("a holder killed with SIGKILL is taken over at once and named", async () => {
  const folder = tempFolder();
  const child = startChild(folder, 0);
  expect((await firstLine(child)).kind).toBe("acquired");
  expect((await acquire(folder)).kind).toBe("held");
  child.kill("SIGKILL");
  await once(child, "close");
  expect(leaseHolder(folder, NAME)).toMatchObject({ pid: child.pid, alive: false });
  const lease = acquired(await acquire(folder));
  expect(lease.takenOver).toMatchObject({ pid: child.pid, what: `child ${child.pid}` });
  lease.release();
});

test.each([
  ["the pid is in use by a younger process", { pid: process.pid, processStart: "1" }, "acquired"],
  ["the machine was started again", { pid: process.pid, bootId: "another-boot" }, "acquired"],
  [
    "it runs, on a disk without locks",
    { pid: process.ppid, processStart: processStart(process.ppid) },
    "held",
  ],
  ["another host's, long gone as far as can be seen", { host: "elsewhere", bootId: "other" }, "held"],
] as const)("a lease left behind: %s", async (_name, over, expected) => {
  const folder = tempFolder();
  writeLease(folder, over);
  const result = await acquire(folder);
  expect(result.kind).toBe(expected);
  if (result.kind === "acquired") result.release();
});

test.each(["", '{"pid": 12', "[]", '{"pid":"1"}', "x".repeat(10_000)])(
  "a torn file (%#) holds while it is young and is taken over when it is old",
  async (content) => {
    const folder = tempFolder();
    const file = join(folder, `${NAME}.lease`);
    writeFileSync(file, content);
    expect((await acquire(folder)).kind).toBe("held");
    const old = new Date(Date.now() - 60_000);
    utimesSync(file, old, old);
    acquired(await acquire(folder)).release();
  },
);

test("a release leaves the file of somebody who took over by hand", async () => {
  const folder = tempFolder();
  const lease = acquired(await acquire(folder));
  writeLease(folder, { host: "elsewhere", bootId: "other" });
  expect(lease.stillHeld()).toBe(false);
  lease.release();
  expect(JSON.parse(readFileSync(join(folder, `${NAME}.lease`), "utf8"))).toMatchObject({
    host: "elsewhere",
  });
});

test("a process is known by pid and start time", () => {
  expect(isAlive(ownIdentity())).toBe(true);
  expect(isAlive({ ...ownIdentity(), processStart: "1" })).toBe(false);
  expect(isAlive({ pid: -1, processStart: "" })).toBe(false);
  expect(bootId()).toMatch(/^[0-9a-f-]{36}$/);
});

function acquire(folder: string): Promise<Lease | LeaseHeld> {
  return acquireLease({ folder, name: NAME, describe: "test" });
}

function acquired(result: Lease | LeaseHeld): Lease {
  if (result.kind === "held") throw new Error(`held by ${JSON.stringify(result.by)}`);
  onTestFinished(result.release);
  return result;
}

function writeLease(folder: string, over: Readonly<Record<string, unknown>>): void {
  const content = { ...ownIdentity(), bootId: bootId(), host: hostname(), what: "gone", token: "t", ...over };
  writeFileSync(join(folder, `${NAME}.lease`), JSON.stringify(content));
}

function startChild(folder: string, atMs: number): Child {
  const script = fileURLToPath(new URL("lease-child.ts", import.meta.url));
  const child = spawn(process.execPath, [script, folder, String(atMs)], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  onTestFinished(() => {
    child.kill("SIGKILL");
  });
  return child;
}

async function firstLine(child: Child): Promise<{ kind: string }> {
  let output = "";
  for await (const chunk of child.stdout.iterator({ destroyOnReturn: false })) {
    output += String(chunk);
    if (output.includes("\n")) break;
  }
  return JSON.parse(output) as { kind: string };
}

async function stop(child: Child): Promise<void> {
  const closed = once(child, "close");
  child.stdin.end();
  await closed;
}
