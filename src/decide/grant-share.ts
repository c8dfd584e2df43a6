import {
  type AccountBook,
  type AccountMember,
  type AccountShare,
  countedUnits,
  type Granting,
  type LedgerEntry,
  type ShareBound,
  type Wish,
} from "../model/tenancy.ts";
import { shareUnits } from "./share-units.ts";
import { unitsText } from "./words.ts";

/**
 * What one member is granted now, decided by itself inside a transaction on what all of them said last.
 *
 * Its fair share comes from `shareUnits` over all members, with every floor reserved. It keeps what it holds up to
 * that share at once, and grows only into units that nobody else holds, runs or has as a floor. So whoever decides
 * when, grants never sum to more than the budget (law; the budget itself may be lowered below what is held, and then
 * nobody grows).
 *
 *     budget 20       floor   holds   asks   fair   granted
 *     cart (class 0)      2       6     14     14         8     20 - 12 are free
 *     mail (class 1)      4      12     12      6         6     gives up 6; held until they are gone
 *     cart again          2       8     14     14        14     once mail runs 6
 */
export function grantShare(book: AccountBook, wish: Wish): Granting {
  const { account, silent } = book;
  const own = book.entries.find((entry) => entry.service === wish.service);
  const member = account.members.find(({ service }) => service === wish.service);
  const others = book.entries
    .filter((entry) => entry.service !== wish.service)
    .map((entry) => (silent.includes(entry.service) ? { ...entry, lapsed: true } : entry));
  const lapsed = others.filter(({ service }) => silent.includes(service)).map(({ service }) => service);
  const heldUnits = own === undefined || own.lapsed ? 0 : own.heldUnits;
  if (member === undefined)
    return { own: keep(wish, wish.inUseUnits, heldUnits), lapsed, share: removed(book, wish) };
  const fairUnits = fairShare(book, member, others, wish);
  const room = roomFor(book, member, others, heldUnits);
  const most = book.settling ? Math.min(room, Math.max(member.floorUnits, wish.inUseUnits)) : room;
  const grantedUnits = Math.max(0, Math.min(fairUnits, most));
  // What applies nothing is shown what it would have, whoever holds it now.
  const shown = wish.acts ? grantedUnits : fairUnits;
  const share = shareOf(book, member, others, wish, { fairUnits, grantedUnits: shown });
  if (!wish.acts) {
    const idle = Math.min(member.floorUnits, Math.max(0, room));
    return { own: keep({ ...wish, neededUnits: 0, askedUnits: 0 }, idle, heldUnits), lapsed, share };
  }
  return { own: keep(wish, grantedUnits, heldUnits), lapsed, share };
}

/** What an entry holds once `inUseUnits` run: units given up are returned only when they are gone. */
export function heldAfter(grantedUnits: number, inUseUnits: number, heldUnits: number): number {
  return Math.max(grantedUnits, Math.min(inUseUnits, heldUnits));
}

function keep(wish: Wish, grantedUnits: number, heldUnits: number): Granting["own"] {
  const { neededUnits, askedUnits, inUseUnits } = wish;
  return {
    neededUnits,
    askedUnits,
    inUseUnits,
    grantedUnits,
    heldUnits: heldAfter(grantedUnits, inUseUnits, heldUnits),
  };
}

function fairShare(
  book: AccountBook,
  member: AccountMember,
  others: readonly LedgerEntry[],
  wish: Wish,
): number {
  const { account } = book;
  const tenants = account.members.map(({ service, priority, weight, floorUnits, headroomFraction }) => {
    const said = service === wish.service ? wish : others.find((entry) => entry.service === service);
    const lost = said === undefined || ("lapsed" in said && said.lapsed);
    const wanted = lost ? { neededUnits: 0, askedUnits: 0 } : said;
    const margin = Math.ceil(wanted.neededUnits * (1 + headroomFraction) - 1e-9);
    const neededUnits = Math.max(wanted.neededUnits, Math.min(margin, wanted.askedUnits));
    // A floor is reserved, asked for or not: lent out, it would come back a lead time late.
    const askedUnits = Math.max(wanted.askedUnits, neededUnits, floorUnits);
    return { name: service, priority, weight, floorUnits, neededUnits, askedUnits };
  });
  const total = Math.max(0, account.budgetUnits - strangerUnits(book, others));
  const grants = shareUnits(total, tenants);
  return grants[account.members.indexOf(member)]?.units ?? 0;
}

/** Held by services that are no members any more: gone for everybody until they release it. */
function strangerUnits({ account }: AccountBook, others: readonly LedgerEntry[]): number {
  const known = new Set(account.members.map(({ service }) => service));
  return others.reduce((sum, entry) => sum + (known.has(entry.service) ? 0 : countedUnits(entry, 0)), 0);
}

