import assert from "node:assert/strict";

/** What one service wants of a budget that several share. */
export interface Tenant {
  readonly name: string;
  /** SLA class: all needs of class 0 come before those of class 1. */
  readonly priority: number;
  /** Share within its class, > 0. */
  readonly weight: number;
  /** Isolation: never granted fewer than this while it asks for them, whatever the others do. */
  readonly floorUnits: number;
  /** For demand observed now. */
  readonly neededUnits: number;
  /** With the forecast; at least `neededUnits`. */
  readonly askedUnits: number;
}

export interface Grant {
  readonly units: number;
  /** What bound: nothing, the budget, or floors that do not fit the budget even alone. */
  readonly bound: "none" | "budget" | "floors-do-not-fit";
}

/**
 * Whole units of `totalUnits` for each tenant, in their order: floors first, then what demand needs now, class by
 * class, then what forecasts ask for, class by class; within a class weighted max-min fair (Bertsekas and Gallager
 * 1992, section 6.5.2): nobody can get more without taking from somebody who has less for their weight. Nothing is
 * left over while anybody asks. A forecast never takes what demand needs now, of whatever class.
 *
 *     total 10    floor   needs   asks   granted
 *     class 0         2       4      8         6     its need, then what is left
 *     class 1         1       3      9         3     its need
 *     class 1         1       1      1         1
 */
export function shareUnits(totalUnits: number, tenants: readonly Tenant[]): readonly Grant[] {
  checkTenants(totalUnits, tenants);
  const granted = new Int32Array(tenants.length);
  const floors = tenants.map((tenant) => Math.min(tenant.floorUnits, tenant.askedUnits));
  const floorsFit = floors.reduce((sum, units) => sum + units, 0) <= totalUnits;
  const everyone = tenants.map((_, i) => i);
  fill(granted, tenants, everyone, floors, totalUnits);
  const classes = [...new Set(tenants.map((tenant) => tenant.priority))].sort((a, b) => a - b);
  const needs = tenants.map((tenant) => tenant.neededUnits);
  const asks = tenants.map((tenant) => tenant.askedUnits);
  for (const wants of [needs, asks]) {
    for (const priority of classes) {
      const members = everyone.filter((i) => tenants[i]?.priority === priority);
      fill(granted, tenants, members, wants, totalUnits);
    }
  }
  return tenants.map((tenant, i) => {
    const units = granted[i] ?? 0;
    if (units >= tenant.askedUnits) return { units, bound: "none" };
    return { units, bound: floorsFit ? "budget" : "floors-do-not-fit" };
  });
}

function checkTenants(totalUnits: number, tenants: readonly Tenant[]): void {
  assert(Number.isSafeInteger(totalUnits) && totalUnits >= 0, `a budget of ${totalUnits} units`);
  for (const { name, weight, floorUnits, neededUnits, askedUnits } of tenants) {
    assert(Number.isFinite(weight) && weight > 0, `tenant ${name} has weight ${weight}`);
    assert(
      [floorUnits, neededUnits, askedUnits].every((units) => Number.isSafeInteger(units) && units >= 0) &&
        neededUnits <= askedUnits,
      `tenant ${name} needs ${neededUnits}, asks for ${askedUnits}, floor ${floorUnits}`,
    );
  }
}

/** Raises `members` towards `wants` (never lowers anybody) until `totalUnits` are given out. */
function fill(
  granted: Int32Array,
  tenants: readonly Tenant[],
  members: readonly number[],
  wants: readonly number[],
  totalUnits: number,
): void {
  const left = totalUnits - granted.reduce((sum, units) => sum + units, 0);
  const open = members.filter((i) => (wants[i] ?? 0) > (granted[i] ?? 0));
  const missing = open.reduce((sum, i) => sum + (wants[i] ?? 0) - (granted[i] ?? 0), 0);
  if (left <= 0 || missing === 0) return;
  const at = (i: number, water: number): number =>
    Math.max(granted[i] ?? 0, Math.min(wants[i] ?? 0, water * (tenants[i]?.weight ?? 1)));
  const water = missing <= left ? Number.POSITIVE_INFINITY : waterLevel(open, granted, left, at);
  const exact = open.map((i) => ({ i, units: at(i, water) }));
  for (const { i, units } of exact) granted[i] = Math.floor(units + 1e-9);
  handOut(granted, exact, wants, totalUnits);
}

/** The level at which `open` take up `left` units more than they have, by halving. */
function waterLevel(
  open: readonly number[],
  granted: Int32Array,
  left: number,
  at: (i: number, water: number) => number,
): number {
  const taken = (water: number): number => open.reduce((sum, i) => sum + at(i, water) - (granted[i] ?? 0), 0);
  let low = 0;
  let high = 1;
  while (taken(high) < left) high *= 2;
  for (let round = 0; round < 80; round++) {
    const middle = (low + high) / 2;
    if (taken(middle) < left) low = middle;
    else high = middle;
  }
  return low;
}

/** What rounding down left over, a unit each, to the largest remainders; ties in the tenants' order. */
function handOut(
  granted: Int32Array,
  exact: readonly { readonly i: number; readonly units: number }[],
  wants: readonly number[],
  totalUnits: number,
): void {
  let left = totalUnits - granted.reduce((sum, units) => sum + units, 0);
  const order = exact.toSorted((a, b) => b.units - Math.floor(b.units) - (a.units - Math.floor(a.units)));
  for (const { i } of order) {
    if (left <= 0) return;
    if ((granted[i] ?? 0) >= (wants[i] ?? 0)) continue;
    granted[i] = (granted[i] ?? 0) + 1;
    left--;
  }
}
