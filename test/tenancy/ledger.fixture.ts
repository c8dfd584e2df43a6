import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { readBudgetFile } from "../../src/config/budget-file.ts";
import { grantShare } from "../../src/decide/grant-share.ts";
import type { AccountShare, Exchanged, Tenancy } from "../../src/model/tenancy.ts";
import { openTenancy } from "../../src/tenancy/tenancy.ts";

export interface Place {
  readonly folder: string;
  readonly budgetFile: string;
  readonly ledgerFile: string;
  budget(lines: readonly string[]): void;
}

/** A folder with a budget file: cart (class 0, floor 2) and mail (class 1, floor 4) share 20 units, lease 1m. */
export function openPlace(): Place {
  const folder = mkdtempSync(join(tmpdir(), "tiercast-tenants-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const budgetFile = join(folder, "budget.yaml");
  const budget = (lines: readonly string[]) => writeFileSync(budgetFile, `${lines.join("\n")}\n`);
  budget(TWO);
  return { folder, budgetFile, ledgerFile: join(folder, "ledger.sqlite"), budget };
}

export const TWO = [
  "lease: 1m",
  "accounts:",
  "  - name: web",
  "    maxUnits: 20",
  "    members:",
  "      - { service: cart, floorUnits: 2 }",
  "      - { service: mail, priority: 1, floorUnits: 4 }",
];

/** A member whose clock the test moves. */
export interface Member extends Tenancy {
  readonly clock: { monotonicMs: number; wallMs: number };
  /** One cycle's claim. */
  claim(needed: number, asked: number, inUse: number): Exchanged;
}

export function openMember(place: Place, service: string, lastAccount?: string): Member {
  const clock = { monotonicMs: 0, wallMs: 1_000_000 };
  const tenancy = openTenancy({
    service,
    budgetFile: place.budgetFile,
    readBudget: readBudgetFile,
    lastAccount: () => lastAccount,
    wallMs: () => clock.wallMs,
    monotonicMs: () => clock.monotonicMs,
  });
  const wish = (neededUnits: number, askedUnits: number, inUseUnits: number) => {
    return { service, neededUnits, askedUnits, inUseUnits, acts: true };
  };
  return {
    ...tenancy,
    clock,
    claim: (needed, asked, inUse) => tenancy.exchange((book) => grantShare(book, wish(needed, asked, inUse))),
  };
}

export function shareOf(outcome: Exchanged): AccountShare {
  if (outcome.kind === "done") return outcome.share;
  throw new Error(outcome.reason);
}
