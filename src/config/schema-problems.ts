import type { z } from "zod";
import { closest } from "./closest.ts";
import { type Problem, pathText, type SettingPath, shown } from "./problem.ts";

/** What zod found, in words for people, one problem for each thing to mend. */
export function schemaProblems(
  issues: readonly z.core.$ZodIssue[],
  known: readonly SettingPath[],
): readonly Problem[] {
  return issues.flatMap((issue) => problemsOf(issue, known));
}

function problemsOf(issue: z.core.$ZodIssue, known: readonly SettingPath[]): readonly Problem[] {
  const path = issue.path.map((step) => (typeof step === "number" ? step : String(step)));
  if (issue.code === "unrecognized_keys") return issue.keys.map((key) => unknownKey(path, key, issue, known));
  if (issue.code === "invalid_key") {
    const message = `${issue.issues[0]?.message ?? "is not a key"} (rename it)`;
    return [{ path, pointsAt: "key", message }];
  }
  const message = issue.message.replace("(add it)", `(add ${String(path.at(-1))}: ...)`);
  return [{ path, pointsAt: "value", message }];
}

function unknownKey(
  path: SettingPath,
  key: string,
  issue: z.core.$ZodIssue,
  known: readonly SettingPath[],
): Problem {
  const siblings = siblingKeys(path, issue, known);
  const near = closest(key, siblings);
  const elsewhere = known.find((candidate) => candidate.at(-1) === key);
  const fix =
    near !== undefined
      ? `did you mean ${near}?`
      : elsewhere !== undefined
        ? `did you mean ${pathText(elsewhere)}?`
        : `known here: ${siblings.join(", ")}`;
  const message = /^[\w-]+$/.test(key) ? "is no setting" : `${shown(key)} is no setting`;
  return { path: [...path, key], pointsAt: "key", message: `${message} (${fix})` };
}

/** Keys that a group allows. Groups in lists are not among the known paths: their keys are few, and named here. */
function siblingKeys(
  path: SettingPath,
  issue: z.core.$ZodIssue,
  known: readonly SettingPath[],
): readonly string[] {
  if (path[0] === "resources") return resourceKeys(issue.input);
  const group = known.filter(
    (candidate) => candidate.length === path.length + 1 && startsWith(candidate, path),
  );
  return group.map((candidate) => String(candidate.at(-1)));
}

function resourceKeys(input: unknown): readonly string[] {
  const kind = typeof input === "object" && input !== null && "kind" in input ? input.kind : "queue";
  return kind === "amount"
    ? ["kind", "name", "perRps", "idle", "perUnit", "targetUtilization"]
    : ["kind", "name", "slotsPerUnit", "serviceTime", "latencyObjective", "latencyPercentile"];
}

function startsWith(path: SettingPath, start: SettingPath): boolean {
  return start.every((step, i) => path[i] === step);
}
