import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import type { z } from "zod";
import type { Account, Budget } from "../model/tenancy.ts";
import { UserError } from "../model/user-error.ts";
import {
  countField,
  durationField,
  groupField,
  listField,
  numberField,
  priceField,
  textField,
} from "./fields.ts";
import { type Problem, pathText, type SettingPath } from "./problem.ts";
import { schemaProblems } from "./schema-problems.ts";
import { readYamlTree, type YamlTree } from "./yaml-tree.ts";

const MAX_BYTES = 256 * 1024;
const NAME = /^[a-z][a-z0-9-]{0,39}$/;
const NAME_RULE = "a name of a-z, 0-9 and -, at most 40 long";

const member = groupField({
  service: textField("The member's `service`.", NAME, NAME_RULE),
  priority: countField("SLA class: needs of class 0 come before those of class 1.", { max: 99 }).prefault(0),
  weight: numberField("Share within its class.", { min: 0.001, max: 1000 }).prefault(1),
  floorUnits: countField("Units reserved for it at all times.").prefault(0),
  headroomFraction: numberField("Margin on what demand needs now that counts as needed.", {
    min: 0,
    max: 5,
  }).prefault(0.25),
});

const account = groupField({
  name: textField("Name of the account.", NAME, NAME_RULE),
  maxUnits: countField("Units that the members share.", { min: 1 }).optional(),
  maxCostUsdPerHour: priceField("Money that they share.").optional(),
  priceUsdPerUnitHour: numberField("Dearest price of a unit of any member.", {
    min: 1e-9,
    max: 1e6,
  }).optional(),
  members: listField("Who shares it.", member, 1000),
});

const budgetSchema = groupField({
  ledger: textField("SQLite file of the members' claims.").prefault("ledger.sqlite"),
  lease: durationField("A member silent for this long keeps its floor only.", { min: 1000 }).prefault("30m"),
  accounts: listField("Budgets and who shares them.", account, 1000),
});

const ACCOUNT_KEYS = ["name", "maxUnits", "maxCostUsdPerHour", "priceUsdPerUnitHour", "members"];
const MEMBER_KEYS = ["service", "priority", "weight", "floorUnits", "headroomFraction"];

/**
 * Reads the file that lists accounts, budgets and members; each time afresh, since a change is to hold from the next
 * cycle on. Throws a `UserError` with every mistake, a line each: `file:line:col: setting: what (fix)`.
 */
export function readBudgetFile(path: string): Budget {
  const tree = readYamlTree(readText(path));
  if (tree.problems.length > 0) fail(path, tree, tree.problems);
  const parsed = budgetSchema.safeParse(tree.value ?? {}, { reportInput: true });
  if (!parsed.success) fail(path, tree, schemaProblems(parsed.error.issues, knownPaths(tree.value)));
  const mistakes = [...nameMistakes(parsed.data), ...parsed.data.accounts.flatMap(budgetMistakes)];
  if (mistakes.length > 0) fail(path, tree, mistakes);
  const { ledger, lease, accounts } = parsed.data;
  return { ledgerFile: resolve(dirname(path), ledger), leaseMs: lease, accounts: accounts.map(complete) };
}

type ParsedBudget = z.output<typeof budgetSchema>;
type ParsedAccount = ParsedBudget["accounts"][number];

function complete({ name, members, ...parsed }: ParsedAccount): Account {
  return {
    name,
    budgetUnits: unitsOf(parsed),
    maxCostUsdPerHour: parsed.maxCostUsdPerHour ?? null,
    priceUsdPerUnitHour: parsed.priceUsdPerUnitHour ?? null,
    members: members.toSorted((a, b) => (a.service < b.service ? -1 : 1)),
  };
}

