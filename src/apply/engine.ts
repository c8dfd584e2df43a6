import { mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { UserError } from "../model/user-error.ts";
import { readCached } from "./engine-cache.ts";
import { type InstallSteps, installIntoCache, OFFICIAL_STEPS } from "./engine-install.ts";
import { takeInstallLock } from "./engine-lock.ts";
import { findExecutables, isExecutable, probeVersion, realFile, versionFits } from "./engine-version.ts";

/** The version that is installed, and the least that is taken from PATH. `@pulumi/pulumi` has the same. */
export const ENGINE_VERSION = "3.250.0";

/** A Pulumi CLI that has been run and has said its version. */
export interface Engine {
  readonly pulumiPath: string;
  readonly version: string;
  readonly origin: "path" | "download" | "build";
  /** Folder with `pulumi-language-nodejs`; needed for `pulumi up` by hand on a project and for nothing else. */
  readonly languageHostFolder: string | undefined;
}

export interface EngineProgress {
  /** `step`: where things stand, replaces the last one on a screen. `line`: output of a tool, for a log. */
  readonly kind: "step" | "line";
  readonly text: string;
  /** 0 to 1 of the running step; never falls within one. */
  readonly fraction: number | undefined;
  readonly etaMs: number | undefined;
}

export interface FindOptions {
  /** The user's cache folder of tiercast; engines are in `engine/<version>` in it. */
  readonly cacheFolder: string;
  readonly pathVariable: string;
  /** For the processes started; PATH is taken from `pathVariable`. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
}

export interface InstallOptions extends FindOptions {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly onProgress: (progress: EngineProgress) => void;
  readonly signal?: AbortSignal | undefined;
  /** No download: build from what Go's module cache holds, or fail. */
  readonly offline?: boolean;
  /** Called as soon as stacks can be run, while the language host may still be built. At most once. */
  readonly onUsable?: (engine: Engine) => void;
  /** For tests: how to download and what to build from. */
  readonly steps?: InstallSteps;
}

/**
 * A fitting engine: the first `pulumi` on PATH from 3.250.0 up to, not including, 4; else the one in the cache.
 * Each was asked for its version; a file that does not answer is no engine.
 */
export async function findEngine(options: FindOptions): Promise<Engine | undefined> {
  return (await surveyEngines(options)).engine;
}

/**
 * Finds an engine or gets one: PATH, cache, official download, build from the Go modules beside the sources. What
 * it installs appears in the cache whole or not at all; two at a time wait for one another.
 *
 * Rejects with a `UserError` that names each way tried and why it failed, or with the signal's reason when it
 * aborts. A language host that cannot be built is a warning in `onProgress`, not a failure.
 */
export async function installEngine(options: InstallOptions): Promise<Engine> {
  const survey = await surveyEngines(options);
  if (survey.engine !== undefined) {
    options.onUsable?.(survey.engine);
    if (isComplete(survey.engine)) return survey.engine;
  }
  const engineFolder = join(options.cacheFolder, "engine");
  try {
    await mkdir(engineFolder, { recursive: true });
    return await installLocked(options, engineFolder, survey.engine);
  } catch (error) {
    throw explainFileError(error, engineFolder);
  }
}

async function installLocked(
  options: InstallOptions,
  engineFolder: string,
  known: Engine | undefined,
): Promise<Engine> {
  const onUsable = once(known === undefined ? options.onUsable : undefined);
  for (;;) {
    const waiting = (holder: string) =>
      options.onProgress({
        kind: "step",
        text: `another tiercast (${holder}) is installing the Pulumi engine: waiting for it`,
        fraction: undefined,
        etaMs: undefined,
      });
    const answer = await takeInstallLock(join(engineFolder, "install.lock"), waiting, options.signal);
    const survey = await surveyEngines(options);
    try {
      if (survey.engine !== undefined && (answer.kind === "waited" || isComplete(survey.engine))) {
        onUsable(survey.engine);
        return survey.engine;
      }
      if (answer.kind === "waited") continue;
      const steps = options.steps ?? OFFICIAL_STEPS;
      const job = {
        ...options,
        onUsable,
        engineFolder,
        version: ENGINE_VERSION,
        environment: childEnvironment(options),
        rejected: survey.rejected,
        existing: survey.engine,
      };
      return await installIntoCache(job, steps);
    } finally {
      if (answer.kind === "held") await answer.lock.release();
    }
  }
}

interface Survey {
  readonly engine: Engine | undefined;
  /** Why what was found does not do, a phrase each. */
  readonly rejected: readonly string[];
}

async function surveyEngines(options: FindOptions): Promise<Survey> {
  const environment = childEnvironment(options);
  const rejected: string[] = [];
  for (const pulumiPath of await findExecutables("pulumi", options.pathVariable)) {
    const probed = await probeVersion(pulumiPath, environment);
    if (probed.kind === "broken") rejected.push(`${pulumiPath} does not run (${probed.reason})`);
    else if (!versionFits(probed.version, ENGINE_VERSION))
      rejected.push(`${pulumiPath} is ${probed.version}, not ${ENGINE_VERSION} or newer within 3`);
    else return { engine: await pathEngine(pulumiPath, probed.version, options), rejected };
  }
  const cached = await readCached(join(options.cacheFolder, "engine"), ENGINE_VERSION, environment);
  if (cached.kind === "broken") rejected.push(cached.reason);
  return { engine: cached.kind === "engine" ? cached.engine : undefined, rejected };
}

/** The language host ships beside `pulumi`; a package may put links elsewhere. */
async function pathEngine(pulumiPath: string, version: string, options: FindOptions): Promise<Engine> {
  const beside = dirname(await realFile(pulumiPath));
  const onPath = await findExecutables("pulumi-language-nodejs", options.pathVariable);
  const languageHostFolder = (await isExecutable(join(beside, "pulumi-language-nodejs")))
    ? beside
    : onPath.map((file) => dirname(file))[0];
  return { pulumiPath, version, origin: "path", languageHostFolder };
}

/** Only what was built here can be completed here. */
function isComplete(engine: Engine): boolean {
  return engine.origin !== "build" || engine.languageHostFolder !== undefined;
}

function childEnvironment(options: FindOptions): Readonly<Record<string, string | undefined>> {
  return { ...options.environment, PATH: options.pathVariable };
}

function once(callback: ((engine: Engine) => void) | undefined): (engine: Engine) => void {
  let called = false;
  return (engine) => {
    if (!called) callback?.(engine);
    called = true;
  };
}

function explainFileError(error: unknown, folder: string): unknown {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === "ENOSPC" || code === "EDQUOT")
    return new UserError(`no space left on the disk of ${folder}: free about 3 GB and start again`, 1);
  if (code === "EACCES" || code === "EROFS" || code === "EPERM" || code === "ENOTDIR" || code === "EEXIST")
    return new UserError(
      `cannot write the engine cache ${folder} (${code}): make it writable or set XDG_CACHE_HOME to a folder that is`,
      1,
    );
  return error;
}
