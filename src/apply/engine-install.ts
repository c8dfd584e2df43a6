import { existsSync } from "node:fs";
import { mkdir, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { UserError } from "../model/user-error.ts";
import type { Engine, EngineProgress } from "./engine.ts";
import { type BuildTarget, buildFromModules } from "./engine-build.ts";
import { makeDraft, publishDraft, publishProgram, readCached, sweepDrafts } from "./engine-cache.ts";
import { downloadEngine } from "./engine-download.ts";
import { probeVersion } from "./engine-version.ts";

export interface InstallSteps {
  readonly download: typeof downloadEngine;
  /** Folder with the Go modules `cli` and `language-nodejs`; undefined: the one beside the sources. */
  readonly modulesFolder: string | undefined;
}

export const OFFICIAL_STEPS: InstallSteps = { download: downloadEngine, modulesFolder: undefined };

export interface InstallJob {
  readonly engineFolder: string;
  readonly version: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly onProgress: (progress: EngineProgress) => void;
  readonly onUsable: (engine: Engine) => void;
  readonly signal?: AbortSignal | undefined;
  readonly offline?: boolean;
  /** Why what is there already does not do. */
  readonly rejected: readonly string[];
  /** An engine that only lacks its language host. */
  readonly existing: Engine | undefined;
}

const VERSION_VARIABLE = "github.com/pulumi/pulumi/sdk/v3/go/common/version.Version";

/** Downloads or builds the engine into the cache. The install lock is held by the caller. */
export async function installIntoCache(job: InstallJob, steps: InstallSteps): Promise<Engine> {
  await sweepDrafts(job.engineFolder);
  const draft = await makeDraft(job.engineFolder);
  try {
    if (job.existing === undefined) {
      const origin = await fillDraft(job, steps, draft);
      await publishDraft(draft, job.engineFolder, job.version, origin);
    }
    const engine = await cachedEngine(job);
    job.onUsable(engine);
    if (engine.origin !== "build" || engine.languageHostFolder !== undefined) return engine;
    await addLanguageHost(job, steps, draft);
    return await cachedEngine(job);
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

async function fillDraft(job: InstallJob, steps: InstallSteps, draft: string): Promise<"download" | "build"> {
  const failures = [job.rejected.length === 0 ? "none on PATH or in the cache" : job.rejected.join(", ")];
  const attempts = [
    ["download", job.offline ? undefined : () => download(job, steps, draft)],
    ["build", () => buildCli(job, steps, draft)],
  ] as const;
  for (const [name, attempt] of attempts) {
    if (attempt === undefined) {
      failures.push(`${name}: not tried (offline)`);
      continue;
    }
    const reason = (await attempt()) ?? (await wrongVersion(job, draft));
    job.signal?.throwIfAborted();
    if (reason === undefined) return name;
    failures.push(`${name}: ${reason}`);
    job.onProgress(step(`${name} of the Pulumi engine did not work: ${reason}`));
    await rm(join(draft, "bin"), { recursive: true, force: true });
    await mkdir(join(draft, "bin"));
  }
  throw new UserError(
    `no Pulumi engine: ${failures.join("; ")}. Install pulumi ${job.version}, or Go 1.26 or newer, ` +
      "or allow the download; then run `tiercast engine install`",
    1,
  );
}

async function download(job: InstallJob, steps: InstallSteps, draft: string): Promise<string | undefined> {
  const end = await steps.download({
    root: draft,
    environment: job.environment,
    nodePath: process.execPath,
    onProgress: job.onProgress,
    signal: job.signal,
  });
  return end.kind === "failed" ? end.reason : undefined;
}

async function buildCli(job: InstallJob, steps: InstallSteps, draft: string): Promise<string | undefined> {
  return build(job, steps, {
    title: `building the Pulumi engine ${job.version} from Go modules`,
    moduleFolder: "cli",
    importPath: "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi",
    variables: { [VERSION_VARIABLE]: `v${job.version}` },
    output: join(draft, "bin", "pulumi"),
  });
}

/** Its version is not the engine's: the last one whose Go module can be had stands in, and the two work together. */
async function addLanguageHost(job: InstallJob, steps: InstallSteps, draft: string): Promise<void> {
  const name = "pulumi-language-nodejs";
  const output = join(draft, name);
  await mkdir(draft, { recursive: true });
  const reason = await build(job, steps, {
    title: "building the language host (for `pulumi up` by hand)",
    moduleFolder: "language-nodejs",
    importPath: "github.com/pulumi/pulumi/sdk/nodejs/cmd/pulumi-language-nodejs/v3",
    variables: { [VERSION_VARIABLE]: "v3.187.0" },
    output,
  });
  job.signal?.throwIfAborted();
  if (reason === undefined) await publishProgram(output, job.engineFolder, job.version, name);
  else
    job.onProgress(
      step(`warning: no language host, so \`pulumi up\` by hand will not work; tiercast does (${reason})`),
    );
}

async function build(job: InstallJob, steps: InstallSteps, target: BuildTarget): Promise<string | undefined> {
  const modules = steps.modulesFolder ?? modulesBesideSources();
  if (modules === undefined) return "the Go modules are not part of this installation (folder engine/)";
  // Go's work folder goes with the draft, even when Go has to be killed.
  const workFolder = `${target.output}.work`;
  await mkdir(workFolder, { recursive: true });
  const end = await buildFromModules(
    { ...target, moduleFolder: join(modules, target.moduleFolder) },
    {
      environment: { ...job.environment, GOTMPDIR: workFolder },
      onProgress: job.onProgress,
      signal: job.signal,
      offline: job.offline ?? false,
    },
  );
  await rm(workFolder, { recursive: true, force: true });
  return end.kind === "failed" ? end.reason : undefined;
}

async function wrongVersion(job: InstallJob, draft: string): Promise<string | undefined> {
  if (job.signal?.aborted) return undefined;
  const probed = await probeVersion(join(draft, "bin", "pulumi"), job.environment);
  if (probed.kind === "broken") return `what came does not run (${probed.reason})`;
  return probed.version === job.version ? undefined : `what came is ${probed.version}, not ${job.version}`;
}

async function cachedEngine(job: InstallJob): Promise<Engine> {
  const cached = await readCached(job.engineFolder, job.version, job.environment);
  if (cached.kind === "engine") return cached.engine;
  const reason = cached.kind === "broken" ? cached.reason : "it was deleted meanwhile";
  throw new UserError(`the engine just installed in ${job.engineFolder} cannot be used: ${reason}`, 1);
}

/** `engine/` is at the package's root, a few folders up from here: in a clone and once built alike. */
export function modulesBesideSources(): string | undefined {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (dirname(folder) !== folder) {
    if (existsSync(join(folder, "engine", "cli", "go.mod"))) return join(folder, "engine");
    folder = dirname(folder);
  }
  return undefined;
}

function step(text: string): EngineProgress {
  return { kind: "step", text, fraction: undefined, etaMs: undefined };
}
