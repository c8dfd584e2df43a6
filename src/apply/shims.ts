import { createHash, randomBytes } from "node:crypto";
import { chmod, mkdir, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { moduleFile } from "../model/module-file.ts";
import type { Engine } from "./engine.ts";
import { SHIM_MARK } from "./engine-version.ts";

export interface ShimOptions {
  /** Shims of one set of paths get a folder of their own in it, so that two checkouts do not fight. */
  readonly folder: string;
  readonly pulumiPath: string;
  /** Node that runs the sources: `process.execPath`. */
  readonly nodePath: string;
  /** The program of the provider plugin `tiercast`; undefined: the one beside the sources. */
  readonly providerMain?: string;
  /** Folder of `pulumi-resource-kubernetes` (`findKubernetesProvider`); undefined: no stack on Kubernetes. */
  readonly kubernetesProviderFolder?: string | undefined;
}

export interface Shims {
  /** Has `bin/pulumi`: what `PulumiCommand.get({ root })` takes. */
  readonly root: string;
  /**
   * `<root>/bin`: pulumi, node, pulumi-resource-tiercast, pulumi-analyzer-policy-tiercast (packs with `runtime:
   * tiercast`, ours) and pulumi-analyzer-policy-nodejs (packs with `runtime: nodejs`, where there is no language
   * host). To be named in `plugins` of the project too (`providers: tiercast`, `analyzers: policy-tiercast`): a
   * plugin that is found on PATH only costs a warning in each run.
   */
  readonly binFolder: string;
}

/** A project names the provider under its plugins where this shim is there. */
export const KUBERNETES_SHIM = "pulumi-resource-kubernetes";

/** Sets of shims kept in a folder; older ones belong to paths nobody uses. */
const KEPT_SETS = 16;

/**
 * Writes small `sh` programs that start the engine, the provider and the policy runner with this very Node,
 * whatever `node` is on PATH. Idempotent and atomic: the folder is named after what is in it.
 */
export async function writeShims(options: ShimOptions): Promise<Shims> {
  const scripts = shimScripts(options);
  const root = join(options.folder, contentName(scripts));
  const binFolder = join(root, "bin");
  await mkdir(binFolder, { recursive: true });
  for (const [name, text] of Object.entries(scripts)) await writeExecutable(join(binFolder, name), text);
  await dropOldSets(options.folder, root);
  return { root, binFolder };
}

/** Variables and folders that give a shell the same `pulumi`, language host, provider and analyzer. */
export interface EngineEnvironment {
  /** To stand before PATH, in this order. */
  readonly pathFolders: readonly string[];
  readonly variables: Readonly<Record<string, string>>;
}

export function engineEnvironment(engine: Engine, shims: Shims): EngineEnvironment {
  // Beside `pulumi` it is found without PATH.
  const host = engine.languageHostFolder;
  const apart = host !== undefined && host !== dirname(engine.pulumiPath);
  return {
    pathFolders: apart ? [shims.binFolder, host] : [shims.binFolder],
    variables: { PULUMI_SKIP_UPDATE_CHECK: "true" },
  };
}

/** Lines for `eval` in any POSIX shell: `eval "$(tiercast engine env)"`. */
export function exportLines(environment: EngineEnvironment): readonly string[] {
  const folders = environment.pathFolders.map(shellQuote).join(delimiter);
  const variables = Object.entries(environment.variables);
  return [
    `export PATH=${folders}${delimiter}"$PATH"`,
    ...variables.map(([name, value]) => `export ${name}=${shellQuote(value)}`),
  ];
}

/** A word that any POSIX shell reads back as `text`: `it's` is `'it'\''s'`. */
export function shellQuote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

function shimScripts(options: ShimOptions): Readonly<Record<string, string>> {
  const node = shellQuote(options.nodePath);
  const providerMain =
    options.providerMain ?? fileURLToPath(moduleFile(import.meta.url, "../../stacks/local/provider-main"));
  const policyRunner = createRequire(import.meta.url).resolve("@pulumi/pulumi/cmd/run-policy-pack/index.js");
  return {
    pulumi: script(
      "# The pid stays the engine's own after exec: it proves whose a lock is that this run leaves behind.",
      'if [ -n "$TIERCAST_RUN_FOLDER" ]; then',
      '  echo "$$" >> "$TIERCAST_RUN_FOLDER/pids" || exit 1',
      "fi",
      `exec ${shellQuote(options.pulumiPath)} "$@"`,
    ),
    node: script(`exec ${node} "$@"`),
    "pulumi-resource-tiercast": script(`exec ${node} ${shellQuote(providerMain)} "$@"`),
    // The engine starts it in the pack's folder, with its own address and that folder as arguments.
    "pulumi-analyzer-policy-tiercast": script(
      'entry="$2/index.js"',
      '[ -f "$entry" ] || entry="$2/index.ts"',
      `exec ${node} "$entry" "$@"`,
    ),
    "pulumi-analyzer-policy-nodejs": script(`exec ${node} ${shellQuote(policyRunner)} "$@"`),
    ...kubernetesShim(options.kubernetesProviderFolder),
  };
}

function kubernetesShim(folder: string | undefined): Readonly<Record<string, string>> {
  if (folder === undefined) return {};
  return { [KUBERNETES_SHIM]: script(`exec ${shellQuote(join(folder, KUBERNETES_SHIM))} "$@"`) };
}

function script(...lines: readonly string[]): string {
  return `${["#!/bin/sh", SHIM_MARK, ...lines].join("\n")}\n`;
}

function contentName(scripts: Readonly<Record<string, string>>): string {
  return createHash("sha256").update(JSON.stringify(scripts)).digest("hex").slice(0, 16);
}

async function writeExecutable(file: string, text: string): Promise<void> {
  const present = await readFile(file, "utf8").catch(() => undefined);
  if (present === text && ((await stat(file)).mode & 0o111) === 0o111) return;
  const draft = `${file}.${process.pid}.${randomBytes(4).toString("hex")}`;
  try {
    await writeFile(draft, text);
    await chmod(draft, 0o755);
    await rename(draft, file);
  } finally {
    await rm(draft, { force: true });
  }
}

async function dropOldSets(folder: string, keep: string): Promise<void> {
  const sets = await Promise.all(
    (await readdir(folder)).map(async (name) => {
      const path = join(folder, name);
      return { path, changedMs: (await stat(path).catch(() => undefined))?.mtimeMs ?? 0 };
    }),
  );
  const old = sets
    .filter((set) => set.path !== keep && /^[0-9a-f]{16}$/.test(set.path.slice(-16)))
    .sort((a, b) => b.changedMs - a.changedMs)
    .slice(KEPT_SETS - 1);
  for (const set of old) await rm(set.path, { recursive: true, force: true });
}
