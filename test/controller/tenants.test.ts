import { rmSync, writeFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { makePlan } from "../../src/controller/plan.ts";
import { replayCycle } from "../../src/controller/replay.ts";
import { daemonStatus } from "../../src/controller/status.ts";
import { whyNot } from "../../src/decide/why-not.ts";
import type { CycleRecord } from "../../src/model/cycle.ts";
import type { DecideInput } from "../../src/model/decide-input.ts";
import type { Mode } from "../../src/model/settings.ts";
import { totalUnits } from "../../src/model/tier.ts";
import { explain } from "../../src/render/explain.ts";
import type { Simulation } from "../../src/simulate/simulate-daemon.ts";
import { wantedTotal } from "../../src/simulate/simulated-platform.ts";
import { openNight } from "../simulation/open-night.ts";
import { openMember, openPlace, type Place } from "../tenancy/ledger.fixture.ts";

interface Tenant extends Simulation {
  demand(rps: number): void;
  /** Tiers and warm pool as the platform was told. */
  wanted(): number;
}

/** The real controller around a simulated platform, with the real ledger; a unit carries 10 requests/s. */
function openTenant(place: Place, service: string, rps: number, mode: Mode = "active"): Tenant {
  let demand = rps;
  const night = openNight({ demandRps: () => demand, settings: { service, mode } });
  const { clock, parts } = night.world;
  const { clock: _own, claim: _claim, ...tenancy } = openMember(place, service);
  Object.assign(parts, { tenancy });
  void clock;
  return {
    ...night,
    demand: (next) => {
      demand = next;
    },
    wanted: () => {
      const { warmUnits } = night.world.platform.wanted();
      return wantedTotal(night.world.platform.wanted()) + warmUnits;
    },
  };
}

async function together(services: readonly Tenant[], cycles: number): Promise<readonly CycleRecord[]> {
  const last: CycleRecord[] = [];
  for (let done = 0; done < cycles; done++) {
    last.length = 0;
    for (const service of services) {
      const record = await service.cycle();
      if (record !== null) last.push(record);
      expect(services.reduce((sum, each) => sum + each.wanted(), 0)).toBeLessThanOrEqual(20);
    }
  }
  return last;
}

const shareOf = (record: CycleRecord | undefined) =>
  (record?.decideInput as DecideInput | undefined)?.settings.share;

describe("two services with one budget of 20 units", () => {
  test("what fits is granted; a need of the first class takes from a forecast of the second, not from its floor", async () => {
    const place = openPlace();
    const [cart, mail] = [openTenant(place, "cart", 40), openTenant(place, "mail", 80)];
    await together([cart, mail], 4);
    expect(cart.wanted()).toBeGreaterThanOrEqual(4);
    expect(mail.wanted()).toBeGreaterThanOrEqual(8);
    cart.demand(300);
    const [, record] = await together([cart, mail], 8);
    // 30 needed by cart, 8 by mail, whose floor is 4.
    expect([cart.wanted(), mail.wanted()]).toEqual([16, 4]);
    expect(shareOf(record)).toMatchObject({ account: "web", grantedUnits: 4, bound: "budget" });
    expect(record?.decision?.limits).toContainEqual(
      expect.objectContaining({ limit: "account-share", belowReactive: true }),
    );
    expect(mail.world.said.join("\n")).toContain("account-share keeps");
    cart.demand(20);
    await together([cart, mail], 12);
    expect(mail.wanted()).toBeGreaterThanOrEqual(8);
    expect(cart.state().ledgerFailures + mail.state().ledgerFailures).toBe(0);
  });

  test("the record replays to the same bytes and says why in explain, why-not and status", async () => {
    const place = openPlace();
    const [cart, mail] = [openTenant(place, "cart", 150), openTenant(place, "mail", 120)];
    const [, record] = await together([cart, mail], 6);
    if (record?.decision == null) throw new Error("no decision");
    expect(replayCycle(record)).toMatchObject({ same: true });
    const input = record.decideInput as DecideInput;
    const without = {
      ...record,
      decideInput: { ...input, settings: { ...input.settings, share: undefined } },
    };
    expect(replayCycle(without).same).toBe(false);
    expect(record.stackInputs?.accountShareUnits).toBe(shareOf(record)?.grantedUnits);
    const lines = explain(record.decision);
    expect(lines).toMatch(
      /account +\d+ {2}account web of 20 units: \d+ granted of \d+ asked for, its fair share/,
    );
    expect(lines).toMatch(/account-share +\w+ +asked \d+, allowed \d+/);
    const units = totalUnits(record.decision.after.units) + 5;
    expect(whyNot(input, record.decision, units).obstacles).toContainEqual(
      expect.objectContaining({ setting: "tenancy.budget (tiercast tenants)" }),
    );
    const status = daemonStatus(mail.world.parts, mail.state(), SHELL);
    expect(status.share).toMatchObject({ account: "web", bound: "budget", ledgerFailures: 0 });
  });

  test("modes that apply nothing take nothing", async () => {
    const place = openPlace();
    const [cart, mail] = [openTenant(place, "cart", 150, "shadow"), openTenant(place, "mail", 120)];
    const [record] = await together([cart, mail], 6);
    expect(record?.apply?.kind).toBe("not-acting");
    expect(
      totalUnits(record?.decision?.after.units ?? { baseline: 0, predictive: 0, burst: 0 }),
    ).toBeGreaterThan(10);
    expect(mail.wanted()).toBeGreaterThanOrEqual(12);
  });

  test("a plan that nobody carries out claims nothing", async () => {
    const place = openPlace();
    const [cart, mail] = [openTenant(place, "cart", 40), openTenant(place, "mail", 40)];
    await together([cart, mail], 3);
    const before = JSON.stringify(cart.world.parts.tenancy?.view());
    cart.demand(150);
    await cart.world.clock.advance(1_800_000);
    const plan = await makePlan(cart.world.parts, new AbortController().signal);
    const { before: sizes, after } = plan.decision;
    expect(totalUnits(after.units)).toBeGreaterThan(totalUnits(sizes.units));
    expect(JSON.stringify(cart.world.parts.tenancy?.view())).toBe(before);
  });
});

const SHELL = {
  version: "0.0.0",
  startedMs: 0,
  engine: { kind: "ready", version: "0" },
  leaseHolder: "pid 1",
  nextCycleMs: null,
  eventLoopDelayP99Ms: 0,
  residentBytes: 0,
} as const;

describe("when something fails", () => {
  test.each([
    [
      "the ledger is garbage",
      (place: Place) => writeFileSync(place.ledgerFile, "x".repeat(9_000)),
      "is no database",
    ],
    ["the budget file is gone", (place: Place) => rmSync(place.budgetFile), "no such file"],
  ])(
    "%s: the last grant holds, said and counted, and it comes back by itself",
    async (_name, spoil, says) => {
      const place = openPlace();
      const [cart, mail] = [openTenant(place, "cart", 40), openTenant(place, "mail", 80)];
      await together([cart, mail], 4);
      const held = shareOf(cart.state().lastRecord ?? undefined)?.grantedUnits ?? 0;
      spoil(place);
      cart.demand(300);
      const [record] = await together([cart, mail], 3);
      expect(shareOf(record)).toMatchObject({
        grantedUnits: held,
        bound: "held",
        reason: expect.stringContaining(says),
      });
      expect(cart.wanted()).toBe(held);
      expect(cart.state().ledgerFailures).toBe(3);
      expect(cart.world.said.join("\n")).toContain("ledger cannot be used");
      await cart.restart();
      expect((await together([cart, mail], 1)).map((each) => shareOf(each)?.bound)).toEqual(["held", "held"]);
      expect(cart.wanted()).toBe(held);
      rmSync(place.ledgerFile, { force: true });
      place.budget(BUDGET_AGAIN);
      await together([cart, mail], 8);
      expect([cart.wanted(), mail.wanted()]).toEqual([16, 4]);
    },
  );

  test("an update that fails keeps its units counted until the platform says what runs", async () => {
    const place = openPlace();
    const [cart, mail] = [openTenant(place, "cart", 40), openTenant(place, "mail", 40)];
    await together([cart, mail], 4);
    cart.world.stack.troubles.update = { ending: "failed", effect: "after" };
    cart.demand(120);
    mail.demand(120);
    await together([cart, mail], 6);
    expect(cart.wanted() + mail.wanted()).toBe(20);
  });

  test("units that an update fails to take away are not granted to others", async () => {
    const place = openPlace();
    const [cart, mail] = [openTenant(place, "cart", 20), openTenant(place, "mail", 140)];
    await together([cart, mail], 6);
    const held = mail.wanted();
    expect(held).toBeGreaterThanOrEqual(14);
    cart.demand(300);
    for (let cycle = 0; cycle < 4; cycle++) {
      mail.world.stack.troubles.update = { ending: "failed", effect: "before" };
      const [, record] = await together([cart, mail], 1);
      expect(shareOf(record)?.grantedUnits).toBe(4);
    }
    expect([cart.wanted(), mail.wanted()]).toEqual([20 - held, held]);
    mail.world.stack.troubles.update = null;
    await together([cart, mail], 8);
    expect([cart.wanted(), mail.wanted()]).toEqual([16, 4]);
  });

  test("a grant that lapsed between decision and update is not acted on", async () => {
    const place = openPlace();
    const [cart, mail] = [openTenant(place, "cart", 40), openTenant(place, "mail", 40)];
    await together([cart, mail], 4);
    const { parts } = cart.world;
    const preview = parts.driver.preview;
    Object.assign(parts.driver, {
      preview: async (...args: Parameters<typeof preview>) => {
        lapse(place);
        return preview(...args);
      },
    });
    cart.demand(120);
    const record = await cart.cycle();
    expect(record?.apply).toMatchObject({
      kind: "stale-plan",
      reason: expect.stringContaining("lapsed meanwhile"),
    });
    Object.assign(parts.driver, { preview });
    await together([cart, mail], 4);
    expect(cart.wanted()).toBeGreaterThanOrEqual(12);
  });

  test("taken down, its units are free at once", async () => {
    const place = openPlace();
    const [cart, mail] = [openTenant(place, "cart", 120), openTenant(place, "mail", 40)];
    await together([cart, mail], 4);
    cart.world.parts.tenancy?.leave();
    expect(cart.world.parts.tenancy?.view().accounts[0]?.members[0]?.heldUnits).toBe(0);
  });
});

const BUDGET_AGAIN = [
  "lease: 1m",
  "accounts:",
  "  - { name: web, maxUnits: 20, members: [{ service: cart, floorUnits: 2 }, { service: mail, priority: 1, floorUnits: 4 }] }",
];

/** As another member does that has not heard of cart for longer than the lease. */
function lapse(place: Place): void {
  const mail = openMember(place, "mail");
  mail.exchange((book) => {
    const own = book.entries.find((entry) => entry.service === "mail");
    if (own === undefined) throw new Error("mail is not there");
    const share = {
      account: "web",
      budgetUnits: 20,
      floorUnits: 4,
      fairUnits: 4,
      reason: "",
      bound: "none",
    } as const;
    return { own, lapsed: ["cart"], share: { ...share, neededUnits: 4, askedUnits: 4, grantedUnits: 4 } };
  });
}
