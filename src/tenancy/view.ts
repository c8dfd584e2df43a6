import { existsSync } from "node:fs";
import {
  type Account,
  type AccountView,
  type Budget,
  countedUnits,
  type LedgerEntry,
  type MemberView,
  type TenantsView,
} from "../model/tenancy.ts";
import { inLedger, ledgerTrouble } from "./ledger-file.ts";

/** Accounts and members as budget file and ledger have them now; changes nothing and makes no file. Never throws. */
export function viewTenants(
  budgetFile: string,
  readBudget: (file: string) => Budget,
  nowWallMs: number,
): TenantsView {
  let ledgerFile: string | null = null;
  try {
    const budget = readBudget(budgetFile);
    ledgerFile = budget.ledgerFile;
    const entries = entriesOf(budget);
    const accounts = budget.accounts.map((account) =>
      viewAccount(account, entries.get(account.name) ?? [], budget.leaseMs, nowWallMs),
    );
    const problem = existsSync(ledgerFile) ? null : "no ledger yet: no member has run a cycle";
    return { budgetFile, ledgerFile, problem, accounts };
  } catch (error) {
    const problem =
      ledgerFile === null
        ? error instanceof Error
          ? error.message
          : String(error)
        : ledgerTrouble(error, ledgerFile);
    return { budgetFile, ledgerFile, problem, accounts: [] };
  }
}

function entriesOf({ ledgerFile, accounts }: Budget): ReadonlyMap<string, readonly LedgerEntry[]> {
  if (!existsSync(ledgerFile)) return new Map();
  return inLedger(
    ledgerFile,
    (rows) => new Map(accounts.map(({ name }) => [name, rows.entries(name)] as const)),
  );
}

function viewAccount(
  account: Account,
  entries: readonly LedgerEntry[],
  leaseMs: number,
  nowWallMs: number,
): AccountView {
  const { name, budgetUnits, maxCostUsdPerHour } = account;
  const strangers = entries.filter(
    ({ service }) => !account.members.some((each) => each.service === service),
  );
  const counted = [
    ...account.members.map(({ service, floorUnits }) => {
      return countedUnits(
        entries.find((entry) => entry.service === service),
        floorUnits,
      );
    }),
    ...strangers.map((entry) => countedUnits(entry, 0)),
  ];
  const freeUnits = budgetUnits - counted.reduce((sum, units) => sum + units, 0);
  const members = [
    ...account.members.map(({ service, priority, weight, floorUnits }) => {
      const entry = entries.find((each) => each.service === service);
      return viewMember({ service, priority, weight, floorUnits }, entry, stateOf(entry, leaseMs, nowWallMs));
    }),
    ...strangers.map((entry) => {
      const none = { service: entry.service, priority: null, weight: null, floorUnits: 0 };
      return viewMember(none, entry, "removed");
    }),
  ];
  return { name, budgetUnits, maxCostUsdPerHour, freeUnits, members };
}

function stateOf(entry: LedgerEntry | undefined, leaseMs: number, nowWallMs: number): MemberView["state"] {
  if (entry === undefined) return "never-seen";
  if (entry.lapsed) return "lapsed";
  return nowWallMs - entry.heardMs > leaseMs ? "silent" : "live";
}

type Named = Pick<MemberView, "service" | "priority" | "weight" | "floorUnits">;

function viewMember(named: Named, entry: LedgerEntry | undefined, state: MemberView["state"]): MemberView {
  return {
    ...named,
    state,
    neededUnits: entry?.neededUnits ?? 0,
    askedUnits: entry?.askedUnits ?? 0,
    grantedUnits: entry?.grantedUnits ?? 0,
    heldUnits: entry?.heldUnits ?? 0,
    inUseUnits: entry?.inUseUnits ?? 0,
    sinceMs: entry?.sinceMs ?? null,
    heardMs: entry?.heardMs ?? null,
  };
}
