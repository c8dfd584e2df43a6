import type { DurationMs } from "./time.ts";

/** Where a service finds the budget it shares with others. */
export interface TenancySettings {
  /** The one file that all members point to: nobody gets more by editing a file of its own. */
  readonly budgetFile: string;
}

/** What the budget file says, checked. */
export interface Budget {
  /** SQLite file in which members tell each other what they need and hold. */
  readonly ledgerFile: string;
  /** A member that is silent for this long keeps its floor only. */
  readonly leaseMs: DurationMs;
  readonly accounts: readonly Account[];
}

/** Units that several services share. */
export interface Account {
  readonly name: string;
  /** What there is: the smaller of `maxUnits` and what the money buys at `priceUsdPerUnitHour`. */
  readonly budgetUnits: number;
  readonly maxCostUsdPerHour: number | null;
  /** The dearest price that any unit of a member has. */
  readonly priceUsdPerUnitHour: number | null;
  /** By name. */
  readonly members: readonly AccountMember[];
}

export interface AccountMember {
  readonly service: string;
  /** SLA class: all needs of class 0 come before those of class 1. */
  readonly priority: number;
  /** Share within its class. */
  readonly weight: number;
  /** Isolation: reserved for it at all times, used or not. */
  readonly floorUnits: number;
  /** Counted as needed on top of what demand needs now: what is started then is late for a demand that rises. */
  readonly headroomFraction: number;
}

/**
 * What one member said last and what it may use.
 *
 *     granted 8, held 8, in use 8      settled
 *     granted 5, held 8, in use 8      has to give up 3; they count as its own until it did
 *     granted 5, held 5, in use 5      did: 3 are free for others
 *     granted 9, held 9, in use 5      was granted 4 more and starts them now
 */
export interface LedgerEntry {
  readonly service: string;
  /** For demand observed now. */
  readonly neededUnits: number;
  /** With the forecast and the warm pool. */
  readonly askedUnits: number;
  /** The limit of its next decision. */
  readonly grantedUnits: number;
  /** What it was granted and may still run. Rises with a grant only, falls when less is in use. */
  readonly heldUnits: number;
  /** What runs or may run, warm and draining units included, as it last said. */
  readonly inUseUnits: number;
  /** Its lease ended: only its floor counts until it is heard of again. */
  readonly lapsed: boolean;
  /** Since when it has had this grant, wall time. */
  readonly sinceMs: number;
  /** When it was last heard of, wall time; for people only, leases go by `beat`. */
  readonly heardMs: number;
  /** Rises with each word. */
  readonly beat: number;
}

/** An account as one transaction sees it. */
export interface AccountBook {
  readonly account: Account;
  readonly entries: readonly LedgerEntry[];
  /** Members whose lease has ended as far as the reader saw. */
  readonly silent: readonly string[];
  /** The ledger is new, and members that it does not know yet may hold units: nobody grows. */
  readonly settling: boolean;
}

/** What keeps a service at fewer units than it asked for. */
export type ShareBound =
  /** Nothing does. */
  | "none"
  /** Its fair share of the budget is smaller. */
  | "budget"
  /** Its share is larger than what is free: others have yet to release units, or the ledger is new. */
  | "waiting"
  /** The ledger or the budget file cannot be used: the last grant holds. */
  | "held"
  /** It is no member any more: it may keep what it has. */
  | "removed";

/** A service's share of its account: one more limit of its decision. Plain JSON, recorded with the decision. */
export interface AccountShare {
  readonly account: string;
  readonly budgetUnits: number;
  readonly floorUnits: number;
  readonly neededUnits: number;
  readonly askedUnits: number;
  /** What it would have once everybody has followed. */
  readonly fairUnits: number;
  /** Tiers and warm pool together stay within this. */
  readonly grantedUnits: number;
  readonly bound: ShareBound;
  /** In words, with the numbers behind it. */
  readonly reason: string;
}

/** What a service tells the others. */
export interface Wish {
  readonly service: string;
  readonly neededUnits: number;
  readonly askedUnits: number;
  readonly inUseUnits: number;
  /** False in modes that apply nothing: the share is worked out, nothing is taken. */
  readonly acts: boolean;
}

/** What a transaction writes: the own entry, and members whose lease ended. */
export interface Granting {
  readonly own: Pick<LedgerEntry, "neededUnits" | "askedUnits" | "grantedUnits" | "heldUnits" | "inUseUnits">;
  readonly lapsed: readonly string[];
  readonly share: AccountShare;
}

export type Exchanged =
  | { readonly kind: "done"; readonly share: AccountShare }
  | { readonly kind: "unavailable"; readonly reason: string };

/** The ledger of the own account. No call throws or rejects: what cannot be done is said. */
export interface Tenancy {
  /** All or nothing against other processes: reads the account, writes what `rule` makes of it. */
  exchange(rule: (book: AccountBook) => Granting): Exchanged;
  /** The same without writing anything. */
  peek(rule: (book: AccountBook) => Granting): Exchanged;
  /** After an update: `inUseUnits` is what runs now; what is held beyond it and the grant is free for others. */
  settle(inUseUnits: number): void;
  /** Why `grantedUnits` is not the own grant any more; undefined while it is. */
  lost(grantedUnits: number): string | undefined;
  /** Everything of this service is gone: nothing of it counts but its floor. */
  leave(): void;
  view(): TenantsView;
}

/** What `tiercast tenants` and `/v1/tenants` show. */
export interface TenantsView {
  readonly budgetFile: string;
  readonly ledgerFile: string | null;
  /** Why nothing more can be shown; null when it can. */
  readonly problem: string | null;
  readonly accounts: readonly AccountView[];
}

export interface AccountView {
  readonly name: string;
  readonly budgetUnits: number;
  readonly maxCostUsdPerHour: number | null;
  /** Neither held, nor in use, nor reserved as a floor. */
  readonly freeUnits: number;
  readonly members: readonly MemberView[];
}

export interface MemberView {
  readonly service: string;
  readonly state: "live" | "silent" | "lapsed" | "never-seen" | "removed";
  readonly priority: number | null;
  readonly weight: number | null;
  readonly floorUnits: number;
  readonly neededUnits: number;
  readonly askedUnits: number;
  readonly grantedUnits: number;
  readonly heldUnits: number;
  readonly inUseUnits: number;
  readonly sinceMs: number | null;
  readonly heardMs: number | null;
}

/** The account of `service`; undefined when it is a member of none. */
export function accountOf(budget: Budget, service: string): Account | undefined {
  return budget.accounts.find(({ members }) => members.some((member) => member.service === service));
}

/** Units that nobody else may be granted: what it holds or runs, and its floor in any case. */
export function countedUnits(entry: LedgerEntry | undefined, floorUnits: number): number {
  if (entry === undefined || entry.lapsed) return floorUnits;
  return Math.max(entry.heldUnits, entry.inUseUnits, floorUnits);
}
