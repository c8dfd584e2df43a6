import { spawn, spawnSync } from "node:child_process";
import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { hostname, tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { lockFolder, readLocks, releaseOwnLocks } from "../../src/apply/locks.ts";

let folder: string;
let backend: string;
let locks: string;
const NOW = Date.parse("2026-01-05T10:00:00Z");

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "tiercast-locks-"));
  backend = pathToFileURL(folder).href;
  locks = lockFolder(backend, "tiercast", "tiers") ?? "";
  await mkdir(locks, { recursive: true });
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** A pid that surely is dead: its process ended and was waited for. */
function deadPid(): number {
  return spawnSync("true").pid;
}

function content(changes: Readonly<Record<string, unknown>>): string {
  return JSON.stringify({
    pid: deadPid(),
    username: userInfo().username,
    hostname: hostname(),
    timestamp: new Date(NOW).toISOString(),
    ...changes,
  });
}

async function release(file: string, text: string, ownPid: number): Promise<boolean> {
  await writeFile(join(locks, file), text);
  const found = await readLocks(backend, "tiercast", "tiers", [{ pid: ownPid, sinceMs: NOW - 500 }]);
  expect(found).toHaveLength(1);
  await releaseOwnLocks(found);
  return !(await readdir(locks)).includes(file);
}

describe("a lock goes only when it is ours and provably dead", () => {
  const pid = deadPid();
  const cases: readonly (readonly [name: string, text: string, goes: boolean])[] = [
    ["own dead pid", content({ pid }), true],
    ["another dead pid of ours? not in a run folder, so not proved", content({ pid: deadPid() }), false],
    ["own pid, now a stranger's that is no pulumi", content({ pid: process.pid }), true],
    ["other host", content({ pid, hostname: "elsewhere" }), false],
    ["other user", content({ pid, username: "somebody" }), false],
    [
      "own number in an older lock: a stranger had it before us",
      content({ pid, timestamp: "2026-01-05T09:00:00Z" }),
      false,
    ],
    ["empty file", "", false],
    ["half JSON", content({ pid }).slice(0, 40), false],
    ["no time", content({ pid, timestamp: "soon" }), false],
    ["pid as text", content({ pid: String(pid) }), false],
    ["megabytes", `${content({ pid })}${" ".repeat(70_000)}`, false],
  ];
  it.each(cases)("%s", async (_name, text, goes) => {
    const own = text.includes(`"pid":${process.pid}`) ? process.pid : pid;
    expect(await release("a.json", text, own)).toBe(goes);
  });

  it("leaves a thousand foreign locks alone and takes its own from among them", async () => {
    const foreign = content({ pid, hostname: "elsewhere" });
    await Promise.all(Array.from({ length: 1_000 }, (_, i) => writeFile(join(locks, `x${i}.json`), foreign)));
    await writeFile(join(locks, "own.json"), content({ pid }));
    const released = await releaseOwnLocks(
      await readLocks(backend, "tiercast", "tiers", [{ pid, sinceMs: NOW - 500 }]),
    );
    expect(released).toHaveLength(1);
    expect(await readdir(locks)).toHaveLength(1_000);
  });

  it("own pid that lives and is pulumi", async () => {
    const live = spawn("bash", ["-c", "exec -a pulumi sleep 30"], { stdio: "ignore" });
    try {
      await delay(200);
      const alive = live.pid ?? 0;
      expect(await release("a.json", content({ pid: alive }), alive)).toBe(false);
    } finally {
      live.kill("SIGKILL");
    }
  });

  it("names the holder", async () => {
    await writeFile(join(locks, "a.json"), content({ pid: 7, username: "ana", hostname: "box" }));
    const [lock] = await readLocks(backend, "tiercast", "tiers", []);
    expect(lock?.holder).toBe("ana@box (pid 7) since 2026-01-05T10:00:00.000Z");
  });

  it("says nothing about backends that are no folder", async () => {
    expect(lockFolder("s3://bucket", "p", "s")).toBeUndefined();
    expect(await readLocks("s3://bucket", "p", "s", [])).toEqual([]);
  });
});
