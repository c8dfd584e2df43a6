import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { UserError } from "../model/user-error.ts";
import type { EngineProgress } from "./engine.ts";
import { buildFromModules } from "./engine-build.ts";
import { makeDraft, publishDraft, sweepDrafts } from "./engine-cache.ts";
import { lastWords, runCommand } from "./engine-command.ts";
import { takeInstallLock } from "./engine-lock.ts";
import { isExecutable } from "./engine-version.ts";

/** A program built from a small committed Go module and kept in the user's cache folder. */
export interface GoProgram {
  /** File name of the program. */
  readonly name: string;
  readonly version: string;
  /** Folder with `go.mod` and `go.sum`, and `main.go` where the program is our own. */
  readonly moduleFolder: string;
  readonly importPath: string;
  /** Values linked into the program: variable and value. */
  readonly variables: Readonly<Record<string, string>>;
  /** Files that `main.go` embeds: they are taken from a module of `go.mod` and are not committed here. */
  readonly embedded?: EmbeddedFiles;
}

export interface EmbeddedFiles {
  readonly module: string;
  /** Name beside `main.go` → path within the module. */
  readonly files: Readonly<Record<string, string>>;
}

export interface GoProgramOptions {
  /** The user's cache folder of tiercast; programs are in `programs/<name>/<key>/bin` in it. */
  readonly cacheFolder: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly onProgress: (progress: EngineProgress) => void;
  readonly signal?: AbortSignal | undefined;
  /** Use only what Go's module cache holds. */
  readonly offline?: boolean;
}

/** The program in the cache, if it was built from exactly these sources; undefined when not. */
export async function findGoProgram(program: GoProgram, cacheFolder: string): Promise<string | undefined> {
  const file = await programFile(program, cacheFolder);
  return (await isExecutable(file)) ? file : undefined;
}

/**
 * The path of the program, built when the cache has none of these sources yet (minutes). It appears whole or not
 * at all; two builders of one program wait for one another.
 *
 * Rejects with a `UserError` that says why it cannot be built, or with the signal's reason when that aborts.
 */
export async function installGoProgram(program: GoProgram, options: GoProgramOptions): Promise<string> {
  const folder = programFolder(program, options.cacheFolder);
  for (;;) {
    const present = await findGoProgram(program, options.cacheFolder);
    if (present !== undefined) return present;
    await mkdir(folder, { recursive: true });
    const waiting = (holder: string) =>
      options.onProgress(step(`another tiercast (${holder}) is building ${program.name}: waiting for it`));
    const answer = await takeInstallLock(join(folder, "install.lock"), waiting, options.signal);
    if (answer.kind === "waited") continue;
    try {
      // Between the look and the lock somebody else may have finished it.
      const done = await findGoProgram(program, options.cacheFolder);
      return done ?? (await buildIntoCache(program, options, folder));
    } finally {
      await answer.lock.release();
    }
  }
}

/** Folder of a module that `go.mod` in `moduleFolder` requires, fetched into Go's module cache if need be. */
export async function moduleSource(
  moduleFolder: string,
  module: string,
  options: Pick<GoProgramOptions, "environment" | "signal" | "offline">,
): Promise<string> {
  const end = await runCommand({
    file: "go",
    args: ["mod", "download", "-json", module],
    folder: moduleFolder,
    environment: {
      ...options.environment,
      GOWORK: "off",
      // The hash of what comes is checked against go.sum, and nothing is added to it.
      GOFLAGS: "-mod=readonly",
      ...(options.offline ? { GOPROXY: "off" } : {}),
    },
    signal: options.signal,
  });
  options.signal?.throwIfAborted();
  const folder = end.kind === "exited" && end.code === 0 ? downloadedFolder(end.stdout) : undefined;
  if (folder !== undefined) return folder;
  throw new UserError(`cannot get the Go module ${module}: ${goWords(lastWords(end))}`, 1);
}

async function buildIntoCache(
  program: GoProgram,
  options: GoProgramOptions,
  folder: string,
): Promise<string> {
  await sweepDrafts(folder);
  const draft = await makeDraft(folder);
  try {
    const output = join(draft, "bin", program.name);
    // Go's work folder goes with the draft, even when Go has to be killed.
    const workFolder = join(draft, "work");
    await mkdir(workFolder);
    const overlay = await writeOverlay(program, options, draft);
    const end = await buildFromModules(
      {
        title: `building ${program.name} ${program.version} from Go modules`,
        moduleFolder: program.moduleFolder,
        importPath: program.importPath,
        variables: program.variables,
        output,
        ...(overlay === undefined ? {} : { overlay }),
      },
      {
        environment: { ...options.environment, GOTMPDIR: workFolder },
        onProgress: options.onProgress,
        signal: options.signal,
        offline: options.offline ?? false,
      },
    );
    options.signal?.throwIfAborted();
    if (end.kind !== "built") throw notBuilt(program, end.kind === "failed" ? end.reason : "interrupted");
    await rm(workFolder, { recursive: true, force: true });
    await publishDraft(draft, folder, await programKey(program), "build");
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
  return programFile(program, options.cacheFolder);
}

/** `go build -overlay` shows Go the embedded files beside `main.go`, so that no 8 MB are copied or committed. */
async function writeOverlay(
  program: GoProgram,
  options: GoProgramOptions,
  draft: string,
): Promise<string | undefined> {
  if (program.embedded === undefined) return undefined;
  const { module, files } = program.embedded;
  const source = await moduleSource(program.moduleFolder, module, options);
  const replaced = Object.entries(files).map(([name, path]) => [
    join(program.moduleFolder, name),
    join(source, path),
  ]);
  const file = join(draft, "overlay.json");
  await writeFile(file, JSON.stringify({ Replace: Object.fromEntries(replaced) }));
  return file;
}

function programFolder(program: GoProgram, cacheFolder: string): string {
  return join(cacheFolder, "programs", program.name);
}

async function programFile(program: GoProgram, cacheFolder: string): Promise<string> {
  return join(programFolder(program, cacheFolder), await programKey(program), "bin", program.name);
}

/** Version and a digest of all that the build is made from: another `go.sum` or `main.go` is another program. */
async function programKey(program: GoProgram): Promise<string> {
  const digest = createHash("sha256");
  digest.update(JSON.stringify([program.importPath, program.variables, program.embedded ?? null]));
  for (const name of (await readdir(program.moduleFolder).catch(() => [])).sort()) {
    if (!/\.(go|mod|sum)$/.test(name)) continue;
    digest.update(`\n${name}\n`).update(await readFile(join(program.moduleFolder, name)));
  }
  return `${program.version}-${digest.digest("hex").slice(0, 12)}`;
}

function notBuilt(program: GoProgram, reason: string): UserError {
  return new UserError(
    `no ${program.name} ${program.version}: ${goWords(reason)}. Install Go 1.26 or newer and start again`,
    1,
  );
}

function goWords(reason: string): string {
  return /ENOENT/.test(reason) ? "no `go` on PATH" : reason;
}

function downloadedFolder(json: string): string | undefined {
  try {
    const { Dir: folder } = JSON.parse(json) as { readonly Dir?: unknown };
    return typeof folder === "string" ? folder : undefined;
  } catch {
    return undefined;
  }
}

function step(text: string): EngineProgress {
  return { kind: "step", text, fraction: undefined, etaMs: undefined };
}
