import { randomBytes } from "node:crypto";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

/**
 * One engine run owns one folder: `work` (project files), `home` (PULUMI_HOME), `tmp` (TMPDIR), `pids` (every
 * pulumi process it started, written by the shim before it becomes pulumi) and `run.json`. It goes when the run
 * is over. One that is found at start belongs to a run whose daemon died.
 */
export interface RunFolder {
  readonly path: string;
  readonly id: string;
}

/** Who runs in the folder. */
export interface RunOwner {
  readonly stack: string;
  readonly verb: string;
  /** 0 until the child has started. */
  readonly group: number;
  readonly startTicks: number;
  readonly startedMs: number;
  /** The process that started the run: while it lives, the run is its business. */
  readonly parent: { readonly pid: number; readonly startTicks: number };
}

/** Made with its owner noted, so that no other process takes it for a dead one's. */
export async function makeRunFolder(runsFolder: string, owner: RunOwner): Promise<RunFolder> {
  const { verb } = owner;
  const id = `${verb}-${randomBytes(6).toString("hex")}`;
  const path = join(runsFolder, id);
  for (const name of ["work", "home", "tmp"]) await mkdir(join(path, name), { recursive: true, mode: 0o700 });
  await writeOwner(path, owner);
  return { path, id };
}

export async function writeOwner(folder: string, owner: RunOwner): Promise<void> {
  await writeFile(join(folder, "run.json"), JSON.stringify(owner), { flush: true });
}

export async function readOwner(folder: string): Promise<RunOwner | undefined> {
  try {
    return JSON.parse(await readFile(join(folder, "run.json"), "utf8")) as RunOwner;
  } catch {
    return undefined;
  }
}

/** Pids of the pulumi processes started in the folder, oldest first. */
export async function readPids(folder: string): Promise<readonly number[]> {
  const text = await readFile(join(folder, "pids"), "utf8").catch(() => "");
  return text
    .split("\n")
    .map(Number)
    .filter((pid) => Number.isInteger(pid) && pid > 1);
}

export async function listRunFolders(runsFolder: string): Promise<readonly string[]> {
  const names = await readdir(runsFolder).catch(() => [] as string[]);
  return names.sort().map((name) => join(runsFolder, name));
}

export async function removeRunFolder(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
}
