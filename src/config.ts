import { homedir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { checkConfig } from "./config/check-config.ts";
import { type Environment, environmentOverrides, type Override } from "./config/environment-overrides.ts";
import { type Position, type Problem, pathText, type SettingPath } from "./config/problem.ts";
import { readConfigText } from "./config/read-config-text.ts";
import { settingPaths } from "./config/schema-paths.ts";
import { readYamlTree, type YamlTree } from "./config/yaml-tree.ts";
import type { Settings } from "./model/settings.ts";
import { type DurationMs, parseDuration } from "./model/time.ts";
import { UserError } from "./model/user-error.ts";

const MAX_SHOWN_PROBLEMS = 100;

export interface LoadedSettings {
  readonly settings: Settings;
  /** Absolute path of the file. */
  readonly path: string;
  /** A line each: what runs, but hardly as meant. */
  readonly warnings: readonly string[];
}

/** The environment of this process; the only place that reads it. */
export function processEnvironment(): Environment {
  return process.env;
}

/**
 * Reads the central configuration: `path`, else `TIERCAST_CONFIG`, else `tiercast.yaml` in the working folder,
 * with what the environment overrides.
 *
 * Throws one `UserError` (exit 2) that holds every problem, a line each: `file:line:col: setting: what (fix)`.
 */
export async function loadSettings(request: {
  readonly path?: string | undefined;
  readonly environment: Environment;
}): Promise<LoadedSettings> {
  const path = resolve(request.path ?? (request.environment["TIERCAST_CONFIG"] || "tiercast.yaml"));
  const text = await readConfigText(path);
  return { ...settingsFromText(text, path, request.environment), path };
}

/** As `loadSettings`, from a text; `fileName` is where it stands in messages and where relative paths start. */
export function settingsFromText(
  text: string,
  fileName: string,
  environment: Environment,
): { readonly settings: Settings; readonly warnings: readonly string[] } {
  const tree = readYamlTree(text);
  const { overrides, problems: variableProblems } = environmentOverrides(environment, settingPaths());
  const line = (problem: Problem) => problemLine(problem, fileName, tree, overrides);
  if (tree.broken) fail([...inOrder(tree.problems, tree, overrides).map(line), ...variableProblems]);
  if (tree.value === null || tree.value === undefined) {
    fail([`${fileName}:1:1: is empty (write at least \`service: NAME\`, or run \`tiercast init\`)`]);
  }

  const folders = {
    configFolder: dirname(resolve(fileName)),
    stateFolder: stateFolder(environment),
    homeFolder: environment["HOME"],
  };
  const checked = checkConfig(withOverrides(tree.value, overrides), folders);
  const errors = inOrder([...tree.problems, ...checked.errors], tree, overrides).map(line);
  if (checked.settings === undefined || errors.length + variableProblems.length > 0) {
    fail([...errors, ...variableProblems]);
  }
  return { settings: checked.settings, warnings: checked.warnings.map(line) };
}

/** A duration from a flag such as `--for 3m`; `name` is the flag. Throws a `UserError`. */
export function parseDurationSetting(text: string, name: string): DurationMs {
  const parsed = parseDuration(text.trim());
  if (parsed !== undefined && parsed > 0 && Number.isFinite(parsed)) return parsed;
  const fix = /^\d+$/.test(text) ? `write ${text}m or ${text}s, not ${text}` : "write 90s, 5m, 1h30m or 2d";
  throw new UserError(`${name}: must be a duration with a unit (${fix})`);
}

/** Where journal and state live: `TIERCAST_STATE_FOLDER`, else tiercast's part of the XDG state folder. */
export function stateFolder(environment: Environment): string {
  return userFolder(environment, "TIERCAST_STATE_FOLDER", "XDG_STATE_HOME", [".local", "state"]);
}

/** Where what can be made again lives: `TIERCAST_CACHE_FOLDER`, else tiercast's part of the XDG cache folder. */
export function cacheFolder(environment: Environment): string {
  return userFolder(environment, "TIERCAST_CACHE_FOLDER", "XDG_CACHE_HOME", [".cache"]);
}

function userFolder(
  environment: Environment,
  own: string,
  xdg: string,
  underHome: readonly string[],
): string {
  const ownFolder = environment[own];
  if (ownFolder) return resolve(ownFolder);
  const xdgFolder = environment[xdg];
  // The XDG base directory specification: a relative path is invalid and must be ignored.
  if (xdgFolder?.startsWith("/")) return join(xdgFolder, "tiercast");
  return join(environment["HOME"] || homedir(), ...underHome, "tiercast");
}

function withOverrides(value: unknown, overrides: readonly Override[]): unknown {
  return overrides.reduce((group, { path, value: override }) => replaced(group, path, override), value);
}

function replaced(group: unknown, path: readonly string[], value: unknown): unknown {
  const [key, ...rest] = path;
  if (key === undefined) return value;
  const isGroup = typeof group === "object" && group !== null && !Array.isArray(group);
  if (!isGroup && group !== undefined && group !== null) return group;
  const copy: Record<string, unknown> = Object.assign(Object.create(null), group);
  copy[key] = replaced(copy[key], rest, value);
  return copy;
}

function problemLine(
  problem: Problem,
  fileName: string,
  tree: YamlTree,
  overrides: readonly Override[],
): string {
  const override = overrideOf(problem.path, overrides);
  const { line, column } = positionOf(problem, tree);
  const where = override === undefined ? `${fileName}:${line}:${column}` : `environment ${override.variable}`;
  const name = pathText(problem.path);
  return name === "" ? `${where}: ${problem.message}` : `${where}: ${name}: ${problem.message}`;
}

/** The problem's own place, else that of a setting it is about, else that of the nearest group around it. */
function positionOf(problem: Problem, tree: YamlTree): Position {
  if (problem.position !== undefined) return problem.position;
  const own = tree.locate(problem.path, problem.pointsAt);
  if (own !== undefined) return own;
  const around = problem.path.map((_, i) => problem.path.slice(0, -1 - i)).filter((path) => path.length > 0);
  const nearby = [problem.path, ...(problem.about ?? [])].flatMap((path) => tree.locate(path, "value") ?? []);
  const group = around.flatMap((path) => tree.locate(path, "key") ?? tree.locate(path, "value") ?? []);
  return nearby[0] ?? group[0] ?? { line: 1, column: 1 };
}

function overrideOf(path: SettingPath, overrides: readonly Override[]): Override | undefined {
  return overrides.find((override) => override.path.every((key, i) => path[i] === key));
}

function inOrder(
  problems: readonly Problem[],
  tree: YamlTree,
  overrides: readonly Override[],
): readonly Problem[] {
  const rank = (problem: Problem) => {
    const { line, column } = positionOf(problem, tree);
    return (overrideOf(problem.path, overrides) === undefined ? 0 : 1e12) + line * 1e5 + column;
  };
  return [...problems].sort((a, b) => rank(a) - rank(b));
}

function fail(lines: readonly string[]): never {
  const rest = lines.length - MAX_SHOWN_PROBLEMS;
  const shownLines = lines.slice(0, MAX_SHOWN_PROBLEMS);
  throw new UserError([...shownLines, ...(rest > 0 ? [`... and ${rest} more`] : [])].join("\n"));
}
