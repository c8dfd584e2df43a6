import { constants } from "node:fs";
import { access, open, realpath, stat } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { lastWords, runCommand } from "./engine-command.ts";

/** Second line of every shim of ours: a `pulumi` that is a shim is never taken for an engine. */
export const SHIM_MARK = "# tiercast shim: written by tiercast, do not edit";

export type ProbedVersion =
  | { readonly kind: "version"; readonly version: string }
  | { readonly kind: "broken"; readonly reason: string };

const VERSION_DEADLINE_MS = 20_000;

/** Asks the program itself, whatever its file is called. `v3.250.0` is answered as `3.250.0`. */
export async function probeVersion(
  pulumiPath: string,
  environment: Readonly<Record<string, string | undefined>>,
  signal?: AbortSignal,
): Promise<ProbedVersion> {
  const end = await runCommand({
    file: pulumiPath,
    args: ["version"],
    environment: { ...environment, PULUMI_SKIP_UPDATE_CHECK: "true" },
    signal,
    deadlineMs: VERSION_DEADLINE_MS,
  });
  if (end.kind !== "exited" || end.code !== 0) return { kind: "broken", reason: lastWords(end) };
  const version = /^v?(\d+\.\d+\.\d+\S*)$/m.exec(end.stdout)?.[1];
  return version === undefined
    ? { kind: "broken", reason: `\`pulumi version\` printed no version: ${end.stdout.trim().slice(0, 80)}` }
    : { kind: "version", version };
}

/**
 * True when `version` is at least `least` and has its major number. A pre-release comes before its release
 * (semver 2.0.0, §11): 3.250.0-rc.1 does not fit 3.250.0, 3.251.0-rc.1 does.
 */
export function versionFits(version: string, least: string): boolean {
  const have = parse(version);
  const want = parse(least);
  if (have === undefined || want === undefined || have.numbers[0] !== want.numbers[0]) return false;
  for (let i = 1; i < 3; i++) {
    const difference = (have.numbers[i] ?? 0) - (want.numbers[i] ?? 0);
    if (difference !== 0) return difference > 0;
  }
  return !have.preRelease;
}

/** Executable files called `name` in the folders of `pathVariable`, in order, without shims of ours. */
export async function findExecutables(name: string, pathVariable: string): Promise<readonly string[]> {
  const found: string[] = [];
  for (const folder of pathVariable.split(delimiter)) {
    const file = join(folder === "" ? "." : folder, name);
    if ((await isExecutable(file)) && !(await isShim(file))) found.push(file);
  }
  return found;
}

export async function isExecutable(file: string): Promise<boolean> {
  try {
    await access(file, constants.X_OK);
    return (await stat(file)).isFile();
  } catch {
    return false;
  }
}

/** The file behind links, or the path itself when it cannot be followed. */
export async function realFile(file: string): Promise<string> {
  return realpath(file).catch(() => file);
}

async function isShim(file: string): Promise<boolean> {
  const handle = await open(file).catch(() => undefined);
  if (handle === undefined) return false;
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(128), 0, 128, 0);
    return buffer.toString("latin1", 0, bytesRead).includes(SHIM_MARK);
  } finally {
    await handle.close();
  }
}

function parse(version: string) {
  const match = /^v?(\d+)\.(\d+)\.(\d+)(-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?$/.exec(version);
  if (match === null) return undefined;
  return { numbers: match.slice(1, 4).map(Number), preRelease: match[4] !== undefined };
}
