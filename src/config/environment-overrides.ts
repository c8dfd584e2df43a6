import { closest } from "./closest.ts";
import { type Problem, type SettingPath, shown } from "./problem.ts";
import { readYamlTree } from "./yaml-tree.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

/** One setting that the environment replaces. */
export interface Override {
  readonly variable: string;
  readonly path: readonly string[];
  readonly value: unknown;
}

export interface Overrides {
  readonly overrides: readonly Override[];
  /** A line each: variables that name no setting, or hold no value. */
  readonly problems: readonly string[];
}

const PREFIX = "TIERCAST_";

/** Names with the prefix that are not settings. */
const RESERVED = new Set([
  "TIERCAST_CONFIG",
  "TIERCAST_STATE_FOLDER",
  "TIERCAST_CACHE_FOLDER",
  "TIERCAST_RUN_FOLDER",
  "TIERCAST_BASE_INPUTS",
]);
const RESERVED_PREFIXES = ["TIERCAST_TEST_", "TIERCAST_ENGINE_", "TIERCAST_INTERNAL_"];

/**
 * Settings the environment replaces.
 *
 * A variable is the setting's path: `TIERCAST_`, then each key in capitals, words apart by `_`, levels by `__`.
 *
 *     limits.maxTotalUnits     TIERCAST_LIMITS__MAX_TOTAL_UNITS=40
 *     horizons                 TIERCAST_HORIZONS='[5m, 1h]'      values are YAML
 *     tags.team                TIERCAST_TAGS__TEAM=shop          a free key is taken in lower case
 *
 * An empty variable is as good as none.
 */
export function environmentOverrides(environment: Environment, known: readonly SettingPath[]): Overrides {
  const paths = new Map(known.map((path) => [variableName(path), path.map(String)]));
  const overrides: Override[] = [];
  const problems: string[] = [];
  for (const variable of Object.keys(environment).sort()) {
    const text = environment[variable];
    if (text === undefined || text === "" || !isOverride(variable)) continue;
    const path = paths.get(variable) ?? freePath(variable, paths);
    if (path === undefined) problems.push(unknownVariable(variable, [...paths.keys()]));
    else read(variable, path, text, overrides, problems);
  }
  return { overrides, problems };
}

/** `limits.maxTotalUnits` → `TIERCAST_LIMITS__MAX_TOTAL_UNITS`. */
export function variableName(path: SettingPath): string {
  const words = path.map((key) =>
    String(key)
      .replaceAll(/([a-z0-9])([A-Z])/g, "$1_$2")
      .toUpperCase(),
  );
  return PREFIX + words.join("__");
}

function isOverride(variable: string): boolean {
  if (!variable.startsWith(PREFIX) || RESERVED.has(variable)) return false;
  return !RESERVED_PREFIXES.some((prefix) => variable.startsWith(prefix));
}

/** `tags` takes any key. */
function freePath(variable: string, paths: ReadonlyMap<string, readonly string[]>): string[] | undefined {
  const start = `${PREFIX}TAGS__`;
  if (!variable.startsWith(start) || variable === start || !paths.has(`${PREFIX}TAGS`)) return undefined;
  return ["tags", variable.slice(start.length).toLowerCase()];
}

function unknownVariable(variable: string, names: readonly string[]): string {
  const near = closest(variable, names);
  const fix = near === undefined ? "unset it" : `did you mean ${near}?`;
  return `environment ${shown(variable).replaceAll('"', "")}: names no setting (${fix})`;
}

function read(
  variable: string,
  path: readonly string[],
  text: string,
  overrides: Override[],
  problems: string[],
): void {
  const tree: { value: unknown; problems: readonly Problem[] } =
    text.length > 10_000 ? { value: null, problems: [] } : readYamlTree(text);
  const fault = tree.problems[0];
  if (fault !== undefined) problems.push(`environment ${variable}: ${fault.message}`);
  else overrides.push({ variable, path, value: tree.value });
}
