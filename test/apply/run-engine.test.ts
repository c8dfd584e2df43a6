import { chmod, mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { endLeftoverRuns } from "../../src/apply/leftovers.ts";
import { groupAlive, readProcess } from "../../src/apply/process-group.ts";
import { runEngine } from "../../src/apply/run-engine.ts";
import {
  listRunFolders,
  makeRunFolder,
  type RunFolder,
  type RunOwner,
  readOwner,
  readPids,
} from "../../src/apply/run-folder.ts";

/** A `pulumi` that answers what a run asks first and then behaves badly in the way a test wants. */
const FAKE = `#!/bin/sh
echo "$$" >> "$TIERCAST_RUN_FOLDER/pids"
case "$1" in
  version) echo v3.250.0; exit 0 ;;
  stack) if [ "$2" = ls ]; then echo '[{"name":"tiers","current":true}]'; fi; exit 0 ;;
esac
`;

const SELF = await readProcess(process.pid);
const OWNER: RunOwner = {
  stack: "tiers",
  verb: "destroy",
  group: 0,
  startTicks: 0,
  startedMs: 0,
  parent: { pid: process.pid, startTicks: SELF?.startTicks ?? 0 },
};

let folder: string;
let run: RunFolder;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "tiercast-run-"));
  run = await makeRunFolder(join(folder, "runs"), OWNER);
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function start(
  badly: string,
  options: { deadlineMs?: number; signal?: AbortSignal; memoryMib?: number } = {},
) {
  await mkdir(join(folder, "bin"), { recursive: true });
  await writeFile(join(folder, "bin/pulumi"), `${FAKE}echo > "${folder}/began"\n${badly}`);
  await chmod(join(folder, "bin/pulumi"), 0o755);
  return runEngine({
    job: {
      verb: "destroy",
      project: "tiercast",
      stack: "tiers",
      backendUrl: `file://${folder}`,
      pulumiRoot: folder,
      runFolder: run.path,
      program: { kind: "none" },
      policy: null,
      wantsDiff: false,
    },
    nodePath: process.execPath,
    environment: { PATH: process.env["PATH"] },
    deadlineMs: options.deadlineMs ?? 20_000,
    memoryMib: options.memoryMib ?? 1_024,
    owner: OWNER,
    graceMs: 300,
    signal: options.signal,
  });
}

async function nothingLeft(): Promise<void> {
  const owner = await readOwner(run.path);
  expect(owner?.group).toBeGreaterThan(1);
  expect(groupAlive(owner?.group ?? 0)).toBe(false);
}

describe("an engine run ends, whatever the engine does", () => {
  it("an engine that ignores SIGINT is killed after the deadline and two interrupts", async () => {
    const began = performance.now();
    const result = await start("trap '' INT\nsleep 60 & wait; sleep 60\n", { deadlineMs: 2_500 });
    expect(result).toMatchObject({ kind: "timeout" });
    expect(performance.now() - began).toBeLessThan(8_000);
    await nothingLeft();
  });

  it("a stop is an interruption, and the engine hears of it", async () => {
    const stop = new AbortController();
    setTimeout(() => stop.abort(), 2_000);
    const result = await start(`trap 'echo heard > "${folder}/heard"; exit 1' INT\nsleep 60 & wait\n`, {
      signal: stop.signal,
    });
    expect(result).toMatchObject({ kind: "interrupted" });
    expect(await readdir(folder)).toContain("heard");
    await nothingLeft();
  });

  it("an engine killed from outside is told as a failure with the signal, not as a success", async () => {
    const result = await start("kill -9 $$\n");
    expect(result.kind).toBe("failed");
    await nothingLeft();
  });

  it("an engine that prints without end does not fill memory", async () => {
    const result = await start("head -c 60000000 /dev/zero | tr '\\\\000' 'x' >&2; exit 1\n");
    expect(result.kind).toBe("failed");
    expect(JSON.stringify(result).length).toBeLessThan(2_000);
    await nothingLeft();
  });

  it("a child over its memory limit is ended and says so", async () => {
    const result = await start("sleep 60 & wait\n", { memoryMib: 40 });
    expect(result.kind).not.toBe("done");
    await nothingLeft();
  });

  it("a signal that is already aborted starts nothing", async () => {
    expect(await start("sleep 60\n", { signal: AbortSignal.abort() })).toMatchObject({ kind: "interrupted" });
    expect(await readPids(run.path)).toEqual([]);
  });
});

describe("runs that a dead daemon left behind", () => {
  it("a run with a live parent is somebody's business", async () => {
    const stop = new AbortController();
    const running = start("sleep 60 & wait\n", { signal: stop.signal });
    await vi.waitFor(async () => expect(await readdir(folder)).toContain("began"), 15_000);
    const found = await endLeftoverRuns(join(folder, "runs"), "tiers", 300);
    expect(found.folders).toEqual([]);
    stop.abort();
    await running;
  });

  it("a run whose parent is gone is ended, its folder and pids are reported", async () => {
    const stop = new AbortController();
    const running = start("trap '' INT\nsleep 60 & wait; sleep 60\n", { signal: stop.signal });
    await vi.waitFor(async () => expect(await readdir(folder)).toContain("began"), 15_000);
    const owner = await readOwner(run.path);
    const orphan = { ...owner, parent: { pid: owner?.parent.pid, startTicks: 1 } };
    await writeFile(join(run.path, "run.json"), JSON.stringify(orphan));
    const found = await endLeftoverRuns(join(folder, "runs"), "tiers", 300);
    expect(found.folders).toEqual(await listRunFolders(join(folder, "runs")));
    expect(found.own.length).toBeGreaterThan(0);
    expect(found.mended).toEqual(["ended the orphaned engine run destroy"]);
    expect((await running).kind).not.toBe("done");
    await nothingLeft();
  });
});
