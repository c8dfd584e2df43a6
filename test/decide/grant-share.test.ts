import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { grantShare, heldAfter, heldShare } from "../../src/decide/grant-share.ts";
import { shareUnits } from "../../src/decide/share-units.ts";
import type { AccountMember } from "../../src/model/tenancy.ts";
import {
  type Actor,
  accountOf,
  accounts,
  belowFloor,
  bookOf,
  COUNT,
  entryOf,
  events,
  happen,
  memberOf,
  promisedUnits,
  runningUnits,
  wishOf,
  worldOf,
} from "./account-world.ts";

describe("one member's grant", () => {
  const members = [
    memberOf({ service: "cart", floorUnits: 2 }),
    memberOf({ service: "mail", priority: 1, floorUnits: 4 }),
  ];
  const account = accountOf(20, members);
  const holding = (units: number) => ({ grantedUnits: units, heldUnits: units, inUseUnits: units });

  test("the table of the docstring: growth waits until the other has given up", () => {
    const cart = entryOf({ service: "cart", ...holding(6) });
    const mail = entryOf({ service: "mail", neededUnits: 3, askedUnits: 12, ...holding(12) });
    const first = grantShare(bookOf(account, [cart, mail]), wishOf("cart", 14, 14, 6));
    expect(first.share).toMatchObject({ fairUnits: 14, grantedUnits: 8, bound: "waiting" });
    expect(first.own).toMatchObject({ grantedUnits: 8, heldUnits: 8 });

    const cartNow = entryOf({ service: "cart", neededUnits: 14, askedUnits: 14, ...holding(8) });
    const second = grantShare(bookOf(account, [cartNow, mail]), wishOf("mail", 3, 12, 12));
    expect(second.share).toMatchObject({ fairUnits: 6, grantedUnits: 6, bound: "budget" });
    // Six are given up, but run until they are gone.
    expect(second.own).toMatchObject({ grantedUnits: 6, heldUnits: 12 });
    expect(heldAfter(6, 9, 12)).toBe(9);
    expect(heldAfter(6, 6, 12)).toBe(6);

    const mailNow = entryOf({ service: "mail", neededUnits: 3, askedUnits: 12, ...holding(6), heldUnits: 9 });
    const waits = grantShare(bookOf(account, [cartNow, mailNow]), wishOf("cart", 14, 14, 8));
    expect(waits.share).toMatchObject({ grantedUnits: 11, bound: "waiting" });
    expect(waits.share.reason).toContain("14 once released: mail runs 9, may have 6");
    const done = grantShare(
      bookOf(account, [cartNow, { ...mailNow, heldUnits: 6 }]),
      wishOf("cart", 14, 14, 8),
    );
    expect(done.share).toMatchObject({ grantedUnits: 14, bound: "none" });
  });

  test("the floor of a member that was never seen, or is silent, is nobody else's", () => {
    expect(grantShare(bookOf(account, []), wishOf("cart", 50, 50)).share.grantedUnits).toBe(16);
    const mail = entryOf({ service: "mail", askedUnits: 12, ...holding(12) });
    const silent = grantShare(bookOf(account, [mail], { silent: ["mail"] }), wishOf("cart", 50, 50));
    expect(silent).toMatchObject({ lapsed: ["mail"], share: { grantedUnits: 16 } });
    expect(grantShare(bookOf(account, [mail]), wishOf("cart", 50, 50)).share.grantedUnits).toBe(8);
  });

  test("back after its lease: what others were granted meanwhile stays theirs, its floor is there", () => {
    const cart = entryOf({ service: "cart", neededUnits: 16, askedUnits: 16, ...holding(16) });
    const mail = entryOf({ service: "mail", askedUnits: 12, ...holding(4), inUseUnits: 12, lapsed: true });
    const back = grantShare(bookOf(account, [cart, mail]), wishOf("mail", 3, 12, 12));
    expect(back.own).toMatchObject({ grantedUnits: 4, heldUnits: 4, inUseUnits: 12 });
  });

  test("a new ledger: nobody grows beyond what runs and the floor", () => {
    const settling = { settling: true };
    expect(grantShare(bookOf(account, [], settling), wishOf("cart", 9, 9, 5)).share).toMatchObject({
      grantedUnits: 5,
      bound: "waiting",
      reason: expect.stringContaining("the ledger is new"),
    });
    expect(grantShare(bookOf(account, [], settling), wishOf("cart", 9, 9, 0)).share.grantedUnits).toBe(2);
  });

  test("a mode that applies nothing is told its share and takes nothing", () => {
    const { own, share } = grantShare(bookOf(account, []), { ...wishOf("cart", 9, 9), acts: false });
    expect(share.grantedUnits).toBe(9);
    expect(own).toMatchObject({ neededUnits: 0, askedUnits: 0, grantedUnits: 2, heldUnits: 2 });
  });

  test("taken out of the file: it keeps what it runs, and the others share the rest", () => {
    const gone = entryOf({ service: "old", ...holding(7) });
    const kept = grantShare(bookOf(account, [gone]), wishOf("old", 9, 9, 7));
    expect(kept).toMatchObject({ own: { grantedUnits: 7, heldUnits: 7 }, share: { bound: "removed" } });
    const { share } = grantShare(bookOf(account, [gone]), wishOf("cart", 50, 50));
    expect(share).toMatchObject({ grantedUnits: 9, fairUnits: 9, bound: "budget" });
  });

  test("a margin on need counts as need, as far as it is asked for: a rise of class 0 goes before need of class 1", () => {
    const tight = accountOf(20, [
      memberOf({ service: "cart", headroomFraction: 0.25 }),
      memberOf({ service: "mail", priority: 1 }),
    ]);
    const mail = entryOf({ service: "mail", neededUnits: 15, askedUnits: 15 });
    const fair = (asked: number) =>
      grantShare(bookOf(tight, [mail]), wishOf("cart", 8, asked)).share.fairUnits;
    expect([fair(8), fair(9), fair(10), fair(14)]).toEqual([8, 9, 10, 10]);
  });

  test("a budget that was lowered: straight to the new share, not below it and back", () => {
    const both = [memberOf({ service: "a" }), memberOf({ service: "b" })];
    const entries = both.map(({ service }) =>
      entryOf({ service, neededUnits: 6, askedUnits: 6, ...holding(6) }),
    );
    const { share } = grantShare(bookOf(accountOf(8, both), entries), wishOf("a", 6, 6, 6));
    expect(share.grantedUnits).toBe(4);
  });

  test("without a ledger the last grant holds, and never less than the floor", () => {
    const { share } = grantShare(bookOf(account, []), wishOf("cart", 9, 9));
    expect(heldShare(share, wishOf("cart", 12, 12, 9), "gone")).toMatchObject({
      grantedUnits: 9,
      bound: "held",
    });
    const low = { ...share, grantedUnits: 1 };
    expect(heldShare(low, wishOf("cart", 12, 12, 9), "gone").grantedUnits).toBe(2);
    expect(heldShare(null, wishOf("cart", 12, 12, 9), "gone").grantedUnits).toBe(9);
  });
});

