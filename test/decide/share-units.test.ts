import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { shareUnits, type Tenant } from "../../src/decide/share-units.ts";

const tenant = (patch: Partial<Tenant> = {}): Tenant => ({
  name: "shop",
  priority: 0,
  weight: 1,
  floorUnits: 0,
  neededUnits: 0,
  askedUnits: 0,
  ...patch,
});
const unitsOf = (total: number, tenants: readonly Tenant[]) =>
  shareUnits(total, tenants).map((grant) => grant.units);

describe("sharing a budget", () => {
  test("the table of the docstring", () => {
    const tenants = [
      tenant({ floorUnits: 2, neededUnits: 4, askedUnits: 8 }),
      tenant({ priority: 1, floorUnits: 1, neededUnits: 3, askedUnits: 9 }),
      tenant({ priority: 1, floorUnits: 1, neededUnits: 1, askedUnits: 1 }),
    ];
    expect(shareUnits(10, tenants)).toEqual([
      { units: 6, bound: "budget" },
      { units: 3, bound: "budget" },
      { units: 1, bound: "none" },
    ]);
  });

  test("weighted max-min: what one leaves, the others share by weight", () => {
    const asks = (askedUnits: number, weight: number) => tenant({ askedUnits, weight });
    expect(unitsOf(12, [asks(100, 1), asks(100, 1), asks(2, 1)])).toEqual([5, 5, 2]);
    expect(unitsOf(12, [asks(100, 3), asks(100, 1)])).toEqual([9, 3]);
    expect(unitsOf(10, [asks(100, 1), asks(100, 1), asks(100, 1)])).toEqual([4, 3, 3]);
  });

  test("a floor holds against any class; floors that do not fit are said", () => {
    const greedy = tenant({ neededUnits: 50, askedUnits: 50 });
    const small = tenant({ priority: 9, floorUnits: 4, neededUnits: 6, askedUnits: 6 });
    expect(unitsOf(20, [greedy, small])).toEqual([16, 4]);
    const two = [tenant({ floorUnits: 8, askedUnits: 8 }), tenant({ floorUnits: 8, askedUnits: 8 })];
    expect(shareUnits(10, two)).toEqual([
      { units: 5, bound: "floors-do-not-fit" },
      { units: 5, bound: "floors-do-not-fit" },
    ]);
  });

  test("a forecast of the first class never takes what demand of the last needs now", () => {
    const first = tenant({ neededUnits: 2, askedUnits: 100 });
    const last = tenant({ priority: 3, neededUnits: 7, askedUnits: 7 });
    expect(unitsOf(10, [first, last])).toEqual([3, 7]);
  });
});

const tenants = fc.array(
  fc
    .record({
      name: fc.constant("t"),
      priority: fc.integer({ min: 0, max: 2 }),
      weight: fc.integer({ min: 1, max: 5 }),
      floorUnits: fc.integer({ min: 0, max: 20 }),
      neededUnits: fc.integer({ min: 0, max: 60 }),
      extra: fc.integer({ min: 0, max: 60 }),
    })
    .map(({ extra, ...rest }) => ({ ...rest, askedUnits: rest.neededUnits + extra })),
  { minLength: 1, maxLength: 8 },
);

describe("laws", () => {
  test("the budget is kept and used up, nobody gets more than asked, floors and classes hold", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 300 }), tenants, (total, list) => {
        const units = unitsOf(total, list);
        const sum = units.reduce((a, b) => a + b, 0);
        expect(sum).toBe(
          Math.min(
            total,
            list.reduce((a, b) => a + b.askedUnits, 0),
          ),
        );
        const floors = list.map((t) => Math.min(t.floorUnits, t.askedUnits));
        const fit = floors.reduce((a, b) => a + b, 0) <= total;
        list.forEach((t, i) => {
          expect(units[i]).toBeLessThanOrEqual(t.askedUnits);
          if (fit) expect(units[i]).toBeGreaterThanOrEqual(floors[i] ?? 0);
          // Somebody's need is open: nobody of a later class has more than need and floor.
          if (!fit || (units[i] ?? 0) >= t.neededUnits) return;
          list.forEach((other, j) => {
            if (other.priority <= t.priority) return;
            expect(units[j]).toBeLessThanOrEqual(floors[j] ?? 0);
          });
        });
      }),
      { numRuns: 500 },
    );
  });

  test("within a class nobody has over a unit more for their weight than one who wants more", () => {
    const oneClass = tenants.map((list) =>
      list.map((t) => ({ ...t, priority: 0, floorUnits: 0, neededUnits: 0 })),
    );
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 300 }), oneClass, (total, list) => {
        const units = unitsOf(total, list);
        list.forEach((t, i) => {
          if ((units[i] ?? 0) >= t.askedUnits) return;
          list.forEach((other, j) => {
            expect(((units[j] ?? 0) - 1) / other.weight).toBeLessThanOrEqual(
              ((units[i] ?? 0) + 1) / t.weight,
            );
          });
        });
      }),
      { numRuns: 500 },
    );
  });

  test("asking for more never costs oneself anything, and never gives the others more", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 200 }), tenants, fc.nat(7), (total, list, pick) => {
        const i = pick % list.length;
        const more = list.map((t, j) => (j === i ? { ...t, askedUnits: t.askedUnits + 10 } : t));
        const before = unitsOf(total, list);
        const after = unitsOf(total, more);
        // Rounding hands out single units: one either way.
        expect((after[i] ?? 0) + 1).toBeGreaterThanOrEqual(before[i] ?? 0);
        const others = (units: readonly number[]) => units.reduce((sum, u, j) => sum + (j === i ? 0 : u), 0);
        expect(others(after)).toBeLessThanOrEqual(others(before) + 1);
      }),
      { numRuns: 500 },
    );
  });
});
