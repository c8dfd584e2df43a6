import { readFileSync } from "node:fs";

const LEVELS_UP = 4;

/** The folder of tiercast's own package.json: above `src/` in a clone, above `dist/` once built. */
export function ownFolder(): URL | undefined {
  return ownPackage()?.folder;
}

export function ownVersion(): string {
  return ownPackage()?.version ?? "unknown";
}

function ownPackage(): { readonly folder: URL; readonly version: string } | undefined {
  for (let level = 1; level <= LEVELS_UP; level++) {
    const folder = new URL("../".repeat(level), import.meta.url);
    const version = versionIn(new URL("package.json", folder));
    if (version !== undefined) return { folder, version };
  }
  return undefined;
}

function versionIn(file: URL): string | undefined {
  try {
    const { name, version } = JSON.parse(readFileSync(file, "utf8")) as Record<string, unknown>;
    return name === "tiercast" && typeof version === "string" ? version : undefined;
  } catch {
    return undefined;
  }
}
