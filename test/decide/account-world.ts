import fc from "fast-check";
import { grantShare, heldAfter } from "../../src/decide/grant-share.ts";
import type { Account, AccountBook, AccountMember, LedgerEntry, Wish } from "../../src/model/tenancy.ts";

export const memberOf = (patch: Partial<AccountMember> = {}): AccountMember => ({
  service: "shop",
  priority: 0,
  weight: 1,
  floorUnits: 0,
  headroomFraction: 0,
  ...patch,
});
export const accountOf = (budgetUnits: number, members: readonly AccountMember[]): Account => ({
  name: "web",
  budgetUnits,
  maxCostUsdPerHour: null,
  priceUsdPerUnitHour: null,
  members,
});
export const entryOf = (patch: Partial<LedgerEntry> = {}): LedgerEntry => ({
  service: "shop",
  neededUnits: 0,
  askedUnits: 0,
  grantedUnits: 0,
  heldUnits: 0,
  inUseUnits: 0,
  lapsed: false,
  sinceMs: 0,
  heardMs: 0,
  beat: 1,
  ...patch,
});
export const wishOf = (service: string, neededUnits: number, askedUnits: number, inUseUnits = 0): Wish => ({
  service,
  neededUnits,
  askedUnits,
  inUseUnits,
  acts: true,
});
export const bookOf = (
  account: Account,
  entries: readonly LedgerEntry[],
  patch: Partial<AccountBook> = {},
) => ({
  account,
  entries,
  silent: [],
  settling: false,
  ...patch,
});

/** A service beside its ledger entry: what really runs, and what its daemon is about to do. */
export interface Actor {
  readonly service: string;
  needed: number;
  asked: number;
  running: number;
  /** Size of the decision that is on its way to the platform. */
  pending: number | undefined;
  everLapsed: boolean;
}

export interface World {
  readonly account: Account;
  readonly actors: readonly Actor[];
  readonly rows: Map<string, LedgerEntry>;
  silent: readonly string[];
}

export const COUNT = 4;
const STEP_DOWN = 3;

export const accounts = fc
  .tuple(
    fc.array(
      fc.record({
        priority: fc.integer({ min: 0, max: 2 }),
        weight: fc.integer({ min: 1, max: 4 }),
        floorUnits: fc.integer({ min: 0, max: 8 }),
        headroomFraction: fc.constantFrom(0, 0, 0.25, 1),
      }),
      { minLength: COUNT, maxLength: COUNT },
    ),
    fc.integer({ min: 0, max: 40 }),
  )
  .map(([list, more]) => {
    const members = list.map((each, i) => ({ ...each, service: `s${i}` }));
    return accountOf(more + members.reduce((sum, { floorUnits }) => sum + floorUnits, 0), members);
  });

export type Event = readonly [
  "want" | "decide" | "apply" | "fail" | "crash" | "silence",
  number,
  number,
  number,
];
export const events: fc.Arbitrary<readonly Event[]> = fc.array(
  fc.tuple(
    fc.constantFrom("want", "decide", "decide", "decide", "apply", "apply", "fail", "crash", "silence"),
    fc.integer({ min: 0, max: COUNT - 1 }),
    fc.integer({ min: 0, max: 30 }),
    fc.integer({ min: 0, max: 20 }),
  ),
  { minLength: 20, maxLength: 120 },
);

export function worldOf(account: Account): World {
  const actors = account.members.map(({ service }) => ({
    service,
    needed: 0,
    asked: 0,
    running: 0,
    pending: undefined,
    everLapsed: false,
  }));
  return { account, actors, rows: new Map(), silent: [] };
}

/** What the daemon does in its transaction, and the size it decides for. */
function decideFor(world: World, actor: Actor): void {
  const book = bookOf(world.account, [...world.rows.values()], {
    silent: world.silent.filter((s) => s !== actor.service),
  });
  const wish = wishOf(actor.service, actor.needed, actor.asked, Math.max(actor.running, actor.pending ?? 0));
  const { own, lapsed, share } = grantShare(book, wish);
  world.rows.set(actor.service, entryOf({ service: actor.service, ...own }));
  world.silent = world.silent.filter((service) => service !== actor.service);
  for (const service of lapsed) {
    const old = world.rows.get(service);
    const floor = world.account.members.find((each) => each.service === service)?.floorUnits ?? 0;
    const grantedUnits = Math.min(old?.grantedUnits ?? 0, floor);
    if (old !== undefined)
      world.rows.set(service, { ...old, grantedUnits, heldUnits: grantedUnits, lapsed: true });
    const gone = world.actors.find((each) => each.service === service);
    if (gone !== undefined) gone.everLapsed = true;
  }
  const goal = Math.min(actor.asked, share.grantedUnits);
  actor.pending = Math.max(goal, actor.running - STEP_DOWN);
}

function apply(world: World, actor: Actor): void {
  if (actor.pending === undefined) return;
  actor.running = actor.pending;
  actor.pending = undefined;
  const row = world.rows.get(actor.service);
  if (row === undefined || row.lapsed) return;
  const heldUnits = heldAfter(row.grantedUnits, actor.running, row.heldUnits);
  world.rows.set(actor.service, { ...row, inUseUnits: actor.running, heldUnits });
}

export function happen(world: World, [kind, at, needed, more]: Event): void {
  const actor = world.actors[at];
  if (actor === undefined) return;
  switch (kind) {
    case "want":
      actor.needed = needed;
      actor.asked = needed + more;
      return;
    case "decide":
      decideFor(world, actor);
      return;
    case "apply":
      apply(world, actor);
      return;
    case "fail":
      // Cut off before its effect: the next decision starts from what runs.
      actor.pending = undefined;
      return;
    case "crash":
      // Cut off after its effect: nobody told the ledger.
      if (actor.pending !== undefined) actor.running = actor.pending;
      actor.pending = undefined;
      return;
    case "silence":
      if (world.rows.has(actor.service)) world.silent = [...new Set([...world.silent, actor.service])];
  }
}

/** What is promised to the members: what each holds, and every floor. */
export function promisedUnits(world: World): number {
  return world.account.members.reduce((sum, { service, floorUnits }) => {
    const row = world.rows.get(service);
    return sum + Math.max(floorUnits, row === undefined || row.lapsed ? 0 : row.heldUnits);
  }, 0);
}

/** Members that are heard of and were granted less than their floor. */
export function belowFloor(world: World): readonly string[] {
  const { members } = world.account;
  const starved = members.filter(({ service, floorUnits }) => {
    const row = world.rows.get(service);
    return row !== undefined && !row.lapsed && row.grantedUnits < floorUnits;
  });
  return starved.map(({ service }) => service);
}

/** What runs or is about to, unless somebody was given up for dead and came back: then that is what it had. */
export function runningUnits({ actors }: World): number {
  if (actors.some(({ everLapsed }) => everLapsed)) return 0;
  return actors.reduce((sum, { running, pending }) => sum + Math.max(running, pending ?? 0), 0);
}
