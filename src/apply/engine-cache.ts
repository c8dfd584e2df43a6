import { randomBytes } from "node:crypto";
import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Engine } from "./engine.ts";
import { isExecutable, probeVersion } from "./engine-version.ts";
import { pidAlive } from "./process-group.ts";

export type Cached =
  | { readonly kind: "engine"; readonly engine: Engine }
  | { readonly kind: "none" }
  | { readonly kind: "broken"; readonly reason: string };

/** The engine in `<engineFolder>/<version>`, if it runs and has exactly that version. */
export async function readCached(
  engineFolder: string,
  version: string,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<Cached> {
  const folder = join(engineFolder, version);
  const pulumiPath = join(folder, "bin", "pulumi");
  if (!(await isExecutable(pulumiPath))) return { kind: "none" };
  const probed = await probeVersion(pulumiPath, environment);
  if (probed.kind === "broken")
    return { kind: "broken", reason: `${pulumiPath} does not run (${probed.reason})` };
  if (probed.version !== version)
    return { kind: "broken", reason: `${pulumiPath} is ${probed.version}, not ${version}` };
  const hasHost = await isExecutable(join(folder, "bin", "pulumi-language-nodejs"));
  const languageHostFolder = hasHost ? join(folder, "bin") : undefined;
  return {
    kind: "engine",
    engine: { pulumiPath, version, origin: await readOrigin(folder), languageHostFolder },
  };
}

/** An empty folder beside the finished ones, on the same disk, named so that a dead maker's can be told. */
export async function makeDraft(engineFolder: string): Promise<string> {
  const draft = join(engineFolder, `${DRAFT}${process.pid}-${randomBytes(4).toString("hex")}`);
  await mkdir(join(draft, "bin"), { recursive: true });
  return draft;
}

/** Drafts whose makers died. Called with the install lock held. */
export async function sweepDrafts(engineFolder: string): Promise<void> {
  for (const name of await readdir(engineFolder)) {
    if (!name.startsWith(DRAFT)) continue;
    const pid = Number.parseInt(name.slice(DRAFT.length), 10);
    if (pid !== process.pid && pidAlive(pid)) continue;
    await rm(join(engineFolder, name), { recursive: true, force: true });
  }
}

/** Moves a finished draft into place by a rename: readers see the old one, none or the new one, never a part. */
export async function publishDraft(
  draft: string,
  engineFolder: string,
  version: string,
  origin: "download" | "build",
): Promise<void> {
  await writeFile(join(draft, ORIGIN_FILE), `${origin}\n`);
  const place = join(engineFolder, version);
  const old = `${draft}-old`;
  await rename(place, old).catch(ignoreMissing);
  await rename(draft, place);
  await rm(old, { recursive: true, force: true });
}

/** Adds one more program to a finished engine, by a rename. */
export async function publishProgram(file: string, engineFolder: string, version: string, name: string) {
  await rename(file, join(engineFolder, version, "bin", name));
}

const DRAFT = ".draft-";
const ORIGIN_FILE = "origin";

async function readOrigin(folder: string): Promise<"download" | "build"> {
  const text = await readFile(join(folder, ORIGIN_FILE), "utf8").catch(() => "build");
  return text.trim() === "download" ? "download" : "build";
}

function ignoreMissing(error: unknown): void {
  if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
}
