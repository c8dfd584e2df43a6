import { posix } from "node:path";

export const MAX_LINES = 320;
/** The formatter breaks code at 110; text that it cannot break (comments, sentences) may run a little further. */
export const MAX_COLUMNS = 120;
export const MAX_BYTES = 200_000;

/** Names that a tool demands. */
const FOREIGN_NAMES = [
  "CHANGELOG.md",
  "CONTRIBUTING.md",
  "LICENSE",
  "README.md",
  "SECURITY.md",
  "PulumiPolicy.yaml",
  "Pulumi.yaml",
  "Dockerfile",
];

/** Kebab-case with dots between parts: `plan-hash.test.ts`, `tsconfig.build.json`, `.gitignore`. */
export function checkPathName(path: string): readonly string[] {
  return path.split("/").flatMap((part) => {
    if (FOREIGN_NAMES.includes(part) || /^Pulumi\.[a-z-]+\.yaml$/.test(part)) return [];
    return /^\.?[a-z0-9]+(?:[-.][a-z0-9]+)*$/.test(part) ? [] : [`${path}: "${part}" is not kebab-case`];
  });
}

export function checkLength(path: string, text: string): readonly string[] {
  if (!/\.[jt]s$/.test(path) || path.startsWith("test/")) return [];
  const lines = text.split("\n");
  const found = lines.flatMap((line, index) =>
    line.length > MAX_COLUMNS ? [`${path}:${index + 1}: ${line.length} columns, at most ${MAX_COLUMNS}`] : [],
  );
  const count = text.endsWith("\n") ? lines.length - 1 : lines.length;
  if (count > MAX_LINES) found.push(`${path}: ${count} lines, at most ${MAX_LINES}`);
  return found;
}

export function checkSize(path: string, bytes: number): readonly string[] {
  return bytes > MAX_BYTES ? [`${path}: ${bytes} bytes, at most ${MAX_BYTES}`] : [];
}

const LEAKS: readonly (readonly [RegExp, string])[] = [
  [/"resolved":\s*"https?:/, "a lock file names its registry"],
  [/^\s*(?:@[\w-]+:)?registry\s*=/m, "a committed registry"],
  [/\b(?:GOPROXY|NPM_CONFIG_REGISTRY|PIP_INDEX_URL)=['"]?http/i, "a committed registry"],
  [/\b(?:artifactory|nexus|verdaccio|codeartifact)[\w.-]*\/[\w.-]/i, "a registry host"],
  [/(?<![\w./-])\/(?:root|work|home\/(?!ann\/)[a-z][\w-]*|Users\/[A-Za-z][\w-]*)\//, "a path of one machine"],
  [/(?<![\w./-])\/tmp\/(?:h|eng|pp)\b/, "a path of one machine"],
];

/** Registry hosts and paths of one machine have no place in a repository. */
export function checkLeaks(path: string, text: string): readonly string[] {
  return LEAKS.flatMap(([pattern, what]) => {
    const hit = pattern.exec(text);
    if (hit === null) return [];
    const line = text.slice(0, hit.index).split("\n").length;
    return [`${path}:${line}: ${what}: ${hit[0].trim().slice(0, 60)}`];
  });
}

/** Links of a Markdown file to files of the repository; `exists` answers for a path from its root. */
export function checkLinks(path: string, text: string, exists: (path: string) => boolean): readonly string[] {
  const targets = [...text.matchAll(/\]\(([^)\s]+)\)/g), ...text.matchAll(/(?:src|href)="([^"]+)"/g)];
  return targets.flatMap(([, target = ""]) => {
    if (/^(?:[a-z]+:|#)/.test(target)) return [];
    const file = posix.normalize(posix.join(posix.dirname(path), target.split("#")[0] ?? ""));
    return exists(file) ? [] : [`${path}: link to ${target} leads nowhere`];
  });
}
