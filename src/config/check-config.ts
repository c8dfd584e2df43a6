import { configSchema, type ParsedConfig } from "../config-schema.ts";
import type { Settings } from "../model/settings.ts";
import { completeSettings, type SettingsFolders } from "./complete-settings.ts";
import type { CrossCheck } from "./cross-check.ts";
import { crossChecks } from "./cross-checks.ts";
import type { Problem, SettingPath } from "./problem.ts";
import { settingPaths } from "./schema-paths.ts";
import { schemaProblems } from "./schema-problems.ts";

export interface Checked {
  /** Undefined when there is an error. */
  readonly settings: Settings | undefined;
  readonly errors: readonly Problem[];
  readonly warnings: readonly Problem[];
}

type Group = Record<string, unknown>;

/** Finds everything that is wrong with `value` at once: each setting by itself, then the rules between them. */
export function checkConfig(value: unknown, folders: SettingsFolders): Checked {
  const first = configSchema.safeParse(value, { reportInput: true });
  if (first.success) return checkTogether(first.data, value, folders, []);
  const errors = schemaProblems(first.error.issues, settingPaths());
  const wrong = errors.map((error) => withoutListParts(error.path));
  const rest = configSchema.safeParse(pruned(value, wrong));
  if (!rest.success) return { settings: undefined, errors, warnings: [] };
  const together = checkTogether(rest.data, value, folders, wrong);
  return { settings: undefined, errors: [...errors, ...together.errors], warnings: together.warnings };
}

/** The rules between settings, but for those that touch a setting which is itself wrong. */
function checkTogether(
  parsed: ParsedConfig,
  value: unknown,
  folders: SettingsFolders,
  wrong: readonly SettingPath[],
): Checked {
  const settings = completeSettings(parsed, folders);
  const found = crossChecks(settings)
    .filter((check) => !check.onlyIfGiven || isGiven(value, check.path))
    .filter((check) => ![check.path, ...check.needs].some((path) => wrong.some((bad) => touches(bad, path))))
    .flatMap((check) => problemOf(check, settings));
  const errors = found.filter(({ severity }) => severity === "error");
  return { settings, errors, warnings: found.filter(({ severity }) => severity === "warning") };
}

function isGiven(value: unknown, path: SettingPath): boolean {
  const [key, ...rest] = path;
  if (key === undefined) return true;
  if (typeof value !== "object" || value === null || !Object.hasOwn(value, key)) return false;
  return isGiven((value as Group)[key], rest);
}

function problemOf(
  check: CrossCheck,
  settings: Settings,
): readonly (Problem & Pick<CrossCheck, "severity">)[] {
  const message = check.check(settings);
  const { path, needs: about, severity } = check;
  return message === undefined ? [] : [{ path, about, message, severity, pointsAt: "value" }];
}

/** Lists are judged whole: with one entry taken out, the others would change their place. */
function withoutListParts(path: SettingPath): SettingPath {
  const index = path.findIndex((step) => typeof step === "number");
  return index < 0 ? path : path.slice(0, index);
}

function touches(wrong: SettingPath, path: SettingPath): boolean {
  const length = Math.min(wrong.length, path.length);
  return wrong.slice(0, length).every((step, i) => step === path[i]);
}

/** A copy of `value` without what stands at `paths`, so that the rest can be judged. */
function pruned(value: unknown, paths: readonly SettingPath[]): unknown {
  const copy = isGroup(value) ? copyOf(value) : {};
  for (const path of paths) remove(copy, path);
  if (!Object.hasOwn(copy, "service")) copy["service"] = "unnamed";
  return copy;
}

function remove(group: Group, path: SettingPath): void {
  const [key, ...rest] = path;
  if (typeof key !== "string") return;
  const child = group[key];
  if (rest.length > 0 && isGroup(child)) remove(child, rest);
  else delete group[key];
}

function copyOf(group: Group): Group {
  const copy: Group = Object.create(null);
  for (const [key, child] of Object.entries(group)) copy[key] = isGroup(child) ? copyOf(child) : child;
  return copy;
}

function isGroup(value: unknown): value is Group {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
