import { copyFileSync, mkdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { describe, expect, onTestFinished, test } from "vitest";
import { openMember, openPlace, shareOf, TWO } from "./ledger.fixture.ts";

const MINUTE_MS = 60_000;

describe("two members", () => {
  test("units released are free after they are gone, not before", () => {
    const place = openPlace();
    const [cart, mail] = [openMember(place, "cart"), openMember(place, "mail")];
    // The ledger is new: the floor until the other has said what it holds.
    expect(shareOf(mail.claim(3, 16, 0))).toMatchObject({ grantedUnits: 4, bound: "waiting" });
    expect(shareOf(cart.claim(2, 2, 0))).toMatchObject({ grantedUnits: 2, bound: "none" });
    expect(shareOf(mail.claim(3, 16, 4))).toMatchObject({ grantedUnits: 16, bound: "none" });
    mail.settle(16);
    expect(shareOf(cart.claim(14, 14, 2))).toMatchObject({
      fairUnits: 14,
      grantedUnits: 4,
      bound: "waiting",
    });
    expect(shareOf(mail.claim(3, 16, 16))).toMatchObject({ grantedUnits: 6, bound: "budget" });
    expect(shareOf(cart.claim(14, 14, 4))).toMatchObject({ grantedUnits: 4 });
    mail.settle(11);
    expect(mail.view().accounts[0]?.members[1]).toMatchObject({
      grantedUnits: 6,
      heldUnits: 11,
      inUseUnits: 11,
    });
    expect(shareOf(cart.claim(14, 14, 4))).toMatchObject({ grantedUnits: 9 });
    mail.settle(6);
    expect(shareOf(cart.claim(14, 14, 9))).toMatchObject({ grantedUnits: 14, bound: "none" });
  });

  test("a look claims nothing and makes no ledger", () => {
    const place = openPlace();
    const cart = openMember(place, "cart");
    const look = () =>
      cart.peek((book) => ({ own: NOTHING, lapsed: [], share: viewOf(book.entries.length) }));
    expect(look()).toMatchObject({
      kind: "unavailable",
      reason: expect.stringContaining("is not there yet"),
    });
    cart.claim(2, 9, 0);
    expect(shareOf(look()).grantedUnits).toBe(1);
    expect(cart.view().accounts[0]?.members[0]).toMatchObject({ askedUnits: 9, grantedUnits: 2 });
  });

  test("the view says who holds what since when; taken down, nothing is held", () => {
    const place = openPlace();
    const [cart, mail] = [openMember(place, "cart"), openMember(place, "mail")];
    expect(cart.view()).toMatchObject({ problem: "no ledger yet: no member has run a cycle" });
    mail.claim(4, 9, 4);
    cart.claim(2, 7, 5);
    cart.clock.wallMs += 5 * MINUTE_MS;
    cart.claim(2, 7, 5);
    const [web] = cart.view().accounts;
    expect(web).toMatchObject({ name: "web", budgetUnits: 20, freeUnits: 9 });
    expect(web?.members).toMatchObject([
      {
        service: "cart",
        state: "live",
        floorUnits: 2,
        askedUnits: 7,
        grantedUnits: 7,
        inUseUnits: 5,
        sinceMs: 1_000_000,
      },
      { service: "mail", state: "silent", priority: 1, askedUnits: 9, grantedUnits: 4, heardMs: 1_000_000 },
    ]);
    cart.leave();
    expect(cart.view().accounts[0]?.members[0]).toMatchObject({ state: "never-seen", grantedUnits: 0 });
  });
});

const NOTHING = { neededUnits: 0, askedUnits: 0, grantedUnits: 0, heldUnits: 0, inUseUnits: 0 };
const viewOf = (grantedUnits: number) => ({
  account: "web",
  budgetUnits: 20,
  floorUnits: 0,
  neededUnits: 0,
  askedUnits: 0,
  fairUnits: 0,
  grantedUnits,
  bound: "none" as const,
  reason: "",
});

describe("leases", () => {
  test("go by what each member sees change, whatever the wall clocks say; a floor outlives them", () => {
    const place = openPlace();
    const [cart, mail] = [openMember(place, "cart"), openMember(place, "mail")];
    cart.claim(2, 2, 2);
    mail.claim(12, 12, 4);
    mail.clock.wallMs += 400 * 86_400_000;
    mail.claim(12, 12, 4);
    mail.settle(12);
    cart.clock.wallMs -= 400 * 86_400_000;
    expect(shareOf(cart.claim(18, 18, 2)).grantedUnits).toBe(8);
    cart.clock.monotonicMs += MINUTE_MS;
    expect(shareOf(cart.claim(18, 18, 8)).grantedUnits).toBe(8);
    cart.clock.monotonicMs += 1;
    // Silent for longer than the lease: all but the floor of 4.
    expect(shareOf(cart.claim(18, 18, 8)).grantedUnits).toBe(16);
    expect(mail.lost(12)).toContain("lapsed meanwhile");
    // Back from the dead: its floor is there, the rest once cart has released it.
    expect(shareOf(mail.claim(12, 12, 12))).toMatchObject({ grantedUnits: 4, bound: "budget" });
    expect(mail.lost(4)).toBeUndefined();
    expect(mail.lost(5)).toContain("lapsed meanwhile");
  });

  test("a word in time keeps a lease", () => {
    const place = openPlace();
    const [cart, mail] = [openMember(place, "cart"), openMember(place, "mail")];
    cart.claim(2, 2, 2);
    mail.claim(12, 12, 4);
    mail.claim(12, 12, 4);
    for (let i = 0; i < 5; i++) {
      cart.clock.monotonicMs += 50_000;
      expect(shareOf(cart.claim(18, 18, 8)).grantedUnits).toBe(8);
      if (i % 2 === 0) mail.settle(12);
      else mail.claim(12, 12, 12);
    }
  });
});

describe("a ledger that cannot be used takes nothing away and never throws", () => {
  test("locked by another process", () => {
    const place = openPlace();
    const cart = openMember(place, "cart");
    cart.claim(2, 2, 2);
    const other = new DatabaseSync(place.ledgerFile);
    onTestFinished(() => other.close());
    other.exec("BEGIN EXCLUSIVE");
    expect(cart.claim(5, 5, 2)).toMatchObject({
      reason: expect.stringContaining("is locked by another process"),
    });
    expect(cart.lost(2)).toBeUndefined();
    expect(() => cart.settle(2)).not.toThrow();
    other.exec("ROLLBACK");
    expect(cart.claim(5, 5, 2).kind).toBe("done");
  });

  test.each([
    ["garbage", "is no database", (file: string) => writeFileSync(file, "x".repeat(9_000))],
    ["a page overwritten", "is damaged", (file: string) => damage(file)],
    ["another program's database", "another program's database", (file: string) => foreign(file)],
    ["a folder", "cannot be opened", (file: string) => mkdirSync(file)],
    ["a newer tiercast's", "newer tiercast (schema 9)", (file: string) => newer(file)],
  ])("%s", (_name, says, spoil) => {
    const place = openPlace();
    const cart = openMember(place, "cart");
    cart.claim(2, 2, 2);
    if (says !== "is damaged" && !says.startsWith("newer")) rmSync(place.ledgerFile);
    spoil(place.ledgerFile);
    const outcome = cart.claim(5, 5, 2);
    expect(outcome).toMatchObject({ kind: "unavailable", reason: expect.stringContaining(says) });
    expect(cart.view().problem).toContain(says);
  });

  test("a budget file that is broken or gone; a service that is in none", () => {
    const place = openPlace();
    const cart = openMember(place, "cart");
    place.budget(["accounts: 5"]);
    expect(cart.claim(1, 1, 1)).toMatchObject({
      reason: expect.stringContaining("accounts: must be a list"),
    });
    rmSync(place.budgetFile);
    expect(cart.claim(1, 1, 1)).toMatchObject({ reason: expect.stringContaining("no such file") });
    expect(cart.view()).toMatchObject({ accounts: [], ledgerFile: null });
    place.budget(TWO);
    expect(openMember(place, "old").claim(1, 1, 1)).toMatchObject({
      reason: expect.stringContaining("old is a member of no account"),
    });
  });

  test("taken out of the file while it runs: it keeps what it has, and the others know", () => {
    const place = openPlace();
    const [cart, mail] = [openMember(place, "cart"), openMember(place, "mail", "web")];
    cart.claim(2, 2, 2);
    mail.claim(9, 9, 4);
    mail.claim(9, 9, 9);
    place.budget(TWO.filter((line) => !line.includes("mail")));
    expect(shareOf(mail.claim(12, 12, 9))).toMatchObject({ grantedUnits: 9, bound: "removed" });
    expect(shareOf(cart.claim(30, 30, 2)).grantedUnits).toBe(11);
    expect(cart.view().accounts[0]?.members).toMatchObject([
      {},
      { service: "mail", state: "removed", heldUnits: 9 },
    ]);
    mail.leave();
    expect(shareOf(cart.claim(30, 30, 11)).grantedUnits).toBe(20);
  });
});

describe("a ledger that was lost", () => {
  test("deleted: a new one gives nothing out until all have said what they hold", () => {
    const place = openPlace();
    const [cart, mail] = [openMember(place, "cart"), openMember(place, "mail")];
    cart.claim(2, 2, 2);
    mail.claim(15, 15, 4);
    mail.claim(15, 15, 15);
    rmSync(place.ledgerFile);
    expect(shareOf(cart.claim(16, 16, 2))).toMatchObject({ grantedUnits: 2, bound: "waiting" });
    expect(shareOf(mail.claim(15, 15, 15)).grantedUnits).toBe(4);
    expect(shareOf(cart.claim(16, 16, 2)).grantedUnits).toBe(5);
  });

  test("deleted, and the other never comes back: a lease later units are given out", () => {
    const place = openPlace();
    const cart = openMember(place, "cart");
    expect(shareOf(cart.claim(16, 16, 2)).grantedUnits).toBe(2);
    cart.clock.monotonicMs += MINUTE_MS - 1;
    expect(shareOf(cart.claim(16, 16, 2)).grantedUnits).toBe(2);
    cart.clock.monotonicMs += 1;
    expect(shareOf(cart.claim(16, 16, 2)).grantedUnits).toBe(16);
    // Settled once and for all: another process starts with it.
    expect(shareOf(openMember(place, "mail").claim(9, 9, 0)).grantedUnits).toBe(4);
  });

  test("emptied is as good as deleted", () => {
    const place = openPlace();
    const [cart, mail] = [openMember(place, "cart"), openMember(place, "mail")];
    cart.claim(2, 2, 2);
    mail.claim(4, 4, 4);
    truncateSync(place.ledgerFile, 0);
    expect(shareOf(cart.claim(16, 16, 2))).toMatchObject({ grantedUnits: 2, bound: "waiting" });
  });

  test("an old copy put back is not believed until all have spoken again", () => {
    const place = openPlace();
    const [cart, mail] = [openMember(place, "cart"), openMember(place, "mail")];
    mail.claim(4, 4, 4);
    cart.claim(2, 2, 2);
    copyFileSync(place.ledgerFile, `${place.ledgerFile}.old`);
    mail.claim(15, 15, 4);
    mail.settle(15);
    cart.claim(2, 2, 2);
    copyFileSync(`${place.ledgerFile}.old`, place.ledgerFile);
    // The copy says that mail holds 4: believed, cart would get 16 beside the 15 that run.
    expect(shareOf(cart.claim(16, 16, 2))).toMatchObject({ grantedUnits: 2, bound: "waiting" });
    mail.claim(15, 15, 15);
    expect(shareOf(cart.claim(16, 16, 2)).grantedUnits).toBeLessThanOrEqual(5);
  });
});

/** All pages but the first, which holds the schema. */
function damage(file: string): void {
  const bytes = readFileSync(file);
  writeFileSync(file, bytes.fill(0xa5, 4_096));
}

function foreign(file: string): void {
  const db = new DatabaseSync(file);
  db.exec("CREATE TABLE theirs (a)");
  db.close();
}

function newer(file: string): void {
  const db = new DatabaseSync(file);
  db.exec("PRAGMA user_version=9");
  db.close();
}