/** Whole units that both limits allow. */
function unitsOf(parsed: Omit<ParsedAccount, "name" | "members">): number {
  const { maxUnits, maxCostUsdPerHour: money, priceUsdPerUnitHour: price } = parsed;
  const bought = money === undefined || price === undefined ? undefined : Math.floor(money / price + 1e-9);
  return Math.min(maxUnits ?? Number.MAX_SAFE_INTEGER, bought ?? Number.MAX_SAFE_INTEGER);
}

/** Each name once: a service with two accounts could use either budget for the same units. */
function nameMistakes({ accounts }: ParsedBudget): readonly Problem[] {
  const found: Problem[] = [];
  const seen = new Map<string, string>();
  accounts.forEach(({ name, members }, i) => {
    if (accounts.findIndex((other) => other.name === name) < i) {
      found.push(problem(["accounts", i, "name"], `${name} names two accounts (rename one)`));
    }
    members.forEach(({ service }, j) => {
      const first = seen.get(service);
      seen.set(service, first ?? name);
      if (first === undefined) return;
      const message = `${service} is a member of ${first} already (a service has one account)`;
      found.push(problem(["accounts", i, "members", j, "service"], message));
    });
  });
  return found;
}

function budgetMistakes(parsed: ParsedAccount, i: number): readonly Problem[] {
  const at = (key: string): SettingPath => ["accounts", i, key];
  if (parsed.maxUnits === undefined && parsed.maxCostUsdPerHour === undefined) {
    return [problem(["accounts", i], "has no budget (add maxUnits, maxCostUsdPerHour or both)")];
  }
  if (parsed.maxCostUsdPerHour !== undefined && parsed.priceUsdPerUnitHour === undefined) {
    return [
      problem(at("maxCostUsdPerHour"), "needs priceUsdPerUnitHour, the dearest price of a unit (add it)"),
    ];
  }
  const units = unitsOf(parsed);
  const floors = parsed.members.reduce((sum, { floorUnits }) => sum + floorUnits, 0);
  if (floors <= units) return [];
  const message =
    `floorUnits sum to ${floors}, the budget of ${parsed.name} is ${units} units ` +
    "(lower floors or raise it)";
  return [problem(at("members"), message)];
}

function problem(path: SettingPath, message: string): Problem {
  return { path, message, pointsAt: "value" };
}

/** Keys that are known where lists are written: each entry has its own paths. */
function knownPaths(value: unknown): readonly SettingPath[] {
  const accounts = listAt(value, "accounts");
  return [
    ["ledger"],
    ["lease"],
    ["accounts"],
    ...accounts.flatMap((each, i) => [
      ...ACCOUNT_KEYS.map((key) => ["accounts", i, key]),
      ...listAt(each, "members").flatMap((_, j) =>
        MEMBER_KEYS.map((key) => ["accounts", i, "members", j, key]),
      ),
    ]),
  ];
}

function listAt(value: unknown, key: string): readonly unknown[] {
  const list =
    typeof value === "object" && value !== null ? (value as Record<string, unknown>)[key] : undefined;
  return Array.isArray(list) ? list.slice(0, 1000) : [];
}

function readText(path: string): string {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : String(error);
    const why =
      code === "ENOENT"
        ? "no such file (name the budget file in tenancy.budget)"
        : `cannot be read (${code})`;
    throw new UserError(`${path}: ${why}`);
  }
  if (bytes.length > MAX_BYTES) throw new UserError(`${path}: is over 256 KiB (is this the budget file?)`);
  return bytes.toString("utf8");
}

function fail(path: string, tree: YamlTree, problems: readonly Problem[]): never {
  const lines = problems.slice(0, 20).map((each) => {
    const position =
      each.position ?? tree.locate(each.path, each.pointsAt) ?? tree.locate(each.path.slice(0, -1), "value");
    const where = `${path}:${position?.line ?? 1}:${position?.column ?? 1}`;
    const name = pathText(each.path);
    return name === "" ? `${where}: ${each.message}` : `${where}: ${name}: ${each.message}`;
  });
  throw new UserError(lines.join("\n"));
}
