import { randomBytes } from "node:crypto";
import { access, mkdir, readdir, rm, statfs, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

/** Below this, nothing new is begun: an update that runs out of disk has changed the world but not its state. */
const RESERVE_BYTES = 64 * 2 ** 20;

/** Versions of a stack's state that are kept in the backend's history and backups, per stack. */
const KEPT_VERSIONS = 20;

/** Where state lives: the configured backend or a folder of the state folder, made when missing. */
export async function openBackend(configured: string | undefined, stateFolder: string): Promise<string> {
  const url = configured ?? pathToFileURL(join(stateFolder, "backend")).href;
  if (url.startsWith("file://")) await mkdir(fileURLToPath(url), { recursive: true, mode: 0o700 });
  return url;
}

/** The passphrase file; on first use a random one is made, readable by its owner only. */
export async function passphraseFile(configured: string | undefined, stateFolder: string): Promise<string> {
  const file = configured ?? join(stateFolder, "passphrase");
  try {
    await access(file);
  } catch {
    await mkdir(dirname(file), { recursive: true, mode: 0o700 });
    await writeFile(file, randomBytes(24).toString("base64url"), { mode: 0o600, flag: "wx", flush: true });
  }
  return file;
}

/** One line when there is too little disk to begin an update; undefined when there is enough. */
export async function diskShortage(folder: string): Promise<string | undefined> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const { bavail, bsize } = await statfs(folder);
  const free = bavail * bsize;
  if (free >= RESERVE_BYTES) return undefined;
  const mib = (bytes: number) => `${Math.floor(bytes / 2 ** 20)} MiB`;
  return `only ${mib(free)} free under ${folder}, ${mib(RESERVE_BYTES)} are kept for state: free some`;
}

/** The self-managed backend never forgets: each update leaves a history entry, a checkpoint and a backup. */
export async function pruneHistory(backendUrl: string, project: string, stack: string): Promise<void> {
  if (!backendUrl.startsWith("file://")) return;
  const root = join(fileURLToPath(backendUrl), ".pulumi");
  for (const [kind, perVersion] of [
    ["history", 4],
    ["backups", 2],
  ] as const) {
    const folder = join(root, kind, project, stack);
    const names = (await readdir(folder).catch(() => [] as string[])).sort();
    const surplus = names.length - KEPT_VERSIONS * perVersion;
    for (const name of names.slice(0, Math.max(0, surplus))) await rm(join(folder, name), { force: true });
  }
}