/**
 * Most that may be granted now: what nobody else holds or runs; what it holds already; its floor. Where somebody runs
 * more than was granted (resized by hand, back after its lease had ended), the floor is there all the same: it was
 * never granted to anybody.
 */
function roomFor(
  book: AccountBook,
  member: AccountMember,
  others: readonly LedgerEntry[],
  heldUnits: number,
): number {
  const rightful = others.map((entry) => ({ ...entry, inUseUnits: 0 }));
  const floor = Math.min(member.floorUnits, freeUnits(book, member, rightful));
  return Math.max(freeUnits(book, member, others), heldUnits, floor);
}

function freeUnits(book: AccountBook, member: AccountMember, others: readonly LedgerEntry[]): number {
  let counted = strangerUnits(book, others);
  for (const { service, floorUnits } of book.account.members) {
    if (service === member.service) continue;
    const entry = others.find((other) => other.service === service);
    counted += countedUnits(entry, floorUnits);
  }
  return book.account.budgetUnits - counted;
}

function shareOf(
  book: AccountBook,
  member: AccountMember,
  others: readonly LedgerEntry[],
  wish: Wish,
  units: { readonly fairUnits: number; readonly grantedUnits: number },
): AccountShare {
  const { account } = book;
  const { fairUnits, grantedUnits } = units;
  const { neededUnits, askedUnits } = wish;
  const bound: ShareBound =
    grantedUnits >= askedUnits ? "none" : grantedUnits < fairUnits ? "waiting" : "budget";
  return {
    account: account.name,
    budgetUnits: account.budgetUnits,
    floorUnits: member.floorUnits,
    neededUnits,
    askedUnits,
    fairUnits,
    grantedUnits,
    bound,
    reason: shareReason(book, member, others, { bound, askedUnits, fairUnits, grantedUnits }),
  };
}

function shareReason(
  book: AccountBook,
  member: AccountMember,
  others: readonly LedgerEntry[],
  share: Pick<AccountShare, "bound" | "askedUnits" | "fairUnits" | "grantedUnits">,
): string {
  const { name, budgetUnits } = book.account;
  const { bound, askedUnits, fairUnits, grantedUnits } = share;
  const head = `account ${name} of ${unitsText(budgetUnits)}: ${grantedUnits} granted of ${askedUnits} asked for`;
  if (bound === "none") return head;
  if (bound === "budget") {
    return `${head}, its fair share (class ${member.priority}, weight ${member.weight}, floor ${member.floorUnits})`;
  }
  if (book.settling) return `${head}; the ledger is new, and not all members have said yet what they hold`;
  const holders = others.filter((entry) => !entry.lapsed && countedUnits(entry, 0) > entry.grantedUnits);
  const names = holders.map(({ service, grantedUnits: goal, ...entry }) => {
    return `${service} runs ${Math.max(entry.heldUnits, entry.inUseUnits)}, may have ${goal}`;
  });
  const until = names.length > 0 ? names.join("; ") : "others have yet to decide";
  return `${head}, ${fairUnits} once released: ${until}`;
}

/** A service that was taken out of the file keeps what it runs and never grows. */
function removed({ account }: AccountBook, { neededUnits, askedUnits, inUseUnits }: Wish): AccountShare {
  return {
    account: account.name,
    budgetUnits: account.budgetUnits,
    floorUnits: 0,
    neededUnits,
    askedUnits,
    fairUnits: 0,
    grantedUnits: inUseUnits,
    bound: "removed",
    reason:
      `no member of account ${account.name} any more: it keeps the ${unitsText(inUseUnits)} it has and gets no ` +
      "others (add it to the budget file, or take it down)",
  };
}

/**
 * The share when ledger or budget file cannot be used: the last grant, and never less than the floor. Without any
 * grant before, what runs.
 */
export function heldShare(
  last: AccountShare | null,
  wish: Pick<Wish, "neededUnits" | "askedUnits" | "inUseUnits">,
  reason: string,
): AccountShare {
  const floorUnits = last?.floorUnits ?? 0;
  const grantedUnits = Math.max(last?.grantedUnits ?? wish.inUseUnits, floorUnits);
  return {
    account: last?.account ?? "",
    budgetUnits: last?.budgetUnits ?? 0,
    floorUnits,
    neededUnits: wish.neededUnits,
    askedUnits: wish.askedUnits,
    fairUnits: grantedUnits,
    grantedUnits,
    bound: "held",
    reason: `${unitsText(grantedUnits)} as granted last, ${wish.askedUnits} asked for: ${reason}`,
  };
}
