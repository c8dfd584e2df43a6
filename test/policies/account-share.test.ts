import { describe, expect, test } from "vitest";
import { policyConfig } from "../../policies/names.ts";
import { LIMITS, type PlanSizes, planned, refusals, verdict, withProps } from "./plan-fixture.ts";

const WIDE = {
  ...LIMITS,
  maxTotalUnits: 60,
  maxStepDownUnits: 20,
  maxStepUpUnits: 20,
  maxCostUsdPerHour: 50,
};

function configOf(accountShareUnits: number | "none" | "per-plan") {
  return policyConfig({ ...WIDE, accountShareUnits });
}

const sizes = (baseline: number, predictive: number, burst: number, warm = 0): PlanSizes => {
  return { baseline, predictive, burst, warm };
};

describe("with a grant of 10", () => {
  test.each([
    ["as much as was granted", sizes(2, 4, 4), sizes(2, 4, 2), []],
    ["one more", sizes(2, 4, 5), sizes(2, 4, 2), ["account-share-max"]],
    ["warm units count", sizes(2, 4, 3, 2), sizes(2, 4, 2), ["account-share-max"]],
    ["on the way down", sizes(2, 6, 5), sizes(2, 8, 6), []],
    ["held above it", sizes(2, 6, 5), sizes(2, 6, 5), []],
    ["on the way down with a warm pool", sizes(2, 6, 5, 1), sizes(2, 8, 6), ["account-share-max"]],
    ["above it, one tier grows for another", sizes(3, 6, 5), sizes(2, 8, 6), ["account-share-max"]],
    ["above it at once", sizes(2, 6, 5), null, ["account-share-max"]],
  ] as const)("%s", (_name, after, before, refused) => {
    expect(refusals(planned(after, before, 30), configOf(10))).toEqual(refused);
  });

  test("the message says how many and who grows", () => {
    const text = verdict(planned(sizes(2, 4, 5), sizes(2, 4, 2), 30), configOf(10)).join();
    expect(text).toContain(
      "Tiers and warm pool ask for 11 units, 10 were granted of the account (burst grows by 3)",
    );
  });

  test("what cannot be read is refused", () => {
    const plan = withProps(planned(sizes(2, 6, 5), sizes(2, 8, 6), 30), "burst", { unitsBefore: undefined });
    expect(refusals(plan, configOf(10))).toContain("account-share-max");
  });
});

test("a service that shares an account needs the number of each plan; one that does not needs none", () => {
  const plan = planned(sizes(2, 4, 4), sizes(2, 4, 2), 30);
  expect(refusals(plan, configOf("per-plan"))).toEqual(["account-share-max"]);
  expect(refusals(plan, configOf("none"))).toEqual([]);
});
