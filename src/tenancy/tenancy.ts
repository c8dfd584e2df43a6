import { existsSync } from "node:fs";
import {
  type Account,
  type AccountBook,
  accountOf,
  type Budget,
  type Exchanged,
  type Granting,
  type LedgerEntry,
  type Tenancy,
} from "../model/tenancy.ts";
import { UserError } from "../model/user-error.ts";
import { inLedger, type LedgerRows, ledgerTrouble, type StoredEntry } from "./ledger-file.ts";
import { viewTenants } from "./view.ts";

export interface TenancyOptions {
  readonly service: string;
  readonly budgetFile: string;
  /** Reads the budget file afresh; throws a `UserError`. */
  readonly readBudget: (file: string) => Budget;
  /** Account of the last grant: says where a service that was taken out of the file still holds units. */
  readonly lastAccount: () => string | undefined;
  readonly wallMs: () => number;
  /** Rises whatever is done to the wall clock; leases are counted with it. */
  readonly monotonicMs: () => number;
}

/** What this process saw of the others: kept in memory, so that no clock but its own counts. */
interface Watch {
  /** Beat of each member, and since when it has not changed. */
  readonly beats: Map<string, { readonly beat: number; readonly sinceMs: number }>;
  ledger: { readonly id: string; readonly sinceMs: number } | undefined;
  ownBeat: number;
}

/** The ledger of the account that `service` is a member of. */
export function openTenancy(options: TenancyOptions): Tenancy {
  const watch: Watch = { beats: new Map(), ledger: undefined, ownBeat: 0 };
  const { service } = options;
  const guarded = <T>(work: (rows: LedgerRows, budget: Budget, account: Account) => T): Guarded<T> => {
    let file = options.budgetFile;
    try {
      const budget = options.readBudget(options.budgetFile);
      const account = ownAccount(options, budget);
      file = budget.ledgerFile;
      return { kind: "done", value: inLedger(file, (rows) => work(rows, budget, account)) };
    } catch (error) {
      if (error instanceof UserError)
        return { kind: "unavailable", reason: error.message.split("\n")[0] ?? "" };
      return { kind: "unavailable", reason: ledgerTrouble(error, file) };
    }
  };
  const exchanged = (rule: (book: AccountBook) => Granting, writes: boolean): Exchanged => {
    const outcome = guarded((rows, budget, account) => {
      const book = readBook(options, watch, { rows, budget, account });
      const granting = rule(book);
      if (writes) writeGranting(options, watch, { rows, account, book, granting });
      return granting.share;
    });
    return outcome.kind === "done" ? { kind: "done", share: outcome.value } : outcome;
  };
  const changeOwn = (change: (own: StoredEntry, rows: LedgerRows, account: Account) => void): void => {
    guarded((rows, _budget, account) => {
      const own = rows.entries(account.name).find((entry) => entry.service === service);
      if (own !== undefined) change(own, rows, account);
    });
  };
  return {
    exchange: (rule) => exchanged(rule, true),
    peek: (rule) => peeked(options, () => exchanged(rule, false)),
    settle: (inUseUnits) =>
      changeOwn((own, rows, account) => {
        const heldUnits = Math.max(own.grantedUnits, Math.min(inUseUnits, own.heldUnits));
        watch.ownBeat = own.beat + 1;
        const heardMs = options.wallMs();
        rows.write(account.name, { ...own, inUseUnits, heldUnits, heardMs, beat: watch.ownBeat });
      }),
    lost: (grantedUnits) => {
      const outcome = guarded((rows, _budget, account) =>
        rows.entries(account.name).find((entry) => entry.service === service),
      );
      // A ledger that cannot be asked takes nothing away: the last grant holds.
      if (outcome.kind !== "done") return undefined;
      const own = outcome.value;
      if (own !== undefined && !own.lapsed && own.grantedUnits >= grantedUnits) return undefined;
      return `the grant of ${grantedUnits} units lapsed meanwhile: this service was silent for longer than the lease`;
    },
    leave: () => changeOwn((own, rows, account) => rows.remove(account.name, own.service)),
    view: () => viewTenants(options.budgetFile, options.readBudget, options.wallMs()),
  };
}

type Guarded<T> =
  | { readonly kind: "done"; readonly value: T }
  | { readonly kind: "unavailable"; readonly reason: string };