describe("laws, in any order and cut off anywhere", () => {
  test("grants and floors never sum to more than the budget, nobody is granted less than the floor", () => {
    fc.assert(
      fc.property(accounts, events, (account, list) => {
        const world = worldOf(account);
        for (const event of list) {
          happen(world, event);
          expect(promisedUnits(world)).toBeLessThanOrEqual(account.budgetUnits);
          expect(belowFloor(world)).toEqual([]);
          expect(runningUnits(world)).toBeLessThanOrEqual(account.budgetUnits);
        }
      }),
      { numRuns: 600 },
    );
  });

  test("left alone it converges to the fair shares: all of the budget is used, classes and weights hold", () => {
    fc.assert(
      fc.property(
        accounts,
        events,
        fc.array(fc.integer({ min: 0, max: COUNT - 1 }), { maxLength: 12 }),
        (account, list, order) => {
          const world = worldOf(account);
          for (const event of list) happen(world, event);
          world.silent = [];
          // Whoever decides first: after some rounds in which each is heard, in any order, nothing moves.
          const rounds = Array.from({ length: 40 }, () => [...order, ...account.members.keys()]).flat();
          for (const at of rounds) {
            happen(world, ["decide", at, 0, 0]);
            happen(world, ["apply", at, 0, 0]);
          }
          const tenants = account.members.map((member, i) => {
            const actor = world.actors[i];
            const askedUnits = Math.max(actor?.asked ?? 0, member.floorUnits);
            return { ...member, name: member.service, neededUnits: neededWith(member, actor), askedUnits };
          });
          const fair = shareUnits(account.budgetUnits, tenants).map(({ units }) => units);
          expect(account.members.map(({ service }) => world.rows.get(service)?.grantedUnits)).toEqual(fair);
          const asked = tenants.reduce((sum, each) => sum + each.askedUnits, 0);
          expect(fair.reduce((a, b) => a + b, 0)).toBe(Math.min(asked, account.budgetUnits));
          world.actors.forEach((actor, i) => {
            expect(actor.running).toBe(Math.min(actor.asked, fair[i] ?? 0));
          });
        },
      ),
      { numRuns: 300 },
    );
  });

  test("no starvation: whatever the others ask for, need up to the floor is there at the next decision", () => {
    fc.assert(
      fc.property(accounts, events, fc.integer({ min: 0, max: COUNT - 1 }), (account, list, at) => {
        const world = worldOf(account);
        for (const event of list) if (event[1] !== at) happen(world, event);
        happen(world, ["want", at, 30, 0]);
        happen(world, ["decide", at, 0, 0]);
        const { service = "", floorUnits = 0 } = account.members[at] ?? {};
        expect(world.rows.get(service)?.grantedUnits).toBeGreaterThanOrEqual(Math.min(30, floorUnits));
      }),
      { numRuns: 300 },
    );
  });
});

/** What demand needs now and the margin on it, as far as it is asked for. */
function neededWith({ headroomFraction }: AccountMember, actor: Actor | undefined): number {
  const { needed = 0, asked = 0 } = actor ?? {};
  return Math.max(needed, Math.min(asked, Math.ceil(needed * (1 + headroomFraction))));
}
