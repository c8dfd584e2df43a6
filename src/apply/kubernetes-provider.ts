import { rm } from "node:fs/promises";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { UserError } from "../model/user-error.ts";
import type { Engine } from "./engine.ts";
import { makeDraft, publishDraft, sweepDrafts } from "./engine-cache.ts";
import { lastWords, runCommand } from "./engine-command.ts";
import { modulesBesideSources } from "./engine-install.ts";
import { isExecutable } from "./engine-version.ts";
import { findGoProgram, type GoProgram, type GoProgramOptions, installGoProgram } from "./go-program.ts";

/** The version that programs are written for: `@pulumi/kubernetes` has the same. */
export const KUBERNETES_PROVIDER_VERSION = "4.25.0";

/** A provider plugin on disk; `folder` is what a project names under `plugins.providers`. */
export interface ProviderPlugin {
  readonly name: "kubernetes";
  readonly version: string;
  readonly origin: "pulumi" | "download" | "build";
  readonly folder: string;
}

export interface FindProviderOptions {
  readonly cacheFolder: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

export interface InstallProviderOptions extends GoProgramOptions {
  /** Its `pulumi plugin install` is the official download. */
  readonly engine: Engine;
  /** For tests: folder with the Go module `kubernetes`; undefined: the one beside the sources. */
  readonly modulesFolder?: string;
}

const FILE = "pulumi-resource-kubernetes";
const MODULE = "github.com/pulumi/pulumi-kubernetes/provider/v4";
const DOWNLOAD_DEADLINE_MS = 300_000;

/**
 * The provider in exactly `KUBERNETES_PROVIDER_VERSION`: the one Pulumi's own plugin cache has, else what tiercast
 * downloaded or built before. Asked on disk only: no process is started.
 */
export async function findKubernetesProvider(
  options: FindProviderOptions & { readonly modulesFolder?: string },
): Promise<ProviderPlugin | undefined> {
  const official = join(pulumiHome(options.environment), "plugins", `resource-kubernetes-v${VERSION}`);
  if (await isExecutable(join(official, FILE))) return plugin("pulumi", official);
  const downloaded = join(downloadsFolder(options.cacheFolder), VERSION, ...IN_HOME);
  if (await isExecutable(join(downloaded, FILE))) return plugin("download", downloaded);
  const program = providerProgram(options.modulesFolder);
  const built = program === undefined ? undefined : await findGoProgram(program, options.cacheFolder);
  return built === undefined ? undefined : plugin("build", dirname(built));
}

/**
 * Finds the provider or gets it: `pulumi plugin install`, else a build from Go modules (12 min on two cores,
 * 300 MB). Rejects with a `UserError` that names both ways and why they failed.
 */
export async function installKubernetesProvider(options: InstallProviderOptions): Promise<ProviderPlugin> {
  const present = await findKubernetesProvider(options);
  if (present !== undefined) return present;
  const failures = [options.offline ? "download: not tried (offline)" : await download(options)];
  if (failures[0] === undefined) {
    const downloaded = await findKubernetesProvider(options);
    if (downloaded !== undefined) return downloaded;
  }
  const program = providerProgram(options.modulesFolder);
  if (program === undefined)
    throw new UserError(
      `no ${FILE}: ${failures[0]}; its Go module is not part of this installation (folder engine/)`,
      1,
    );
  try {
    return plugin("build", dirname(await installGoProgram(program, options)));
  } catch (error) {
    if (error instanceof UserError && failures[0] !== undefined)
      throw new UserError(`${error.message} (download: ${failures[0]})`, error.exitCode);
    throw error;
  }
}

/** Undefined when it is in place, else why not. */
async function download(options: InstallProviderOptions): Promise<string | undefined> {
  const folder = downloadsFolder(options.cacheFolder);
  const draft = await makeDraft(folder);
  try {
    await sweepDrafts(folder);
    options.onProgress(step(`downloading ${FILE} ${VERSION}`));
    const end = await runCommand({
      file: options.engine.pulumiPath,
      args: ["plugin", "install", "resource", "kubernetes", VERSION],
      environment: {
        ...options.environment,
        PULUMI_HOME: join(draft, IN_HOME[0]),
        PULUMI_SKIP_UPDATE_CHECK: "true",
      },
      signal: options.signal,
      deadlineMs: DOWNLOAD_DEADLINE_MS,
      onLine: (text) => options.onProgress({ kind: "line", text, fraction: undefined, etaMs: undefined }),
    });
    options.signal?.throwIfAborted();
    const came = await isExecutable(join(draft, ...IN_HOME, FILE));
    if (end.kind !== "exited" || end.code !== 0 || !came) {
      const reason = end.kind === "exited" && end.code === 0 ? "no plugin came" : lastWords(end);
      options.onProgress(step(`download of ${FILE} did not work: ${reason}`));
      return reason;
    }
    await publishDraft(draft, folder, VERSION, "download");
    return undefined;
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

function providerProgram(modulesFolder = modulesBesideSources()): GoProgram | undefined {
  if (modulesFolder === undefined) return undefined;
  return {
    name: FILE,
    version: VERSION,
    moduleFolder: join(modulesFolder, "kubernetes"),
    importPath: "tiercast.dev/engine/kubernetes",
    variables: { [`${MODULE}/pkg/version.Version`]: VERSION },
    embedded: {
      module: MODULE,
      files: {
        "schema.json": "cmd/pulumi-resource-kubernetes/schema.json",
        "terraform-mapping.json": "cmd/pulumi-resource-kubernetes/terraform-mapping.json",
      },
    },
  };
}

const VERSION = KUBERNETES_PROVIDER_VERSION;
/** Where `pulumi plugin install` puts it below PULUMI_HOME. */
const IN_HOME = ["home", "plugins", `resource-kubernetes-v${VERSION}`] as const;

function downloadsFolder(cacheFolder: string): string {
  return join(cacheFolder, "programs", `${FILE}-download`);
}

function pulumiHome(environment: Readonly<Record<string, string | undefined>>): string {
  return environment["PULUMI_HOME"] || join(environment["HOME"] || homedir(), ".pulumi");
}

function plugin(origin: ProviderPlugin["origin"], folder: string): ProviderPlugin {
  return { name: "kubernetes", version: VERSION, origin, folder };
}

function step(text: string) {
  return { kind: "step", text, fraction: undefined, etaMs: undefined } as const;
}
