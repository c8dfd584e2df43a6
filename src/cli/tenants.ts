import { readBudgetFile } from "../config/budget-file.ts";
import type { AccountView, MemberView, TenantsView } from "../model/tenancy.ts";
import { UserError } from "../model/user-error.ts";
import { viewTenants } from "../tenancy/view.ts";
import type { CommandCall } from "./command-spec.ts";
import { escapeText, escapeValues } from "./escape-text.ts";
import { EXIT } from "./exit-codes.ts";
import { isoTime } from "./instants.ts";
import { openSettings } from "./open-settings.ts";
import { wantsJson } from "./options.ts";
import { print, printJson } from "./output.ts";
import { textTable } from "./text-table.ts";
import { wallTimeMs } from "./wall-time.ts";

/** Accounts, who shares them, what each wants, was granted and uses, as the ledger has it now. Changes nothing. */
export async function runTenants(call: CommandCall): Promise<number> {
  const { settings } = await openSettings(call);
  if (settings.tenancy === undefined) {
    throw new UserError(
      `${settings.service} shares no account: set tenancy.budget (docs/tenants.md)`,
      EXIT.error,
    );
  }
  const view = viewTenants(settings.tenancy.budgetFile, readBudgetFile, wallTimeMs());
  if (wantsJson(call)) printJson("Tenants", view);
  else print(tenantsLines(view).join("\n"));
  return view.problem === null || view.accounts.length > 0 ? EXIT.done : EXIT.error;
}

/** The file and the ledger are outside: their texts are made harmless first. */
function tenantsLines(seen: TenantsView): readonly string[] {
  const view = escapeValues(seen);
  const problem = view.problem === null ? [] : [`problem    ${escapeText(view.problem)}`];
  return [`budget     ${view.budgetFile}`, ...problem, ...view.accounts.flatMap(accountLines)];
}

function accountLines({ name, budgetUnits, maxCostUsdPerHour, freeUnits, members }: AccountView) {
  const money = maxCostUsdPerHour === null ? "" : ` for ${maxCostUsdPerHour} USD/h`;
  const free = freeUnits < 0 ? `${-freeUnits} too many are in use` : `${freeUnits} free`;
  return [
    "",
    `account ${name}: ${budgetUnits} units${money}, ${free}`,
    textTable(COLUMNS, members.map(memberRow)),
  ];
}

const COLUMNS = [
  { title: "service" },
  { title: "class", right: true },
  { title: "weight", right: true },
  { title: "floor", right: true },
  { title: "needs", right: true },
  { title: "wants", right: true },
  { title: "granted", right: true },
  { title: "in use", right: true },
  { title: "state" },
  { title: "granted since" },
];

function memberRow(member: MemberView): readonly string[] {
  const units = [
    member.floorUnits,
    member.neededUnits,
    member.askedUnits,
    member.grantedUnits,
    member.inUseUnits,
  ];
  return [
    member.service,
    member.priority === null ? "-" : String(member.priority),
    member.weight === null ? "-" : String(member.weight),
    ...units.map(String),
    stateText(member),
    member.sinceMs === null ? "-" : isoTime(member.sinceMs),
  ];
}

function stateText({ state, heardMs }: MemberView): string {
  const last = heardMs === null ? "" : `, last heard ${isoTime(heardMs)}`;
  switch (state) {
    case "live":
      return "live";
    case "silent":
      return `silent${last}`;
    case "lapsed":
      return `lapsed, keeps its floor${last}`;
    case "never-seen":
      return "never seen";
    case "removed":
      return `no member any more${last}`;
  }
}