/** A look must not make the file that it looks for. */
function peeked({ budgetFile, readBudget }: TenancyOptions, peek: () => Exchanged): Exchanged {
  try {
    const { ledgerFile } = readBudget(budgetFile);
    if (!existsSync(ledgerFile))
      return { kind: "unavailable", reason: `ledger ${ledgerFile} is not there yet` };
  } catch (error) {
    return { kind: "unavailable", reason: error instanceof Error ? error.message : String(error) };
  }
  return peek();
}

function ownAccount({ service, budgetFile, lastAccount }: TenancyOptions, budget: Budget): Account {
  const last = lastAccount();
  const account = accountOf(budget, service) ?? budget.accounts.find(({ name }) => name === last);
  if (account !== undefined) return account;
  throw new UserError(`${budgetFile}: ${service} is a member of no account (add it under accounts)`);
}

interface Read {
  readonly rows: LedgerRows;
  readonly budget: Budget;
  readonly account: Account;
}

function readBook(options: TenancyOptions, watch: Watch, { rows, budget, account }: Read): AccountBook {
  const nowMs = options.monotonicMs();
  const entries = rows.entries(account.name);
  const own = entries.find(({ service }) => service === options.service);
  const isOld = own !== undefined && own.beat < watch.ownBeat && watch.ledger?.id === rows.id;
  const id = isOld ? rows.distrust() : rows.id;
  if (watch.ledger?.id !== id) {
    watch.ledger = { id, sinceMs: nowMs };
    watch.beats.clear();
  }
  const silent = entries.filter(
    (entry) => !isOwn(options, entry) && isSilent(watch, entry, budget.leaseMs, nowMs),
  );
  const known = new Set([...entries.filter((e) => e.ledgerId === id).map((e) => e.service), options.service]);
  const isKnown = account.members.every(({ service }) => known.has(service));
  const waitedMs = nowMs - (watch.ledger?.sinceMs ?? nowMs);
  const settling = (!rows.settled || isOld) && !isKnown && waitedMs < budget.leaseMs;
  return { account, entries, silent: silent.map(({ service }) => service), settling };
}

function isOwn({ service }: TenancyOptions, entry: LedgerEntry): boolean {
  return entry.service === service;
}

/** No new word for as long as a lease, by this process' own clock. */
function isSilent(
  watch: Watch,
  { service, beat, lapsed }: LedgerEntry,
  leaseMs: number,
  nowMs: number,
): boolean {
  const seen = watch.beats.get(service);
  if (seen?.beat !== beat) {
    watch.beats.set(service, { beat, sinceMs: nowMs });
    return false;
  }
  return !lapsed && nowMs - seen.sinceMs > leaseMs;
}

interface Written {
  readonly rows: LedgerRows;
  readonly account: Account;
  readonly book: AccountBook;
  readonly granting: Granting;
}

function writeGranting(
  options: TenancyOptions,
  watch: Watch,
  { rows, account, book, granting }: Written,
): void {
  const nowMs = options.wallMs();
  const ledgerId = watch.ledger?.id ?? rows.id;
  const before = book.entries.find((entry) => isOwn(options, entry));
  const isSame = before !== undefined && !before.lapsed && before.grantedUnits === granting.own.grantedUnits;
  // A new file starts its beats where the last one ended: an old copy that comes back is told by its lower one.
  const beat = Math.max(before?.beat ?? 0, watch.ownBeat) + 1;
  rows.write(account.name, {
    service: options.service,
    ...granting.own,
    ledgerId,
    lapsed: false,
    sinceMs: isSame ? before.sinceMs : nowMs,
    heardMs: nowMs,
    beat,
  });
  watch.ownBeat = beat;
  for (const service of granting.lapsed) {
    const entry = rows.entries(account.name).find((each) => each.service === service);
    const floorUnits = account.members.find((each) => each.service === service)?.floorUnits ?? 0;
    if (entry === undefined) continue;
    const grantedUnits = Math.min(entry.grantedUnits, floorUnits);
    rows.write(account.name, {
      ...entry,
      grantedUnits,
      heldUnits: grantedUnits,
      lapsed: true,
      sinceMs: nowMs,
    });
  }
  if (!book.settling) rows.settle();
}
